"""A finding: a sentence about published runs, and the function that holds it against their records.

A finding is a function of the runs of one group whose docstring begins with it. The decorators
`finding`, `claim` and `idea` name the experiments it reads and enter it in `FINDINGS` by its name
with dashes. The ledger and the chapters take their verdicts from here. A finding speaks of the
scale that the book shows, `conventions.PUBLISHED_SCALE`, unless it names a group of its runs on
other data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from inspect import cleandoc

from rigid_depth.book.runs.comparison import OPEN as OPEN
from rigid_depth.book.runs.results import SEEDS_NEEDED, Run, beside
from rigid_depth.conventions import PUBLISHED_SCALE
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.registry import BASELINES, base_of

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
UNDECIDED = "undecided at this scale"
HELPED = "helped"
DID_NOT_HELP = "did not help"
OF_AN_IDEA = {REPRODUCED: HELPED, NOT_REPRODUCED: DID_NOT_HELP}
"""What a verdict says of a proposal, which claims nothing that could be reproduced."""
FINDING, CLAIM, IDEA = "finding", "claim", "idea"


@dataclass(frozen=True)
class Judgement:
    """A verdict, and in a sentence what the runs show and what they could have seen."""

    verdict: str
    shows: str = ""


@dataclass(frozen=True)
class Finding:
    """One sentence about the runs of a scale: what ours show, what the thesis claims or proposes.

    `holds` gives a truth for what our runs show, a `Judgement` for the others. `needs` are the
    experiments, by their names in the registry, that have to be published at `group` before
    anything can be said; one of another group has its name before it, `core-repeated/mse`.
    """

    id: str
    sentence: str
    details: str
    holds: Callable[[list[Run]], bool | Judgement]
    needs: tuple[str, ...]
    group: str
    kind: str

    @property
    def is_judged(self) -> bool:
        """Whether it is a claim or an idea, which runs can leave undecided."""
        return self.kind != FINDING

    @property
    def runs(self) -> tuple[str, ...]:
        """The folders of the records, relative to the repository."""
        named = (name if "/" in name else f"{self.group}/{name}" for name in self.needs)
        return tuple(f"book/results/{name}" for name in named)


FINDINGS: dict[str, Finding] = {}
"""Id -> finding, in the order in which the modules enter them."""


def finding(*needs: str, group: str = PUBLISHED_SCALE) -> Callable:
    """Enters what the runs of these experiments show: it *holds* or *no longer holds*."""
    return _enter(needs, group, FINDING)


def claim(*needs: str) -> Callable:
    """Enters what the thesis claims of its runs; its function returns a `Judgement`."""
    return _enter(needs, PUBLISHED_SCALE, CLAIM)


def idea(*needs: str) -> Callable:
    """Enters what the thesis proposes and nobody has claimed to work; judged as a claim is."""
    return _enter(needs, PUBLISHED_SCALE, IDEA)


def _enter(needs: tuple[str, ...], group: str, kind: str) -> Callable:
    def enter(holds: Callable) -> Callable:
        name = holds.__name__.replace("_", "-")
        if name in FINDINGS:
            raise ValueError(f"two findings are named {name}")
        sentence, _, details = (cleandoc(holds.__doc__ or "")).partition("\n\n")
        texts = (" ".join(text.split()) for text in (sentence, details))
        FINDINGS[name] = Finding(name, *texts, holds, needs, group, kind)
        return holds

    return enter


def judgement(found: Finding, runs: Iterable[Run]) -> Judgement:
    """The verdict and its sentence: open, with the names, until no experiment lacks seeds."""
    runs = list(runs)
    if missing := missing_runs(found, runs):
        return Judgement(OPEN, f"Not enough seeds at scale {found.group}: {', '.join(missing)}.")
    said = found.holds(runs_of(found, runs))
    if isinstance(said, Judgement):
        if found.kind == IDEA:
            return replace(said, verdict=OF_AN_IDEA.get(said.verdict, said.verdict))
        return said
    return Judgement("holds" if said else "no longer holds")


def runs_of(found: Finding, runs: Iterable[Run]) -> list[Run]:
    """The runs that a finding may read: those of its group, and of others the rows it names."""
    return beside([run for run in runs if run.group == found.group], runs, found.needs)


def missing_runs(found: Finding, runs: Iterable[Run]) -> list[str]:
    """The experiments that a finding needs and that have too few seeds, with their number."""
    mine = runs_of(found, list(runs))
    counts = {name: len(seeds(mine, name)) for name in found.needs}
    return [
        f"{name} ({count} of {enough(name)})"
        for name, count in counts.items()
        if count < enough(name)
    ]


def enough(experiment: str) -> int:
    """How many seeds a row needs: one of a baseline, or of a start from the weights of one seed."""
    only = base_of(experiment) in BASELINES or "+init=" in experiment
    return 1 if only else SEEDS_NEEDED


def seeds(runs: Sequence[Run], experiment: str) -> dict[int, Run]:
    """Seed -> run of an experiment."""
    return {run.seed: run for run in runs if run.experiment == experiment}


def find_finding(name: str) -> Finding:
    """The finding of that id; raises RigidDepthError for another."""
    if name not in FINDINGS:
        raise RigidDepthError(f"there is no finding '{name}' in rigid_depth.book.claims.findings.")
    return FINDINGS[name]
