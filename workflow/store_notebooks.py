"""Store this machine's executed notebooks beside their texts, for git: `make notebooks`.

    python workflow/store_notebooks.py

Takes every copy of _build/executed that is up to date. A stored notebook is not touched where only
noise differs (last digits of pictures, times) but for its stamp. Beside each plotly figure, which
is data that a browser draws, goes a picture for readers without one: GitHub, nbconvert, LaTeX.
"""

from pathlib import Path

import nbformat
from figurepictures import add_pictures, shrink
from nbformat import NotebookNode
from notebook_form import same, write

from rigid_depth.book.executed.copies import executed, is_current, stamp, texts

ROOT = Path(__file__).resolve().parents[1]


def renewed(stored: Path, fresh: NotebookNode) -> NotebookNode:
    """Returns what is to be stored: the stored outputs under the new stamp where they are alike."""
    if not stored.exists():
        return fresh
    old = nbformat.read(stored, as_version=4)
    if not same(old, fresh):
        return fresh
    if not rests_on_the_same(old, fresh):
        old.metadata = fresh.metadata
    return old


def rests_on_the_same(old: NotebookNode, fresh: NotebookNode) -> bool:
    """Tells whether only time and place of two executions differ: git keeps the first then."""
    stamps = [dict(found.metadata.get("rigid_depth", {})) for found in (old, fresh)]
    when = [found.pop("execution", None) for found in stamps]
    return all(when) and stamps[0] == stamps[1]


def main(root: Path = ROOT) -> None:
    """Stores what is new and says so."""
    found = {text.with_suffix(".ipynb"): executed(text) for text in texts(root)}
    current = {
        stored: renewed(stored, nbformat.read(copy, as_version=4))
        for stored, copy in found.items()
        if is_current(copy, stamp(stored.with_suffix(".md")))
    }
    shrink(current)
    add_pictures(current)
    for stored, notebook in current.items():
        before = stored.read_text() if stored.exists() else ""
        if nbformat.writes(notebook) + "\n" != before:
            write(notebook, stored)
            print(f"{stored.stem}: stored anew, {stored.stat().st_size / 1000:.0f} kB")
    print(f"{len(current)} of {len(found)} notebooks were executed here; the others stay as stored")


if __name__ == "__main__":
    main()
