"""Run pyright on what [tool.pyright] of pyproject.toml names.

    python workflow/typecheck.py [options of pyright]

pyright is a program for node. The one that playwright carries runs it, so that the environment
holds one node, pinned, and nothing is loaded at run time.
"""

import os
import sys
from pathlib import Path

import playwright
import pyright

ROOT = Path(__file__).resolve().parents[1]


def main(options: list[str]) -> int:
    """Checks with the packages of this environment; returns pyright's exit code."""
    driver = Path(playwright.__file__).parent / "driver"
    path = os.pathsep.join([str(driver), os.environ.get("PATH", "")])
    offline = {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1", "PYRIGHT_PYTHON_NODEJS_WHEEL": "0"}
    os.environ.update({"PATH": path, **offline})
    return pyright.main(["--project", str(ROOT), "--pythonpath", sys.executable, *options])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
