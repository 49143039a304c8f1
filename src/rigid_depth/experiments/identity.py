"""What makes two runs the same: a finished record is returned, a checkpoint continued, or not."""

from __future__ import annotations

from pathlib import Path

import torch

from rigid_depth.data import Store
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.plan import Plan
from rigid_depth.experiments.recording.record import RunRecord
from rigid_depth.experiments.standing import code_then, code_today, with_defaults

NAMES = {
    "fingerprint": "data",
    "package": "code",
    "built_on": "code of the run it is built on",
}
"""What the parts of an identity are called to the user, where by another name."""


def identify(plan: Plan, store: Store) -> dict:
    """What a record or a checkpoint must agree with to be of this run."""
    return {
        "experiment": plan.experiment.name,
        "seed": plan.seed,
        "parameters": plan.parameters(),
        "fingerprint": store.fingerprint,
        **code_today(plan.experiment.name),
    }


def identity_of(finished: RunRecord) -> dict:
    """The identity that a finished run had."""
    data = finished.data
    return {
        "experiment": data["experiment"],
        "seed": data["seed"],
        "parameters": data["parameters"],
        "fingerprint": data["data"]["fingerprint"],
        **code_then(data),
    }


def differences(found: dict, identity: dict) -> str:
    """In what two identities differ, for the user: "data and code"; empty if in nothing."""
    found = found | {"parameters": with_defaults(found["parameters"])}
    return " and ".join(
        NAMES.get(part, part) for part in identity if found.get(part) != identity[part]
    )


def drop_other(checkpoint: Path, identity: dict) -> str:
    """Drops a checkpoint of other settings, data or sources, and says in what they differ.

    Raises RigidDepthError for one that cannot be read and for one of another experiment or seed.
    """
    if not checkpoint.exists():
        return ""
    try:
        held = torch.load(checkpoint, map_location="cpu", weights_only=True)
        found = held["rigid_depth"]["identity"]
    except Exception as error:
        raise RigidDepthError(
            f"checkpoint {checkpoint} is not readable ({type(error).__name__}); remove it to "
            "start anew."
        ) from None
    if (found["experiment"], found["seed"]) != (identity["experiment"], identity["seed"]):
        raise RigidDepthError(
            f"checkpoint {checkpoint} belongs to experiment '{found['experiment']}', seed "
            f"{found['seed']}, not to '{identity['experiment']}', seed {identity['seed']}; remove "
            "it or give another --out."
        )
    others = differences(found, identity)
    if others:
        checkpoint.unlink(missing_ok=True)  # by another process of this run, it may be
    return others
