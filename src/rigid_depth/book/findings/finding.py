"""A finding: a sentence about published runs, and the function that holds it against their records.

A finding is a function of the runs of one scale whose docstring begins with it. The decorators
`finding` and `claim` name the experiments it reads and enter it in `FINDINGS` by its name with
dashes. The ledger and the chapters take their verdicts from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from inspect import cleandoc

from rigid_depth.book.tables import BASELINES, SEEDS_NEEDED, Run
from rigid_depth.errors import RigidDepthError

Predicate = Callable[[list[Run]], bool]


@dataclass(frozen=True)
class Finding:
    """One sentence about the runs of a scale; a claim is the thesis's own sentence.

    `needs` are the experiments, by their names in the registry, that have to be published at
    `group` before anything can be said.
    """

    id: str
    sentence: str
    details: str
    holds: Predicate
    needs: tuple[str, ...]
    group: str
    is_claim: bool

    @property
    def runs(self) -> tuple[str, ...]:
        """The folders of the records, relative to the repository."""
        return tuple(f"book/results/{self.group}/{name}" for name in self.needs)


FINDINGS: dict[str, Finding] = {}
"""Id -> finding, in the order of the thesis."""


def finding(*needs: str, group: str = "cpu") -> Callable[[Predicate], Predicate]:
    """Enters what the runs of these experiments show: it *holds* or *no longer holds*."""
    return _enter(needs, group, is_claim=False)


def claim(*needs: str, group: str = "cpu") -> Callable[[Predicate], Predicate]:
    """Enters what the thesis claims of its runs: it is *reproduced* or *not reproduced* here."""
    return _enter(needs, group, is_claim=True)


def _enter(needs: tuple[str, ...], group: str, *, is_claim: bool) -> Callable:
    def enter(holds: Predicate) -> Predicate:
        name = holds.__name__.replace("_", "-")
        if name in FINDINGS:
            raise ValueError(f"two findings are named {name}")
        sentence, _, details = (cleandoc(holds.__doc__ or "")).partition("\n\n")
        texts = (" ".join(text.split()) for text in (sentence, details))
        FINDINGS[name] = Finding(name, *texts, holds, needs, group, is_claim)
        return holds

    return enter


def verdict(found: Finding, runs: Iterable[Run]) -> str:
    """What the published runs say: open until each experiment it needs has enough seeds."""
    mine = [run for run in runs if run.group == found.group and run.experiment in found.needs]
    if any(len(seeds(mine, name)) < enough(name) for name in found.needs):
        return "open"
    if found.is_claim:
        return "reproduced" if found.holds(mine) else "not reproduced"
    return "holds" if found.holds(mine) else "no longer holds"


def enough(experiment: str) -> int:
    """How many seeds a row needs: one of a baseline, or of a start from the weights of one seed."""
    only = experiment.partition("+")[0] in BASELINES or "+init=" in experiment
    return 1 if only else SEEDS_NEEDED


def seeds(runs: Sequence[Run], experiment: str) -> dict[int, Run]:
    """Seed -> run of an experiment."""
    return {run.seed: run for run in runs if run.experiment == experiment}


def find_finding(name: str) -> Finding:
    """The finding of that id; raises RigidDepthError for another."""
    if name not in FINDINGS:
        raise RigidDepthError(f"there is no finding '{name}' in rigid_depth.book.findings.")
    return FINDINGS[name]
