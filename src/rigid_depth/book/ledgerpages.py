"""The pages made from the ledger: the ledger itself, the errata and the claims."""

from __future__ import annotations

from collections import Counter

from rigid_depth.book.ledger import CLAIMS, ERRATA, VERDICTS, Row
from rigid_depth.book.markdown import plain, slug, table
from rigid_depth.book.provenance import badges

CHAPTERS = {
    "1": "Abstract and introduction",
    "2": "Related work and data set",
    "3": "Rotations",
    "4": "Latent spaces",
    "5": "Losses",
    "6": "Method",
    "7": "Experiments",
    "8": "Results",
}
COLOURS = {
    "holds": "good",
    "reproduced": "good",
    "holds under a condition": "warn",
    "misprint": "warn",
    "wrong": "bad",
    "not reproduced": "bad",
}
"""Colour of a verdict; verdicts not named here are grey."""


def ledger(rows: list[Row]) -> str:
    """Every row with its verdict, grouped by chapter; a local script filters them."""
    parts = [
        "(the-ledger)=\n# Ledger\n",
        "One row for every equation, algorithm, listing, table, figure, setting, experiment and "
        "claim of the thesis {cite:p}`halperin2024thesis`. A verdict is given by a test or a run "
        "of this repository, which the row names. *Reproduced* is what our runs show, *not "
        "reproduced* what they exclude; *undecided at this scale* means that they can do neither, "
        "and the row says how small a difference they could have seen. *Not checkable* is what "
        "nobody can find out without what was never published. *Open* is what nobody has tried "
        "here yet, or whose runs are missing. Intervals over seeds and streets hold for the one "
        "synthetic world that the runs were trained on; a difference in percent is one of the "
        "reference's error, with its 90 % interval, and below zero the first row is the better "
        "one. In grey stands what a first reading by "
        "hand thought of the item, before anything was run, and what it had seen in [the code "
        "that the author released](#the-released-code); it counts as no verdict.\n",
        _counts(rows),
        ":::{div} ledger-controls\n:::\n",
    ]
    for chapter, title in CHAPTERS.items():
        mine = [row for row in rows if row.chapter == chapter]
        parts.append(f"## {chapter} {title}\n")
        parts += [_row(row) for row in mine]
    return "\n".join(parts)


def errata(rows: list[Row]) -> str:
    """Settled errors of the thesis, then what a first reading suspects."""
    settled = [row for row in rows if row.verdict in ERRATA]
    suspected = [row for row in rows if row.verdict == "open" and row.audit.get("correction")]
    parts = [
        "(the-errata)=\n# Errata\n",
        "Where the thesis {cite:p}`halperin2024thesis` is wrong, misprinted or right only under a "
        "condition. The first list is settled: each entry links to its row of the "
        "[ledger](#the-ledger), which names the test, cell or run that decides. The second list "
        "was noticed in reading and waits for its test.\n",
        "## Settled\n",
        *_bullets(settled, _settled_erratum),
        "## Suspected, not settled\n",
        *_bullets(suspected, _suspected_erratum),
    ]
    return "\n".join(parts)


def claims(rows: list[Row]) -> str:
    """Claims, experiments, tables and figures with their verdicts, settled ones first."""
    mine = [row for row in rows if row.kind in CLAIMS]
    settled = [row for row in mine if row.verdict != "open"]
    still_open = [row for row in mine if row.verdict == "open"]
    parts = [
        "(the-claims)=\n# Claims\n",
        "What the thesis {cite:p}`halperin2024thesis` claims, shows and measures, and what became "
        "of it here. Claims about trained models are judged by runs with at least three seeds.\n",
        _counts(mine),
        "## Settled\n",
        *_bullets(settled, _settled_claim),
        "## Open\n",
        *_bullets(still_open, lambda row: row.says),
    ]
    return "\n".join(parts)


def _counts(rows: list[Row]) -> str:
    counts = Counter(row.verdict for row in rows)
    lines = [(verdict, str(counts[verdict])) for verdict in VERDICTS if counts[verdict]]
    return table(("Verdict", "rows"), [*lines, ("**all**", f"**{len(rows)}**")])


def _bullets(rows: list[Row], text) -> list[str]:
    """Bullets by chapter, each a link to the row of the ledger and `text(row)`."""
    parts = []
    for chapter, title in CHAPTERS.items():
        mine = [row for row in rows if row.chapter == chapter]
        if mine:
            parts.append(f"### {chapter} {title}\n")
            parts += [f"- {_link(row)} (section {row.place}): {text(row)}" for row in mine]
            parts.append("")
    return parts or ["None yet.\n"]


def _link(row: Row) -> str:
    return f"[{plain(row.id)}](#{label(row)})"


def label(row: Row) -> str:
    """Target of a row on the ledger's page."""
    return row_label(row.id)


def row_label(name: str) -> str:
    """Target of the row of that id."""
    return "ledger-" + name.lower()


def _settled_erratum(row: Row) -> str:
    return f"{row.says} **{row.verdict.capitalize()}.** {row.correction} {row.reason}"


def _suspected_erratum(row: Row) -> str:
    return f"{row.says} *Reading:* {row.audit['correction']}"


def _settled_claim(row: Row) -> str:
    return f"{row.says} **{row.verdict.capitalize()}.** {row.reason} {row.correction} {row.shows}"


def _row(row: Row) -> str:
    kind = COLOURS.get(row.verdict, "")
    verdict = f'<span class="rd-badge rd-{kind} ledger-verdict">{row.verdict}</span>'
    parts = [
        f"({label(row)})=\n::::{{div}} ledger-row verdict-{kind or 'open'}",
        f"**{plain(row.id)}** {verdict}{badges([('', row.kind), ('', 'section ' + row.place)])}\n",
        f"{row.says}\n",
    ]
    parts += [f"*{name}:* {text}\n" for name, text in _evidence(row)]
    if row.audit:
        parts.append(_audit(row))
    return "\n".join(parts) + "\n::::\n"


def _evidence(row: Row) -> list[tuple[str, str]]:
    found = [("Correction", row.correction), ("Reason", row.reason), ("Our runs", row.shows)]
    found.append(("Cell", ", ".join(_cell(cell) for cell in row.cell)))
    found.append(("Test", ", ".join(f"`{test}`" for test in row.test)))
    found.append(("Finding", ", ".join(f"[{name}](#finding-{name})" for name in row.finding)))
    found.append(("Run", ", ".join(_run(run) for run in row.run)))
    found.append(("Not published yet", ", ".join(f"`{run}`" for run in row.awaits)))
    return [(name, text) for name, text in found if text]


def _cell(cell: str) -> str:
    name, _, target = cell.partition("::")
    return f"[{plain(name.removeprefix('notebooks/'))}](#{target})"


def _run(run: str) -> str:
    if run.startswith("book/studies/"):
        name = run.removeprefix("book/studies/")
        return f"[study {plain(name)}](#study-{name.partition('/')[0]})"
    name = run.removeprefix("book/results/")
    kind = ("runs", "experiment", "run")[name.count("/")]
    target = f"{kind}-{slug(name)}"
    return f"[{plain(name)}](#{target})"


def _audit(row: Row) -> str:
    """The first reading; a correction that the row has made its own is not said twice."""
    correction = row.audit.get("correction", "")
    said = [
        f"First reading: {row.audit.get('verdict', 'none')}.",
        "" if correction.rstrip(".") in row.correction else correction,
        plain(row.audit.get("evidence", "")),
    ]
    return f":::{{div}} ledger-audit\n{' '.join(filter(None, said))}\n:::\n"
