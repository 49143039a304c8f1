"""What the records of one experiment measured: the tables of its page, and the same as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from rigid_depth.book.markdown import html_table, number, plain
from rigid_depth.book.runs.results import (
    BRANCHES,
    CONTROL,
    CONTROL_OF_LATENTS,
    HEADLINE_CAP,
    Run,
)
from rigid_depth.statistics import estimate

METRICS = {
    "rmse_m": "RMSE [m]",
    "rmse_image_mean_m": "RMSE, mean of images [m]",
    "mae_m": "MAE [m]",
    "abs_rel": "AbsRel",
    "sq_rel_m": "SqRel [m]",
    "rmse_log": "RMSE log",
    "log10": "log10",
    "silog": "SILog",
    "delta1": "δ₁",
    "delta2": "δ₂",
    "delta3": "δ₃",
    "pixels": "pixels",
}
SKY = {
    "pixels": "pixels",
    "share_beyond_80m": "share predicted beyond 80 m",
    "mean_depth_m": "mean predicted depth [m]",
}
SPLITS = {"test": "test", "val": "validation", "train": "training"}
ALIGNED = (
    "On the test split, by the names of the record: `raw` compares the latents of the encoders, "
    "`decoded` what the decoders are given.\n"
)
NO_TEST = "This decoder learned from latents, and RGB gives it codes: the numbers test nothing.\n\n"
HEADLINE = ("caps", HEADLINE_CAP, "rmse_m")


def measured_tables(runs: Sequence[Run]) -> Iterator[str]:
    """Test split by branch, the other splits in brief, and the alignment of the latents."""
    head = ["mean ± std"] * (len(runs) > 1) + [f"seed {run.seed}" for run in runs]
    test = [run.record["metrics"].get("test", {}) for run in runs]
    yield "## Test split\n"
    for branch in test[0]:
        name = BRANCHES.get(branch, branch)
        found = [metrics.get(branch, {}) for metrics in test]
        no_test = branch == CONTROL and runs[0].experiment in CONTROL_OF_LATENTS
        note = NO_TEST if no_test else ""
        yield f"### {plain(name)}\n\n{note}{html_table([name, *head], list(_branch(found)))}"
    others = [
        (f"{split}, {BRANCHES.get(branch, branch)}", ("metrics", key, branch, *HEADLINE))
        for key, split in SPLITS.items()
        if key != "test"
        for branch in runs[0].record["metrics"].get(key, {})
    ]
    records = [run.record for run in runs]
    if rows := list(_rows(records, others)):
        cap = f"RMSE ≤ {HEADLINE_CAP} m [m]"
        yield f"## Other splits\n\n{html_table([cap, *head], rows)}"
    paths = [path for path, _ in _numbers(records[0].get("alignment") or {})]
    rows = list(_rows(records, [(": ".join(path), ("alignment", *path)) for path in paths]))
    if rows:
        yield f"## Alignment of the latents\n\n{ALIGNED}\n{html_table(['Measure', *head], rows)}"


def _branch(found: list[dict]) -> Iterator[list[str]]:
    """Rows of one branch: every metric at the headline cap, then RMSE of parts of the pixels."""
    first = found[0]
    caps, unit = first.get("caps", {}), f"at returns ≤ {HEADLINE_CAP} m"
    yield [unit]
    yield from _rows(found, [(METRICS[k], ("caps", HEADLINE_CAP, k)) for k in METRICS])
    yield ["RMSE [m] of other pixels"]
    parts = [(f"≤ {cap} m", ("caps", cap)) for cap in caps if cap != HEADLINE_CAP]
    parts += [("dense truth", ("dense",))] if first.get("dense") else []
    parts += [(f"{name} m", ("ranges_m", name)) for name in first.get("ranges_m") or {}]
    parts += [(name, ("conditions", name)) for name in first.get("conditions") or {}]
    yield from _rows(found, [(name, (*path, "rmse_m")) for name, path in parts])
    if sky := first.get("sky"):
        yield ["sky"]
        yield from _rows(found, [(SKY.get(key, key), ("sky", key)) for key in sky])


def _rows(tops: list[dict], paths: list[tuple[str, tuple[str, ...]]]) -> Iterator[list[str]]:
    """A row for each path that a record has: of several seeds the mean, then every seed."""
    for name, path in paths:
        values = [_value(top, path) for top in tops]
        known = [value for value in values if value is not None]
        if known:
            mean = [mean_text(known)] if len(tops) > 1 else []
            yield [name, *mean, *map(number, values)]


def mean_text(values: list[float]) -> str:
    """Mean and sample standard deviation as text; a whole number that is the same in all, once."""
    found = estimate(values)
    if isinstance(values[0], int) and len(set(values)) == 1:
        return number(values[0])
    return number(found.mean) + ("" if found.std is None else f" ± {number(found.std)}")


def _value(top: dict, path: tuple[str, ...]) -> float | None:
    for key in path:
        top = (top or {}).get(key)
    return top


def _numbers(value: dict, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    """Path and value of every number of nested settings."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _numbers(inner, (*path, str(key)))
        elif isinstance(inner, (int, float)):
            yield (*path, str(key)), inner


def measures_csv(runs: Sequence[Run]) -> str:
    """Every metric but those of single scenes, a column for each seed."""
    tables = [dict(_numbers(_measures(run.record))) for run in runs]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["name", *(f"seed-{run.seed}" for run in runs)])
    for path in dict.fromkeys(path for table in tables for path in table):
        values = (table.get(path) for table in tables)
        cells = ["" if value is None else f"{value:.9g}" for value in values]
        writer.writerow([".".join(path), *cells])
    return out.getvalue()


def _measures(record: dict) -> dict:
    metrics = {
        split: {
            branch: {key: value for key, value in found.items() if key != "scenes"}
            for branch, found in branches.items()
        }
        for split, branches in record["metrics"].items()
    }
    others = {key: record.get(key) or {} for key in ("alignment", "cost")}
    return {"metrics": metrics, **others}
