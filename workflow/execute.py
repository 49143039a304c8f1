"""Execute a text notebook with papermill and write the executed copy, normalised, as .ipynb.

    python workflow/execute.py notebooks/07_2_rgb.md
    python workflow/execute.py notebooks/07_2_rgb.md -o out.ipynb -p scale gpu -p seed 1

Without -o the notebook runs with its own parameters, for the book: the copy goes to
_build/executed, and is not written where the outputs contain an error, a warning or a path of this
machine. With -o any parameters may be given. The stored notebook beside the text stays what it is
in either case; workflow/store_notebooks.py renews it.
"""

import argparse
import ast
import os
import sys
import time
from importlib import metadata
from pathlib import Path

import jupytext
import papermill
from kernels import ENVIRONMENT, QUIET, persistent
from nbformat import NotebookNode
from notebook_form import faults, normalise, write

from rigid_depth.book.executed.copies import LIBRARIES, executed, stamp
from rigid_depth.experiments.recording.record import machine, now, versions


def value(text: str) -> object:
    """Reads a parameter as a Python literal, and as a plain string where it is none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def declared_parameters(notebook: NotebookNode) -> dict[str, object]:
    """Returns the names and values that the cell tagged `parameters` assigns."""
    cells = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    names = {}
    for statement in ast.parse("\n".join(cell.source for cell in cells)).body:
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        if len(targets) == 1 and isinstance(targets[0], ast.Name):
            names[targets[0].id] = value(ast.unparse(statement.value))
    return names


def run(source: Path, parameters: dict[str, object], show_log: bool) -> NotebookNode:
    """Executes the notebook in its own folder; raises papermill's error where a cell fails."""
    begin = time.monotonic()
    notebook, rests_on = jupytext.read(source), stamp(source)
    declared = declared_parameters(notebook)
    if unknown := sorted(set(parameters) - set(declared)):
        sys.exit(f"{source.name} has no parameter {', '.join(unknown)}: {', '.join(declared)}")
    total = len(notebook.cells)

    def tell(cell: NotebookNode, cell_index: int) -> None:
        if cell.cell_type == "code":
            print(f"{source.stem}: cell {cell_index + 1} of {total}", file=sys.stderr, flush=True)

    done = persistent(papermill.execute_notebook)(
        notebook,
        None,
        parameters=parameters or None,
        kernel_name="python3",
        cwd=source.parent,
        progress_bar=False,
        on_cell_start=tell,
        stderr_file=sys.stderr if show_log else None,
        extra_arguments=QUIET,
    )
    resolved = {**declared, **parameters}
    made = {"parameters": resolved, "scale": resolved.get("scale"), **rests_on}
    made["execution"] = circumstances(time.monotonic() - begin)
    return normalise(done, made)


def circumstances(seconds: float) -> dict[str, object]:
    """Returns when, on what kind of machine, for how long and with which packages cells ran."""
    here = machine(precision="", devices=1)
    return {
        "created": now(),
        "seconds": round(seconds, 1),
        "processor": here["gpu"] or here["processor"],
        "platform": here["platform"],
        "versions": versions() | {name: metadata.version(name) for name in LIBRARIES},
    }


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", type=Path, help="text notebook (.md)")
    parser.add_argument("-o", "--out", type=Path, help="write to this .ipynb")
    parser.add_argument("-p", "--parameter", nargs=2, action="append", default=[])
    options = parser.parse_args()
    source = options.notebook.resolve()
    parameters = {name: value(text) for name, text in options.parameter}
    if parameters and not options.out:
        parser.error("parameters go with --out: the book shows a notebook with its own")
    os.environ.update(ENVIRONMENT)
    try:
        notebook = run(source, parameters, show_log=options.out is not None)
    except papermill.PapermillExecutionError as error:
        sys.exit(f"{source.name}: {error}")
    if not options.out and (found := faults(notebook)):
        sys.exit(f"{source.name} cannot be shown:\n" + "\n".join(found))
    write(notebook, options.out.resolve() if options.out else executed(source))


if __name__ == "__main__":
    main()
