"""Lists made from the notebooks: exercises, figures and tables, and how each notebook was run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from rigid_depth.book.executed import copies, figuredata
from rigid_depth.book.executed.figuredata import LINK
from rigid_depth.book.markdown import plain, table
from rigid_depth.book.pages.itemrecords import from_records
from rigid_depth.experiments.sources import blob

BUILDERS = ("jupyter-book", "sphinx", "myst-nb")
"""Packages that build the book; no notebook uses them."""
EXERCISE = re.compile(r"^`{3,}\{exercise\} (.+)\n:label: ([\w-]+)$", re.M)


def index_pages(root: Path) -> dict[str, str]:
    """The texts of the three pages by file name."""
    texts = copies.texts(root)
    return {
        "exercises.md": _exercises(texts),
        "figures.md": _figures(texts, root),
        "status.md": _status(texts),
    }


def _exercises(texts: list[Path]) -> str:
    parts = [
        "(exercises)=\n# Exercises\n\nEach has a cell that checks an answer, and a solution.\n"
    ]
    for text in texts:
        found = EXERCISE.findall(text.read_text(encoding="utf-8"))
        if lines := [f"- {{ref}}`{label}`: {title}" for title, label in found]:
            parts.append("\n".join([f"## {_title(text)}\n", *lines, ""]))
    return "\n".join(parts)


def _figures(texts: list[Path], root: Path) -> str:
    head = (
        "(figures-and-tables)=\n# Figures and tables\n\nEvery numbered figure and table, by the "
        "notebook whose cell makes it. Each names the published studies or experiments that it "
        "shows, or says that its cell computed it. Its data are a CSV file: of an interactive "
        "figure the traces, of a drawing the lines, points, bars and cells (long lines and large "
        "images thinned), of a table the rows. A photograph has no data. The results tables with a "
        "line for each seed: "
        "{download}`thesis Table 8.2 <table_8_2.csv>`, "
        "{download}`thesis Table 8.5 <table_8_5.csv>`, "
        "{download}`verdicts <verdicts.csv>`; every number of a published experiment is a CSV file "
        "on its own page among [](#published-runs).\n"
    )
    parts = [head]
    for text in texts:
        copy = copies.shown(text)
        if copy.is_file() and (found := figuredata.items(copy)):
            lines = _lines(found, text, copy, root)
            parts.append("\n".join([f"## {_title(text)}\n", f"{_link(text)}\n", *lines, ""]))
    return "\n".join(parts)


def _lines(found: Sequence[figuredata.Item], text: Path, copy: Path, root: Path) -> Iterator[str]:
    """A line for each item of a notebook: reference, first sentence, run, data."""
    page, live = f"notebooks/{text.stem}", _live(copy)
    for item in found:
        made = from_records(item, page, root) if item.of_records else live
        data = f"{{download}}`CSV <{figuredata.file_name(item)}>`" if item.data else "no data"
        said = _sentence(LINK.sub(r"\1", item.caption))
        yield f"- {{numref}}`{item.name}`: {said} {made}; {data}"


def _live(copy: Path) -> str:
    """How the cells ran that made a figure themselves."""
    made = json.loads(copy.read_text(encoding="utf-8"))["metadata"].get("rigid_depth", {})
    given = made.get("parameters", {})
    said = ", ".join(
        f"{k} {given[k]}"
        for k in ("experiment", "scale", "size", "seed")
        if given.get(k) not in ("", None)
    )
    return f"*Computed by the cell* ({plain(said)})" if said else "*Computed by the cell*"


def _status(texts: list[Path]) -> str:
    rows = [_state(text) for text in texts]
    head = ("Notebook", "code cells", "parameters", "when", "where", "how long", "copy", "state")
    made = [_packages(text) for text in texts]
    lines = [(name, _of_all(made, name), _version(name)) for name in copies.LIBRARIES]
    builders = ", ".join(f"{name} {_version(name)}" for name in BUILDERS)
    return (
        "(status)=\n# State of the notebooks\n\nThe copy that each page shows: the stored one "
        "(`notebooks`), or one that the machine of this build executed (`executed`) because the "
        "stored one was outdated. An en dash means that a copy does not say it. "
        '<a href="../../_static/notebooks.zip">All of them in one '
        f"archive</a>.\n\n{table(head, rows, align='left')}\n"
        "## Packages\n\nAs the notebooks ran with them, and as this build has them.\n\n"
        f"{table(('Package', 'notebooks', 'this build'), lines, align='left')}\n"
        f"The pages were made by {builders}.\n"
    )


def _state(text: Path) -> tuple[str, ...]:
    """A line of the status page."""
    copy = copies.shown(text)
    if not copy.is_file():
        return (_link(text), *["–"] * 6, "not executed")
    notebook = json.loads(copy.read_text(encoding="utf-8"))
    made = notebook["metadata"].get("rigid_depth", {})
    ran = made.get("execution", {})
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    failed = sum(o["output_type"] == "error" for c in cells for o in c["outputs"])
    values = ", ".join(f"{k} = {v}" for k, v in made.get("parameters", {}).items())
    state = f"{failed} cells failed" if failed else "passed"
    state += "" if made.get("source_blob") == blob(text) else ", text changed since"
    where = ", ".join(filter(None, (ran.get("processor"), ran.get("platform"))))
    return (
        _link(text),
        str(len(cells)),
        plain(values) or "–",
        ran.get("created", "–")[:10],
        plain(where) or "–",
        f"{ran['seconds']:.0f} s" if "seconds" in ran else "–",
        copy.parent.name,
        state,
    )


def _packages(text: Path) -> dict[str, str]:
    """Package -> its version when the notebook ran, as its copy says."""
    copy = copies.shown(text)
    if not copy.is_file():
        return {}
    made = json.loads(copy.read_text(encoding="utf-8"))["metadata"].get("rigid_depth", {})
    return made.get("execution", {}).get("versions", {})


def _of_all(made: list[dict[str, str]], name: str) -> str:
    """The versions of a package that the copies tell; an en dash where none tells one."""
    return plain(", ".join(sorted({found[name] for found in made if name in found}))) or "–"


def _link(text: Path) -> str:
    return f"[](../../notebooks/{text.stem}.ipynb)"


def _title(text: Path) -> str:
    return re.search(r"^# (.*)", text.read_text(encoding="utf-8"), re.M)[1]


def _sentence(text: str) -> str:
    """The first sentence; a full stop within a formula, or of "eq." and "Fig.", ends none."""
    text, ends = " ".join(text.split()), []
    for match in re.finditer(r"(?<!\beq)(?<!\beqs)(?<!\bFig)(?<!\bFigs)[.?!](?= |$)", text):
        before = text[: match.end()]
        if before.count("$") % 2 == 0 and before.count("`") % 2 == 0:
            ends.append(match.end())
    return text[: ends[0]] if ends else text


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
