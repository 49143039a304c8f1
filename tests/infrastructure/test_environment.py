"""The environment is made where it can be, once, and again where it must; conda makes the same."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import environment
import pytest
import yaml
from constraints import PROJECT, ROOT, lowest_python
from packaging.specifiers import SpecifierSet

CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())
PIP_SECTION = next(d["pip"] for d in CONDA["dependencies"] if isinstance(d, dict))


def test_conda_installs_this_project_through_the_same_pins():
    assert PIP_SECTION == ["-c constraints.txt", "-e .[book]"]
    plain = [d for d in CONDA["dependencies"] if isinstance(d, str)]
    assert {d.split("=")[0].split(">")[0] for d in plain} == {"python", "pip"}


def test_conda_takes_a_python_that_the_package_allows():
    python = next(d for d in CONDA["dependencies"] if str(d).startswith("python="))
    newest_release = f"{python.split('=')[1]}.99"
    assert newest_release in SpecifierSet(PROJECT["requires-python"])


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

    (tmp_path / "constraints.txt").write_text("first")
    calls = []
    promise = f'requires-python = "{PROJECT["requires-python"]}"'
    (tmp_path / "pyproject.toml").write_text(f"{promise}\n")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "works", lambda venv: (venv / "bin" / "python").exists())
    monkeypatch.setattr(environment.subprocess, "run", make_environment)
    monkeypatch.setattr(environment, "install", lambda *given: calls.append(given[1:]))
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
    assert calls == [("https://example.org/cuda", ["book"])] * 2


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

    def killed(venv, *_):
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
        patch.setattr(environment, "install", lambda *_: sys.exit("no network"))
        with pytest.raises(SystemExit):
            environment.main(venv)
    environment.main(venv)
    assert (venv / "kept").exists()
    assert len(calls) == 2


@pytest.mark.parametrize("index", ["cu128", "https://example.invalid/cu128"])
def test_an_index_that_is_none_is_refused(index):
    with pytest.raises(SystemExit, match=f"TORCH_INDEX={index} does not answer"):
        environment.torch_options(index)


def test_extras_are_added_and_kept(project):
    folder, calls = project
    venv = folder / ".venv"
    environment.main(venv)
    environment.main(venv, "test")
    environment.main(venv)
    environment.main(venv, "test")
    extras = [given[1] for given in calls]
    assert extras == [["book"], ["book", "test"]], "asking for less or the same does nothing"

    (folder / "constraints.txt").write_text("changed")
    environment.main(venv)
    assert calls[-1][1] == ["book", "test"], "an update keeps what was there"

    (venv / "bin" / "python").unlink()
    environment.main(venv)
    assert calls[-1][1] == ["book"], "a new environment holds what is asked for"


def test_a_stamp_without_extras_is_an_old_one(project):
    folder, calls = project
    venv = folder / ".venv"
    environment.main(venv)
    stamp = venv / "rigid-depth.json"
    old = {k: v for k, v in json.loads(stamp.read_text()).items() if k != "extras"}
    stamp.write_text(json.dumps(old))
    environment.main(venv)
    assert len(calls) == 2


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 11, 1), (3, 13, 0)])
def test_other_pythons_are_refused(project, monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SystemExit, match=rf"from {lowest_python()} on and below 3\.13"):
        environment.main(project[0] / ".venv")
    assert not list(project[0].glob(".venv*")), "nothing is begun"


@pytest.mark.parametrize("version", [(3, 11, 2), (3, 11, 14), (3, 12, 0), (3, 12, 12)])
def test_pythons_that_are_promised_are_taken(project, monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", version)
    environment.main(project[0] / ".venv")
    assert len(project[1]) == 1


@pytest.mark.parametrize(
    ("system", "machine", "taken"),
    [
        ("Linux", "x86_64", True),
        ("Darwin", "arm64", True),
        ("Darwin", "x86_64", False),
        ("Linux", "aarch64", False),
        ("Windows", "AMD64", False),
    ],
)
def test_systems_without_packages_are_refused_before_anything(
    project, monkeypatch, system, machine, taken
):
    monkeypatch.setattr(environment.platform, "system", lambda: system)
    monkeypatch.setattr(environment.platform, "machine", lambda: machine)
    folder, calls = project
    if taken:
        environment.main(folder / ".venv")
        assert len(calls) == 1
        return
    with pytest.raises(SystemExit) as refusal:
        environment.main(folder / ".venv")
    only = "there are packages for Linux x86_64 and Darwin arm64 alone"
    assert str(refusal.value) == f"{system} {machine} is not supported: {only}"
    assert not list(folder.glob(".venv*"))


def test_the_readme_says_what_is_supported():
    lines = " ".join((ROOT / "README.md").read_text().split())
    assert f"Python {lowest_python()} to 3.12" in lines
    assert "Linux x86-64 and macOS on Apple silicon" in lines


def test_the_pin_that_pip_refuses_is_named(tmp_path, monkeypatch, capfd):
    """Runs the real pip, on an index where one package asks for another Python."""
    write_package(tmp_path, "picky", python=">=4")
    write_package(tmp_path, "user", needs="picky")
    (tmp_path / "constraints.txt").write_text("picky==1\nuser==1\n")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    venv = tmp_path / "venv"
    venv.mkdir()
    for part in ("bin", "lib", "pyvenv.cfg"):
        (venv / part).symlink_to(Path(sys.prefix) / part)
    with pytest.raises(SystemExit) as refusal:
        environment.pip_install(venv, "--dry-run", "--index-url", tmp_path.as_uri(), "user")
    assert "pip cannot have picky==1, pinned in constraints.txt" in str(refusal.value)
    assert "ResolutionImpossible" in capfd.readouterr().err, "pip's own words are seen"

    with pytest.raises(SystemExit, match="pip's message above says why"):
        environment.pip_install(venv, "--no-such-option")


def write_package(index: Path, name: str, python: str = ">=3", needs: str = "") -> None:
    """Writes version 1 of a package into a package index."""
    folder = index / name
    folder.mkdir()
    wheel = f"{name}-1-py3-none-any.whl"
    limit = python.replace(">", "&gt;")
    (folder / "index.html").write_text(
        f'<a href="{wheel}" data-requires-python="{limit}">{wheel}</a>'
    )
    metadata = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        "Version: 1",
        f"Requires-Python: {python}",
    ]
    metadata += [f"Requires-Dist: {needs}"] * bool(needs)
    tags = ["Wheel-Version: 1.0", "Root-Is-Purelib: true", "Tag: py3-none-any"]
    with zipfile.ZipFile(folder / wheel, "w") as file:
        for part, lines in {"METADATA": metadata, "WHEEL": tags, "RECORD": []}.items():
            file.writestr(f"{name}-1.dist-info/{part}", "".join(f"{line}\n" for line in lines))
