"""What does not belong to a run is refused by name, and nothing half-written stays."""

import importlib
import shutil

import pytest
import torch

from rigid_depth.data import open_store
from rigid_depth.data.batches import PreparedSplit
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.evaluate import evaluate_weights
from rigid_depth.experiments.plan import plan_run
from rigid_depth.experiments.registry import EXPERIMENTS, SCALES
from rigid_depth.experiments.settings import override
from rigid_depth.experiments.stores import make_store
from rigid_depth.models.two_branch import Outputs
from street_world import write_world

RUN = importlib.import_module("rigid_depth.experiments.runner")


def test_a_checkpoint_of_another_experiment(tiny, settings, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RUN, "write_run", stop)
        with pytest.raises(KeyboardInterrupt):
            tiny("rgb", tmp_path)
    (checkpoint,) = tmp_path.rglob("last.ckpt")
    other = plan_run("rgb-infinity", out=tmp_path, overrides=settings).folder
    other.mkdir(parents=True)
    shutil.copy(checkpoint, other)
    with pytest.raises(RigidDepthError, match="belongs to experiment 'rgb', seed 0, not to"):
        tiny("rgb-infinity", tmp_path)
    assert [p.name for p in other.iterdir()] == ["last.ckpt"]


def test_an_unreadable_checkpoint(tiny, settings, tmp_path):
    folder = plan_run("rgb", out=tmp_path, overrides=settings).folder
    folder.mkdir(parents=True)
    (folder / "last.ckpt").write_bytes(b"not a checkpoint")
    with pytest.raises(RigidDepthError, match=r"last\.ckpt is not readable"):
        tiny("rgb", tmp_path)


def test_weights_of_another_experiment(finished, tiny, world, tmp_path):
    with pytest.raises(RigidDepthError, match="experiment 'rgb'; allowed here: rgb-infinity"):
        tiny("rgb-infinity", tmp_path, init_from=finished.folder)
    with pytest.raises(RigidDepthError, match="experiment 'rgb'; allowed here: rgb-infinity"):
        evaluate_weights(finished.folder, experiment="rgb-infinity", dataroot=world)
    assert list(tmp_path.iterdir()) == []


def test_weights_of_another_width(finished, tiny, tmp_path):
    with pytest.raises(RigidDepthError, match=r"trained with width 0\.1"):
        tiny("rgb", tmp_path, init_from=finished.folder, width=0.25)
    assert not list(tmp_path.rglob("record.json"))


def test_a_file_that_holds_no_weights(tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"\0" * 100)
    with pytest.raises(RigidDepthError, match="not a weights file"):
        evaluate_weights(path)


def test_a_baseline_has_no_weights_to_start_from(finished, tiny, tmp_path):
    with pytest.raises(RigidDepthError, match="no weights to start from"):
        tiny("row-mean-depth", tmp_path, init_from=finished.folder)


def test_the_infinity_loss_needs_the_sky(tiny, tmp_path):
    with pytest.raises(RigidDepthError, match="needs sky masks"):
        tiny("rgb-infinity", tmp_path, sky="")
    assert not list(tmp_path.rglob("record.json"))


def test_the_true_depth_of_every_pixel_is_of_the_synthetic_world(tiny, tmp_path, monkeypatch):
    def unknown(split: PreparedSplit, chosen: list[int]) -> torch.Tensor:
        return torch.zeros(len(chosen), *split._size)

    monkeypatch.setattr(PreparedSplit, "_dense_depth_m", unknown)
    with pytest.raises(RigidDepthError, match="trains on the true depth of every pixel"):
        tiny("rgb-dense", tmp_path)
    assert not list(tmp_path.rglob("record.json"))


def test_a_warm_up_without_a_step_is_refused(tiny, tmp_path):
    with pytest.raises(RigidDepthError, match=r"'warmup' is 0\.1 of 9 steps"):
        tiny("rgb", tmp_path, steps=9, warmup=0.1)
    assert not list(tmp_path.rglob("record.json"))


def test_latents_too_small_to_be_compared_are_refused_before_the_training(tiny, tmp_path):
    with pytest.raises(RigidDepthError, match=r"latents of 1 x 1 pixels are too few .* 10 latent"):
        tiny("mse", tmp_path, image_size="32x32")
    assert not list(tmp_path.rglob("*.ckpt"))


@pytest.mark.parametrize("name", ["rgb", "constant-depth"])
def test_a_split_without_frames_is_refused_before_anything_is_written(
    name, tiny, tmp_path, monkeypatch
):
    make = RUN.make_store

    def emptied(*arguments, **options):
        store = make(*arguments, **options)
        store.counts["val"]["frames"] = 0
        return store

    monkeypatch.setattr(RUN, "make_store", emptied)
    with pytest.raises(RigidDepthError, match="split 'val' of synthetic has no frames"):
        tiny(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_real_data_set_needs_its_folder():
    with pytest.raises(RigidDepthError, match="needs --dataroot"):
        make_store(SCALES["smoke"], "nuscenes")


def test_another_world_in_the_same_place_gets_another_store(tmp_path):
    scale, root = (
        override(EXPERIMENTS["rgb"], SCALES["smoke"], {"image_size": "32x64"})[1],
        tmp_path / "w",
    )
    stores = []
    for seed in (0, 1):
        shutil.rmtree(root, ignore_errors=True)
        write_world(
            root, scenes=3, frames_per_scene=1, seed=seed, image_size=(112, 200), workers=1,
            progress=False,
        )  # fmt: skip
        stores.append(make_store(scale, "synthetic", root, progress=False))
    assert stores[0].path != stores[1].path
    assert stores[0].fingerprint != stores[1].fingerprint


def test_an_unfinished_store_is_not_read(tmp_path):
    with pytest.raises(RigidDepthError, match="no finished prepared store"):
        open_store(tmp_path)


def test_a_prediction_that_is_not_finite_is_no_result(tiny, tmp_path, monkeypatch):
    def broken(self, batch):
        return Outputs({"rgb": self.infer(batch["rgb"]) + torch.tensor(float("nan"))})

    monkeypatch.setattr("rigid_depth.experiments.methods.rgb.RgbOnly.forward", broken)
    with pytest.raises(RigidDepthError, match="loss is nan at step 0"):
        tiny("rgb", tmp_path)
    assert not list(tmp_path.rglob("*.ckpt"))
