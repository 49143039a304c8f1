"""A gimbal of three rings that the reader turns, in HTML without any library.

Every number in it is computed here, by `rigid_depth.rotations`: the script on the page multiplies
the matrices of the three chosen angles and draws.
"""

from __future__ import annotations

import json
import math

import torch

from rigid_depth.book.cells.colours import COLOURS
from rigid_depth.rotations import axis_rotation, euler_to_matrix, jacobian_singular_values

STEP_DEG = 5
START_DEG = (20, 30, 0)


def gimbal():
    """The gimbal of thesis eq. 3.3 (intrinsic "XYZ") with three sliders in degrees, to end a cell.

    Beside the rings stand the singular values of the Jacobian from the angles in radians to the
    nine entries of R.
    """
    from IPython.display import HTML

    return HTML(PAGE.replace("DATA", json.dumps(data(), separators=(",", ":"))))


def data() -> dict:
    """What the script draws: matrices by axis and step, singular values by step of the middle."""
    degrees = torch.arange(-180, 181, STEP_DEG, dtype=torch.float64)
    angles_rad = degrees.deg2rad()
    values = [
        jacobian_singular_values(
            lambda a: euler_to_matrix(a, "XYZ"), torch.stack((0 * b, b, 0 * b))
        )
        for b in angles_rad
    ]
    view = axis_rotation(torch.tensor(-math.radians(65)), "x") @ axis_rotation(
        torch.tensor(-math.radians(62)), "z"
    )
    return {
        "step": STEP_DEG,
        "start": START_DEG,
        "colours": COLOURS[:3],
        "matrices": [_rounded(axis_rotation(angles_rad, axis).flatten(1)) for axis in "xyz"],
        "values": _rounded(torch.stack(values)),
        "view": _rounded(view.flatten()),
    }


def _rounded(tensor: torch.Tensor) -> list:
    return (tensor.double().mul(1e4).round().div(1e4) + 0.0).tolist()


PAGE = """
<div id="gimbal" style="border-radius:.25rem;padding:.6rem;display:flex;
 flex-wrap:wrap;gap:.4rem 1.2rem;align-items:center;font-size:.9rem">
<svg viewBox="-125 -125 250 250" style="width:18.5rem;max-width:100%" role="img"
 aria-label="Gimbal of three rings, one in another, with a paper plane in the middle"></svg>
<div style="flex:1;min-width:13rem"><div class="sliders"></div>
<p aria-live="polite" style="margin:.5rem 0 .2rem">singular values of the Jacobian</p>
<div class="bars"></div></div></div>
<script>{
const data = DATA, place = document.getElementById("gimbal"), svg = place.querySelector("svg");
const names = ["outer ring, x", "middle ring, y", "inner ring, z"];
const mul = (a, b) => a.map((_, k) => [0, 1, 2].reduce((s, m) =>
  s + a[3 * (k / 3 | 0) + m] * b[3 * m + k % 3], 0));
const at = (m, v) => [0, 3, 6].map(i => m[i] * v[0] + m[i + 1] * v[1] + m[i + 2] * v[2]);
const seen = (m, v) => { const p = at(data.view, at(m, v));
  return [100 * p[0], -100 * p[1], p[2]]; };
const word = p => p[0].toFixed(1) + " " + p[1].toFixed(1);
const line = (points, colour, width, extra) => `<path d="M${points.map(word).join("L")}" fill="none"
  stroke="${colour}" stroke-width="${width}" ${extra || 'stroke-linecap="round"'}/>`;
const ring = (m, i, j, r, colour) => [false, true].map(front => {
  let out = "";
  for (let k = 0; k < 72; k++) {
    const ends = [k, k + 1].map(n => { const t = n * Math.PI / 36, v = [0, 0, 0];
      v[i] = r * Math.cos(t); v[j] = r * Math.sin(t); return seen(m, v); });
    if (ends[0][2] > 0 === front) out += line(ends, colour, front ? 4.5 : 3,
      front ? "" : 'stroke-opacity="0.45"');
  } return out; }).join("");
const pins = (m, i, from, to, colour) => [-1, 1].map(s => line([from, to].map(r => {
  const v = [0, 0, 0]; v[i] = s * r; return seen(m, v); }), colour, 7)).join("");
const wing = (m, points, shade) => `<path d="M${points.map(v => word(seen(m, v))).join("L")}Z"
  fill="${shade}" stroke="currentColor" stroke-width="1"/>`;
const draw = () => {
  const k = inputs.map(input => (+input.value + 180) / data.step);
  const outer = data.matrices[0][k[0]], middle = mul(outer, data.matrices[1][k[1]]);
  const inner = mul(middle, data.matrices[2][k[2]]), c = data.colours;
  svg.innerHTML = pins(outer, 0, 1.0, 1.15, c[0]) + ring(outer, 0, 1, 1.0, c[0])
    + pins(outer, 1, 0.82, 1.0, c[1]) + ring(middle, 1, 2, 0.82, c[1])
    + pins(middle, 2, 0.64, 0.82, c[2]) + ring(inner, 2, 0, 0.64, c[2])
    + wing(inner, [[0.5, 0, 0], [-0.35, 0.35, 0], [-0.25, 0, 0], [-0.35, -0.35, 0]], "#BBB")
    + wing(inner, [[0.5, 0, 0], [-0.35, 0, 0.18], [-0.25, 0, 0]], "#555");
  inputs.forEach((input, n) => input.previousElementSibling.textContent =
    `${names[n]}: ${input.value}°`);
  place.querySelector(".bars").innerHTML = data.values[k[1]].map(v => `<div style="display:flex;
    gap:.5rem;align-items:center"><span style="width:2.6rem">${v.toFixed(2)}</span><span style="
    height:.7rem;background:${v < 0.3 ? "#D55E00" : "#5A5A5A"};width:${(45 * v).toFixed(1)}%">
    </span></div>`).join("");
};
place.querySelector(".sliders").innerHTML = names.map((name, n) => `<label style="display:block;
  margin:0 0 .3rem"><span style="border-left:.7rem solid ${data.colours[n]};
  padding-left:.4rem"></span><input
  type="range" min="-180" max="180" step="${data.step}" value="${data.start[n]}"
  style="width:100%"></label>`).join("");
const inputs = [...place.querySelectorAll("input")];
inputs.forEach(input => input.addEventListener("input", draw));
draw();
}</script>
"""
