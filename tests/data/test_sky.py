import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from rigid_depth.data import open_frames
from rigid_depth.data.files import read_mask
from rigid_depth.data.sky_evidence import sky_from_evidence
from rigid_depth.errors import RigidDepthError

K = np.array([[320.0, 0, 200.0], [0, 320.0, 120.0], [0, 0, 1.0]])


def true_mask(source):
    return torch.from_numpy(
        read_mask(source.truth.with_name(source.truth.name + ".sky.png"), source.token)
    )


def test_truth_is_the_exact_mask_and_the_default_for_the_synthetic_world(tiny_world):
    for mode in ("auto", "truth"):
        frames = open_frames("synthetic", tiny_world, "all", size=None, sky=mode)
        frame = frames[0]
        assert torch.equal(frame.sky, true_mask(frames.sources[0]))
        assert not (frame.dense_depth_m > 0)[frame.sky].any()
    assert open_frames("synthetic", tiny_world, "all", size=None, sky=None)[0].sky is None


def test_the_fallback_finds_most_of_the_sky_by_day_and_little_else(tiny_world):
    frames = open_frames("synthetic", tiny_world, "all", size=None, sky="evidence")
    wanted = [i for i, s in enumerate(frames.sources) if s.condition in ("day", "rain")]
    guess = torch.stack([frames[i].sky for i in wanted])
    truth = torch.stack([true_mask(frames.sources[i]) for i in wanted])
    iou = (guess & truth).sum() / (guess | truth).sum()
    precision = (guess & truth).sum() / guess.sum()
    assert iou > 0.5
    assert precision > 0.9


def test_the_fallback_keeps_off_returns_and_the_ground():
    rng = np.random.default_rng(0)
    image = rng.integers(60, 90, (240, 400, 3)).astype(np.uint8)
    image[:80] = (150, 190, 250)
    image[40:80, 100:160] = (200, 200, 190)  # a facade as bright as the sky, but with returns
    u, v = np.meshgrid(np.arange(100, 160, 4.0), np.arange(40, 80, 6.0))
    points = np.stack([u, v, u * 0 + 20], -1).reshape(-1, 3).astype(np.float32)
    sky = sky_from_evidence(image, points, K)
    assert sky[:30].mean() > 0.9
    assert not sky[90:].any()
    assert sky[48:80, 104:156].mean() < 0.05
    assert np.array_equal(sky, sky_from_evidence(image, points, K))


def test_the_fallback_finds_no_sky_in_a_tunnel():
    image = np.full((240, 400, 3), 40, np.uint8)
    points = np.array([[u, 3.0, 9.0] for u in range(0, 400, 3)], np.float32)
    assert not sky_from_evidence(image, points, K).any()


def test_a_dim_smooth_wall_above_the_topmost_beam_is_no_sky():
    image = np.full((240, 400, 3), 40, np.uint8)
    image[:60, ::7] = 44
    points = np.array([[u, 61.0, 9.0] for u in range(0, 400, 3)], np.float32)
    assert not sky_from_evidence(image, points, K).any()


def test_the_fallback_on_real_images(real):
    """The front camera sees an open sky, the left one stands by a building: judged by eye."""
    cameras = ("CAM_FRONT", "CAM_BACK_LEFT")
    frames = open_frames("nuscenes", real / "nuscenes", "all", size=None, cameras=cameras)
    sky = {frame.camera: frame.sky for frame in frames}
    assert 0.15 < sky["CAM_FRONT"].float().mean() < 0.25
    assert sky["CAM_FRONT"][50:150, 600:1400].float().mean() > 0.95
    assert sky["CAM_BACK_LEFT"].float().mean() < 0.02


@pytest.mark.parametrize("place", ["CAM_FRONT/{}.png", "{}.png"])
def test_masks_from_a_folder(tiny_world, tmp_path, place):
    frames = open_frames("synthetic", tiny_world, "all", size=None, sky=str(tmp_path))
    mask = np.zeros((450, 800), np.uint8)
    mask[:10] = 255
    path = tmp_path / place.format(frames.sources[0].image.stem)
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(mask).save(path)
    assert torch.equal(frames[0].sky, torch.from_numpy(mask > 0))
    with pytest.raises(RigidDepthError, match=f"frame {frames.sources[1].token}.*missing"):
        frames[1]
    Image.fromarray(mask[:-1]).save(path)
    with pytest.raises(RigidDepthError, match="is 449x800, its image 450x800"):
        frames[0]


def fake_transformers(labels):
    """A stand-in for the package: pixels of channel 0 above 100 are class 1."""

    class Processor:
        @staticmethod
        def from_pretrained(folder, local_files_only):
            assert local_files_only
            return Processor()

        def __call__(self, images, return_tensors):
            return {"pixels": torch.from_numpy(images)}

        def post_process_semantic_segmentation(self, outputs, target_sizes):
            assert tuple(outputs.shape) == target_sizes[0]
            return [outputs]

    class Model(torch.nn.Module):
        config = SimpleNamespace(id2label=labels)

        @staticmethod
        def from_pretrained(folder, local_files_only):
            assert local_files_only
            return Model()

        def forward(self, pixels):
            return (pixels[..., 0] > 100).long()

    module = ModuleType("transformers")
    module.AutoImageProcessor, module.AutoModelForSemanticSegmentation = Processor, Model
    return module


def test_a_segmentation_model_of_the_users(tiny_world, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", fake_transformers({0: "road", 1: "Sky"}))
    mode = f"segmentation:{tmp_path}"
    frame = open_frames("synthetic", tiny_world, "all", size=None, sky=mode)[0]
    assert torch.equal(frame.sky, frame.rgb[0] > 100)
    monkeypatch.setitem(sys.modules, "transformers", fake_transformers({0: "road"}))
    with pytest.raises(RigidDepthError, match="has no class called sky"):
        open_frames("synthetic", tiny_world, "all", sky=mode)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(RigidDepthError, match="pip install transformers"):
        open_frames("synthetic", tiny_world, "all", sky=mode)


def test_sky_sources_that_are_not_there(tiny_world, fake_kitti, tmp_path):
    with pytest.raises(RigidDepthError, match=r"sky 'clouds' is no folder of masks; use 'auto'"):
        open_frames("synthetic", tiny_world, "all", sky="clouds")
    with pytest.raises(RigidDepthError, match=r"segmentation model .* is no folder"):
        open_frames("synthetic", tiny_world, "all", sky=f"segmentation:{tmp_path / 'no'}")
    frames = open_frames("kitti", fake_kitti({"0005": [0]}), "train", sky="truth", size=(32, 64))
    with pytest.raises(RigidDepthError, match="has no exact sky mask"):
        frames[0]
