"""Depth for any picture: its size, its cover, its blend, its files."""

import errno

import numpy as np
import pytest
import torch
from PIL import Image

from rigid_depth.data.files import read_depth_picture
from rigid_depth.data.resize import crop_box
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.predict import (
    list_images,
    predict_depth,
    predict_images,
    read_image,
    save_png16,
    windows,
)
from rigid_depth.experiments.recording.weights import Trained
from rigid_depth.experiments.registry import EXPERIMENTS
from rigid_depth.experiments.settings import Scale

SIZES = [(375, 1242), (900, 1600), (96, 192), (300, 200), (33, 500), (1, 1)]


class Constant(torch.nn.Module):
    """Says 25 m everywhere."""

    def infer(self, rgb):
        return torch.full_like(rgb[:, :1], 0.75)


class Row(torch.nn.Module):
    """The encoded depth is the brightness of the picture."""

    def infer(self, rgb):
        return rgb.mean(1, keepdim=True)


def trained(model):
    scale = Scale(name="t", summary="", image_size=(96, 192), steps=1)
    return Trained(model, EXPERIMENTS["rgb"], scale, "t/rgb/seed-0", "0")


@pytest.mark.parametrize("native", SIZES)
def test_parts_cover_the_picture_and_one_is_the_cut_of_training(native):
    parts = list(windows(native, (96, 192)))
    covered = np.zeros(native, bool)
    for top, bottom, left, right in parts:
        covered[top:bottom, left:right] = True
    assert covered.all()
    if min(native) > 1:
        cut = crop_box(native, (96, 192))
        assert any(np.abs(np.subtract(part, cut)).max() <= 1 for part in parts)


@pytest.mark.parametrize("native", SIZES)
def test_a_constant_stays_constant_through_the_blend(native):
    depth_m = predict_depth(trained(Constant()), np.zeros((*native, 3), np.uint8))
    assert depth_m.shape == native
    assert depth_m.dtype == np.float32
    assert np.allclose(depth_m, 25.0, atol=1e-4)


def test_depth_lands_where_it_was_seen():
    """A picture that brightens to the right: blended parts must give that ramp back."""
    ramp = np.linspace(0, 255, 600).astype(np.uint8)
    picture = np.broadcast_to(ramp[None, :, None], (150, 600, 3))
    depth_m = predict_depth(trained(Row()), np.ascontiguousarray(picture))
    expected = 100 * (1 - picture[..., 0] / 255)
    assert np.abs(depth_m - expected).max() < 1.5


def test_files_of_a_folder(finished, tmp_path):
    pictures = tmp_path / "in"
    pictures.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (70, 90, 3)).astype(np.uint8)
    Image.fromarray(noise).save(pictures / "a.png")
    Image.fromarray(noise[..., 0]).save(pictures / "b.jpg")
    (pictures / "notes.txt").write_text("no picture")
    written = predict_images(finished.folder, pictures, tmp_path / "out", progress=False)
    names = ["a-depth.npy", "a-depth.png", "b-depth.npy", "b-depth.png"]
    assert sorted(p.name for p in written) == names
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == names
    depth_m = np.load(tmp_path / "out" / "a-depth.npy")
    assert depth_m.shape == (70, 90)
    assert depth_m.dtype == np.float32
    assert ((depth_m > 0) & (depth_m < 100)).all()
    assert Image.open(tmp_path / "out" / "a-depth.png").size == (90, 70)


def test_a_truncated_picture_is_named_and_nothing_is_written(finished, tmp_path):
    good, bad = tmp_path / "a.jpg", tmp_path / "b.jpg"
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(good)
    bad.write_bytes(good.read_bytes()[:300])
    with pytest.raises(RigidDepthError, match=r"b\.jpg is not a readable image"):
        predict_images(finished.folder, tmp_path, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_results_are_no_pictures_and_none_overwrites_another(finished, tmp_path):
    picture = Image.fromarray(np.zeros((64, 64, 3), np.uint8))
    picture.save(tmp_path / "a.png")
    first, again = (
        predict_images(finished.folder, tmp_path, tmp_path, progress=False) for _ in range(2)
    )
    assert first == again
    picture.save(tmp_path / "a.jpg")
    with pytest.raises(RigidDepthError, match=r"a\.jpg and \S+a\.png would write the same a-depth"):
        predict_images(finished.folder, tmp_path, tmp_path / "out", progress=False)


def test_a_picture_is_read_the_way_it_was_held(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by a quarter
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(tmp_path / "a.jpg", exif=exif)
    assert read_image(tmp_path / "a.jpg").shape == (60, 40, 3)


def test_missing_and_empty_folders(finished, tmp_path):
    with pytest.raises(RigidDepthError, match="no image or folder"):
        predict_images(finished.folder, tmp_path / "none", tmp_path / "out")
    with pytest.raises(RigidDepthError, match="holds no image"):
        predict_images(finished.folder, tmp_path, tmp_path / "out")


def test_grey_of_16_bits_is_scaled_and_32_bits_are_refused(tmp_path):
    steps = np.linspace(0, 65535, 300).astype(np.uint16).reshape(15, 20)
    Image.fromarray(steps).save(tmp_path / "grey.png")
    Image.fromarray(steps.astype(np.int32)).save(tmp_path / "whole.tif")
    Image.fromarray(steps.astype(np.float32)).save(tmp_path / "decimal.tiff")
    rgb = read_image(tmp_path / "grey.png")
    assert rgb.dtype == np.uint8
    np.testing.assert_allclose(rgb, (steps / 257.0)[..., None].repeat(3, 2), atol=1)
    for name in ("whole.tif", "decimal.tiff"):
        with pytest.raises(RigidDepthError, match=rf"{name} holds .* numbers of 32 bits"):
            read_image(tmp_path / name)


@pytest.mark.parametrize("limit_of_pillow", [None, 10, 10**9])
def test_too_large_a_picture_is_refused_whatever_the_limit_of_pillow(
    tmp_path, monkeypatch, limit_of_pillow
):
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / "a.png")
    monkeypatch.setattr("rigid_depth.experiments.predict.MOST_PIXELS", 599)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit_of_pillow)
    with pytest.raises(RigidDepthError, match=r"a\.png has more than 599 pixels"):
        read_image(tmp_path / "a.png")


def test_several_images_sub_folders_and_files_of_a_mac(finished, tmp_path):
    picture = Image.fromarray(np.full((40, 50, 3), 90, np.uint8))
    for name in ("a.png", "one/b.jpg", "one/two/b.jpg"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
        path.with_name(f"._{path.name}").write_bytes(b"\0\5\x16\7 no picture")
    names = lambda written: sorted(p.relative_to(tmp_path / "out").as_posix() for p in written)  # noqa: E731
    predict = lambda images, **options: names(  # noqa: E731
        predict_images(finished.folder, images, tmp_path / "out", progress=False, **options)
    )
    assert predict(tmp_path / "in") == ["a-depth.npy", "a-depth.png"]
    every = ["a", "one/b", "one/two/b"]
    wanted = sorted(f"{name}-depth.{end}" for name in every for end in ("npy", "png"))
    assert predict(tmp_path / "in", recursive=True) == wanted
    assert all((tmp_path / "out" / name).is_file() for name in wanted)
    two = [tmp_path / "in" / "a.png", tmp_path / "in" / "one"]
    assert predict(two) == ["a-depth.npy", "a-depth.png", "b-depth.npy", "b-depth.png"]
    with pytest.raises(RigidDepthError, match="would write the same b-depth"):
        predict([tmp_path / "in" / "one", tmp_path / "in" / "one" / "two"])
    with pytest.raises(RigidDepthError, match="no image or folder"):
        predict([tmp_path / "in" / "a.png", tmp_path / "in" / "c.png"])


def test_a_folder_that_is_called_as_an_image_is_a_folder(tmp_path):
    (tmp_path / "clip.png").mkdir()
    for name in ("a.png", "clip.png/b.png"):
        Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(tmp_path / name)
    assert list(list_images([tmp_path])) == ["a"]
    assert list(list_images([tmp_path], recursive=True)) == ["a", "clip.png/b"]


def test_depth_in_the_format_of_kitti(finished, tmp_path):
    Image.fromarray(np.full((40, 50, 3), 90, np.uint8)).save(tmp_path / "a.png")
    out = tmp_path / "out"
    predict_images(finished.folder, tmp_path, out, png16=True, progress=False)
    picture = Image.open(out / "a-depth16.png")
    assert picture.mode == "I;16"
    depth_m = np.load(out / "a-depth.npy")
    assert np.abs(np.array(picture) / 256 - depth_m).max() <= 1 / 512
    assert (read_depth_picture(out / "a-depth16.png", "t") == np.array(picture) / 256).all()
    assert predict_images(finished.folder, out.parent, out, progress=False)  # no result is taken in
    save_png16(tmp_path / "ends.png", np.array([[0.0, 300.0, 1 / 256]], np.float32))
    assert np.array(Image.open(tmp_path / "ends.png")).tolist() == [[1, 65535, 1]]


def test_a_result_that_cannot_be_written_leaves_nothing(finished, tmp_path, monkeypatch):
    Image.fromarray(np.zeros((40, 50, 3), np.uint8)).save(tmp_path / "a.png")

    def full(path, _):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr("rigid_depth.experiments.predict._save_picture", full)
    with pytest.raises(OSError, match="No space left"):
        predict_images(finished.folder, tmp_path, tmp_path / "out", progress=False)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a-depth.npy"]
