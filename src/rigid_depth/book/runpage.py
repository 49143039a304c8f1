"""The page of one run: everything its record says, readable."""

from __future__ import annotations

import json
from pathlib import Path

from rigid_depth.book.figures import curves
from rigid_depth.book.markdown import facts, number, plain, table, write_if_changed
from rigid_depth.book.tables import HEADLINE_CAP, Run

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
    "Fixed test frames. Depth: bright is near, 2 to 100 m, logarithmic. Error: bright is 10 m or "
    "more; white where there is no surface.\n"
)
CURVES = {"loss": "loss", "rmse_m": "RMSE [m]"}


def write_run_page(run: Run, folder: Path) -> None:
    """Writes the page of a published run and the data of its curves below `folder`."""
    record = run.record
    parts = [f"({run.label})=\n# {run.group} / {run.experiment} / seed {run.seed}\n"]
    parts.append(f"{{run}}`{run.name}`\n")
    parts.append(_summary(record))
    for split, title in SPLITS.items():
        for branch, metrics in record["metrics"].get(split, {}).items():
            parts.append(f"## {title.capitalize()}: {plain(branch)}\n\n{_metrics(metrics)}")
    parts.append(_curves(run, folder))
    parts.append(_predictions(run))
    parts.append(_settings(run))
    write_if_changed(folder / f"{run.slug}.md", "\n".join(part for part in parts if part))


def _summary(record: dict) -> str:
    cost, data = record["cost"], record["data"]
    lines = []
    for branch, metrics in record["metrics"].get("test", {}).items():
        cap = metrics["caps"].get(HEADLINE_CAP)
        if cap:
            lines.append(
                f"**{plain(branch)}**: RMSE {number(cap['rmse_m'])} m on the test split, pooled "
                f"over {number(cap['pixels'])} pixels with a return nearer than {HEADLINE_CAP} m."
            )
    size = " × ".join(str(side) for side in data["image_size"])
    lines.append(
        f"Data: {plain(' '.join(filter(None, (data['dataset'], data['version']))))}, split by "
        f"{plain(data['split_by'])}, {size} pixels. Cost: {number(cost['steps'])} steps in "
        f"{number(cost['seconds'], 0)} s, {number(cost['parameters'])} parameters."
    )
    if data.get("sky") == "evidence":
        lines.append(f":::{{warning}}\n{GUESSED_SKY}\n:::")
    return "\n\n".join(lines) + "\n"


def _metrics(metrics: dict) -> str:
    columns = {f"≤ {cap} m": values for cap, values in metrics.get("caps", {}).items()}
    columns |= {"dense truth": metrics["dense"]} if metrics.get("dense") else {}
    parts = [_columns(columns)]
    for key, title in (("ranges_m", "Range [m]"), ("conditions", "Condition")):
        if metrics.get(key):
            parts.append(_rows(title, metrics[key], ("rmse_m", "mae_m", "pixels")))
    if sky := metrics.get("sky"):
        rows = [(SKY.get(key, plain(key)), number(value)) for key, value in sky.items()]
        parts.append(table(("Sky", "value"), rows))
    if scenes := metrics.get("scenes"):
        inner = _rows("Scene", scenes, ("rmse_m", "pixels"))
        parts.append(f":::{{dropdown}} {len(scenes)} scenes\n{inner}:::\n")
    return "\n".join(parts)


def _columns(columns: dict[str, dict]) -> str:
    names = [key for key in METRICS if any(key in values for values in columns.values())]
    rows = [[METRICS[key], *(number(v.get(key)) for v in columns.values())] for key in names]
    return table(("Metric", *columns), rows)


def _rows(title: str, groups: dict[str, dict], keys: tuple[str, ...]) -> str:
    present = [key for key in keys if any(key in values for values in groups.values())]
    rows = [[plain(name), *(number(v.get(k)) for k in present)] for name, v in groups.items()]
    return table((title, *(METRICS[key] for key in present)), rows)


def _curves(run: Run, folder: Path) -> str:
    parts = []
    for quantity, axis in CURVES.items():
        figure = curves(run.record, quantity, axis)
        if figure:
            name = f"{run.slug}-{quantity}.json"
            write_if_changed(folder / name, json.dumps(figure))
            parts.append(
                f"```{{plotly-figure}} {name}\n:alt: {axis} over the training steps\n```\n"
            )
    return "## Learning curves\n\n" + "\n".join(parts) if parts else ""


def _predictions(run: Run) -> str:
    parts = []
    for prediction in run.record.get("predictions", []):
        where = f"{prediction['scene']}, {prediction['condition']}"
        pictures = [
            f"![{PICTURES.get(kind, kind)} of {where}](../../results/{run.name}/{file})"
            for kind, file in prediction["images"].items()
        ]
        kinds = ", ".join(PICTURES.get(kind, kind) for kind in prediction["images"])
        body = "\n".join(pictures)
        parts.append(f"{plain(where)}: {kinds}.\n\n:::{{div}} rd-pictures\n{body}\n:::\n")
    return "\n".join(["## Predictions\n", LEGEND, *parts]) if parts else ""


def _settings(run: Run) -> str:
    record = run.record
    parts = ["## How it was made\n"]
    for key in ("parameters", "overrides", "data", "source", "machine", "versions", "cost"):
        if record.get(key):
            rows = table(("Name", "Value"), facts(record[key]), align="left")
            parts.append(f":::{{dropdown}} {key.capitalize()}\n{rows}:::\n")
    parts.append(f"{{download}}`record.json <../../results/{run.name}/record.json>`\n")
    return "\n".join(parts)
