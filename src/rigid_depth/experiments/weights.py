"""Weights of a run as safetensors, which carry the settings they belong to."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.methods import build_model
from rigid_depth.experiments.settings import Experiment, Scale, typed

FILE = "weights.safetensors"


@dataclass(frozen=True)
class Trained:
    """A trained network, the settings it was trained with and the SHA-256 of its file."""

    model: nn.Module
    experiment: Experiment
    scale: Scale
    origin: str  # scale, data set, experiment, seed: for people
    sha256: str


def save_weights(
    path: Path, model: nn.Module, experiment: Experiment, scale: Scale, origin: str
) -> None:
    """Writes the weights and their settings so that a reader sees all or nothing."""
    settings = {
        "experiment": json.dumps(asdict(experiment)),
        "scale": json.dumps(asdict(scale)),
        "origin": origin,
    }
    partial = path.with_suffix(".part")
    tensors = {name: value.contiguous().cpu() for name, value in model.state_dict().items()}
    save_file(tensors, partial, metadata=settings)
    os.replace(partial, path)


def load_weights(path: str | Path, only: tuple[str, ...] = ()) -> Trained:
    """The trained network of a weights file, or of a run's folder that holds one.

    `only` names the experiments whose weights are accepted; empty accepts all. Raises
    RigidDepthError for a missing or foreign file and for weights of another experiment.
    """
    path = Path(path)
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise RigidDepthError(f"there are no weights at {path}; a finished run leaves {FILE}.")
    try:
        with safe_open(path, "pt") as file:
            settings = file.metadata() or {}
        experiment = Experiment(**typed(Experiment, json.loads(settings["experiment"])))
        scale = Scale(**typed(Scale, json.loads(settings["scale"])))
        tensors = load_file(path)
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError):
        raise RigidDepthError(f"{path} is not a weights file of this program.") from None
    if only and experiment.name not in only:
        raise RigidDepthError(
            f"{path} holds weights of experiment '{experiment.name}'; allowed here: "
            f"{', '.join(only)}."
        )
    model = build_model(experiment, scale)
    model.load_state_dict(tensors)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Trained(model.eval(), experiment, scale, settings["origin"], digest)


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
