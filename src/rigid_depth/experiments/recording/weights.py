"""Weights of a run as safetensors, which carry the settings they belong to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.fields import read_fields
from rigid_depth.experiments.methods import build_model
from rigid_depth.experiments.recording.record import WEIGHTS as FILE
from rigid_depth.experiments.settings import Experiment, Scale
from rigid_depth.whole import write_whole

Settings = TypeVar("Settings", Experiment, Scale)


@dataclass(frozen=True)
class Trained:
    """A trained network, the settings it was trained with and the SHA-256 of its file."""

    model: nn.Module
    experiment: Experiment
    scale: Scale
    origin: str  # scale, data set, experiment, seed: for people
    sha256: str
    dataset: str = ""  # empty in files from before it was written, where it is not the scale's own


def save_weights(
    path: Path, model: nn.Module, experiment: Experiment, scale: Scale, origin: str, dataset: str
) -> None:
    """Writes the weights and their settings so that a reader sees all or nothing."""
    settings = {
        "experiment": json.dumps(asdict(experiment)),
        "scale": json.dumps(asdict(scale)),
        "origin": origin,
        "dataset": dataset,
    }
    # Copies: parts of a network may share their tensors, which safetensors does not write.
    tensors = {name: value.cpu().clone().contiguous() for name, value in model.state_dict().items()}
    data = save(tensors, settings)  # `save_file` lets nobody else read the file
    try:
        write_whole(path, lambda partial: partial.write_bytes(data))
    except OSError as error:
        raise RigidDepthError(f"weights cannot be written to {path}: {error.strerror}.") from None


def load_weights(path: str | Path, only: tuple[str, ...] = ()) -> Trained:
    """The trained network of a weights file, or of a run's folder that holds one.

    `only` names the experiments whose weights are accepted; empty accepts all. Raises
    RigidDepthError for a missing, unreadable or foreign file, for weights of another experiment,
    for settings that this version does not know, and for tensors that do not fit them or are not
    finite.
    """
    path = Path(path)
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise RigidDepthError(f"there are no weights at {path}; a finished run leaves {FILE}.")
    try:  # safetensors takes a file it may not read for one that is not there
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RigidDepthError(f"weights {path} cannot be read: {error.strerror}.") from None
    try:
        with safe_open(path, "pt") as file:
            settings = file.metadata() or {}
        experiment = _read(Experiment, settings["experiment"], path)
        scale = _read(Scale, settings["scale"], path)
        origin, tensors = settings["origin"], load_file(path)
    except (SafetensorError, KeyError, TypeError, AttributeError, json.JSONDecodeError):
        raise RigidDepthError(f"{path} is not a weights file of this program.") from None
    if only and experiment.name not in only:
        raise RigidDepthError(
            f"{path} holds weights of experiment '{experiment.name}'; allowed here: "
            f"{', '.join(only)}."
        )
    model = build_model(experiment, scale)
    _fill(model, tensors, path, scale)
    own = scale.dataset if origin.partition("/")[0] == scale.name else ""
    return Trained(model.eval(), experiment, scale, origin, digest, settings.get("dataset", own))


def _read(kind: type[Settings], text: str, path: Path) -> Settings:
    """The settings in a file; raises RigidDepthError for one that this version does not know."""
    values = json.loads(text)
    if unknown := sorted(values.keys() - {field.name for field in fields(kind)}):
        raise RigidDepthError(
            f"{path} was written by another version of this program: its settings have "
            f"'{unknown[0]}', which this version does not know."
        )
    return kind(**read_fields(kind, values))


def _fill(model: nn.Module, tensors: dict[str, Tensor], path: Path, scale: Scale) -> None:
    """Puts the tensors of a file into the network of its settings; raises if they do not fit."""
    wanted = {name: value.shape for name, value in model.state_dict().items()}
    found = {name: value.shape for name, value in tensors.items()}
    differ = sorted(n for n in wanted.keys() | found.keys() if wanted.get(n) != found.get(n))
    if differ:
        raise RigidDepthError(
            f"the weights in {path} do not fit the network of its own settings (width "
            f"{scale.width:g}): {len(differ)} of {len(wanted)} tensors are missing, too many or of "
            f"another shape, '{differ[0]}' first."
        )
    for name, value in tensors.items():
        if value.is_floating_point() and not value.isfinite().all():
            raise RigidDepthError(f"weights {path}: '{name}' holds values that are not finite.")
    model.load_state_dict(tensors)


def start_from(model: nn.Module, experiment: Experiment, path: str | Path) -> Trained:
    """Copies the weights at `path` into an untrained network of the same shape; says where from.

    Raises RigidDepthError unless they are of this experiment, or of one it may start from, and fit.
    """
    trained = load_weights(path, only=(experiment.name, *experiment.starts_from))
    try:
        model.load_state_dict(trained.model.state_dict())
    except RuntimeError:
        raise RigidDepthError(
            f"the weights at {Path(path).name} ({trained.origin}) are of another shape: they were "
            f"trained with width {trained.scale.width:g}."
        ) from None
    return trained
