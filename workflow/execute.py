"""Execute a text notebook with papermill and store it, normalised, as .ipynb.

    python workflow/execute.py notebooks/07_2_rgb.md
    python workflow/execute.py notebooks/07_2_rgb.md -o out.ipynb -p scale gpu -p seed 1

Without -o the notebook runs with its own parameters and its committed twin beside it is refreshed:
not touched where only noise differs (last digits of pictures, times), and not written at all where
the outputs contain an error, a warning or a path of this machine. With -o any parameters may be
given; the executed copy goes there and the twin stays what it is.
"""

import argparse
import ast
import os
import sys
from pathlib import Path

import jupytext
import nbformat
import papermill
from nbformat import NotebookNode
from stored import faults, normalise, same

from rigid_depth.experiments.sources import blob

KERNEL_ENVIRONMENT = {
    "RIGID_DEPTH_TYPECHECK": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


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
    notebook = jupytext.read(source)
    declared = declared_parameters(notebook)
    if unknown := sorted(set(parameters) - set(declared)):
        sys.exit(f"{source.name} has no parameter {', '.join(unknown)}: {', '.join(declared)}")
    total = len(notebook.cells)

    def tell(cell: NotebookNode, cell_index: int) -> None:
        if cell.cell_type == "code":
            print(f"{source.stem}: cell {cell_index + 1} of {total}", file=sys.stderr, flush=True)

    executed = papermill.execute_notebook(
        notebook,
        None,
        parameters=parameters or None,
        kernel_name="python3",
        cwd=source.parent,
        progress_bar=False,
        on_cell_start=tell,
        stderr_file=sys.stderr if show_log else None,
    )
    resolved = {**declared, **parameters}
    stamp = {
        "parameters": resolved,
        "scale": resolved.get("scale"),
        "source_blob": blob(source),
    }
    return normalise(executed, stamp)


def write(notebook: NotebookNode, target: Path) -> None:
    """Writes the notebook whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    nbformat.write(notebook, partial)
    partial.replace(target)


def refresh_twin(source: Path, notebook: NotebookNode) -> None:
    """Stores the executed notebook beside its text where it differs in more than noise."""
    if found := faults(notebook):
        sys.exit(f"{source.name} cannot be stored:\n" + "\n".join(found))
    twin = source.with_suffix(".ipynb")
    if twin.exists() and same(nbformat.read(twin, as_version=4), notebook):
        print(f"{source.stem}: as stored")
        return
    write(notebook, twin)
    print(f"{source.stem}: stored anew, {twin.stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", type=Path, help="text notebook (.md)")
    parser.add_argument("-o", "--out", type=Path, help="write the executed copy to this .ipynb")
    parser.add_argument("-p", "--parameter", nargs=2, action="append", default=[])
    parser.add_argument("--stamp", type=Path, help="write the executed text's blob to this file")
    options = parser.parse_args()
    source = options.notebook.resolve()
    parameters = {name: value(text) for name, text in options.parameter}
    if parameters and not options.out:
        parser.error("parameters go with --out: the committed notebook keeps its own")
    os.environ.update(KERNEL_ENVIRONMENT)
    try:
        executed = run(source, parameters, show_log=options.out is not None)
    except papermill.PapermillExecutionError as error:
        sys.exit(f"{source.name}: {error}")
    if options.out:
        write(executed, options.out.resolve())
    else:
        refresh_twin(source, executed)
    if options.stamp:
        options.stamp.parent.mkdir(parents=True, exist_ok=True)
        options.stamp.write_text(blob(source) + "\n")


if __name__ == "__main__":
    main()
