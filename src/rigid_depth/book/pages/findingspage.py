"""The page of findings: what the published runs show, sentence by sentence, with its verdict."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rigid_depth.book.claims.findings import FINDINGS, Finding, Judgement, judgement
from rigid_depth.book.claims.findings.finding import CLAIM, FINDING, IDEA
from rigid_depth.book.markdown import plain
from rigid_depth.book.pages import ledgerpages
from rigid_depth.book.runs.provenance import badges
from rigid_depth.book.runs.results import Run, stale_words

SPELT = {
    "zero shot": "zero-shot", "rgb": "RGB", "mse": "MSE", "coral": "CORAL", "lidar": "LiDAR",
    "kitti": "KITTI",
    r"table (\d) (\d)": r"thesis Table \1.\2", r"d (\d)": r"d = \1",
}  # fmt: skip
"""How a heading writes what an id cannot."""
COLOURS = {**ledgerpages.COLOURS, "no longer holds": "bad"}
"""Colour of a verdict; others are grey."""
PARTS = {
    CLAIM: "Claims of the thesis",
    IDEA: "Ideas of the thesis",
    FINDING: "What else our runs show",
}
"""Kind of finding -> heading."""


def findings(runs: Iterable[Run]) -> str:
    """What the thesis claims of its runs and what it proposes, then what else ours show."""
    runs = list(runs)
    return "\n".join(
        [
            "(the-findings)=\n# Findings\n",
            "These sentences rest on published runs. Each is a function of their records, and "
            "every build of the book evaluates it on the runs it speaks of. A finding is open "
            "until each of its experiments has three seeds (one of a baseline, or of a start from "
            "given weights). A claim is *reproduced* where the runs show it, *not reproduced* "
            "where they exclude it, and *undecided at this scale* where they can do neither. An "
            "idea that the thesis proposes *helped* or *did not help* by the same rules. That a "
            "method brings nothing is reproduced only where equivalence within 2 % is shown, and "
            "a gain of which the thesis names no size is excluded where one of 2 % is. Three "
            "seeds agree by chance in one case of eight where the direction was fixed beforehand, "
            "and in one of four where it was described after the runs were seen; with five seeds "
            "these chances are a quarter as large. Differences are those on the held-out streets "
            "of one synthetic world (and of one drive of KITTI), paired by seed and street; a "
            "difference in percent is one of the reference's error, and below zero the first row "
            "is the better one. What could have been seen depends on how many lines are corrected "
            "together, so that one comparison can have several such numbers; above 100 % the line "
            "can show nothing.\n",
            *(
                part
                for kind, title in PARTS.items()
                for part in (f"## {title}\n", *_entries(kind, runs))
            ),
        ]
    )


def _entries(kind: str, runs: list[Run]) -> list[str]:
    return [_entry(found, runs) for found in FINDINGS.values() if found.kind == kind]


def badge(found: Finding, said: Judgement, runs: Iterable[Run]) -> str:
    """HTML of a finding's verdict and its scale, and of how many of its runs are stale."""
    parts = [(COLOURS.get(said.verdict, ""), said.verdict), ("info", f"scale {found.group}")]
    mine = [run for run in runs if run.group == found.group and run.experiment in found.needs]
    stale = stale_words(mine)
    return badges([*parts, ("warn", stale)] if stale else parts)


def _title(name: str) -> str:
    """The id of a finding as a heading."""
    words = name.replace("-", " ")
    for short, spelt in SPELT.items():
        words = re.sub(rf"\b{short}\b", spelt, words)
    return words[0].upper() + words[1:]


def _entry(found: Finding, runs: list[Run]) -> str:
    names, said = ", ".join(f"`{name}`" for name in found.needs), judgement(found, runs)
    return (
        f"(finding-{found.id})=\n### {plain(_title(found.id))}\n\n"
        f"{badge(found, said, runs)}\n\n{found.sentence} {found.details}\n\n"
        f"{said.shows}\n\nRests on {names}.\n"
    )
