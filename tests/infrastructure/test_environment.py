"""environment.yml, pyproject.toml and constraints.txt say the same, and it is what is installed."""

import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import environment
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())
PIP_SECTION = next(d["pip"] for d in CONDA["dependencies"] if isinstance(d, dict))
LINES = [
    line
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


def canonical(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def pins() -> dict[str, str]:
    found = {}
    for requirement in map(Requirement, LINES):
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", f"{requirement} is not an exact pin"
        found[canonical(requirement.name)] = specifier.version
    return found


def installed_groups() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"]
    lists = [PROJECT["dependencies"], extras["book"], extras["test"]]
    return [Requirement(text) for group in lists for text in group]


def test_pins_are_plain_versions_without_paths_or_builds():
    assert len(pins()) == len(LINES), "a package is pinned twice"
    assert not [line for line in LINES if any(mark in line for mark in "@+/ ")]


@pytest.mark.parametrize("requirement", installed_groups(), ids=str)
def test_pin_and_installation_satisfy_the_requirement(requirement):
    name = canonical(requirement.name)
    assert name in pins(), f"{name} is required but not pinned"
    assert requirement.specifier.contains(pins()[name])
    assert requirement.specifier.contains(Version(version(name)).public)


def test_what_is_installed_is_what_is_pinned():
    differing = {}
    for name, pin in pins().items():
        try:
            there = Version(version(name)).public
        except PackageNotFoundError:
            there = "missing"
        if there != pin and name != "torch":  # any torch from 2.6 on is welcome
            differing[name] = f"{there} instead of {pin}"
    assert not differing


def test_conda_installs_this_project_through_the_same_pins():
    assert PIP_SECTION == ["-c constraints.txt", "-e .[book,test]"]
    plain = [d for d in CONDA["dependencies"] if isinstance(d, str)]
    assert {d.split("=")[0].split(">")[0] for d in plain} == {"python", "pip"}


def test_conda_takes_a_python_that_the_package_allows():
    python = next(d for d in CONDA["dependencies"] if str(d).startswith("python="))
    assert f"{python.split('=')[1]}.1" in SpecifierSet(PROJECT["requires-python"])


def test_pip_accepts_condas_section():
    """conda writes the lines to a file beside environment.yml and runs pip on it."""
    file = ROOT / ".environment-pip-check.txt"
    file.write_text("\n".join(PIP_SECTION) + "\n")
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--quiet"]
    try:
        done = subprocess.run(
            [*pip, "--no-build-isolation", "-r", file], cwd=ROOT, capture_output=True, text=True
        )
    finally:
        file.unlink()
    assert done.returncode == 0, done.stderr


def test_a_broken_environment_is_told_from_a_working_one(tmp_path):
    assert environment.works(Path(sys.prefix))
    (tmp_path / "bin").mkdir()
    assert not environment.works(tmp_path)
    (tmp_path / "bin" / "python").symlink_to(tmp_path / "gone")
    assert not environment.works(tmp_path)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the two files, where environments are empty and installations only counted."""

    def make_environment(command, check):
        (Path(command[-1]) / "bin").mkdir(parents=True)
        (Path(command[-1]) / "bin" / "python").touch()
        return subprocess.CompletedProcess(command, 0)

    for name in environment.SOURCES:
        (tmp_path / name).write_text("first")
    calls = []
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "works", lambda venv: (venv / "bin" / "python").exists())
    monkeypatch.setattr(environment.subprocess, "run", make_environment)
    monkeypatch.setattr(environment, "install", lambda venv, index: calls.append(index))
    monkeypatch.delenv("TORCH_INDEX", raising=False)
    return tmp_path, calls


def test_environment_is_made_once_and_again_where_it_must(project, monkeypatch):
    folder, calls = project
    venv = folder / ".venv"
    (venv / "bin").mkdir(parents=True)  # half-made: no interpreter
    environment.main(venv)
    environment.main(venv)
    assert len(calls) == 1, "the second call does nothing"

    (folder / "constraints.txt").write_text("changed")
    (venv / "kept").touch()
    environment.main(venv)
    assert len(calls) == 2
    assert (venv / "kept").exists(), "an update keeps the environment"


def test_another_torch_is_refused_and_never_removes_anything(project, monkeypatch):
    folder, calls = project
    venv = folder / ".venv"
    environment.main(venv)
    (venv / "kept").touch()
    monkeypatch.setenv("TORCH_INDEX", "https://example.org/cuda/")
    with pytest.raises(SystemExit, match=r"remove \.venv to take it from https://example"):
        environment.main(venv)
    monkeypatch.setenv("TORCH_INDEX", "")  # as make passes on a variable that is not set
    environment.main(venv)
    assert (venv / "kept").exists()
    assert len(calls) == 1


def test_an_index_is_remembered(project, monkeypatch):
    folder, calls = project
    monkeypatch.setenv("TORCH_INDEX", "https://example.org/cuda/")
    environment.main(folder / ".venv")
    monkeypatch.delenv("TORCH_INDEX")
    (folder / "constraints.txt").write_text("changed")
    environment.main(folder / ".venv")
    assert calls == ["https://example.org/cuda"] * 2


def test_an_environment_of_somebody_else_is_filled_not_removed(project):
    folder, calls = project
    venv = folder / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").touch()
    environment.main(venv)
    assert len(calls) == 1
    assert (venv / "bin" / "python").exists()


def test_interrupted_installation_is_made_anew(project, monkeypatch):
    folder, calls = project
    venv = folder / ".venv"

    def killed(venv, index):
        (venv / "rubbish").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(environment, "install", killed)
        with pytest.raises(KeyboardInterrupt):
            environment.main(venv)
    environment.main(venv)
    assert len(calls) == 1
    assert not (venv / "rubbish").exists()


def test_a_failed_update_keeps_what_worked(project, monkeypatch):
    folder, calls = project
    venv = folder / ".venv"
    environment.main(venv)
    (venv / "kept").touch()
    (folder / "constraints.txt").write_text("changed")
    with monkeypatch.context() as patch:
        patch.setattr(environment, "install", lambda venv, index: sys.exit("no network"))
        with pytest.raises(SystemExit):
            environment.main(venv)
    environment.main(venv)
    assert (venv / "kept").exists()
    assert len(calls) == 2


@pytest.mark.parametrize("index", ["cu128", "https://example.invalid/cu128"])
def test_an_index_that_is_none_is_refused(index):
    with pytest.raises(SystemExit, match=f"TORCH_INDEX={index} does not answer"):
        environment.torch_options(index)


def test_other_pythons_are_refused(project, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    with pytest.raises(SystemExit, match=r"3\.11 or 3\.12"):
        environment.main(project[0] / ".venv")
