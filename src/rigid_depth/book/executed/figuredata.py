"""The data of every numbered figure and table of the notebooks, as CSV.

Of an interactive figure the traces, of a drawing what its kernel kept (`drawndata`), of a table its
rows; all read from the executed copy that the page shows.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path

import numpy as np

from rigid_depth.book.cells import drawndata
from rigid_depth.book.executed import copies
from rigid_depth.book.executed.recordcells import shows_records

PLOTLY = "application/vnd.plotly.v1+json"
COLUMNS = ("x", "y", "z", "i", "j", "k", "u", "v", "w", "lat", "lon", "value", "intensity")
COLUMNS += ("surfacecolor", "text", "error_x.array", "error_y.array", "marker.color")
"""What of a trace is data: attributes that hold one value for each of its points."""
TABLE = re.compile(r"^`{3,}\{table\}[ ]?(.*)\n((?::.*\n)+)\n((?:\|.*\n?)+)", re.M)
PICTURE = re.compile(
    r"^`{3,}\{figure\} \S*book/images/.*\n((?::.*\n)+)\n(.*(?:\n.+)*?)\n`{3,}$", re.M
)
"""A figure in the text that is a picture of the book, such as one drawn from published weights."""
LINK = re.compile(r"!?\[([^\[\]]*)\]\([^)]*\)")
RECORDS = re.compile(r"\]\(#((?:study|runs?|experiment)-[^)\s]+)\)")
"""A link to published records: to a study, a run, an experiment or all runs of a scale."""


@dataclass(frozen=True)
class Item:
    """A numbered figure or table: its label, caption as MyST, and data, empty if there is none.

    `of_records` tells whether its cell shows published records, or what it computed itself; `links`
    are the pages of such records that its caption and its rows lead to.
    """

    name: str
    caption: str
    data: str
    of_records: bool
    links: tuple[str, ...] = ()


def items(copy: Path) -> tuple[Item, ...]:
    """Every numbered figure and table of an executed notebook that has a caption, in their order.

    Raises `FileNotFoundError` where there is no such copy.
    """
    return _items(copy, copy.stat().st_mtime_ns)


@cache
def _items(copy: Path, written_ns: int) -> tuple[Item, ...]:
    """Those of a copy as it was written then; two pages of a build ask for them."""
    notebook = json.loads(copy.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    found, records = [], iter(shows_records("".join(cell["source"]) for cell in code))
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            found += _pictures("".join(cell["source"]))
            continue
        outputs, of_records = cell["outputs"], next(records)
        figure = ((cell["metadata"].get("mystnb") or {}).get("figure")) or {}
        if figure.get("name") and figure.get("caption"):
            found.append(_item(figure["name"], figure["caption"], figure_csv(outputs), of_records))
        for text in map(_markdown, outputs):
            for caption, options, rows in TABLE.findall(text):
                if name := re.search(r":name: (\S+)", options):
                    found.append(_item(name[1], caption, table_csv(rows), of_records, rows))
    return tuple(found)


def _item(name: str, caption: str, data: str, of_records: bool, rows: str = "") -> Item:
    links = tuple(dict.fromkeys(RECORDS.findall(caption + rows)))
    return Item(name, caption, data, of_records or bool(links), links)


def _pictures(text: str) -> list[Item]:
    """The figures of a text that are pictures of published runs; they have no data."""
    found = []
    for options, caption in PICTURE.findall(text):
        if name := re.search(r":name: (\S+)", options):
            found.append(_item(name[1], caption, "", of_records=True))
    return found


def data_files(root: Path) -> dict[str, str]:
    """The CSV of every figure and table that has data, by file name below the generated pages."""
    shown = [copies.shown(text) for text in copies.texts(root)]
    found = [item for copy in shown if copy.is_file() for item in items(copy)]
    return {file_name(item): item.data for item in found if item.data}


def file_name(item: Item) -> str:
    """Where the data of a figure or table lie, below the generated pages."""
    return f"figures/{item.name}.csv"


def figure_csv(outputs: list[dict]) -> str:
    """The data behind the pictures among a cell's outputs; empty where they have none."""
    for output in outputs:
        if PLOTLY in output.get("data", {}):
            return plotly_csv(output["data"][PLOTLY])
    kept = [o.get("metadata", {}).get("image/png", {}).get(drawndata.KEY) for o in outputs]
    texts = [drawndata.unpacked(text) for text in kept if text]
    lines = [line for text in texts for line in text.splitlines(keepends=True)[1:]]
    return "".join([",".join(drawndata.HEAD) + "\n", *lines]) if lines else ""


def plotly_csv(figure: dict) -> str:
    """The traces of a plotly figure, a line for each point; of a moving one, every frame's.

    A trace's matrix has a line for each cell, its place in `row` and `column`.
    """
    traces = [("", number, trace) for number, trace in enumerate(figure["data"])]
    for frame in figure.get("frames") or ():
        which = frame.get("traces") or range(len(frame["data"]))
        traces += [
            (frame.get("name", ""), number, {**figure["data"][number], **changed})
            for number, changed in zip(which, frame["data"], strict=False)
        ]
    columns = [_columns(trace) for *_, trace in traces]
    used = [name for name in ("row", "column", *COLUMNS) if any(name in c for c in columns)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["frame", "trace", "type", "name", *used])
    for (frame, number, trace), values in zip(traces, columns, strict=True):
        head = (frame, number, trace.get("type", "scatter"), trace.get("name", ""))
        for line in zip_longest(*(values.get(name, ()) for name in used), fillvalue=""):
            writer.writerow([*head, *map(_cell, line)])
    return out.getvalue()


def _columns(trace: dict) -> dict[str, list]:
    """What a trace draws, as columns; a matrix is taken apart by its cells."""
    found = {}
    for name in COLUMNS:
        value = trace
        for key in name.split("."):
            value = (value or {}).get(key) if isinstance(value, dict) else None
        if isinstance(value, list) or (isinstance(value, dict) and "bdata" in value):
            found[name] = _array(value)
    matrices = {name: value for name, value in found.items() if value.ndim == 2}
    if not matrices:
        return {name: value.ravel().tolist() for name, value in found.items()}
    rows, columns = next(iter(matrices.values())).shape
    row, column = (place.ravel() for place in np.indices((rows, columns)))
    flat = {"row": row.tolist(), "column": column.tolist()}
    for name, value in found.items():
        if value.ndim == 2:
            flat[name] = value.ravel().tolist()
        elif name in ("x", "y"):
            along = column if name == "x" else row
            flat[name] = value[along].tolist() if len(value) > along.max() else value.tolist()
    return flat


def _array(value: dict | list) -> np.ndarray:
    """A list, or numbers that plotly packed (their type, their bytes, their shape)."""
    if isinstance(value, list):
        try:
            return np.asarray(value, dtype=object if _ragged(value) else None)
        except ValueError:
            return np.asarray([str(entry) for entry in value])
    numbers = np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
    shape = [int(n) for n in str(value.get("shape", "")).split(",") if n]
    return numbers.reshape(shape) if shape else numbers


def _ragged(value: list) -> bool:
    return not all(isinstance(entry, int | float | str | list) for entry in value)


def _cell(value: object) -> object:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value


def table_csv(rows: str) -> str:
    """The rows of a MyST table, without the line below its head, links and escapes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for place, line in enumerate(rows.splitlines()):
        cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
        if place != 1:
            writer.writerow([_words(cell) for cell in cells])
    return out.getvalue()


def _words(cell: str) -> str:
    """A cell's text: of a link its words; code, emphasis and escapes without their marks."""
    text = LINK.sub(r"\1", LINK.sub(r"\1", cell.strip()))  # a picture may be linked
    parts = re.split(r"(\$[^$]*\$)", re.sub(r"\*\*|`", "", text))
    return "".join(p if p.startswith("$") else re.sub(r"\\(.)", r"\1", p) for p in parts)


def _markdown(output: dict) -> str:
    text = output.get("data", {}).get("text/markdown", "")
    return "".join(text) if isinstance(text, list) else text
