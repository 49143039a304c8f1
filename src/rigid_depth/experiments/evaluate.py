"""Trained weights on any split, after the run or on other data, by our metrics or a project's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from rigid_depth.data import open_frames, rasterise
from rigid_depth.data.kitti_forward import forward_depth
from rigid_depth.data.kitti_lists import EIGEN
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.measuring.measure import best_device, measure, predictor
from rigid_depth.experiments.measuring.protocols import find_protocol, score_images
from rigid_depth.experiments.predict import predict_depth
from rigid_depth.experiments.recording.weights import Trained, load_weights
from rigid_depth.experiments.settings import Scale, override
from rigid_depth.experiments.stores import (
    KITTI_EIGEN,
    check_known,
    data_options,
    data_root,
    make_store,
)

NOTHING = {
    "train_drives": (), "val_drives": (), "train_files": "", "val_files": "", "test_files": "",
    "split_by": "scene",
}  # fmt: skip


def evaluate_weights(
    path: str | Path,
    split: str = "test",
    *,
    experiment: str | None = None,
    dataset: str | None = None,
    dataroot: str | Path | None = None,
    protocol: str | None = None,
    drives: tuple[str, ...] = (),
    files: str | Path = "",
    overrides: dict | None = None,
    progress: bool = True,
) -> dict[str, dict]:
    """The metrics of trained weights by branch, on a split of the run's data or of other data.

    In batches of the run, as thinned and noisy LiDAR is drawn for a batch at once: on the run's
    own data the numbers are those of its record. Of KITTI, `drives` or `files`, a list of frames,
    are measured alone in place of a split; the split "eigen" is the list of Eigen's test frames.
    With a `protocol` the numbers are those of another project, see `by_protocol`. Raises
    RigidDepthError for weights of another experiment than the one named, and without `dataset` for
    older ones that do not tell theirs.
    """
    find_protocol(protocol) if protocol else None
    trained = load_weights(path, only=(experiment,) if experiment else ())
    dataset = dataset or trained.dataset
    if not dataset:
        raise RigidDepthError(
            f"weights {path} do not tell the data set of '{trained.origin}'; give it by --dataset."
        )
    chosen = _of_kitti(split, drives, files, dataset)
    scale = override(trained.experiment, trained.scale, chosen | (overrides or {}))[1]
    if chosen:
        split, dataset = "test", "kitti"
    check_known(overrides or {}, dataset)
    if protocol:
        return by_protocol(trained, scale, split, dataset, dataroot, protocol, progress)
    store = make_store(scale, dataset, dataroot, progress=progress)
    frames = store.split(split)
    predict = predictor(trained.model.to(best_device()), trained.experiment)
    bar = f"{trained.origin} on {split} of {dataset}" if progress else ""
    return measure(predict, frames, range(len(frames)), scale.batch_size, bar)


def by_protocol(
    trained: Trained,
    scale: Scale,
    split: str,
    dataset: str,
    dataroot: str | Path | None,
    protocol: str,
    progress: bool,
) -> dict[str, dict]:
    """The numbers of another project for the RGB branch, at the native size of the images.

    The whole image is predicted as by `predict_depth` and compared with every return or annotated
    pixel in it: camera z within (1, 100] m, or what the project itself takes for the truth of a
    KITTI sweep (`rigid_depth.data.kitti_forward`).
    """
    name, rules = find_protocol(protocol)
    root = data_root(scale, dataset, dataroot, progress=progress)
    options = data_options(scale, dataset) | {"sky": None}
    family = "kitti" if dataset == KITTI_EIGEN else dataset
    frames = open_frames(family, root, split, size=None, **options)
    trained.model.to(best_device())
    forward = rules.forward and family == "kitti" and "annotation_root" not in options

    def pairs() -> Iterator[tuple[Tensor, Tensor]]:
        for k in tqdm(range(len(frames)), desc=name, unit="frame", disable=not progress):
            frame = frames[k]
            rgb = frame.rgb.permute(1, 2, 0).numpy()
            size = tuple(frame.rgb.shape[1:])
            true_m = (
                torch.from_numpy(forward_depth(frames.sources[k], size))
                if forward
                else rasterise(frame.points, size)[0]
            )
            yield torch.from_numpy(predict_depth(trained, rgb)), true_m

    found = score_images(pairs(), rules)
    return {"rgb": {"protocol": name, "code": rules.code, "frames": len(frames), **found}}


def _of_kitti(split: str, drives: tuple[str, ...], files: str | Path, dataset: str) -> dict:
    """The settings that choose single drives or frames of KITTI; empty if none are asked for."""
    asked = [
        {"val_drives": tuple(drives)} if drives else None,
        {"test_files": str(files)} if files else None,
        {"test_files": EIGEN} if split == EIGEN else None,
    ]
    chosen = [settings for settings in asked if settings]
    if not chosen and dataset == KITTI_EIGEN and split != "train":
        chosen = [{"test_files": EIGEN}]
    if not chosen:
        return {}
    if len(chosen) > 1:
        raise RigidDepthError("give one of drives, a list of frames and the split 'eigen'.")
    if dataset not in ("kitti", KITTI_EIGEN):
        raise RigidDepthError(
            f"drives, lists of frames and the split 'eigen' belong to kitti, not to {dataset}."
        )
    return NOTHING | chosen[0]
