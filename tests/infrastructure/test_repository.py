"""What the README promises exists, and nothing is in the repository that does not belong there."""

import re
import subprocess
from pathlib import Path

import pytest
import typer
import yaml

from rigid_depth.book.pages import releasedcode
from rigid_depth.cli import app
from rigid_depth.experiments import SCALES

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
LIMIT_BYTES = 1_000_000
TEXT_SUFFIXES = {".py", ".md", ".ipynb", ".yml", ".yaml", ".toml", ".txt", ".json", ".cff", ".cfg"}
# Spelt in two parts, so that this file does not contain them.
FOREIGN = [
    "pypi" + ".org",
    "python" + "hosted",
    "registry.npm" + "js",
    "/opt/" + "pypi",
    "/work/" + "main",
    "/work/" + "shared",
    "/root" + "/",
    "/tmp/" + "bash",
]


def tracked() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("not a git repository")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def code_lines() -> list[str]:
    """The commands in the README's code blocks, comments removed."""
    blocks = re.findall(r"```(?:bash|sh)\n(.*?)```", README, re.DOTALL)
    lines = [re.sub(r"\s+#.*", "", line).strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def test_files_are_small():
    big = [p for p in tracked() if p.stat().st_size > LIMIT_BYTES and "mathjax" not in p.parts]
    assert not big


def test_nothing_of_a_certain_machine_or_registry():
    found = []
    for path in tracked():
        if path.suffix in TEXT_SUFFIXES or path.name in ("Makefile", "Snakefile", "run"):
            text = path.read_text(encoding="utf-8")
            found += [f"{path.relative_to(ROOT)}: {word}" for word in FOREIGN if word in text]
    assert not found


def test_readme_has_commands():
    assert {"make book", "make test"} <= set(code_lines())


@pytest.mark.parametrize("line", [x for x in code_lines() if x.startswith("make ")])
def test_make_targets_of_the_readme_exist(line):
    command = ["make", "--dry-run", *line.split()[1:]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", [x for x in code_lines() if x.startswith("rigid-depth ")])
def test_commands_and_options_of_the_readme_exist(line):
    words = line.split()
    command = typer.main.get_command(app).commands[words[1]]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {w for w in words[2:] if w.startswith("-")} <= known


@pytest.mark.parametrize("scale", SCALES.values(), ids=lambda scale: scale.name)
def test_the_readmes_table_of_scales_is_the_codes(scale):
    row = next(line for line in README.splitlines() if line.startswith(f"| `{scale.name}`"))
    expected = [" x ".join(map(str, scale.image_size))]
    if scale.dataset == "synthetic":
        expected.append(f"{scale.scenes * scale.frames_per_scene:,} frames")
    expected.append(f"{scale.steps:,} steps" if scale.steps else f"{scale.epochs} epochs")
    expected.append({0.25: "quarter width", 0.5: "half width", 1.0: "full width"}[scale.width])
    assert [text for text in expected if text not in row] == []


@pytest.mark.parametrize("line", [x for x in code_lines() if "notebooks/" in x])
def test_notebooks_of_the_readme_exist(line):
    for name in re.findall(r"notebooks/\S+\.(?:ipynb|md)", line):
        assert (ROOT / name).exists()


def test_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\(([^)#:]+)\)|src=\"([^\":]+)\"", README)
    assert links
    assert not [a or b for a, b in links if not (ROOT / (a or b)).exists()]


def test_citation_names_book_thesis_and_its_code():
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cff["license"] == "MIT"
    thesis, code = cff["references"]
    assert code["repository-code"] == releasedcode.REPOSITORY
    assert code["commit"] == releasedcode.COMMIT
    assert thesis["authors"][0]["family-names"] == "Halperin"
