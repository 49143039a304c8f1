"""Lists made from the notebooks: exercises, figures and tables, and how each notebook was run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import yaml

from rigid_depth.book import copies
from rigid_depth.book.markdown import plain, table
from rigid_depth.book.provenance import blob

LIBRARIES = ("torch", "lightning", "numpy", "scipy", "roma", "jupyter-book", "sphinx", "myst-nb")
EXERCISE = re.compile(r"^`{3,}\{exercise\}[ ]?(.*)\n:label: ([\w-]+)\n(?::.*\n)*\n*(.*)", re.M)
CELL = re.compile(r"^```\{code-cell\}.*\n---\n((?:.*\n)*?)---\n", re.M)
FIGURE = re.compile(r"^`{3,}\{figure\}.*\n((?::\w+:.*\n)+)\n(.*)", re.M)

Find = Callable[[str], list[tuple[str, str]]]
"""The text of a notebook -> labels and what they are of."""


def index_pages(root: Path) -> dict[str, str]:
    """The texts of the three pages by file name."""
    texts = copies.texts(root)
    return {
        "exercises.md": _exercises(texts),
        "figures.md": _figures(texts),
        "status.md": _status(texts),
    }


def exercises(text: str) -> list[tuple[str, str]]:
    """Label and first sentence of every exercise of a text notebook."""
    return [(label, title or _sentence(said)) for title, label, said in EXERCISE.findall(text)]


def figures(text: str) -> list[tuple[str, str]]:
    """Name and first sentence of the caption of every figure and table that has both."""
    found = [(m.start(), m[1], m[2]) for m in FIGURE.finditer(text)]
    named = [(p, re.search(r":name: (\S+)", options), said) for p, options, said in found]
    places = [(p, name[1], said) for p, name, said in named if name]
    for match in CELL.finditer(text):
        shown = (yaml.safe_load(match[1]) or {}).get("mystnb") or {}
        figure = shown.get("figure") or {}
        if figure.get("name") and figure.get("caption"):
            places.append((match.start(), figure["name"], figure["caption"]))
    return [(name, _sentence(said)) for _, name, said in sorted(places)]


def _exercises(texts: list[Path]) -> str:
    head = "(exercises)=\n# Exercises\n\nEach has a cell that checks an answer, and a solution.\n"
    return "\n".join([head, *_by_chapter(texts, exercises, "ref")])


def _figures(texts: list[Path]) -> str:
    head = (
        "(figures-and-tables)=\n# Figures and tables\n\nEvery numbered figure and table, by the "
        "notebook whose cell makes it. The results tables as data: "
        "{download}`Table 8.2 <table_8_2.csv>`, {download}`Table 8.5 <table_8_5.csv>`, "
        "{download}`verdicts <verdicts.csv>`; every number of a published experiment is a CSV file "
        "on its own page among [](#published-runs).\n"
    )
    return "\n".join([head, *_by_chapter(texts, figures, "numref")])


def _by_chapter(texts: list[Path], find: Find, role: str) -> Iterator[str]:
    """What `find` names in each notebook, as a list of references below the chapter's title."""
    for text in texts:
        found = find(text.read_text(encoding="utf-8"))
        lines = [f"- {{{role}}}`{label}`: {said}" for label, said in found]
        if lines:
            yield "\n".join([f"## {_title(text)}\n", *lines, ""])


def _status(texts: list[Path]) -> str:
    rows = []
    for text in texts:
        copy = copies.shown(text)
        if not copy.is_file():
            rows.append((_link(text), "–", "–", "–", "not executed"))
            continue
        notebook = json.loads(copy.read_text(encoding="utf-8"))
        made = notebook["metadata"].get("rigid_depth", {})
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        failed = sum(o["output_type"] == "error" for c in cells for o in c["outputs"])
        values = ", ".join(f"{k} = {v}" for k, v in made.get("parameters", {}).items())
        current = made.get("source_blob") == blob(text)
        state = f"{failed} cells failed" if failed else "passed"
        state += "" if current else ", text changed since"
        rows.append((_link(text), str(len(cells)), plain(values) or "–", copy.parent.name, state))
    head = ("Notebook", "code cells", "parameters", "copy shown", "state")
    here = "\n".join(f"- {name} {_version(name)}" for name in LIBRARIES)
    return (
        "(status)=\n# State of the notebooks\n\nThe copy that each page shows: the stored one "
        "(`notebooks`), or one that the machine of this build executed (`executed`) because the "
        'stored one was outdated. <a href="../../_static/notebooks.zip">All of them in one '
        f"archive</a>.\n\n{table(head, rows, align='left')}\n"
        f"## Packages of this build\n\n{here}\n"
    )


def _link(text: Path) -> str:
    return f"[](../../notebooks/{text.stem}.ipynb)"


def _title(text: Path) -> str:
    return re.search(r"^# (.*)", text.read_text(encoding="utf-8"), re.M)[1]


def _sentence(text: str) -> str:
    """The first sentence; a full stop within a formula ends none."""
    text, ends = " ".join(text.split()), []
    for match in re.finditer(r"[.?!](?= |$)", text):
        before = text[: match.end()]
        if before.count("$") % 2 == 0 and before.count("`") % 2 == 0:
            ends.append(match.end())
    return text[: ends[0]] if ends else text


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
