"""The two settings of a run: the experiment (what is trained, with which losses) and the scale."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from typing import Annotated, Literal

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.fields import Within, read_fields, settle

Share = Annotated[float, Within(0, 1)]
Dropout = Annotated[float, Within(0, 0.99)]
Rate = Annotated[float, Within(0, 10)]
Ratio = Annotated[float, Within(1, 1e6)]
Weight = Annotated[float, Within(0, of="weights")]
Width = Annotated[float, Within(0.05, 4)]
Count = Annotated[int, Within(1)]

DESCRIBE = ("name", "label", "section", "notebook", "summary", "starts_from", "needs")
"""Fields that say what settings are: no run changes them, and a record does not repeat them."""


@dataclass(frozen=True)
class Experiment:
    """One way of training and all its numbers (thesis chapters 6 and 7), frozen and checked.

    Weights of the losses are (initial, mid, end) of the schedule of 6.2. Where the thesis is
    silent the default is ours and the comment says so.

    Raises RigidDepthError for a value that its field does not allow.
    """

    name: str
    label: str  # as in thesis Tables 8.2 and 8.5, where it has a row there
    section: str  # of the thesis; empty for a control the thesis lacks
    notebook: str  # the notebook that shows it, relative to the repository
    method: str = "rgb"  # which network: a key of experiments.methods, or a baseline
    starts_from: tuple[str, ...] = ()  # other experiments whose weights may start this one
    needs: str = ""  # the experiment whose trained weights this one is built on, of the same seed

    infinity: bool = False  # adds the infinity loss, thesis eq. 5.13
    infinity_weight: tuple[Weight, Weight, Weight] = (0.09, 0.07, 0.05)  # 6.2
    infinity_threshold: Share = 0.01  # encoded depth, t of 5.3
    warmup: Share = 0.15  # share of the steps: 6 of 40 epochs, for all three schedules
    alignment_weight: tuple[Weight, Weight, Weight] = (0.05, 0.14, 0.18)  # 6.2, "secondary"
    weight_schedule: Literal["one-cycle", "constant"] = "one-cycle"  # constant: the middle weight
    balancing: bool = True  # thesis eq. 6.1; otherwise the weights multiply the losses as they are
    leading: Literal["rgb", "depth"] = "rgb"  # whose depth loss the other ones are brought to
    target: Literal["lidar", "dense"] = "lidar"  # dense: the true depth of every pixel, where known

    peak_learning_rate: Rate = 1.5e-4  # 6.2; a scale multiplies it by its own factor
    learning_rate_div: Ratio = 2.3077  # peak / initial 6.5e-5
    learning_rate_final_div: Ratio = 7.2222  # initial / end 9e-6
    weight_decay: Rate = 0.2  # decoupled, at the rate above; a scale divides it by its factor
    attention: Literal["cbam", "cbam-residual", "spatial", "none"] = "cbam"
    dropout: Dropout = 0.0

    encoding: Literal["linear", "reciprocal"] = "linear"  # y = (100 - d)/100, or 1/d
    max_depth_m: Annotated[float, Within(1, 1000)] = 100.0

    detach_depth: bool = False  # the alignment loss does not train the RGB-D branch (7.4)
    detach_rgb: bool = False  # the RGB branch's own depth loss does not train its encoder (7.8)
    shared_encoder: bool = False  # one encoder for RGB and RGB-D (7.1)
    shared_decoder: bool = False  # one decoder for both (7.5)
    freeze_encoders: bool = False  # those of the experiment it needs, with fresh decoders (7.4)
    rgbd_width: Width = 1.0  # channels of the RGB-D encoder's scales, times the RGB encoder's
    rgbd_dropout: Dropout = 0.1  # in the RGB-D branch (6.2; the rate is ours)
    guide_task: Literal["depth", "classes"] = "depth"  # what the RGB-D branch predicts
    lidar_share: Share = 1.0  # of the returns that the RGB-D branch is given (7.1: a tenth)
    lidar_noise: Rate = 0.0  # std on their encoded depth, which stays in [0, 1] (7.1: 0.2)
    depth_supervision: Literal["all", "withheld"] = "all"  # withheld: at returns it was not given
    coral_over: Literal["channels", "pixels"] = "channels"  # what the covariance is of (7.5)
    anchors: Literal["learned", "local", "parallel", "pretrained", "pretrained-conv"] = "learned"
    align_codes: bool = False  # MSE between the relative representations (7.7)
    code_mlp: Literal["none", "rgb", "both"] = "none"  # the branches whose codes pass an MLP (7.7)
    context: Literal["global", "local"] = "global"  # of the clouds that turn (thesis eqs. 7.2, 7.3)
    point_dim: Annotated[int, Within(2, 64)] = 3
    rotation: Literal["pointnet", "oracle", "identity"] = "pointnet"  # R_rgb is from (7.8)
    rotation_loss: Literal["matrix", "geodesic", "latent"] = "matrix"
    rotation_target: Literal["procrustes", "pointnet"] = "procrustes"  # where R_rgbd is from
    detach_guide: bool = True  # the loss on rotations trains R_rgb alone, not R_rgbd (7.8)
    distil: Literal["output", "latent"] = "output"  # what RGB takes from a trained guide
    both_rotated: bool = False  # the RGB-D points are turned as well, by the inverse of R_rgbd
    point_noise: Literal["training", "always"] = "training"  # on the points PointNet sees
    encoder_weights: str = ""  # NAME:FILE, a Vision Transformer and its weights

    flip: Share = 0.5  # chance of a mirrored frame; the thesis is silent on augmentation
    jitter: Dropout = 0.2  # brightness, contrast, saturation times 1 +- this; silent too

    def __post_init__(self) -> None:
        settle(self)
        _refuse_contradictions(self)


WORLD = ("scenes", "frames_per_scene", "world_seed", "world_size", "split_scenes")
"""Fields of a scale that say which synthetic world is drawn."""


@dataclass(frozen=True)
class Scale:
    """How big a run is: data, image, network width, steps (DESIGN section 5), frozen and checked.

    `summary` states the cost and the expected result. `steps` counts optimiser steps; where it is
    0 the run lasts `epochs` passes over the training frames.

    Raises RigidDepthError for a value that its field does not allow.
    """

    name: str
    summary: str
    dataset: str = "synthetic"
    version: str = ""  # of a nuScenes root; empty = the data set's own default
    split_by: Literal["scene", "frame"] = "scene"  # frame: the thesis's 80/10/10 of frames
    cameras: tuple[str, ...] = ("CAM_FRONT",)
    sky: str = "auto"  # where sky masks come from: exact ones if the data has them, else a guess
    skip_missing: bool = False  # nuScenes only: takes the keyframes whose files are there
    only_scenes: tuple[str, ...] = ()  # nuScenes only: names, a number or a file of names
    train_drives: tuple[str, ...] = ("0005",)  # KITTI only
    val_drives: tuple[str, ...] = ("0013",)  # KITTI only; without test drives the test split too
    train_files: str = ""  # KITTI only: a list of frames in place of the drives
    val_files: str = ""  # KITTI only; without test_files the test split too
    test_files: str = ""  # KITTI only
    annotation_root: str = ""  # KITTI depth completion, whose annotation replaces the sweeps

    scenes: Count = 12  # of the synthetic world
    frames_per_scene: Count = 4
    world_seed: int = 0
    split_scenes: tuple[int, ...] = ()  # to train, validate and test; empty = 70/15/15
    world_size: tuple[int, int] = (900, 1600)  # height, width in px of the world's images
    classes: bool = False  # the store keeps the world's class maps, for a guide that predicts them

    image_size: tuple[int, int] = (96, 192)  # height, width in px, multiples of 32
    stride: Literal[16, 32] = 32  # px of the image to a pixel of the latent
    width: Width = 1.0  # multiplier of all channel counts
    steps: Annotated[int, Within(0)] = 0
    epochs: Annotated[int, Within(0)] = 0
    batch_size: Count = 8
    learning_rate_factor: Annotated[float, Within(1e-3, 1e3)] = 1.0  # of peak_learning_rate
    precision: Literal["32-true", "bf16-mixed", "16-mixed", "auto"] = "32-true"
    compile: bool = False  # the network by torch.compile, on a GPU

    validate_every: Count = 100  # steps
    checkpoint_every: Count = 100  # steps
    log_every: Count = 20  # steps averaged into one point of the training curve
    val_frames: Count = 200  # at most, for the curve; the final metrics take the whole split
    train_frames: Count = 200  # at most, for the final metrics on training frames

    def __post_init__(self) -> None:
        settle(self)
        height, width = self.image_size
        if min(height, width) <= 0 or height % 32 or width % 32:
            raise RigidDepthError(
                f"image size {height}x{width} is not possible: height and width must be multiples "
                "of 32, for example 96x192 or 384x768."
            )
        if (self.steps == 0) == (self.epochs == 0):
            raise RigidDepthError(
                f"a run needs either steps or epochs above 0 and the other 0, got steps="
                f"{self.steps} and epochs={self.epochs}."
            )


def override(
    experiment: Experiment, scale: Scale, changes: dict[str, object]
) -> tuple[Experiment, Scale, dict[str, object]]:
    """Returns both settings with the named fields changed, and what really differs, typed.

    Values may be strings as typed on a command line ("96x192", "0.1,0.2,0.3", "true"). Giving
    `steps` sets `epochs` to 0 and the other way round.

    Raises RigidDepthError for an unknown field, a value of another type, and one that is not
    allowed.
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
        pair.append(dataclasses.replace(settings, **read_fields(type(settings), mine)))
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
    decide = {n: placeless(v) for n, v in fields.items() if n not in DESCRIBE}
    return json.loads(json.dumps(decide))


def open_fields(settings: Experiment | Scale | type[Experiment | Scale]) -> list[str]:
    """The fields a run may change: all but those that say what the settings are."""
    fixed = (*DESCRIBE, "method", "dataset")
    return [f.name for f in dataclasses.fields(settings) if f.name not in fixed]


def as_text(value: object) -> str:
    """A value as it stands in the name of a folder: 96x192, 0.1x0.2x0.3, 20."""
    if isinstance(value, tuple | list):
        return "x".join(map(as_text, value))
    return f"{placeless(value)}"


def placeless(value: object) -> object:
    """The value; of a text that names a path only the last part: segmentation:/a/b is ...:b."""
    if isinstance(value, tuple | list):
        return type(value)(map(placeless, value))
    return re.sub(r"[^:]*/", "", value.rstrip("/")) if isinstance(value, str) else value


def refuse_places(value: object) -> None:
    """Raises for an absolute path anywhere in JSON values: it says nothing elsewhere."""
    if isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            refuse_places(part)
    elif isinstance(value, str) and (value.startswith(("/", "~")) or value[1:3] == ":\\"):
        raise RigidDepthError(f"a run record holds no absolute path, found '{value}'.")


OF_RGB_ALONE = ("rgb", "dense-as-returned", "dense-within-cap", "distilled", "transformer")
"""Methods that train no second branch."""


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
    if e.leading == "depth" and e.method in (*OF_RGB_ALONE, "classes"):
        raise RigidDepthError(
            f"parameter 'leading' is 'depth'; experiment '{e.name}' trains no second branch on "
            "depth, so that 'rgb' alone is allowed."
        )
    if (e.shared_decoder and e.method == "classes") or (
        e.shared_encoder and e.method == "distilled"
    ):
        raise RigidDepthError(
            f"experiment '{e.name}' needs an encoder and a decoder of its own for each branch; "
            "'shared_encoder' and 'shared_decoder' are not allowed there."
        )
    if e.encoder_weights and not e.method.startswith("transformer"):
        raise RigidDepthError(
            f"parameter 'encoder_weights' belongs to a transformer; experiment '{e.name}' has none."
        )
    if e.encoder_weights and not all(e.encoder_weights.partition(":")):
        raise RigidDepthError(
            f"parameter 'encoder_weights' is '{e.encoder_weights}'; it takes NAME:FILE, a Vision "
            "Transformer and a file with its weights."
        )
    if (e.anchors == "parallel") != (e.method == "relative-parallel"):
        raise RigidDepthError(
            f"parameter 'anchors' is '{e.anchors}'; 'parallel' is allowed, and needed, in the "
            "experiment 'relative-parallel' alone."
        )
