"""Sky masks: exact ones, masks from a folder, a segmentation model, LiDAR and colour evidence."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from jaxtyping import Bool, UInt8
from numpy import ndarray

from rigid_depth.data.files import read_mask
from rigid_depth.data.frame import FrameSource, SkyReader
from rigid_depth.data.sky_evidence import sky_from_evidence
from rigid_depth.errors import RigidDepthError

SEGMENTATION = "segmentation:"


def resolve_sky(mode: str | None, sources: Sequence[FrameSource]) -> str | None:
    """The kind of mask "auto" means: "truth" if every frame has an exact one, else "evidence"."""
    if mode == "auto":
        return "truth" if all(source.truth is not None for source in sources) else "evidence"
    return mode


def sky_reader(mode: str | None, sources: Sequence[FrameSource]) -> SkyReader:
    """The function that gives the sky mask of a native frame.

    `mode` is one of "auto": "truth" if every frame has an exact mask (synthetic world), else
    "evidence"; "truth": the exact mask beside the synthetic frames; "evidence":
    `sky_from_evidence`, a guess; "segmentation:FOLDER": a semantic segmentation model of
    `transformers` saved in FOLDER (nothing is downloaded), the class whose label contains "sky";
    any other string: a folder of 8-bit masks `FOLDER/<camera>/<image stem>.png` or
    `FOLDER/<image stem>.png`, not 0 = sky; None: no masks. Raises RigidDepthError for a folder or
    model that is not there.
    """
    mode = resolve_sky(mode, sources)
    if mode is None:
        return _no_sky
    if mode == "truth":
        return _true_sky
    if mode == "evidence":
        return _evident_sky
    if mode.startswith(SEGMENTATION):
        return _segmented_by(load_segmenter(Path(mode.removeprefix(SEGMENTATION))))
    folder = mask_folder(mode)
    if folder is None or not folder.is_dir():
        raise RigidDepthError(
            f"sky '{mode}' is no folder of masks; use 'auto', 'truth', 'evidence', "
            f"'{SEGMENTATION}FOLDER', a folder or None"
        )
    return functools.partial(_sky_from_folder, folder)


def mask_folder(mode: str | None) -> Path | None:
    """The folder that masks are read from, None where they come from elsewhere."""
    if mode in (None, "auto", "truth", "evidence") or mode.startswith(SEGMENTATION):
        return None
    return Path(mode)


def mask_file(folder: Path, source: FrameSource) -> Path:
    """The mask of a frame in a folder of masks: that of its camera, if there is one."""
    name = f"{source.image.stem}.png"
    path = folder / source.camera / name
    return path if path.is_file() else folder / name


def load_segmenter(folder: Path) -> Callable[[UInt8[ndarray, "H W 3"]], Bool[ndarray, "H W"]]:
    """A function that finds the sky with the `transformers` segmentation model in `folder`.

    Raises RigidDepthError when the folder or the package is missing or no class is called sky.
    """
    if not folder.is_dir():
        raise RigidDepthError(f"segmentation model {folder} is no folder; give saved weights")
    try:
        from transformers import AutoImageProcessor, AutoModelForSemanticSegmentation
    except ImportError as error:
        raise RigidDepthError(
            "sky masks by segmentation need the package transformers: pip install transformers"
        ) from error
    processor = AutoImageProcessor.from_pretrained(folder, local_files_only=True)
    model = AutoModelForSemanticSegmentation.from_pretrained(folder, local_files_only=True).eval()
    labels = {int(i): name.lower() for i, name in model.config.id2label.items()}
    classes = torch.tensor([i for i, name in labels.items() if "sky" in name])
    if len(classes) == 0:
        raise RigidDepthError(f"segmentation model {folder} has no class called sky")

    @torch.inference_mode()
    def segment(rgb: ndarray) -> ndarray:
        outputs = model(**processor(images=rgb, return_tensors="pt"))
        sizes = [rgb.shape[:2]]
        best = processor.post_process_semantic_segmentation(outputs, target_sizes=sizes)[0]
        return torch.isin(best, classes).numpy()

    return segment


def _no_sky(source: FrameSource, rgb: ndarray, points: ndarray) -> None:
    return None


def _true_sky(source: FrameSource, rgb: ndarray, points: ndarray) -> ndarray:
    if source.truth is None:
        raise RigidDepthError(f"frame {source.token} has no exact sky mask: no truth/ in its data")
    path = source.truth.with_name(source.truth.name + ".sky.png")
    return read_mask(path, source.token, rgb.shape[:2])


def _evident_sky(source: FrameSource, rgb: ndarray, points: ndarray) -> ndarray:
    return sky_from_evidence(rgb, points, source.intrinsics)


def _segmented_by(segment: Callable[[ndarray], ndarray]) -> SkyReader:
    return lambda source, rgb, points: segment(rgb)


def _sky_from_folder(folder: Path, source: FrameSource, rgb: ndarray, points: ndarray) -> ndarray:
    return read_mask(mask_file(folder, source), source.token, rgb.shape[:2])
