"""Lint and format the code of the text notebooks by ruff, with the settings of notebooks/ruff.toml.

    python workflow/lint_notebooks.py [--fix] [notebooks/03a_rotations.md ...]

The code cells of a text go to ruff as one notebook, so that names and imports are followed from
cell to cell and magics are understood. Findings are told by file and line of the text. With --fix
ruff's safe fixes and its format go back into the cells, long comments are broken, and the options
of cells, such as captions, are as `jupytext --sync` writes them; not a byte beside them changes.
A line of code that a page shows fits beside its margins; in a folded cell a string may wrap.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import jupytext
import nbformat
from comments import wrap_comments
from jupytext.config import load_jupytext_config
from markdown_it import MarkdownIt
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
PAIRING = load_jupytext_config(str(NOTEBOOKS / "any.md"))
HIDING = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
TAGS = re.compile(r"^:?tags: \[(.*)\]$", re.MULTILINE)
WIDTH = tomllib.loads((NOTEBOOKS / "ruff.toml").read_text(encoding="utf-8"))["line-length"]


class Cell(NamedTuple):
    """The lines [first, last) of a text, counted from 0, that hold the code of one cell.

    Its options lie in [top, under).
    """

    top: int
    under: int
    first: int
    last: int


def code_cells(lines: list[str]) -> list[Cell]:
    """Returns where the code of each cell lies, without the fence and the cell's options."""
    cells = []
    for token in MarkdownIt("commonmark").parse("\n".join(lines)):
        if token.type == "fence" and token.level == 0 and token.info.startswith("{code-cell}"):
            top, last = token.map[0] + 1, token.map[1] - 1
            first = under = top + options_length(lines[top:last])
            while first < last and not lines[first].strip():
                first += 1
            while first < last and not lines[last - 1].strip():
                last -= 1
            cells.append(Cell(top, under, first, last))
    return cells


def options_length(body: list[str]) -> int:
    """Returns how many lines of a cell are options: `:name: value`, or YAML between two `---`."""
    if body and body[0] == "---":
        return body.index("---", 1) + 1
    return next((n for n, line in enumerate(body) if not line.startswith(":")), len(body))


def sources(lines: list[str]) -> list[str]:
    """Returns the code of each cell."""
    return ["\n".join(lines[cell.first : cell.last]) for cell in code_cells(lines)]


def as_notebook(cells: list[str]) -> str:
    """Returns the cells as the JSON of a notebook; equal cells give equal JSON."""
    numbered = [new_code_cell(code, id=f"cell-{n}") for n, code in enumerate(cells)]
    python = {"language_info": {"name": "python"}}
    return nbformat.writes(new_notebook(cells=numbered, metadata=python))


def ruff(text: Path, cells: list[str], *options: str) -> str:
    """Returns what ruff prints; nothing where it must and cannot parse the cells."""
    stand_in = text.resolve().with_suffix(".ipynb")  # lends ruff its folder, hence its settings
    command = [sys.executable, "-m", "ruff", *options, "--stdin-filename", str(stand_in), "-"]
    notebook = as_notebook(cells)
    done = subprocess.run(command, input=notebook, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) and "Failed to parse" not in done.stderr:
        raise RuntimeError(f"{text}: ruff failed: {done.stderr.strip()}")
    return done.stdout


def ruff_cells(text: Path, cells: list[str], *options: str) -> list[str]:
    """Returns the cells as ruff leaves them; the same cells where it prints no notebook."""
    printed = ruff(text, cells, *options)
    if not printed.strip():
        return cells
    changed = [cell.source for cell in nbformat.reads(printed, as_version=4).cells]
    if len(changed) != len(cells):
        raise RuntimeError(f"{text}: ruff gave {len(changed)} cells for {len(cells)}")
    return changed


def formatted(text: Path, cells: list[str]) -> list[str]:
    """Returns the cells in ruff's format, unchanged where one of them is no Python."""
    return ruff_cells(text, cells, "format")


def put_back(lines: list[str], cells: list[str]) -> list[str]:
    """Returns the lines of the text with the code of its cells replaced."""
    for place, code in reversed(list(zip(code_cells(lines), cells, strict=True))):
        lines = lines[: place.first] + code.splitlines() + lines[place.last :]
    return lines


def cell_options(lines: list[str]) -> list[list[str]]:
    """Returns the lines of the options of each cell."""
    return [lines[cell.top : cell.under] for cell in code_cells(lines)]


def jupytexts_options(lines: list[str]) -> list[list[str]]:
    """Returns the same as jupytext writes them from the notebook beside the text."""
    notebook = jupytext.reads("\n".join(lines), fmt="md:myst", config=PAIRING)
    notebook = nbformat.from_dict(json.loads(json.dumps(notebook, sort_keys=True)))
    return cell_options(jupytext.writes(notebook, fmt="md:myst", config=PAIRING).split("\n"))


def put_options_back(lines: list[str]) -> list[str]:
    """Returns the lines of the text with the options of its cells as jupytext writes them."""
    pairs = list(zip(code_cells(lines), jupytexts_options(lines), strict=True))
    for place, written in reversed(pairs):
        lines = lines[: place.top] + written + lines[place.under :]
    return lines


def fix(text: Path) -> bool:
    """Writes fixes, format and options into the text; tells whether anything changed."""
    before = text.read_text(encoding="utf-8")
    lines = before.split("\n")
    cells = ruff_cells(text, sources(lines), "check", "--fix-only", "--quiet")
    cells = [wrap_comments(code, WIDTH) for code in formatted(text, cells)]
    after = "\n".join(put_options_back(put_back(lines, formatted(text, cells))))
    if after == before:
        return False
    text.write_text(after, encoding="utf-8")
    return True


def findings(text: Path) -> list[str]:
    """Returns what ruff finds, as `file:line:column: code message`, and cells out of format."""
    lines = text.read_text(encoding="utf-8").split("\n")
    places, cells = code_cells(lines), sources(lines)
    found = []
    for item in json.loads(ruff(text, cells, "check", "--output-format", "json")):
        at = item["location"]
        line = places[item["cell"] - 1].first + at["row"]
        found.append((line, f"{at['column']}: {item['code']} {item['message']}"))
    for place, code, wanted in zip(places, cells, formatted(text, cells), strict=True):
        if code != wanted:
            found.append((place.first + 1, "1: cell is not in ruff's format"))
    found += [(line, f"{WIDTH + 1}: {what}") for line, what in too_long(lines)]
    pairs = zip(places, cell_options(lines), jupytexts_options(lines), strict=True)
    for place, given, wanted in pairs:
        if given != wanted:
            found.append((place.top + 1, "1: jupytext writes these options in another form"))
    name = os.path.relpath(text)
    return [f"{name}:{line}:{what}" for line, what in sorted(found)]


def too_long(lines: list[str]) -> list[tuple[int, str]]:
    """Returns each line of visible code that is too wide for a page: its number, what is wrong."""
    return [
        (number + 1, f"a line of visible code is at most {WIDTH} columns wide")
        for cell in code_cells(lines)
        if not HIDING & tags(lines[cell.top : cell.under])
        for number in range(cell.first, cell.last)
        if len(lines[number]) > WIDTH
    ]


def tags(options: list[str]) -> set[str]:
    """Returns the tags among the lines of a cell's options."""
    found = TAGS.search("\n".join(options))
    return {tag.strip() for tag in found[1].split(",")} if found else set()


def main(arguments: list[str]) -> int:
    """Lints the texts given, or all of them; returns 1 where something is left to mend."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", nargs="*", type=Path, help="text notebooks (.md); all by default")
    parser.add_argument("--fix", action="store_true", help="write fixes and format into the texts")
    options = parser.parse_args(arguments)
    texts = options.texts or sorted(NOTEBOOKS.glob("*.md"))
    changed = sum(fix(text) for text in texts) if options.fix else 0
    found = [line for text in texts for line in findings(text)]
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(texts)} notebooks: {len(found)} findings" + f", {changed} changed" * options.fix)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
