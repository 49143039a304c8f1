"""street_world is a package of its own: what it needs, how it is installed, alone."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import street_world

PACKAGE = Path(street_world.__file__).parent


def imported(path: Path) -> set[str]:
    """The top-level names of all that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            names.add(node.module)
    return {name.split(".")[0] for name in names}


@pytest.fixture
def copy(tmp_path):
    """The package's folder as somebody has it who has nothing else of this repository."""
    ignored = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    return shutil.copytree(PACKAGE, tmp_path / "alone" / "street_world", ignore=ignored)


def run(*command: object, cwd: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


def test_it_declares_what_it_imports_and_nothing_else():
    declared = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.match(r"[\w-]+", text)[0].lower() for text in declared}
    distributions = packages_distributions()
    used = set().union(*(imported(path) for path in PACKAGE.glob("*.py")))
    foreign = used - set(sys.stdlib_module_names) - {"street_world"}
    assert {distributions[name][0].lower() for name in foreign} == names


def test_the_repository_installs_it_with_versions_that_agree():
    root = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text())["project"]
    own = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    assert own["scripts"].items() <= root["scripts"].items()
    assert own["requires-python"] == root["requires-python"]
    named = {re.match(r"[\w-]+", text)[0] for text in root["dependencies"]}
    assert {re.match(r"[\w-]+", text)[0] for text in own["dependencies"]} <= named


def test_it_writes_the_same_world_without_the_rest_of_the_repository(
    copy, whole, tmp_path, digests
):
    """Every other way to the repository is closed; the dependencies are those installed here."""
    code = (
        "import sys, pathlib, importlib.util\n"
        "sys.path = [p for p in sys.path if not pathlib.Path(p, 'rigid_depth').is_dir()]\n"
        "assert importlib.util.find_spec('rigid_depth') is None\n"
        "from street_world.cli import app; app()"
    )
    options = ["--scenes=2", "--frames-per-scene=1", "--seed=1", "--image-size=90x160"]
    command = [sys.executable, "-c", code, "write", "w", *options, "--workers=2"]
    done = run(*command, cwd=tmp_path, path=str(copy.parent))
    assert done.returncode == 0, done.stderr
    assert digests(tmp_path / "w") == whole[1]


def test_its_wheel_holds_the_package_alone(copy, tmp_path):
    """Built from a copy, because a build leaves its folders beside the sources."""
    pytest.importorskip("setuptools", minversion="77")
    done = run(
        sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index",
        "-w", tmp_path, copy, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    wheel = next(tmp_path.glob("street_world-*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    code = {name for name in names if not name.startswith("street_world-")}
    assert code == {f"street_world/{path.name}" for path in PACKAGE.glob("*.py")}
