"""Tables of published pictures: a column for each fixed test frame, each cell a link to its run.

`compared_frames` has a method beside what it is judged against, `headline_frames` the baselines and
the guide, `difference_grid` where methods err less than RGB alone. What is not published is open.
`as_grid` shows such a table with the scales of its colours below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rigid_depth.book.cells import notebook
from rigid_depth.book.markdown import plain, table
from rigid_depth.book.runs.labels import PICTURES
from rigid_depth.book.runs.picturediff import LEGEND, difference, median_error_m
from rigid_depth.book.runs.regime import ALONE, FLOOR
from rigid_depth.book.runs.results import BRANCHES, Published, Run, book_folder
from rigid_depth.book.runs.scales import DEPTH, depth_scale, difference_scale, scales
from rigid_depth.experiments.registry import in_words

FRAMES = (0, 1, 2, 3)
RESULTS = "../book/results"
"""Where pictures lie, seen from a notebook."""
GIVEN = (("image", "rgb"), ("LiDAR returns", "target"))
"""The rows that are the same for every run; the returns are the truth that a record shows."""
TRUTHS = "../book/images/truth"
"""Where the true depth of frames lies, seen from a notebook; `workflow/draw_truths.py` draws it."""


def as_grid(pictures: str, *, name: str, caption: str, depth: bool = True):
    """A table of pictures with number, caption and label, and the scales of its colours.

    `depth` tells whether it has pictures of depth besides differences.
    """
    shown = (depth_scale(), difference_scale()) if depth else (difference_scale(),)
    options = {"name": name, "caption": caption, "style": "rd-grid"}
    return notebook.numbered_table(pictures, **options, below=scales(*shown))


def compared_frames(
    published: Published,
    experiment: str,
    reference: str,
    frames: Sequence[int] = (0, 1, 2),
    *,
    book: Path | None = None,
) -> tuple[str, str]:
    """A MyST table of a published run's frames beside those of a reference, and its caption.

    Rows: image; LiDAR returns; the true depth, where it is drawn; the RGB branch of the reference
    and of the experiment; the difference of their errors; the RGB-D branch where the experiment has
    one. All from the scale that `published` shows. The caption names scale, seeds and steps and
    links the runs; it says so where a run is not published at that scale yet, and its cells are
    open.

    Args:
        published: what the book has to show.
        experiment: the method, by its name in the registry.
        reference: what it is compared with, mostly RGB alone.
        frames: which of the fixed test frames, in their order.
        book: another folder than the repository's, as of `results.published`.
    """
    found = _with_pictures(published.shown)
    known = found.get(experiment) or found.get(reference)
    lines = [[label, *_cells(known, kind, frames, book)] for label, kind in GIVEN] if known else []
    lines += _truth(known, frames, book)
    for name in (reference, experiment):
        label = plain(in_words(name))
        lines.append([label, *_cells(found.get(name), "prediction", frames, book)])
    apart = _differences(found, experiment, reference, frames, book)
    lines.append(["difference of the errors", *apart])
    ours = found.get(experiment)
    if ours and "depth-prediction" in ours.record["predictions"][frames[0]]["images"]:
        guide = _cells(ours, "depth-prediction", frames, book)
        lines.append(["its RGB-D branch, with LiDAR", *guide])
    caption = _caption(published.scale, experiment, reference, found)
    return table(["", *_heads(known, frames)], lines), caption


def headline_frames(published: Published, guided: str, frames: Sequence[int] = FRAMES) -> str:
    """A MyST table: image, returns, row mean, RGB alone, the guide, and what the guide changed.

    The last row is the difference of the errors of the RGB branch of `guided` and of RGB alone.
    """
    found = _with_pictures(published.shown)
    alone = found.get(ALONE)
    given = [[label, *_cells(alone, kind, frames)] for label, kind in GIVEN]
    rows = [
        ("mean depth of each image row", FLOOR, "prediction"),
        ("RGB with infinity loss", ALONE, "prediction"),
        ("guide, with LiDAR", guided, "depth-prediction"),
    ]
    lines = [*given, *_truth(alone, frames)]
    lines += [[label, *_cells(found.get(name), kind, frames)] for label, name, kind in rows]
    apart = _differences(found, guided, ALONE, frames)
    lines.append(["difference of the errors: RGB beside the guide, and alone", *apart])
    return table(["", *_heads(alone, frames)], lines)


def difference_grid(
    published: Published,
    rows: Sequence[tuple[str, str, str]],
    frames: Sequence[int] = FRAMES,
    *,
    book: Path | None = None,
) -> str:
    """A MyST table of small pictures: errors of branches compared with those of `rgb-infinity`.

    `rows` are (label, experiment, branch) with a branch of `results.BRANCHES`.
    """
    found = _with_pictures(published.shown)
    lines = []
    for label, experiment, branch in rows:
        apart = _differences(found, experiment, ALONE, frames, book, branch=branch, small=True)
        label = label if branch == "rgb" else f"{label}: {BRANCHES[branch]}"
        lines.append([plain(label), *apart])
    return table(["", *_heads(found.get(ALONE), frames)], lines)


def _caption(scale: str | None, experiment: str, reference: str, found: dict[str, Run]) -> str:
    """What the frames are of, how they are drawn, and which run is missing."""
    if scale is None:
        return "No run of the scale that this book shows is published yet."
    shown, missing = [], []
    for name in (reference, experiment):
        label = plain(in_words(name))
        if run := found.get(name):
            steps = run.record["cost"].get("steps")
            length = f", {steps:,} steps" if steps else ""
            shown.append(f"[{label}, seed {run.seed}](#{run.label}){length}")
        else:
            missing.append(label)
    parts = []
    if shown:
        parts.append(f"Fixed test frames of published runs, scale {scale}: {'; '.join(shown)}.")
    parts += [f"{label} has no published pictures at scale {scale} yet." for label in missing]
    if shown:
        parts.append(DEPTH)
    if not missing:
        parts.append(LEGEND)
    return " ".join(parts)


def _differences(
    found: dict[str, Run],
    experiment: str,
    reference: str,
    frames: Sequence[int],
    book: Path | None = None,
    *,
    branch: str = "rgb",
    small: bool = False,
) -> list[str]:
    """Pictures of the difference of a branch's errors and those of the reference's RGB branch."""
    ours, base = found.get(experiment), found.get(reference)
    if ours is None or base is None:
        return ["open"] * len(frames)
    folder = (book or book_folder()) / "results"
    kind = "error" if branch == "rgb" else f"{branch}-error"
    cells = []
    for number in frames:
        mine, other = (run.record["predictions"][number] for run in (ours, base))
        apart = None
        same = mine["token"] == other["token"]
        if same and kind in mine["images"] and "error" in other["images"]:
            files = (
                folder / ours.name / mine["images"][kind],
                folder / base.name / other["images"]["error"],
            )
            apart = difference(*files, small=small)
        if apart is None:
            cells.append("–")
            continue
        where = f"{mine['condition']}, {experiment} ({BRANCHES[branch]}) against {reference}"
        said = plain(f"Difference of the errors, {where}: {apart.seen}")
        cells.append(f"[![{said}]({apart.uri})](#{ours.label})")
    return cells


def _with_pictures(runs: Iterable[Run]) -> dict[str, Run]:
    """Experiment -> its first run with pictures."""
    found: dict[str, Run] = {}
    for run in runs:
        if run.record["predictions"]:
            found.setdefault(run.experiment, run)
    return found


def _heads(run: Run | None, frames: Sequence[int]) -> list[str]:
    if run is None:
        return [f"frame {k}" for k in frames]
    return [plain(run.record["predictions"][k]["condition"]) for k in frames]


def _cells(
    run: Run | None, kind: str, frames: Sequence[int], book: Path | None = None
) -> list[str]:
    """A picture of each frame with its alternative text, a link to the run; a dash for none."""
    if run is None:
        return ["open"] * len(frames)
    folder = (book or book_folder()) / "results" / run.name
    cells = []
    for shown in (run.record["predictions"][k] for k in frames):
        if kind not in shown["images"]:
            cells.append("–")
            continue
        text = f"{PICTURES.get(kind, kind)}, {shown['condition']}, {run.experiment}"
        text = plain(text + _how_near(folder, shown["images"], kind))
        cells.append(f"[![{text}]({RESULTS}/{run.name}/{shown['images'][kind]})](#{run.label})")
    return cells


def _truth(run: Run | None, frames: Sequence[int], book: Path | None = None) -> list[list[str]]:
    """The row of the true depth of frames; no row where it is drawn of none."""
    shown = [run.record["predictions"][k] for k in frames] if run else []
    files = [f"{frame['token']}.png" for frame in shown]
    drawn = [((book or book_folder()) / "images" / "truth" / name).is_file() for name in files]
    if not any(drawn):
        return []
    cells = [
        f"![True depth, {plain(frame['condition'])}]({TRUTHS}/{name})" if there else "–"
        for frame, name, there in zip(shown, files, drawn, strict=True)
    ]
    return [["true depth", *cells]]


def _how_near(folder: Path, images: Mapping[str, str], kind: str) -> str:
    """Of a prediction how near it comes, read off its error picture; else nothing."""
    errors = images.get(kind.replace("prediction", "error"))
    if errors is None or not kind.endswith("prediction"):
        return ""
    return f": half of the surface within {median_error_m(folder / errors):.1f} m"
