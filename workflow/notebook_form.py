"""What a stored notebook looks like: normalised, free of the machine, stable where it may be."""

import base64
import configparser
import hashlib
import io
import json
import re
import sys
import tempfile
from pathlib import Path

import nbformat
import numpy as np
from nbformat import NotebookNode
from PIL import Image

from rigid_depth.book.cells.drawndata import KEY, unpacked
from rigid_depth.book.executed.figuredata import PLOTLY as FIGURE
from rigid_depth.whole import write_whole

ROOT = Path(__file__).resolve().parents[1]
SANITISE = ROOT / "tests" / "nbval_sanitize.cfg"
PIXEL_TOLERANCE = 2.0  # of 255, mean over the picture: fonts and last digits may differ
PIXEL_JUMP, SHARE_TOLERANCE = 60, 0.003  # but only so many pixels by more than this of 255


def normalise(notebook: NotebookNode, stamp: dict) -> NotebookNode:
    """Leaves in an executed notebook only what belongs to its text and its outputs.

    Cell ids come from the content, so that the same execution gives the same bytes. `stamp` says
    with which parameters it ran: papermill's own metadata outlives the run it tells of.
    """
    notebook.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        # As `jupytext --sync` would write them, which then has nothing to write.
        jupytext={"default_lexer": "ipython3"},
        language_info={"name": "python", "pygments_lexer": "ipython3"},
        rigid_depth=stamp,
    )
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        for key in ("papermill", "execution", "ExecuteTime", "collapsed"):
            cell.metadata.pop(key, None)
        tags = cell.metadata.pop("tags", [])
        if "injected-parameters" in tags and "remove-cell" not in tags:
            tags = [*tags, "remove-cell"]
        if tags:
            cell.metadata["tags"] = tags
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)
        name = hashlib.sha1((cell.cell_type + cell.source).encode()).hexdigest()[:8]
        seen[name] = seen.get(name, 0) + 1
        cell["id"] = f"{name}-{seen[name]}"
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Joins neighbouring pieces of one stream: where the kernel cut them is a matter of timing."""
    merged: list[NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else {}
        if output.output_type == "stream" and last.get("name") == output.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def write(notebook: NotebookNode, target: Path) -> None:
    """Writes the notebook whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, lambda path: nbformat.write(notebook, path))


def machine_paths() -> list[str]:
    """Returns the folders of this machine that must not show up on a page."""
    folders = {str(ROOT), str(Path.home()), sys.prefix, tempfile.gettempdir()}
    return sorted(f"{folder}/" for folder in folders if len(folder) > 1)


def faults(notebook: NotebookNode) -> list[str]:
    """Returns one sentence for everything a stored notebook must not contain."""
    found = []
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue
        if not cell.execution_count:
            found.append(f"cell {number} was not executed")
        for output in cell.outputs:
            text = json.dumps(output)
            if output.output_type == "error":
                found.append(f"cell {number} raises {output.ename}: {output.evalue}")
            if output.get("name") == "stderr":
                found.append(f"cell {number} writes to stderr: {output.text.strip()[:200]}")
            if "plotly.js v" in text:
                found.append(f"cell {number} embeds plotly.js: use the renderer plotly_mimetype")
            found += [f"cell {number} shows the path {p}" for p in machine_paths() if p in text]
    return found


def _readable(notebook: NotebookNode) -> tuple[str, list[str]]:
    """Splits a notebook into its text, sanitised as nbval does, and its pictures.

    Left out: the stamp, which says what the notebook rests on and nothing to a reader, and the
    pictures of figures that are kept as data. Of the numbers beside a picture the head counts.
    """
    pictures = []
    plain = json.loads(json.dumps(notebook))
    plain["metadata"].pop("rigid_depth", None)
    for cell in plain["cells"]:
        for output in cell.get("outputs", []):
            picture = output.get("data", {}).pop("image/png", None)
            if picture and FIGURE not in output["data"]:
                pictures.append(picture)
            for kept in output.get("metadata", {}).values():
                if isinstance(kept, dict) and KEY in kept:
                    kept[KEY] = unpacked(kept[KEY]).partition("\n")[0]
    text = json.dumps(plain, sort_keys=True)
    rules = configparser.RawConfigParser()
    rules.read(SANITISE)
    for section in rules.sections():
        text = re.sub(rules.get(section, "regex"), rules.get(section, "replace"), text)
    return text, pictures


def _alike(first: str, second: str) -> bool:
    """Tells whether two PNG pictures (base64) show the same within the tolerance."""
    if first == second:
        return True
    a, b = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(p))).convert("RGB"), dtype=float)
        for p in (first, second)
    )
    if a.shape != b.shape:
        return False
    apart = np.abs(a - b)
    jumps = (apart.max(-1) > PIXEL_JUMP).mean()
    return float(apart.mean()) < PIXEL_TOLERANCE and float(jumps) < SHARE_TOLERANCE


def same(old: NotebookNode, new: NotebookNode) -> bool:
    """Tells whether two executed notebooks say the same to a reader and to nbval."""
    (old_text, old_pictures), (new_text, new_pictures) = _readable(old), _readable(new)
    if old_text != new_text or len(old_pictures) != len(new_pictures):
        return False
    return all(map(_alike, old_pictures, new_pictures))
