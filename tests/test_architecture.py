"""The arrows between the packages run one way, no modules import each other, nothing is dead."""

import ast
import re
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"
MATHEMATICS = ("rotations", "latents", "losses", "models", "data")
UPPER = ("experiments", "studies", "book", "cli")
FORBIDDEN = {
    "codehash": (*MATHEMATICS, *UPPER),
    **dict.fromkeys(MATHEMATICS, UPPER),
    "experiments": ("studies", "book", "cli"),
    "studies": ("book", "cli"),
    "book": ("cli",),
}
"""Package -> the packages beside it that no file of it imports."""
ROOMS = ("methods", "training", "measuring", "recording")
"""Of `experiments`, in the order of a run: a room imports nothing of the later ones."""


def imported(text: str) -> set[str]:
    """The modules of every import of a source text, wherever in it they stand."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "a relative import hides where it leads"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def against(folder: Path, forbidden: tuple[str, ...]) -> list[str]:
    """What the files of a folder import of the forbidden modules, as "file: module"."""
    return [
        f"{path.relative_to(folder.parent)}: {module}"
        for path in sorted(folder.rglob("*.py"))
        for module in sorted(imported(path.read_text()))
        if any(f"{module}.".startswith(f"{name}.") for name in forbidden)
    ]


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_imports_nothing_from_above(package):
    folder = SRC / "rigid_depth" / package
    assert list(folder.rglob("*.py"))
    assert against(folder, tuple(f"rigid_depth.{name}" for name in FORBIDDEN[package])) == []


@pytest.mark.parametrize("place", range(len(ROOMS)), ids=ROOMS)
def test_a_room_of_experiments_imports_nothing_of_a_later_one(place):
    """Nor by way of what lies beside the rooms."""
    inside = "rigid_depth.experiments."
    later = tuple(f"{inside}{name}" for name in ROOMS[place + 1 :])
    every = reached(modules(SRC))
    mine = [name for name in every if name.startswith(f"{inside}{ROOMS[place]}.")]
    assert mine
    assert [f"{name}: {m}" for name in mine for m in every[name] if m.startswith(later)] == []


def test_every_package_has_its_place():
    packages = {path.parent.name for path in (SRC / "rigid_depth").glob("*/__init__.py")}
    assert packages == set(FORBIDDEN) | {"cli"}, "cli is at the top"


def test_what_lies_beside_the_packages_is_beneath_them():
    """But for the hashes of code, which need no package either, and what `python -m` calls."""
    packages = tuple(f"rigid_depth.{name}" for name in FORBIDDEN if name != "codehash")
    root = SRC / "rigid_depth"
    found = {path.name: imported(path.read_text()) for path in root.glob("*.py")}
    assert found.pop("__main__.py") == {"rigid_depth.cli.app"}
    assert [
        name for name, modules in found.items() if any(m.startswith(packages) for m in modules)
    ] == []


def test_the_world_knows_nothing_of_the_package_that_uses_it():
    assert against(SRC / "street_world", ("rigid_depth",)) == []


def test_a_study_is_imported_by_its_own_folder_alone():
    """What two studies need lies in `shared`, which knows no study."""
    shared = SRC / "rigid_depth" / "studies" / "shared"
    studies = [path.stem for path in shared.parent.glob("*.py") if path.stem != "__init__"]
    assert len(studies) > 10
    assert against(shared, tuple(f"rigid_depth.studies.{name}" for name in studies)) == []


def test_an_arrow_the_wrong_way_is_seen(tmp_path):
    folder = tmp_path / "losses"
    folder.mkdir()
    (folder / "late.py").write_text(
        "def f():\n    from rigid_depth import studies\n    import rigid_depth.experiments.feed\n"
    )
    (folder / "fine.py").write_text("from rigid_depth.studies_of_others import x\n")
    found = against(folder, ("rigid_depth.studies", "rigid_depth.experiments"))
    assert found == [
        "losses/late.py: rigid_depth.experiments.feed",
        "losses/late.py: rigid_depth.studies",
    ]


def modules(folder: Path) -> dict[str, str]:
    """The text of every module below a folder that Python looks for modules in, by full name."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        found[".".join(parts[: len(parts) - (parts[-1] == "__init__")])] = path.read_text()
    return found


def leads(texts: dict[str, str]) -> dict[str, set[str]]:
    """Module -> those of the others that it imports itself."""
    return {
        name: ({m if m in texts else m.rpartition(".")[0] for m in imported(text)} & set(texts))
        - {name}
        for name, text in texts.items()
    }


def reached(texts: dict[str, str]) -> dict[str, set[str]]:
    """Module -> those it imports, itself or by way of others; no two import each other."""
    found: dict[str, set[str]] = {}
    direct = leads(texts)
    for name in TopologicalSorter(direct).static_order():
        found[name] = direct[name].union(*(found[m] for m in direct[name]))
    return found


def circle(texts: dict[str, str]) -> list[str]:
    """Modules each of which imports the next, the last being the first; empty if there are none."""
    try:
        TopologicalSorter(leads(texts)).prepare()
    except CycleError as error:
        return error.args[1]
    return []


@pytest.mark.parametrize("folder", [SRC, ROOT / "workflow"], ids=lambda folder: folder.name)
def test_no_modules_import_each_other(folder):
    texts = modules(folder)
    assert len(texts) > 10
    assert circle(texts) == []


def test_a_circle_is_seen_even_where_only_types_are_imported():
    texts = {"p.a": "from p.b import x", "p.b": "if TYPE_CHECKING:\n    from p import a", "p": ""}
    assert set(circle(texts)) == {"p.a", "p.b"}
    assert circle(texts | {"p.b": ""}) == []


def test_what_others_import_counts_as_well():
    texts = {"p.a": "from p.b import x", "p.b": "import p.c", "p.c": "", "p": ""}
    assert reached(texts) == {"p.a": {"p.b", "p.c"}, "p.b": {"p.c"}, "p.c": set(), "p": set()}


def used(text: str) -> Counter[str]:
    """How often a text reads each name: as such, as an attribute, imported, or in a string."""
    found: Counter[str] = Counter()
    nodes = list(ast.walk(ast.parse(text)))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found[node.id] += 1
        elif isinstance(node, ast.Attribute):
            found[node.attr] += 1
        elif isinstance(node, ast.ImportFrom):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and id(node) not in docstrings:
            found.update(re.findall(r"\w+", str(node.value)))
    return found


def defined(text: str) -> list[str]:
    """Names that a module defines, but for what a decorator enters somewhere by itself."""
    found = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found += [node.name] if not node.decorator_list else []
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [target.id for target in targets if isinstance(target, ast.Name)]
    return [name for name in found if not name.startswith("__")]


def unused(texts: dict[str, str], elsewhere: set[str]) -> list[str]:
    """Definitions that no module reads and that are not among the words found elsewhere."""
    reads = sum(map(used, texts.values()), Counter())
    return [
        f"{module}:{name}"
        for module, text in texts.items()
        for name in defined(text)
        if not reads[name] and name not in elsewhere
    ]


def test_nothing_is_called_by_tests_alone():
    """Pages and chapters of the book call things, and so do the workflow and the benchmarks."""
    places = ("workflow/*", "benchmarks/*.py", "notebooks/*.md", "book/*.md", "pyproject.toml")
    files = [path for place in places for path in ROOT.glob(place) if path.is_file()]
    words = {word for path in files for word in re.findall(r"\w+", path.read_text())}
    assert unused(modules(SRC), words) == []


def test_what_nothing_calls_is_seen():
    texts = {"a": "A = 1\ndef f():\n    return A\n", "b": "from a import f\ndef g(): f()\n"}
    assert unused(texts, set()) == ["b:g"]
    assert unused(texts, {"g"}) == []
