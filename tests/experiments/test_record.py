"""The record file: atomic, relative, of one schema; and where its provenance comes from."""

import json
import subprocess

import pytest

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import sources
from rigid_depth.experiments.recording.record import NEEDED, SCHEMA, read_record, write_record


def test_round_trip(tmp_path):
    data = {"schema": SCHEMA, "a": [1, 2.5, None], "b": {"c": "ä"}, **dict.fromkeys(NEEDED)}
    assert write_record(tmp_path, data).data == data
    assert read_record(tmp_path).data == data
    assert [p.name for p in tmp_path.iterdir()] == ["record.json"]


@pytest.mark.parametrize("path", ["/home/someone/x", "~/x", "C:\\x"])
def test_no_absolute_path_gets_in(tmp_path, path):
    with pytest.raises(RigidDepthError, match="absolute path"):
        write_record(tmp_path, {"schema": SCHEMA, "deep": [{"in": path}]})
    assert list(tmp_path.iterdir()) == []


def test_nan_is_no_result(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_record(tmp_path, {"schema": SCHEMA, "rmse_m": float("nan")})
    assert not (tmp_path / "record.json").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "no run record"),
        ("{", "not readable"),
        ("{}", "schema"),
        ("[]", "schema"),
        ('{"schema": 1}', "record.json is not whole: it lacks experiment, scale, seed, created"),
        (json.dumps(dict.fromkeys(NEEDED[:-1], 1) | {"schema": 1}), "whole: it lacks metrics"),
    ],
)
def test_foreign_files_are_refused(tmp_path, text, sentence):
    if text is not None:
        (tmp_path / "record.json").write_text(text)
    with pytest.raises(RigidDepthError, match=sentence):
        read_record(tmp_path)


def test_blob_is_the_one_of_git(tmp_path):
    path = tmp_path / "x.md"
    path.write_text("text with ä\n")
    told = subprocess.run(["git", "hash-object", path], capture_output=True, text=True, check=True)
    assert sources.blob(path) == told.stdout.strip()


def test_package_hash_follows_the_method_a_run_uses():
    rgb = sources.package_hash("rgb")
    assert rgb == sources.package_hash("rgb")
    assert rgb != sources.package_hash("mse"), "the method's own code counts"


def test_only_changed_code_makes_a_tree_dirty(tmp_path, monkeypatch):
    """A build rewrites notebooks and pages; they compute nothing."""

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    for name in ("src/a.py", "notebooks/b.md"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("1\n")
    git("init", "-q")
    git("add", ".")
    git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "x")
    monkeypatch.setattr(sources, "repository", lambda: tmp_path)
    (tmp_path / "notebooks/b.md").write_text("2\n")
    assert sources.source_state("", "f" * 40)["dirty"] is False
    (tmp_path / "src/new.py").write_text("2\n")
    assert sources.source_state("", "f" * 40)["dirty"] is True
