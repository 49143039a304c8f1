"""The ledger: one row per equation, table, claim and setting of the thesis, with its verdict.

A row of `book/ledger.yaml` has `id`, `kind`, `place` (section of the thesis), `says` (our words),
`verdict`, and, once settled, `reason` or `correction` and what settles it: `cell`
(`notebooks/x.md::label`), `test` (`tests/x.py::name`), `run` (`book/results/{scale}/name`, where
`{scale}` is each scale that the row speaks of, or `book/studies/name`), `finding` (an id of
`rigid_depth.book.claims.findings`), each a text or a list of texts. `compares` names differences
of our runs that belong to the item and settle nothing, `row/reference` or `row/reference/branch`.
An erratum has a `severity` (`moderate` unless it says otherwise), and the ten that matter first
have their place, `first`. A row without a `verdict` takes it from its first finding, as the
published runs stand.

*Reproduced* and *not reproduced* say what our runs show and what they exclude, *helped* and *did
not help* the same of a proposal; *undecided at this scale* that they can do neither, `shows` then
says how small a difference they could have seen.
*Not checkable* is what nobody can find out without what was never published, *open* what nobody has
tried here, or whose runs are missing.
`audit` keeps what a first reading by hand thought of an item; it explains an open row and never
settles one.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import yaml

from rigid_depth.book.claims.evidence import has_cell, has_run, has_test
from rigid_depth.book.claims.findings import find_finding, judgement
from rigid_depth.book.claims.findings.judging import compared
from rigid_depth.book.runs.results import Run, read_runs, shown_of
from rigid_depth.conventions import PUBLISHED_SCALE
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.registry import EXPERIMENTS

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Reads the same in a tenth of the time where PyYAML has libyaml."""
OF_RUNS = ("reproduced", "not reproduced", "helped", "did not help", "undecided at this scale")
"""Verdicts that only runs can give."""
VERDICTS = (
    "holds",
    "holds under a condition",
    "misprint",
    "wrong",
    *OF_RUNS,
    "not checkable",
    "open",
)
LISTS = ("cell", "test", "run", "finding", "compares")
ERRATA = ("holds under a condition", "misprint", "wrong")
SEVERITIES = {
    "serious": "who implements or cites it as printed gets a wrong result or a wrong conclusion",
    "moderate": "the sentence fails or lacks its condition; no printed result rests on it",
    "slight": "a slip of the pen, a name or a unit",
}
CLAIMS = ("claim", "experiment", "table", "figure")
KINDS = (
    "equation",
    "algorithm",
    "listing",
    "table",
    "figure",
    "hyperparameter",
    "experiment",
    "claim",
    "future-work",
)


@dataclass(frozen=True)
class Row:
    """One item of the thesis; the module's text says what the fields mean.

    Two are read off the runs and not off the file: `shows` is what they show and could have seen,
    by findings and comparisons; `awaits` are the runs that are named and not published yet.
    """

    id: str
    kind: str
    place: str
    says: str
    verdict: str
    reason: str = ""
    correction: str = ""
    severity: str = ""
    first: int | None = None
    cell: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    finding: tuple[str, ...] = ()
    compares: tuple[str, ...] = ()
    audit: dict[str, str] = field(default_factory=dict)
    shows: str = ""
    awaits: tuple[str, ...] = ()

    @property
    def is_erratum(self) -> bool:
        """The thesis is wrong here, misprinted or right only under a condition."""
        return self.verdict in ERRATA

    @property
    def is_claim(self) -> bool:
        """The thesis claims, shows or measures it."""
        return self.kind in CLAIMS

    @property
    def chapter(self) -> str:
        """First number of the place, `1` for the abstract."""
        digits = re.search(r"\d+", self.place)
        return digits.group() if digits else "1"


def load(path: Path, runs: list[Run] | None = None) -> list[Row]:
    """Reads the ledger; its findings are judged by `runs`, by default those in `results` beside it.

    Raises `RigidDepthError` naming the row and what is allowed.
    """
    entries = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
    judged = any({"finding", "compares"} & set(entry) for entry in entries)
    if runs is None:
        runs = read_runs(path.parent / "results") if judged else []
    for entry in entries:
        if written := {"shows", "awaits"} & set(entry):
            raise RigidDepthError(
                f"{path.name}, row {entry.get('id', '?')}: unknown field {min(written)}; it is "
                "read off the runs."
            )
    rows = [_row(_with_verdict(entry, path, runs), path, runs) for entry in entries]
    twice = [name for name, count in Counter(row.id for row in rows).items() if count > 1]
    if twice:
        raise RigidDepthError(
            f"{path.name}: the id {twice[0]} occurs more than once; ids are unique."
        )
    return rows


def _with_verdict(entry: dict, path: Path, runs: list[Run]) -> dict:
    """The entry with the verdict of its findings, where it leaves that to them."""
    pairs, names = _texts(entry.get("compares")), _texts(entry.get("finding"))
    judged = {name: judgement(find_finding(name), runs) for name in names}
    said = [found.verdict for found in judged.values()]
    told = [found.shows for found in judged.values()]
    told = " ".join(filter(None, [*told, *(compared(shown_of(runs), pair) for pair in pairs)]))
    entry = entry | {"shows": f"Scale `{PUBLISHED_SCALE}`: {told}" if told else ""}
    if not names:
        return entry
    if "verdict" not in entry:
        return entry | {"verdict": said[0]}
    if "no longer holds" in said:
        failed = names[said.index("no longer holds")]
        raise RigidDepthError(
            f"{path.name}, row {entry['id']}: the finding {failed} no longer holds; write the "
            "row anew from the records."
        )
    return entry


def _row(entry: dict, path: Path, runs: list[Run]) -> Row:
    where = f"{path.name}, row {entry.get('id', '?')}"
    known = {item.name for item in fields(Row)}
    if unknown := set(entry) - known:
        raise RigidDepthError(f"{where}: unknown field {min(unknown)}; known are {sorted(known)}.")
    if missing := {"id", "kind", "place", "says", "verdict"} - set(entry):
        raise RigidDepthError(f"{where}: the field {min(missing)} is missing.")
    if entry["verdict"] not in VERDICTS:
        raise RigidDepthError(f"{where}: verdict {entry['verdict']!r}; allowed are {VERDICTS}.")
    if entry["kind"] not in KINDS:
        raise RigidDepthError(f"{where}: kind {entry['kind']!r}; allowed are {KINDS}.")
    lists = {key: _texts(entry.get(key)) for key in LISTS}
    lists["run"], lists["awaits"] = _runs(lists["run"], path.parent)
    row = Row(**{**entry, **lists})
    if row.is_erratum and not row.severity:
        row = replace(row, severity="moderate")
    if problem := _unsettled(row):
        raise RigidDepthError(f"{where}: {problem}")
    return row


def _runs(named: tuple[str, ...], book: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The runs of a row at the scale that the book shows, and those that are still to be made."""
    there, to_come = [], []
    for run in named:
        experiment = run.removeprefix("book/results/{scale}/").partition("+")[0]
        path = run.replace("{scale}", PUBLISHED_SCALE)
        made = has_run(book, path.removeprefix("book/"))
        (there if made or experiment not in EXPERIMENTS else to_come).append(path)
    return tuple(there), tuple(to_come)


def _texts(value: str | list[str] | None) -> tuple[str, ...]:
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


def _unsettled(row: Row) -> str:
    """Says what a settled row lacks, or nothing."""
    if row.severity and row.severity not in SEVERITIES:
        return f"severity {row.severity!r}; allowed are {sorted(SEVERITIES)}."
    if (row.severity or row.first) and not row.is_erratum:
        return f"severity and first are for errata; the verdict is {row.verdict!r}."
    if row.verdict == "open":
        return ""
    if row.verdict == "not checkable":
        return "" if row.reason else "a row that cannot be checked needs a reason."
    if row.verdict in OF_RUNS and not row.run:
        return f"the verdict {row.verdict!r} needs a run."
    if not (row.cell or row.test or row.run or row.awaits or row.finding):
        return "a settled row names a cell, a test, a run or a finding."
    if row.verdict in ERRATA and not row.correction:
        return f"the verdict {row.verdict!r} needs a correction."
    return ""


def missing_evidence(rows: list[Row], root: Path) -> list[str]:
    """Lists every cell, test and run that a row names and that does not exist below `root`.

    Runs that an experiment will make at the scale shown are awaited and not missed.
    """
    missing = []
    for row in rows:
        missing += [f"{row.id}: cell {cell}" for cell in row.cell if not has_cell(root, cell)]
        missing += [f"{row.id}: test {test}" for test in row.test if not has_test(root, test)]
        missing += [f"{row.id}: run {run}" for run in row.run if not has_run(root, run)]
    return missing
