"""A run before it starts: its settings resolved, its place, and what it is made with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.registry import find_experiment, find_scale, group_of
from rigid_depth.experiments.settings import (
    Experiment,
    Scale,
    as_text,
    override,
    parameters,
    placeless,
    refuse_places,
)
from rigid_depth.experiments.stores import check_dataset, check_known

LONGEST_LABEL = 120
"""Longer names of folders, from many changed parameters, are replaced by a hash."""
LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Plan:
    """A run before it is started: what decides its result, and below that what only travels."""

    experiment: Experiment
    scale: Scale
    seed: int
    dataset: str
    changes: dict  # fields of experiment and scale that differ from the named ones
    init: dict | None = None  # origin and SHA-256 of the weights to start from
    encoder: str | None = None  # SHA-256 of the file that `encoder_weights` names

    dataroot: str | Path | None = None
    out: str | Path = "runs"
    init_from: str | Path | None = None
    devices: int = 1
    num_nodes: int = 1
    logger: str | None = None
    progress: bool = True

    @cached_property
    def folder(self) -> Path:
        """Where the record will lie: `<out>/<scale>[-<dataset>]/<label>/seed-<k>`."""
        group = group_of(self.scale, self.dataset)
        return Path(self.out) / group / self.label / f"seed-{self.seed}"

    @cached_property
    def label(self) -> str:
        """The experiment and what was changed in it."""
        parts = [f"{name}={as_text(value)}" for name, value in sorted(self.changes.items())]
        if self.init:
            parts.append("init=" + self.init["origin"].replace("/", "."))
        if self.encoder:
            parts.append(f"encoder={self.encoder[:10]}")
        label = "+".join([self.experiment.name, *parts])
        if len(label) <= LONGEST_LABEL:
            return label
        return f"{self.experiment.name}+{hashlib.sha1(label.encode()).hexdigest()[:10]}"

    @property
    def origin(self) -> str:
        """Scale, data set and seed in one word."""
        return f"{self.folder.parent.parent.name}/{self.label}/seed-{self.seed}"

    @property
    def overrides(self) -> dict:
        """The changes as JSON values; paths lose their folders."""
        return json.loads(json.dumps({name: placeless(v) for name, v in self.changes.items()}))

    def parameters(self) -> dict:
        """All fields of experiment and scale, resolved, and the weights that are read."""
        read = {"init_from": self.init} | ({"encoder": self.encoder} if self.encoder else {})
        return parameters(self.experiment, self.scale, self.dataset) | read


def plan_run(
    name: str,
    *,
    scale: str = "smoke",
    seed: int = 0,
    dataset: str | None = None,
    overrides: dict | None = None,
    **travels: object,
) -> Plan:
    """Resolves names and parameters and says where the run will lie; reads and writes no file.

    So what the weights are that a run starts from, `init` and `encoder`, is left open. `travels`
    are the fields of `Plan` that decide no number: `dataroot`, `out`, `init_from`, `devices`,
    `num_nodes`, `logger`, `progress`. Raises RigidDepthError for unknown names and bad values.
    """
    check_run_parameters(experiment=name, scale=scale, dataset=dataset)
    refuse_seed(seed)
    experiment, size, changes = override(find_experiment(name), find_scale(scale), overrides or {})
    check_known(overrides or {}, dataset or size.dataset)
    plan = Plan(experiment, size, seed, dataset or size.dataset, changes, **travels)
    refuse_places(plan.parameters())  # which the record would refuse after the training
    return plan


def check_run_parameters(
    *,
    experiment: str | None = None,
    scale: str | None = None,
    seed: object = None,
    dataset: str | None = None,
) -> None:
    """Raises RigidDepthError, in one sentence, for the first of them that no run can have.

    What is None is not looked at. Nothing is computed or read.
    """
    if experiment is not None:
        find_experiment(experiment)
    if scale is not None:
        find_scale(scale)
    if seed is not None:
        refuse_seed(seed)
    if dataset is not None:
        check_dataset(dataset)


def refuse_seed(seed: object) -> None:
    """Raises RigidDepthError for what is no seed of a run."""
    whole = isinstance(seed, int) and not isinstance(seed, bool)
    if not (whole and 0 <= seed <= LARGEST_SEED):
        raise RigidDepthError(
            f"seed is {seed!r}; allowed are whole numbers from 0 to {LARGEST_SEED}."
        )
