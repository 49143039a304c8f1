"""The arrows between the packages run one way, no modules import each other, nothing is dead."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from rigid_depth.book.executed import copies

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
ROOMS = {
    "experiments": ("methods", "training", "measuring", "recording"),
    "book": ("cells", "runs", "claims", "executed", "publishing", "pages", "site"),
}
"""Package -> its rooms, in the order of a run or from the ground up: none imports a later one."""


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


@pytest.mark.parametrize("package", ROOMS)
def test_a_room_imports_nothing_of_a_later_one(package):
    """Nor by way of what lies beside the rooms."""
    rooms = [f"rigid_depth.{package}.{room}" for room in ROOMS[package]]
    every = reached(modules(SRC))
    for place, room in enumerate(rooms):
        mine = [name for name in every if f"{name}.".startswith(f"{room}.")]
        assert len(mine) > 2, room
        later = tuple(rooms[place + 1 :])
        assert [f"{n}: {m}" for n in mine for m in every[n] if later and m.startswith(later)] == []


def test_the_book_has_no_room_without_a_place():
    found = {path.parent.name for path in (SRC / "rigid_depth" / "book").glob("*/__init__.py")}
    assert found == set(ROOMS["book"])


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


CONVENTIONS = {
    "_typecheck:typecheck": "the hook of jaxtyping looks it up by its name",
    "extension:PlotlyMime": "an entry point of pyproject.toml",
    "extension:setup": "Sphinx calls it",
    **dict.fromkeys(
        [f"entries:{name}" for name in ("OF_EVERY_RUN", "OF_NETWORKS", "OF_TWO_BRANCHES")]
        + ["entries:OF_BASELINES", "entries:SETTLED"],
        "read as text, for the hash of a run's code",
    ),
    **dict.fromkeys(("structure:ssim", "so_n:check_rotation"), "public"),
    "writing:serve": "called by name in a worker's process",
}
"""Module:name -> why a definition stands that no code reads. Every study has a STUDY, too."""
PLAIN = ("dataclass", "cache", "lru_cache", "full_precision")
"""Decorators that enter nothing anywhere; what others decorate is called by whom they tell."""


def bound(tree: ast.Module) -> dict[str, str]:
    """Name -> full name of all that a module imports."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [(a.name if a.asname else a.name.partition(".")[0], a) for a in node.names]
            found |= {alias.asname or name: name for name, alias in names}
        elif isinstance(node, ast.ImportFrom):
            found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return found


def defined(tree: ast.Module) -> list[str]:
    """Names that a module defines, but for what a decorator enters somewhere by itself."""
    found = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            decorators = {ast.unparse(d).partition("(")[0] for d in node.decorator_list}
            found += [node.name] if decorators <= set(PLAIN) else []
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [target.id for target in targets if isinstance(target, ast.Name)]
    return [name for name in found if not name.startswith("__")]


def resolved(name: str, handed_on: dict[str, str]) -> str:
    """The full name behind one that modules hand on, with what is taken from it."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        known = ".".join(parts[:end])
        full = handed_on.get(known, known)
        of_its_namesake = end < len(parts) and full.startswith(f"{known}.")  # cli.run is a module
        if full != known and not of_its_namesake:
            return resolved(".".join([full, *parts[end:]]), handed_on)
    return name


def unused(texts: dict[str, str], callers: dict[str, str]) -> list[str]:
    """Definitions of the modules that neither they read nor the callers; a package that only hands
    a name on does not read it."""
    trees = {name: ast.parse(text) for name, text in (texts | callers).items()}
    handed_on = {f"{m}.{n}": full for m, tree in trees.items() for n, full in bound(tree).items()}
    read = set()
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                read.add(resolved(f"{module}.{ast.unparse(node)}", handed_on))
    return [f"{m}:{n}" for m in texts for n in defined(trees[m]) if f"{m}.{n}" not in read]


def cells(path: Path) -> str:
    """The code cells of a text notebook, without the notebook's own commands."""
    return re.sub(r"^[%!].*", "", "\n".join(copies.cells(path)), flags=re.MULTILINE)


def test_nothing_is_called_by_tests_alone():
    """Chapters of the book call things, and so do the workflow and the benchmarks."""
    callers = {
        path.stem: path.read_text()
        for k in ("workflow", "benchmarks")
        for path in (ROOT / k).glob("*.py")
    }
    callers |= {path.stem: cells(path) for path in (ROOT / "notebooks").glob("*.md")}
    found = {name.rpartition(".")[2] for name in unused(modules(SRC), callers)}
    assert {name for name in found if not name.endswith(":STUDY")} == set(CONVENTIONS)


def graph() -> str:
    """What the rules of the graph import and read, as Python: the rest of the Snakefile is none."""
    text = (ROOT / "workflow" / "Snakefile").read_text()
    line = re.search(r"^from selection import \([^)]*\)\n", text, re.MULTILINE)[0]
    names = bound(ast.parse(line)).keys() & re.findall(r"\w+", text.replace(line, ""))
    return "\n".join([line, *sorted(names)])


def test_nothing_of_the_workflow_is_called_by_tests_alone():
    callers = {"Snakefile": graph(), "conftest": (ROOT / "conftest.py").read_text()}
    assert unused(modules(ROOT / "workflow"), callers) == []


def test_what_nothing_calls_is_seen():
    texts = {
        "a": "A = 1\ndef f():\n    return A\ndef table(): ...\n",
        "b": "import a as c\ndef g(table): c.f(table.table)\n",
        "p": "from p.m import x, y",
        "p.m": "x = y = 1",
    }
    callers = {"page": "import p\nprint(p.y, 'table')\n"}
    assert unused(texts, callers) == ["a:table", "b:g", "p.m:x"]
    assert unused(texts, {"page": "from p import x as z\nfrom b import g\nz, g\n"}) == [
        "a:table",
        "p.m:y",
    ]
