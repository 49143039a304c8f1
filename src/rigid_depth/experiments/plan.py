"""A run before it starts: its settings resolved and its place."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import weights
from rigid_depth.experiments.registry import BASELINES, find_experiment, find_scale
from rigid_depth.experiments.settings import (
    Experiment,
    Scale,
    as_text,
    override,
    parameters,
    placeless,
)

LONGEST_LABEL = 120
"""Longer names of folders, from many changed parameters, are replaced by a hash."""


@dataclass(frozen=True)
class Plan:
    """A run before it is started: everything that decides its result, and where it will lie."""

    experiment: Experiment
    scale: Scale
    seed: int
    dataset: str
    overrides: dict
    init: dict | None
    folder: Path

    @property
    def label(self) -> str:
        """The experiment and what was changed in it, as in the folder's name."""
        return self.folder.parent.name

    @property
    def origin(self) -> str:
        """Scale, data set and seed in one word."""
        return f"{self.folder.parent.parent.name}/{self.label}/seed-{self.seed}"

    def parameters(self) -> dict:
        """All fields of experiment and scale, resolved, and the weights to start from."""
        return parameters(self.experiment, self.scale, self.dataset) | {"init_from": self.init}


def plan_run(
    name: str,
    *,
    scale: str = "smoke",
    seed: int = 0,
    dataset: str | None = None,
    out: str | Path = "runs",
    init_from: str | Path | None = None,
    overrides: dict | None = None,
) -> Plan:
    """Resolves names and parameters and says where the run will lie; reads and writes no data.

    Raises RigidDepthError for unknown names, bad values and weights that may not start this run.
    """
    experiment, size, changed = override(find_experiment(name), find_scale(scale), overrides or {})
    if not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise RigidDepthError(f"seed is {seed!r}; allowed are whole numbers from 0 to 2147483647.")
    init, parts = None, [f"{n}={as_text(v)}" for n, v in sorted(changed.items())]
    if init_from is not None:
        if experiment.method in BASELINES:
            raise RigidDepthError(f"experiment '{name}' has no weights to start from.")
        allowed = (experiment.name, *experiment.starts_from)
        trained = weights.load_weights(init_from, only=allowed)
        init = {"origin": trained.origin, "sha256": trained.sha256}
        parts.append("init=" + trained.origin.replace("/", "."))
    dataset = dataset or size.dataset
    top = scale if dataset == size.dataset else f"{scale}-{dataset}"
    label = "+".join([name, *parts])
    if len(label) > LONGEST_LABEL:
        label = f"{name}+{hashlib.sha1(label.encode()).hexdigest()[:10]}"
    folder = Path(out) / top / label / f"seed-{seed}"
    changed = json.loads(json.dumps({name: placeless(v) for name, v in changed.items()}))
    return Plan(experiment, size, seed, dataset, changed, init, folder)
