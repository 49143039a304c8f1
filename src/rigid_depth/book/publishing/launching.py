"""Where a reader runs a chapter on the web: links for the pages, and copies of the notebooks.

The workflow that publishes the book puts executed copies on a branch of their own and names it in
RIGID_DEPTH_LAUNCH. Without that variable, as in every build offline, pages have no such link.
"""

from __future__ import annotations

import os
from html import escape
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from rigid_depth.book.publishing.address import workflow_repository

VARIABLE = "RIGID_DEPTH_LAUNCH"
COLAB = "https://colab.research.google.com/github"
BINDER = "https://mybinder.org/v2/gh"
SET_UP = """\
# On Colab: a clone of the book and its package, a minute or two. Elsewhere nothing is done.
import sys
if "google.colab" in sys.modules:
    %cd /content
    !git clone --quiet --depth 1 --branch {branch} {server}/{repository} rigid-depth
    %pip install --quiet --editable ./rigid-depth[book]
    %cd rigid-depth/notebooks
    sys.path.insert(0, "/content/rigid-depth/src")
"""


def links(page: str) -> str:
    """HTML of the links that run a page's notebook on Colab and on Binder; empty if launch is off.

    `page` is `notebooks/07_4_mse`. The repository is that of the workflow.
    """
    branch, (_, repository) = os.environ.get(VARIABLE), workflow_repository()
    if not branch or not repository:
        return ""
    found = addresses(repository, branch, f"{page}.ipynb")
    return " · ".join(
        f'<a href="{escape(url, quote=True)}">Run on {name}</a>' for name, url in found.items()
    )


def addresses(repository: str, branch: str, notebook: str) -> dict[str, str]:
    """Service -> the address that opens a notebook of that branch of `owner/name` there."""
    return {
        "Colab": f"{COLAB}/{repository}/blob/{branch}/{notebook}",
        "Binder": f"{BINDER}/{repository}/{branch}?urlpath=lab/tree/{notebook}",
    }


def write_copies(shown: list[Path], folder: Path, repository: str, branch: str) -> None:
    """Writes executed notebooks with buttons, and a cell for Colab, to a folder's `notebooks`."""
    for path in shown:
        notebook = launchable(
            nbformat.read(path, as_version=4), f"notebooks/{path.name}", repository, branch
        )
        nbformat.write(notebook, folder / "notebooks" / path.name)


def launchable(notebook: NotebookNode, name: str, repository: str, branch: str) -> NotebookNode:
    """The notebook with a line of buttons and a set-up cell before its first cell."""
    server = workflow_repository()[0] or "https://github.com"
    buttons = " ".join(f"[Run on {k}]({v})" for k, v in addresses(repository, branch, name).items())
    source = SET_UP.format(branch=branch, server=server, repository=repository)
    first = [
        new_markdown_cell(buttons, id="launch"),
        new_code_cell(source, id="set-up", metadata={"tags": ["remove-cell"]}),
    ]
    notebook.cells = [*first, *notebook.cells]
    return notebook
