"""The record file: atomic, relative, of one schema; and where its provenance comes from."""

import subprocess

import pytest

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import sources
from rigid_depth.experiments.record import SCHEMA, read_record, write_record


def test_round_trip(tmp_path):
    data = {"schema": SCHEMA, "a": [1, 2.5, None], "b": {"c": "ä"}}
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
    [(None, "no run record"), ("{", "not readable"), ("{}", "schema"), ("[]", "schema")],
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
    assert rgb != sources.package_hash("no-such-method"), "the method's own file counts"
