"""The page of one experiment at one scale: what its records say, the seeds side by side."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence

from rigid_depth.book.figures import bands
from rigid_depth.book.markdown import html_table, number, plain, slug
from rigid_depth.book.tables import BRANCHES, HEADLINE_CAP, Run
from rigid_depth.experiments.registry import EXPERIMENTS
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
GUESSED_SKY = (
    "Without masks in the data the sky was guessed from LiDAR returns and colour: its figures, and "
    "an infinity loss trained on it, are no better than that guess."
)
SPLITS = {"test": "test", "val": "validation", "train": "training"}
PICTURES = {
    "rgb": "image",
    "target": "LiDAR",
    "prediction": "prediction",
    "error": "error",
    "depth-prediction": "RGB-D branch",
    "depth-error": "error of the RGB-D branch",
    "zero_shot-prediction": "zero-shot",
    "zero_shot-error": "error of zero-shot",
}
LEGEND = (
    "Fixed test frames, seed {seed}. Depth: bright is near, 2 to 100 m, logarithmic. Error: bright "
    "is 10 m or more; white where there is no surface.\n"
)
ALIGNED = (
    "On the test split, by the names of the record: `raw` compares the latents of the encoders, "
    "`decoded` what the decoders are given.\n"
)
CURVES = {
    "RMSE [m]": {
        "RGB, training": ("train", "rmse_m"),
        "RGB, validation": ("val", "rmse_m"),
        "RGB-D, training": ("train", "depth_rmse_m"),
        "RGB-D, validation": ("val", "depth_rmse_m"),
    },
    "loss": {"loss": ("train", "loss"), "alignment": ("train", "alignment")},
}


def label(name: str) -> str:
    """Target of the page of an experiment, `name` as in `cpu/mse`."""
    return f"experiment-{slug(name)}"


def experiment_page(runs: Sequence[Run]) -> dict[str, str]:
    """The page of one experiment, its curves and its numbers as CSV: file name -> text.

    `runs` are the seeds of one experiment at one scale, at least one.
    """
    name = f"{runs[0].group}/{runs[0].experiment}"
    figures, curves = _curves(runs, slug(name))
    parts = [
        f"({label(name)})=\n# {plain(runs[0].experiment)} ({plain(runs[0].group)}): "
        f"{plain(title(runs[0]))}\n",
        _summary(runs),
        "## Seeds\n",
        *map(_seed, runs),
        f"The measures as a table: {{download}}`CSV <{slug(name)}.csv>`; single scenes are in the "
        "records.\n",
        curves,
        _predictions(runs),
        *_measured(runs),
        *_settings(runs),
    ]
    text = "\n".join(part for part in parts if part)
    return {f"{slug(name)}.md": text, f"{slug(name)}.csv": _csv(runs), **figures}


def title(run: Run) -> str:
    """What the registry calls the experiment, with the parameters that were changed."""
    base, *changed = run.experiment.split("+")
    words = EXPERIMENTS[base].label if base in EXPERIMENTS else run.record["label"]
    return ", ".join([words, *changed])


def headline(runs: Sequence[Run], branch: str) -> str:
    """Mean and sample standard deviation over seeds of the RMSE in metres, as text."""
    values = [value for run in runs if (value := run.rmse_m(branch)) is not None]
    return _mean(values) if values else "–"


def _summary(runs: Sequence[Run]) -> str:
    record = runs[0].record
    data = record["data"]
    size = " × ".join(str(side) for side in data["image_size"])
    seeds = "one seed" if len(runs) == 1 else f"{len(runs)} seeds"
    found = [
        f"{BRANCHES.get(branch, plain(branch))} {headline(runs, branch)} m"
        for branch in record["metrics"].get("test", {})
    ]
    known = EXPERIMENTS.get(runs[0].experiment.split("+")[0])
    chapter = ""
    if known and known.notebook:
        chapter = f" Chapter: [](../../../{known.notebook.removesuffix('.md')}.ipynb)."
    lines = [
        "RMSE on the held-out streets (validation and test), pooled over the pixels with a return "
        f"nearer than {HEADLINE_CAP} m, {seeds}: **{'; '.join(found)}**. "
        f"Data: {plain(' '.join(filter(None, (data['dataset'], data['version']))))}, split by "
        f"{plain(data['split_by'])}, {size} pixels; {number(record['cost']['steps'])} steps; "
        f"{number(record['cost']['parameters'])} parameters.{chapter}"
    ]
    if any(run.record["data"].get("sky") == "evidence" for run in runs):
        lines.append(f":::{{warning}}\n{GUESSED_SKY}\n:::")
    return "\n\n".join(lines) + "\n"


def _seed(run: Run) -> str:
    """What differs between seeds in words: headline, cost, state; every table links here."""
    cost = run.record["cost"]
    found = [
        f"{BRANCHES.get(branch, plain(branch))} {number(run.rmse_m(branch))} m"
        for branch in run.record["metrics"].get("test", {})
    ]
    spent = [f"{number(cost['seconds'], 0)} s"]
    if speed := cost.get("train_images_per_s"):
        spent.append(f"{number(speed, 1)} images/s")
    if memory := cost.get("peak_memory_mb"):
        spent.append(f"{number(memory, 0)} MB at most")
    return (
        f"({run.label})=\n### Seed {run.seed}\n\n{{run}}`{run.name}`\n\n"
        f"RMSE, held-out streets: {'; '.join(found)}. Cost: {', '.join(spent)}. "
        f"{{download}}`record.json <../../results/{run.name}/record.json>`\n"
    )


def _measured(runs: Sequence[Run]) -> Iterator[str]:
    """Test split by branch, the other splits in brief, and the alignment of the latents."""
    head = ["mean ± std"] * (len(runs) > 1) + [f"seed {run.seed}" for run in runs]
    test = [run.record["metrics"].get("test", {}) for run in runs]
    yield "## Test split\n"
    for branch in test[0]:
        name = BRANCHES.get(branch, branch)
        found = [metrics.get(branch, {}) for metrics in test]
        yield f"### {plain(name)}\n\n{html_table([name, *head], list(_branch(found)))}"
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


HEADLINE = ("caps", HEADLINE_CAP, "rmse_m")


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
            mean = [_mean(known)] if len(tops) > 1 else []
            yield [name, *mean, *map(number, values)]


def _mean(values: list[float]) -> str:
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


def _csv(runs: Sequence[Run]) -> str:
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


def _curves(runs: Sequence[Run], name: str) -> tuple[dict[str, str], str]:
    """The figures of the curves by file name, and the part of the page that shows them."""
    files, parts = {}, ["## Learning curves\n"]
    if len(runs) > 1:
        parts.append("Lines are means over the seeds, bands reach from the least to the largest.\n")
    for axis, lines in CURVES.items():
        figure = bands(list(runs), lines, axis)
        if figure["data"]:
            file = f"{name}-{axis.split()[0].lower()}.json"
            files[file] = json.dumps(figure)
            parts.append(
                f"```{{plotly-figure}} {file}\n:alt: {axis} over the training steps\n```\n"
            )
    return files, "\n".join(parts) if files else ""


def _predictions(runs: Sequence[Run]) -> str:
    shown = next((run for run in runs if run.record.get("predictions")), None)
    if shown is None:
        return ""
    parts = ["## Predictions\n", LEGEND.format(seed=shown.seed)]
    for prediction in shown.record["predictions"]:
        where = f"{prediction['scene']}, {prediction['condition']}"
        pictures = [
            f"![{PICTURES.get(kind, kind)} of {where}](../../results/{shown.name}/{file})"
            for kind, file in prediction["images"].items()
        ]
        kinds = ", ".join(PICTURES.get(kind, kind) for kind in prediction["images"])
        body = "\n".join(pictures)
        parts.append(f"{plain(where)}: {kinds}.\n\n:::{{div}} rd-pictures\n{body}\n:::\n")
    return "\n".join(parts)


def _settings(runs: Sequence[Run]) -> Iterator[str]:
    """What the runs were made from, once; where the seeds differ, each with its own."""
    yield "## How it was made\n"
    for key in ("parameters", "overrides", "data", "source", "machine", "versions"):
        found = [_flat(run.record.get(key) or {}) for run in runs]
        rows = []
        for name in dict.fromkeys(name for values in found for name in values):
            values = [known.get(name, "–") for known in found]
            each = [f"seed {run.seed}: {v}" for run, v in zip(runs, values, strict=True)]
            rows.append([name, values[0] if len(set(values)) == 1 else "; ".join(each)])
        if rows:
            inner = html_table(("Name", "Value"), rows, words=True)
            yield f":::{{dropdown}} {key.capitalize()}\n{inner}:::\n"


def _flat(values: dict, prefix: str = "") -> dict[str, str]:
    """Name -> value of nested settings, as text."""
    flat = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        elif isinstance(value, (list, tuple)):
            flat[f"{prefix}{key}"] = ", ".join(map(str, value))
        else:
            flat[f"{prefix}{key}"] = "–" if value in (None, "") else str(value)
    return flat
