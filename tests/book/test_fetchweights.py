"""Weights of published runs: collected for a release, fetched from one, checked at both ends."""

import functools
import hashlib
import http.server
import json
import socket
import threading
from pathlib import Path

import pytest
import weights
from typer.testing import CliRunner

from rigid_depth.book.publishing import fetchweights
from rigid_depth.cli import app
from rigid_depth.errors import RigidDepthError

RECORD = {"experiment": "rgb", "scale": "cpu", "seed": 0, "created": "2026-01-01T00:00:00Z"}
RECORD |= {"source": {}, "parameters": {}, "curves": {}}
BYTES = bytes(range(256)) * 40


@pytest.fixture
def root(tmp_path) -> Path:
    """A repository with a published run, and the run itself with its weights."""
    for folder in ("book/results", "runs"):
        run = tmp_path / folder / "cpu" / "rgb+steps=9" / "seed-0"
        run.mkdir(parents=True)
        (run / "record.json").write_text(json.dumps(RECORD))
    (run / "weights.safetensors").write_bytes(BYTES)
    return tmp_path


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments) -> None:
        pass


@pytest.fixture
def release(root):
    """The files of a release on the loopback interface, and their address."""
    weights.collect(root, {0}, root / "release")
    handler = functools.partial(Quiet, directory=str(root / "release"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def fetch(root: Path, url: str, run: str = "cpu/rgb+steps=9") -> Path:
    return fetchweights.fetch_weights(run, url, out=root / "out", results=root / "book" / "results")


def test_what_is_fetched_is_what_was_trained(root, release):
    path = fetch(root, release + "/")
    assert path == root / "out" / "cpu" / "rgb+steps=9" / "seed-0" / "weights.safetensors"
    assert path.read_bytes() == BYTES
    assert fetch(root, "http://127.0.0.1:9/nobody") == path, "it is there: nothing is asked for"


def test_a_folder_is_an_address_too(root, release):
    assert fetch(root, (root / "release").as_uri()).read_bytes() == BYTES


def test_a_changed_file_is_refused_and_leaves_nothing(root, release):
    (served,) = (root / "release").iterdir()
    served.write_bytes(BYTES[:-1] + b"x")
    with pytest.raises(RigidDepthError, match="is not the file of the published run"):
        fetch(root, release)
    assert not [path for path in (root / "out").rglob("*") if path.is_file()]
    assert weights.check(root, root / "release") == [f"{served.name} is not the published file"]


def test_another_file_in_the_way_is_kept(root, release):
    other = root / "out" / "cpu" / "rgb+steps=9" / "seed-0" / "weights.safetensors"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"mine")
    with pytest.raises(RigidDepthError, match="move it away"):
        fetch(root, release)
    assert other.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("run", "url", "said"),
    [
        ("cpu/mse", "", "there are: cpu/rgb\\+steps=9/seed-0"),
        ("../rgb", "", "is no run"),
        ("cpu/rgb+steps=9", "ftp://x", "begins with https://"),
        ("cpu/rgb+steps=9/seed-0", "nothing", "cannot be fetched: "),
    ],
)
def test_errors_say_what_is_wrong(root, release, run, url, said):
    with pytest.raises(RigidDepthError, match=said):
        fetch(root, f"{release}/{url}" if url == "nothing" else url, run)


def test_the_user_may_name_another_address(root, release, monkeypatch):
    monkeypatch.setattr(fetchweights, "home", lambda what: root)
    monkeypatch.setenv("RIGID_DEPTH_WEIGHTS", release)
    made = CliRunner().invoke(app, ["fetch-weights", "cpu/rgb+steps=9", "--out", root / "out"])
    assert made.exit_code == 0, made.output
    assert made.output.strip().endswith("cpu/rgb+steps=9/seed-0")


def test_other_commands_ask_the_network_for_nothing(monkeypatch):
    def refuse(*arguments) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert CliRunner().invoke(app, ["list"]).exit_code == 0


def test_sums_are_those_of_the_runs_and_other_runs_are_passed_over(root, capsys):
    (copied,) = weights.collect(root, {0}, root / "release")
    sum_file = root / "book" / "results" / "cpu" / "rgb+steps=9" / "seed-0" / "weights.sha256"
    assert sum_file.read_text() == f"{hashlib.sha256(BYTES).hexdigest()}  weights.safetensors\n"
    assert copied.name == "cpu-rgb-steps-9-seed-0.safetensors"
    assert weights.check(root, root / "release") == []
    made = root / "runs" / "cpu" / "rgb+steps=9" / "seed-0" / "record.json"
    made.write_text(json.dumps(RECORD | {"created": "2026-02-02T00:00:00Z"}))
    assert weights.collect(root, {0}, root / "release") == []
    assert "of another run" in capsys.readouterr().out
