"""The two settings of a run: the experiment (what is trained, with which losses) and the scale."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import typing
from dataclasses import dataclass

from rigid_depth.errors import RigidDepthError

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed", "auto")
SCHEDULES = ("one-cycle", "constant")
SUPERVISIONS = ("all", "withheld")
AXES = ("channels", "pixels")
ANCHORS = ("learned", "local", "parallel", "pretrained", "pretrained-conv")
CONTEXTS = ("global", "local")
ROTATIONS = ("pointnet", "oracle", "identity")
ROTATION_LOSSES = ("matrix", "geodesic", "latent")
TARGETS = ("procrustes", "pointnet")
ENCODINGS = ("linear", "reciprocal")
SPLITS_BY = ("scene", "frame")


@dataclass(frozen=True)
class Experiment:
    """One way of training and all its numbers (thesis chapters 6 and 7), frozen and checked.

    Weights of the losses are (initial, mid, end) of the schedule of 6.2. Where the thesis is
    silent the default is ours and the comment says so.

    Raises:
        RigidDepthError: a value is outside what its field allows.
    """

    name: str
    label: str  # as in Table 8.2
    section: str  # of the thesis; empty for a control the thesis lacks
    notebook: str  # the notebook that shows it, relative to the repository
    method: str = "rgb"  # which network: a key of experiments.methods, or a baseline
    starts_from: tuple[str, ...] = ()  # other experiments whose weights may start this one
    needs: str = ""  # the experiment whose trained weights this one is built on, of the same seed

    infinity: bool = False  # adds the infinity loss, eq 5.13
    infinity_weight: tuple[float, float, float] = (0.09, 0.07, 0.05)  # 6.2
    infinity_threshold: float = 0.01  # encoded depth, t of 5.3
    warmup: float = 0.15  # share of the steps: 6 of 40 epochs, for all three schedules
    alignment_weight: tuple[float, float, float] = (0.05, 0.14, 0.18)  # 6.2, "secondary"
    weight_schedule: str = "one-cycle"  # or "constant": the middle weight throughout
    balancing: bool = True  # eq 6.1; otherwise the weights multiply the losses as they are

    peak_learning_rate: float = 1.5e-4  # 6.2; a scale multiplies it by its own factor
    learning_rate_div: float = 2.3077  # peak / initial 6.5e-5
    learning_rate_final_div: float = 7.2222  # initial / end 9e-6
    weight_decay: float = 0.2  # decoupled; coupled it kills the weights
    attention: str = "cbam"
    dropout: float = 0.0

    encoding: str = "linear"  # y = (100 - d)/100, or "reciprocal" y = 1/d
    max_depth_m: float = 100.0

    detach_depth: bool = False  # the alignment loss does not train the RGB-D branch (7.4)
    detach_rgb: bool = False  # the RGB branch's own depth loss does not train its encoder (7.8)
    shared_encoder: bool = False  # one encoder for RGB and RGB-D (7.1)
    shared_decoder: bool = False  # one decoder for both (7.5)
    freeze_encoders: bool = False  # those of the experiment it needs, with fresh decoders (7.4)
    rgbd_width: float = 1.0  # channels of the RGB-D encoder's scales, times the RGB encoder's
    rgbd_dropout: float = 0.1  # in the RGB-D branch (6.2; the rate is ours)
    lidar_share: float = 1.0  # of the returns that the RGB-D branch is given (7.1: a tenth)
    lidar_noise: float = 0.0  # std on their encoded depth, which stays in [0, 1] (7.1: 0.2)
    depth_supervision: str = "all"  # or "withheld": only returns that the branch was not given
    coral_over: str = "channels"  # or "pixels": what the covariance is of (7.5)
    anchors: str = "learned"  # of the relative representations (7.7)
    align_codes: bool = False  # MSE between the relative representations (7.7)
    context: str = "global"  # of the point clouds that are rotated (eqs 7.2, 7.3)
    point_dim: int = 3
    rotation: str = "pointnet"  # where R_rgb comes from (7.8)
    rotation_loss: str = "matrix"
    rotation_target: str = "procrustes"  # where R_rgbd comes from

    flip: float = 0.5  # chance of a mirrored frame; the thesis is silent on augmentation
    jitter: float = 0.2  # brightness, contrast, saturation times 1 +- this; silent too

    def __post_init__(self) -> None:
        _set_types(self)
        for name in ("flip", "warmup"):
            _within(self, name, 0.0, 1.0)
        _within(self, "jitter", 0.0, 0.99)
        for name in ("dropout", "rgbd_dropout"):
            _within(self, name, 0.0, 0.99)
        _within(self, "lidar_share", 0.0, 1.0)
        _within(self, "lidar_noise", 0.0, 10.0)
        _within(self, "rgbd_width", 0.05, 4.0)
        _within(self, "point_dim", 2, 64)
        _within(self, "infinity_threshold", 0.0, 1.0)
        _within(self, "max_depth_m", 1.0, 1000.0)
        for name in ("peak_learning_rate", "weight_decay"):
            _within(self, name, 0.0, 10.0)
        for name in ("learning_rate_div", "learning_rate_final_div"):
            _within(self, name, 1.0, 1e6)
        for name in ("infinity_weight", "alignment_weight"):
            if min(getattr(self, name)) < 0:
                raise RigidDepthError(
                    f"parameter '{name}' is {getattr(self, name)}; allowed are weights from 0."
                )
        for name, allowed in (
            ("encoding", ENCODINGS), ("weight_schedule", SCHEDULES), ("anchors", ANCHORS),
            ("depth_supervision", SUPERVISIONS), ("coral_over", AXES), ("context", CONTEXTS),
            ("rotation", ROTATIONS), ("rotation_loss", ROTATION_LOSSES),
            ("rotation_target", TARGETS),
        ):  # fmt: skip
            _one_of(self, name, allowed)
        _refuse_contradictions(self)


@dataclass(frozen=True)
class Scale:
    """How big a run is: data, image, network width, steps (DESIGN section 5), frozen and checked.

    `summary` states the cost and the expected result. `steps` counts optimiser steps; where it is
    0 the run lasts `epochs` passes over the training frames.

    Raises:
        RigidDepthError: a value is outside what its field allows.
    """

    name: str
    summary: str
    dataset: str = "synthetic"
    version: str = ""  # of a nuScenes root; empty = the data set's own default
    split_by: str = "scene"  # or "frame", the thesis's 80/10/10 of frames
    cameras: tuple[str, ...] = ("CAM_FRONT",)
    sky: str = "auto"  # where sky masks come from: exact ones if the data has them, else a guess
    train_drives: tuple[str, ...] = ("0005",)  # KITTI only
    val_drives: tuple[str, ...] = ("0013",)  # KITTI only; without test drives the test split too

    scenes: int = 12  # of the synthetic world
    frames_per_scene: int = 4
    world_seed: int = 0

    image_size: tuple[int, int] = (96, 192)  # height, width in px, multiples of 32
    width: float = 1.0  # multiplier of all channel counts
    steps: int = 0
    epochs: int = 0
    batch_size: int = 8
    learning_rate_factor: float = 1.0  # times Experiment.peak_learning_rate
    precision: str = "32-true"  # "auto": bf16-mixed where the processor computes in bf16
    compile: bool = False  # the network by torch.compile, on a GPU

    validate_every: int = 100  # steps
    checkpoint_every: int = 100  # steps
    log_every: int = 20  # steps averaged into one point of the training curve
    val_frames: int = 200  # at most, for the curve; the final metrics take the whole split
    train_frames: int = 200  # at most, for the final metrics on training frames

    def __post_init__(self) -> None:
        _set_types(self)
        for side in self.image_size:
            if side <= 0 or side % 32:
                raise RigidDepthError(
                    f"image size {self.image_size[0]}x{self.image_size[1]} is not possible: height "
                    "and width must be multiples of 32, for example 96x192 or 384x768."
                )
        _within(self, "width", 0.05, 4.0)
        _within(self, "learning_rate_factor", 1e-3, 1e3)
        for name in ("batch_size", "validate_every", "checkpoint_every", "log_every", "scenes",
                     "frames_per_scene", "val_frames", "train_frames"):  # fmt: skip
            _within(self, name, 1, 10**9)
        if self.steps < 0 or self.epochs < 0 or (self.steps == 0) == (self.epochs == 0):
            raise RigidDepthError(
                f"a run needs either steps or epochs above 0 and the other 0, got steps="
                f"{self.steps} and epochs={self.epochs}."
            )
        _one_of(self, "precision", PRECISIONS)
        _one_of(self, "split_by", SPLITS_BY)


def override(
    experiment: Experiment, scale: Scale, changes: dict[str, object]
) -> tuple[Experiment, Scale, dict[str, object]]:
    """Returns both settings with the named fields changed, and what really differs, typed.

    Values may be strings as typed on a command line ("96x192", "0.1,0.2,0.3", "true"). Giving
    `steps` sets `epochs` to 0 and the other way round.

    Raises:
        RigidDepthError: no such field, a value of another type, or one that is not allowed.
    """
    names = open_fields(experiment) + open_fields(scale)
    for name in changes:
        if name not in names:
            raise RigidDepthError(
                f"unknown parameter '{name}'; allowed are: {', '.join(sorted(names))}."
            )
    changes = dict(changes)
    for name, other in (("steps", "epochs"), ("epochs", "steps")):
        if name in changes:
            changes.setdefault(other, 0)
    pair = []
    for settings in (experiment, scale):
        mine = {n: v for n, v in changes.items() if n in open_fields(settings)}
        pair.append(dataclasses.replace(settings, **typed(type(settings), mine)))
    differs = {
        name: getattr(new, name)
        for old, new in zip((experiment, scale), pair, strict=True)
        for name in open_fields(old)
        if getattr(old, name) != getattr(new, name)
    }
    return pair[0], pair[1], differs


def parameters(experiment: Experiment, scale: Scale, dataset: str) -> dict:
    """All fields of both that decide a result, as JSON values; paths lose their folders."""
    fields = {**dataclasses.asdict(experiment), **dataclasses.asdict(scale), "dataset": dataset}
    for name in ("name", "label", "section", "notebook", "summary", "starts_from", "needs"):
        fields.pop(name)
    return json.loads(json.dumps({name: placeless(value) for name, value in fields.items()}))


def open_fields(settings: Experiment | Scale) -> list[str]:
    """The fields a run may change: all but those that say what the settings are."""
    fixed = {"name", "label", "section", "notebook", "method", "starts_from", "needs", "summary"}
    fixed.add("dataset")
    return [f.name for f in dataclasses.fields(settings) if f.name not in fixed]


def as_text(value: object) -> str:
    """A value as it stands in the name of a folder: 96x192, 0.1x0.2x0.3, 20."""
    return "x".join(map(as_text, value)) if isinstance(value, tuple) else f"{placeless(value)}"


def placeless(value: object) -> object:
    """The value; of a text that names a path only the last part: segmentation:/a/b is ...:b."""
    return re.sub(r"[^:]*/", "", value.rstrip("/")) if isinstance(value, str) else value


def typed(kind: type, values: dict[str, object]) -> dict[str, object]:
    """The values as the fields of `Experiment` or `Scale` declare them, from text, JSON or Python.

    Raises RigidDepthError for a value that has no such reading.
    """
    hints = typing.get_type_hints(kind)
    result = {}
    for name, value in values.items():
        try:
            result[name] = _convert(value, hints[name])
        except (ValueError, TypeError, KeyError, OverflowError):
            raise RigidDepthError(
                f"parameter '{name}' is {value!r}; it takes {_say(hints[name])}."
            ) from None
    return result


def _set_types(settings: Experiment | Scale) -> None:
    """Gives every field of settings in the making its declared type."""
    values = {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings)}
    for name, value in typed(type(settings), values).items():
        object.__setattr__(settings, name, value)


def _convert(value: object, kind: object) -> object:
    if typing.get_origin(kind) is tuple:
        kinds = typing.get_args(kind)
        if isinstance(value, str):
            value = value.replace("x", ",").split(",") if kinds[0] is not str else value.split(",")
        if kinds[-1] is Ellipsis:
            kinds = kinds[:1] * len(value)
        return tuple(_convert(v, k) for v, k in zip(value, kinds, strict=True))
    if value is None:
        raise ValueError
    if kind is bool:
        return {"true": True, "1": True, "false": False, "0": False}[str(value).lower()]
    if isinstance(value, bool) or (kind is int and float(value) != int(float(value))):
        raise ValueError
    number = kind(value) if kind is not int else int(float(value))
    if kind is float and not math.isfinite(number):
        raise ValueError
    return number


def _say(kind: object) -> str:
    words = {int: "a whole number", float: "a number", str: "a word", bool: "true or false"}
    if typing.get_origin(kind) is tuple:
        kinds = typing.get_args(kind)
        count = "a list of" if kinds[-1] is Ellipsis else f"{len(kinds)}"
        return f"{count} values separated by commas, each {words[kinds[0]]}"
    return words[kind]


def _within(settings: Experiment | Scale, name: str, low: float | int, high: float | int) -> None:
    value = getattr(settings, name)
    if not low <= value <= high:
        raise RigidDepthError(f"parameter '{name}' is {value}; allowed are {low:g} to {high:g}.")


def _refuse_contradictions(e: Experiment) -> None:
    """Raises where fields that are right each for itself cannot be meant together."""
    if not e.needs and (e.freeze_encoders or e.anchors.startswith("pretrained")):
        raise RigidDepthError(
            f"experiment '{e.name}' has nothing to start from: 'freeze_encoders' and anchors "
            "'pretrained...' belong to an experiment that is built on a trained one."
        )
    if e.depth_supervision == "withheld" and e.lidar_share == 1:
        raise RigidDepthError(
            "parameter 'depth_supervision' is 'withheld', but every return is given; allowed is a "
            "'lidar_share' below 1."
        )
    if (e.anchors == "parallel") != (e.method == "relative-parallel"):
        raise RigidDepthError(
            f"parameter 'anchors' is '{e.anchors}'; 'parallel' is allowed, and needed, in the "
            "experiment 'relative-parallel' alone."
        )


def _one_of(settings: Experiment | Scale, name: str, allowed: tuple[str, ...]) -> None:
    value = getattr(settings, name)
    if value not in allowed:
        raise RigidDepthError(f"parameter '{name}' is '{value}'; allowed: {', '.join(allowed)}.")
