"""A killed run goes on and ends as an unbroken one; a loss of NaN stops in good order."""

import errno
import importlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import EXPERIMENTS, SCALES, read_record, standing
from rigid_depth.experiments.methods import build_model
from rigid_depth.experiments.recording import folder
from rigid_depth.experiments.settings import override
from rigid_depth.experiments.training import loop

RUN = importlib.import_module("rigid_depth.experiments.runner")


KILLED = """
import sys, time, torch
from rigid_depth.experiments import run
from rigid_depth.experiments.training.loop import Training

torch.set_num_threads(1)
step_as_it_is = Training.training_step

def step_that_hangs(self, step, number):
    if step == 5:
        time.sleep(1000)
    return step_as_it_is(self, step, number)

Training.training_step = step_that_hangs
run(sys.argv[4], dataroot=sys.argv[1], out=sys.argv[2], progress=False, **eval(sys.argv[3]))
"""
STEPS = {"steps": 8, "dropout": 0.2}  # checkpoints after steps 2, 4, 6, 8; killed in the sixth


TWO_BRANCHES = {"width": 0.125, "image_size": (64, 128), "lidar_share": 0.5}
RESUMED = {"rgb": STEPS, "rotation-global-3": {**STEPS, **TWO_BRANCHES}}


@pytest.fixture(params=RESUMED)
def killed(request, world, settings, tmp_path):
    """A folder of runs whose only one was killed by SIGKILL in its sixth step, and its name."""
    out = tmp_path / "killed"
    options = {**settings, **RESUMED[request.param]}
    arguments = [str(world), str(out), repr(options), request.param]
    process = subprocess.Popen([sys.executable, "-c", KILLED, *arguments])
    deadline = time.monotonic() + 300
    while _steps_done(out) < 4 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not list(out.rglob("record.json"))
    return out, request.param


def test_a_run_that_is_told_to_end_tells_so_and_goes_on_later(world, settings, tmp_path, tiny):
    """Not as a run that is done: whoever started it would look for a record."""
    ended = KILLED.replace("time.sleep(1000)", "os.kill(os.getpid(), signal.SIGTERM)")
    ended = ended.replace("import sys,", "import os, signal, sys,")
    arguments = [str(world), str(tmp_path), repr({**settings, **STEPS}), "rgb"]
    process = subprocess.run([sys.executable, "-c", ended, *arguments], timeout=300)
    assert process.returncode == 128 + signal.SIGTERM
    assert not list(tmp_path.rglob("record.json"))
    assert 4 <= _steps_done(tmp_path) < 8
    assert tiny("rgb", tmp_path, **STEPS).data["cost"]["steps"] == 8


def _steps_done(out):
    found = list(out.rglob("last.ckpt"))
    return torch.load(found[0], weights_only=True)["global_step"] if found else 0


def test_a_killed_run_ends_as_an_unbroken_one(killed, tiny, tmp_path, monkeypatch):
    (folder, name), seen = killed, []
    step_as_it_is = loop.Training.training_step

    def step(self, number, i):
        seen.append(number)
        return step_as_it_is(self, number, i)

    unbroken = tiny(name, tmp_path / "unbroken", **RESUMED[name])
    monkeypatch.setattr(loop.Training, "training_step", step)
    resumed = tiny(name, folder, **RESUMED[name])
    assert seen == [4, 5, 6, 7]
    assert resumed.metrics == unbroken.metrics
    assert resumed.data["curves"] == unbroken.data["curves"]
    assert resumed.data["parameters"] == unbroken.data["parameters"]
    a, b = (load_file(r.folder / "weights.safetensors") for r in (resumed, unbroken))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not list(folder.rglob("*.ckpt"))


def test_a_run_killed_after_its_last_step_only_measures(tiny, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(RUN, "write_run", _die)
        with pytest.raises(KeyboardInterrupt):
            tiny("rgb", tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(loop.Training, "training_step", _die)
        assert tiny("rgb", tmp_path).rmse_m() > 0


def _die(*_, **__):
    raise KeyboardInterrupt


def test_a_checkpoint_of_other_sources_is_not_continued(tiny, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(RUN, "write_run", _die)
        with pytest.raises(KeyboardInterrupt):
            tiny("rgb", tmp_path)
    steps = []
    as_it_is = loop.Training.on_train_batch_end

    def note(self, *arguments):
        steps.append(self.global_step)
        as_it_is(self, *arguments)

    monkeypatch.setattr(loop.Training, "on_train_batch_end", note)
    monkeypatch.setattr(standing, "package_hash", lambda method: "f" * 40)
    record = tiny("rgb", tmp_path)
    assert steps == [1, 2, 3, 4, 5, 6]
    assert record.data["source"]["package"] == "f" * 40


def test_nan_stops_with_step_and_frames_and_keeps_the_checkpoint(tiny, tmp_path, monkeypatch):
    objective_as_it_is = loop.objective

    def objective(outputs, batch, experiment, step, steps):
        terms = objective_as_it_is(outputs, batch, experiment, step, steps)
        return {n: t * float("nan") if step == 3 else t for n, t in terms.items()}

    with monkeypatch.context() as patch:
        patch.setattr(loop, "objective", objective)
        with pytest.raises(RigidDepthError, match="loss is nan at step 3 of 6") as caught:
            tiny("rgb", tmp_path)
    assert "last good checkpoint" in str(caught.value)
    (checkpoint,) = tmp_path.rglob("last.ckpt")
    held = torch.load(checkpoint, weights_only=True)
    assert held["global_step"] == 2
    assert all(torch.isfinite(v).all() for v in held["state_dict"].values())
    assert not list(tmp_path.rglob("record.json"))
    assert tiny("rgb", tmp_path).data["curves"]["train"]["step"] == [3, 6]


def test_nan_names_the_frames_of_its_batch(tiny, tmp_path, monkeypatch):
    tokens = []

    def step(self, number, _):
        tokens[:] = [self.splits["train"].frames[k]["token"] for k in self.feed.indices(number)]
        loss = sum(p.sum() for p in self.parameters()) * float("inf")
        self.pending.append((number, loss.detach(), torch.zeros(2)))
        return loss

    monkeypatch.setattr(loop.Training, "training_step", step)
    with pytest.raises(RigidDepthError, match="at step 0 of 6") as caught:
        tiny("rgb", tmp_path)
    assert tokens
    assert all(token in str(caught.value) for token in tokens)


TWO = """
import sys
from rigid_depth.experiments import run

if __name__ == "__main__":
    run(sys.argv[4], dataroot=sys.argv[1], out=sys.argv[2], progress=False, devices=2,
        **eval(sys.argv[3]))
"""


@pytest.mark.parametrize(
    ("name", "changes"),
    [("rgb-infinity", {}), ("rotation-global-3", {**TWO_BRANCHES, "rgbd_dropout": 0.0})],
)
def test_two_processes_end_where_one_does(tiny, world, settings, tmp_path, name, changes):
    """Each averages over its own returns, so that the gradients agree only nearly."""
    changes = {"batch_size": 4, "weight_decay": 2.0, **changes}
    one = tiny(name, tmp_path / "one", **changes)
    script, out = tmp_path / "two.py", tmp_path / "two"
    script.write_text(TWO)
    arguments = [str(world), str(out), repr({**settings, **changes}), name]
    subprocess.run([sys.executable, str(script), *arguments], check=True, timeout=300)
    (folder,) = {path.parent for path in out.rglob("record.json")}
    two = read_record(folder)
    assert two.data["machine"]["devices"] == 2
    for branch in one.metrics["test"]:
        assert two.rmse_m(branch=branch) == pytest.approx(one.rmse_m(branch=branch), rel=1e-3)
    assert two.data["data"] == one.data["data"]
    experiment, scale, _ = override(EXPERIMENTS[name], SCALES["smoke"], {**settings, **changes})
    torch.manual_seed(0)
    start = {n: p.detach() for n, p in build_model(experiment, scale).named_parameters()}
    alone, together = (load_file(r.folder / "weights.safetensors") for r in (one, two))
    assert _distance(alone, together, start) < 0.01 * _distance(alone, start, start)


def _distance(a, b, names):
    return sum((a[n] - b[n]).square().sum() for n in names).sqrt()


def test_a_full_disk_leaves_no_half_checkpoint(tmp_path):
    """Lightning copies from a temporary file: a small file system has left both of them behind."""
    kept = Path(tempfile.mkstemp()[1])

    checkpoint, partial = tmp_path / "last.ckpt", tmp_path / "last.partial"
    checkpoint.write_bytes(b"whole")

    def train():
        with folder.leaving_nothing_half(checkpoint):
            partial.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device", str(kept), None, str(partial))

    with pytest.raises(OSError, match="No space left") as caught:
        train()
    assert caught.value.filename == str(checkpoint)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"whole"]
    assert not kept.exists()
