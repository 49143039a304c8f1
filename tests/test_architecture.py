"""The arrows between the packages run one way, read off the imports of every file."""

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
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


def test_every_package_has_its_place():
    packages = {path.parent.name for path in (SRC / "rigid_depth").glob("*/__init__.py")}
    assert packages == set(FORBIDDEN) | {"cli"}, "cli is at the top"


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
