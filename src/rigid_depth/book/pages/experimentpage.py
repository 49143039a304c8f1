"""The page of one experiment at one scale: what its records say, the seeds side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rigid_depth.book.markdown import flat, html_table, number, plain, slug
from rigid_depth.book.runs.curves import bands
from rigid_depth.book.runs.labels import PICTURES, chapter_of, label
from rigid_depth.book.runs.metrictables import mean_text, measured_tables, measures_csv
from rigid_depth.book.runs.results import BRANCHES, HEADLINE_CAP, Run
from rigid_depth.book.runs.scales import DEPTH, depth_scale, error_scale, scales
from rigid_depth.experiments.recording.pictures import LARGEST_ERROR_M
from rigid_depth.experiments.registry import EXPERIMENTS, base_of, find_scale, in_words
from rigid_depth.experiments.settings import as_text

GUESSED_SKY = (
    "Without masks in the data the sky was guessed from LiDAR returns and colour: its figures, and "
    "an infinity loss trained on it, are no better than that guess."
)
LEGEND = (
    f"Fixed test frames, seed {{seed}}. {DEPTH} Error: bright is {LARGEST_ERROR_M:.0f} m or more; "
    "white where there is no surface.\n"
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
        _again(runs),
        "## Seeds\n",
        *map(_seed, runs),
        f"The measures as a table: {{download}}`CSV <{slug(name)}.csv>`; single scenes are in the "
        "records.\n",
        curves,
        _predictions(runs),
        *measured_tables(runs),
        *_settings(runs),
    ]
    text = "\n".join(part for part in parts if part)
    return {f"{slug(name)}.md": text, f"{slug(name)}.csv": measures_csv(runs), **figures}


def title(run: Run) -> str:
    """What the registry calls the experiment, with the parameters that were changed."""
    known = base_of(run.experiment) in EXPERIMENTS
    return in_words(run.experiment) if known else run.record["label"]


def command(run: Run) -> str:
    """The command that repeats a run, from the repository's folder."""
    words = ["rigid-depth run", base_of(run.experiment), "--scale", run.record["scale"]]
    words += ["--seed", str(run.seed)]
    dataset = run.record["data"]["dataset"]
    if dataset != find_scale(run.record["scale"]).dataset:
        words += ["--dataset", dataset, "--dataroot", "FOLDER"]
    overrides = run.record.get("overrides") or {}
    for name, value in sorted(overrides.items()):  # of JSON, where a tuple is a list
        words.append(f"-p {name}={as_text(value)}")
    if start := run.record["parameters"].get("init_from"):
        words.append(f"--init-from runs/{start['origin']}")
    return " ".join(words)


def headline(runs: Sequence[Run], branch: str) -> str:
    """Mean and sample standard deviation over seeds of the RMSE in metres, as text."""
    values = [value for run in runs if (value := run.rmse_m(branch)) is not None]
    return mean_text(values) if values else "–"


def _summary(runs: Sequence[Run]) -> str:
    record = runs[0].record
    data = record["data"]
    size = " × ".join(str(side) for side in data["image_size"])
    seeds = "one seed" if len(runs) == 1 else f"{len(runs)} seeds"
    found = [
        f"{BRANCHES.get(branch, plain(branch))} {headline(runs, branch)} m"
        for branch in record["metrics"].get("test", {})
    ]
    chapter = chapter_of(runs[0]).removesuffix(".md")
    discussed = f" Discussed in [](../../../{chapter}.ipynb)." if chapter else ""
    lines = [
        "RMSE on the held-out streets (validation and test), pooled over the pixels with a return "
        f"nearer than {HEADLINE_CAP} m, {seeds}: **{'; '.join(found)}**. "
        f"Data: {plain(' '.join(filter(None, (data['dataset'], data['version']))))}, split by "
        f"{plain(data['split_by'])}, {size} pixels; {number(record['cost']['steps'])} steps; "
        f"{number(record['cost']['parameters'])} parameters.{discussed}"
    ]
    if any(run.record["data"].get("sky") == "evidence" for run in runs):
        lines.append(f":::{{warning}}\n{GUESSED_SKY}\n:::")
    return "\n\n".join(lines) + "\n"


def _again(runs: Sequence[Run]) -> str:
    said = "To run it again" + (" (the same for every other seed)" if len(runs) > 1 else "")
    return f"{said}:\n\n```bash\n{command(runs[0])}\n```\n"


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
            parts.append(f"```{{plotly-figure}} {file}\n```\n")
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
    parts.append(scales(depth_scale(), error_scale()))
    return "\n".join(parts)


def _settings(runs: Sequence[Run]) -> Iterator[str]:
    """What the runs were made from, once; where the seeds differ, each with its own."""
    yield "## How it was made\n"
    for key in ("parameters", "overrides", "data", "source", "machine", "versions"):
        found = [flat(run.record.get(key) or {}) for run in runs]
        rows = []
        for name in dict.fromkeys(name for values in found for name in values):
            values = [known.get(name, "–") for known in found]
            each = [f"seed {run.seed}: {v}" for run, v in zip(runs, values, strict=True)]
            rows.append([name, values[0] if len(set(values)) == 1 else "; ".join(each)])
        if rows:
            inner = html_table(("Name", "Value"), rows, words=True)
            yield f":::{{dropdown}} {key.capitalize()}\n{inner}:::\n"
