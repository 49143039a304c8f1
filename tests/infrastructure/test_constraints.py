"""pyproject.toml and constraints.txt say the same, it is what is installed, and it installs."""

import ast
import re
import sys
from importlib.metadata import packages_distributions, version
from pathlib import Path

import constraints
import pytest
from constraints import EXTRAS, PROJECT, ROOT, installed_pin, lowest_python, needed, pins, too_new
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from rigid_depth.book.executed import copies

PINS = pins()
TOOLS = {"constraints", "figurepictures", "lint_notebooks", "pdf", "store_notebooks", "typecheck"}
"""Programs of workflow/ for who works on the book."""
BY_NAME = {  # used without an import: how the settings or the workflow call them
    "myst-nb": "myst_nb",
    "sphinx-book-theme": "sphinx_book_theme",
    "sphinx-exercise": "sphinx_exercise",
    "sphinx-proof": "sphinx_proof",
    "sphinxcontrib-bibtex": "sphinxcontrib.bibtex",
    "snakemake": '"-m", "snakemake"',
    "ipykernel": 'kernel_name="python3"',
    "nbval": '"--nbval"',
    "pytest-xdist": "-n $(WORKERS)",
    "ruff": "-m ruff",
}


def named(*groups: str) -> list[Requirement]:
    """What pyproject.toml names itself and for these extras."""
    extras = PROJECT["optional-dependencies"]
    lists = [PROJECT["dependencies"], *(extras[group] for group in groups)]
    return [Requirement(text) for group in lists for text in group]


def names(*groups: str) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in named(*groups)}


def test_pins_are_plain_versions_without_paths_or_builds():
    lines = [x for x in (ROOT / "constraints.txt").read_text().splitlines() if x[:1] != "#"]
    assert len(PINS) == len(lines), "a package is pinned twice"
    assert not [x for x in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", x)]


@pytest.mark.parametrize("requirement", named(*EXTRAS), ids=str)
def test_pin_and_installation_satisfy_the_requirement(requirement):
    name = canonicalize_name(requirement.name)
    assert name in PINS, f"{name} is required but not pinned"
    (pin,) = PINS[name].specifier
    assert requirement.specifier.contains(pin.version)
    assert requirement.specifier.contains(Version(version(name)).public)


def test_what_is_installed_is_what_is_pinned():
    here = [m for m in constraints.environments() if m["sys_platform"] == sys.platform]
    there = {name: installed_pin(name) for name in needed(here) - {"torch"}}  # any torch from 2.6
    assert {name: pin for name, pin in there.items() if pin != str(PINS[name])} == {}


def test_every_pin_is_needed_on_some_system_and_every_need_is_pinned():
    assert needed(constraints.environments()) == set(PINS)


def test_every_pin_installs_with_the_lowest_python_that_is_promised():
    assert str(lowest_python()) == "3.11.2", "Debian 12 has it; the README's command installs it"
    assert too_new(set(PINS), lowest_python()) == []


def test_a_pin_that_asks_for_a_newer_python_is_named():
    installed = version("pytest")
    (found,) = too_new({"pytest"}, Version("3.1"))
    assert found.startswith(f"pytest=={installed} asks for Python >=3.")


@pytest.fixture(scope="module")
def imported() -> dict[str, set[str]]:
    """The distributions that each folder of the repository imports, by folder."""
    folders = {"src": "src/**/*.py", "book": "notebooks/*.md"}
    folders |= {name: f"{name}/**/*.py" for name in ("workflow", "tests", "benchmarks")}
    providers = packages_distributions()
    found = {}
    for folder, pattern in folders.items():
        for path in ROOT.glob(pattern):
            place = "book" if "rigid_depth/book" in path.as_posix() else folder
            place = "tools" if folder == "workflow" and path.stem in TOOLS else place
            modules = {name.partition(".")[0] for name in imports(path)} - sys.stdlib_module_names
            known = {p for module in modules for p in providers.get(module, [])}
            found.setdefault(place, set()).update(map(canonicalize_name, known))
    return found


def imports(path: Path) -> set[str]:
    """The modules that a file imports, in functions too; not those it only names in a string."""
    if path.suffix == ".md":
        tree = ast.parse("\n".join(copies.cells(path)))
    else:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module)
        elif isinstance(node, ast.Call) and "importorskip" in ast.unparse(node.func):
            found.add(node.args[0].value)
    return found


def test_every_package_that_is_named_is_used(imported):
    used = set.union(*imported.values()) | {"pyyaml"}
    assert names(*EXTRAS) - used == set(BY_NAME)


@pytest.mark.parametrize("name", BY_NAME)
def test_what_is_not_imported_is_called_by_name(name):
    files = [ROOT / file for file in ("Makefile", "_config.yml", "pyproject.toml")]
    files += (ROOT / "workflow").glob("*.py")
    assert any(BY_NAME[name] in file.read_text() for file in files)


def test_every_tool_is_a_program_of_the_workflow():
    assert TOOLS - {path.stem for path in (ROOT / "workflow").glob("*.py")} == set()


@pytest.mark.parametrize(
    ("folder", "extras"),
    [
        ("src", []),
        ("book", ["book"]),
        ("workflow", ["book"]),
        ("tools", EXTRAS),
        ("tests", EXTRAS),
        ("benchmarks", EXTRAS),
    ],
)
def test_what_is_imported_is_named(imported, folder, extras):
    optional = {"transformers", "rigid-depth", "setuptools"}
    assert imported[folder] - optional <= names(*extras)
