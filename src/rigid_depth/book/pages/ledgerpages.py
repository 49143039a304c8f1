"""The page of the ledger: the errata that matter first, then one table with its saved filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from rigid_depth.book.chapters import chapter_title
from rigid_depth.book.claims.evidence import line_of_test
from rigid_depth.book.claims.ledger import SEVERITIES, VERDICTS, Row
from rigid_depth.book.markdown import plain, slug, table
from rigid_depth.book.pages import testsources
from rigid_depth.book.runs.provenance import badges

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
"""Chapters of the thesis."""
COLOURS = {
    "holds": "good",
    "reproduced": "good",
    "helped": "good",
    "holds under a condition": "warn",
    "misprint": "warn",
    "wrong": "bad",
    "not reproduced": "bad",
}
"""Colour of a verdict; verdicts not named here are grey."""
WIDE = "---\nhtml_theme.sidebar_secondary.remove: true\n---\n"
"""The head of a page that needs the room of its contents at the side."""
FILTERS: dict[str, tuple[str, Callable[[Row], bool]]] = {
    "the-errata": ("Errata", lambda row: row.is_erratum),
    "the-serious-errata": ("Serious errata", lambda row: row.severity == "serious"),
    "the-claims": ("Claims, experiments, tables, figures", lambda row: row.is_claim),
    "the-runs-judged": ("Judged by runs", lambda row: bool(row.run or row.finding)),
    "the-undecided-rows": (
        "Undecided at this scale",
        lambda row: row.verdict == "undecided at this scale",
    ),
    "the-open-rows": ("Open", lambda row: row.verdict == "open"),
}
"""Saved filters: the anchor that sets one, its name, and the rows that it shows."""


def ledger(rows: list[Row], root: Path, repository: str = "") -> str:
    """The errata to read first, then every row with its verdict, by chapter of the thesis.

    `root` is the repository, whose tests are linked at `repository`, its web address, or without
    one to what `testsources.write_sources` writes. A local script filters the rows and opens on
    the serious errata; without scripts all are shown.
    """
    titles = {f"notebooks/{p.name}": chapter_title(p) for p in (root / "notebooks").glob("*.md")}
    parts = [
        WIDE,
        "(the-ledger)=\n# Ledger\n",
        "One row for every equation, algorithm, listing, table, figure, setting, experiment and "
        "claim of the thesis {cite:p}`halperin2024thesis`. A test, a cell or a run of this "
        "repository gives the verdict, and the row names it. *Reproduced* is what our runs show, "
        "*not reproduced* what they exclude; *helped* and *did not help* say the same of what the "
        "thesis proposes for future work. *Undecided at this scale* means that they can do "
        "neither, and the row says how small a difference they could have seen. *Not checkable* "
        "is what nobody can find out without what was never published. *Open* is what nobody has "
        "tried here yet, or whose runs are missing. Intervals over seeds and streets hold for the "
        "one synthetic world that the runs were trained on; a difference in percent is one of the "
        "reference's error, with its 90 % interval, and below zero the first row is the better "
        "one. What could have been seen depends on how many lines are corrected together, so that "
        "one comparison can have several such numbers; above 100 % the line can show nothing. "
        "*Holds* means right as printed, *holds under a condition* right once a condition is "
        "added, which the row names, *misprint* a slip in the printing; what is *wrong* has its "
        "correction. The notes of a first reading by hand are folded away; they give no verdict.\n",
        *_first(rows),
        "## All rows\n",
        _counts(rows),
        *_filters(rows),
        ":::{div} ledger-controls\n:::\n",
        "::::{div} ledger-head\n:::{div}\nThe thesis says\n:::\n:::{div}\nVerdict\n:::\n"
        ":::{div}\nWhat holds, and what shows it\n:::\n::::\n",
    ]
    for chapter, title in CHAPTERS.items():
        mine = [row for row in rows if row.chapter == chapter]
        parts.append(f"### Thesis chapter {chapter}: {title}\n")
        parts += [_row(row, root, titles, repository) for row in mine]
    return "\n".join(parts)


def _first(rows: list[Row]) -> list[str]:
    chosen = sorted((row for row in rows if row.first), key=lambda row: row.first or 0)
    if not chosen:
        return []
    said = [
        f"{row.first}. {_link(row)} (thesis section {row.place}): {row.says} "
        f"**{row.verdict.capitalize()}.** {row.correction}"
        for row in chosen
    ]
    return ["(the-errata-first)=\n## Read these errata first\n", *said, ""]


def _counts(rows: list[Row]) -> str:
    counts = Counter(row.verdict for row in rows)
    lines = [(verdict, str(counts[verdict])) for verdict in VERDICTS if counts[verdict]]
    return table(("Verdict", "rows"), [*lines, ("**all**", f"**{len(rows)}**")])


def _filters(rows: list[Row]) -> list[str]:
    grave = "; ".join(f"*{name}*: {meaning}" for name, meaning in SEVERITIES.items())
    opens = "The table opens on the serious errata. Show only:"
    parts = [f"How severe an erratum is: {grave}. {opens}\n"]
    for anchor, (name, fits) in FILTERS.items():
        count = sum(map(fits, rows))
        parts.append(
            f"({anchor})=\n:::{{div}} ledger-filter\n[{name}](#{anchor}) ({count} rows)\n:::\n"
        )
    parts.append(":::{div} ledger-filter\n[All rows](#the-ledger)\n:::\n")
    return parts


def _link(row: Row) -> str:
    return f"[{plain(row.id)}](#{label(row)})"


def label(row: Row) -> str:
    """Target of a row on the ledger's page."""
    return row_label(row.id)


def row_label(name: str) -> str:
    """Target of the row of that id."""
    return "ledger-" + name.lower()


def item(row: Row) -> str:
    """What a row is about in a word or two: *thesis eq. 3.10*, or *a claim of thesis section 3*."""
    short = {"eq": "eq.", "fig": "Figure", "table": "Table", "listing": "Listing"}
    kind, _, number = row.id.partition("-")
    if kind in short and number.replace(".", "").isdigit():
        return f"thesis {short[kind]} {number}"
    if row.id in ("alg-1", "alg-2", "alg-3"):
        return f"thesis Algorithm {number}"
    article = "an" if row.kind[0] in "aeiou" else "a"
    words = {"hyperparameter": "setting", "future-work": "proposal for future work"}
    kind = words.get(row.kind, row.kind)
    if kind == "setting":
        article = "a"
    return f"{article} {kind} of the thesis ({row.place})"


def _row(row: Row, root: Path, titles: dict[str, str], repository: str) -> str:
    kind = COLOURS.get(row.verdict, "")
    classes = [f"verdict-{kind or 'open'}"]
    classes += [f"in-{anchor}" for anchor, (_, fits) in FILTERS.items() if fits(row)]
    verdict = f'<span class="rd-badge rd-{kind} ledger-verdict">{row.verdict}</span>'
    grave = badges([("", row.severity)]) if row.severity else ""
    evidence = [f"*{name}:* {text}\n" for name, text in _evidence(row, root, titles, repository)]
    return "\n".join(
        [
            f"({label(row)})=\n:::::{{div}} ledger-row {' '.join(classes)}",
            f"::::{{div}} ledger-says\n**{plain(row.id)}** {row.kind}, section {row.place}\n",
            f"{row.says}\n::::",
            f"::::{{div}} ledger-judged\n{verdict} {grave}\n::::",
            "::::{div} ledger-holds",
            *(f"{text}\n" for text in (row.correction, row.reason) if text),
            *evidence,
            _audit(row) if row.audit else "",
            "::::\n:::::\n",
        ]
    )


def _evidence(
    row: Row, root: Path, titles: dict[str, str], repository: str
) -> list[tuple[str, str]]:
    found = [
        ("Our runs", row.shows),
        ("Cell", ", ".join(_cell(cell, titles) for cell in row.cell)),
        ("Test", ", ".join(_test(test, root, repository) for test in row.test)),
        ("Finding", ", ".join(f"[{name}](#finding-{name})" for name in row.finding)),
        ("Run", ", ".join(_run(run) for run in row.run)),
        ("Not published yet", ", ".join(f"`{run}`" for run in row.awaits)),
    ]
    return [(name, text) for name, text in found if text]


def _cell(cell: str, titles: dict[str, str]) -> str:
    name, _, target = cell.partition("::")
    return f"[{plain(titles.get(name, name))}](#{target})"


def _test(test: str, root: Path, repository: str) -> str:
    """A test, linked to its lines in the repository, or to the copy that the book brings."""
    if not repository:
        return testsources.linked(test)
    name, _, function = test.partition("::")
    words = function.removeprefix("test_").replace("_", " ")
    return f"[{words}]({repository}/blob/HEAD/{name}#L{line_of_test(root, test)})"


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
        f"{row.audit.get('verdict', 'none').capitalize()}.",
        "" if correction.rstrip(".") in row.correction else correction,
        plain(row.audit.get("evidence", "")),
    ]
    words = " ".join(filter(None, said))
    # Plain HTML: a dropdown of sphinx-design would bring a drawing of its own for each of 300 rows.
    head = '<details class="ledger-audit"><summary>First reading</summary>'
    return f"{head}\n\n{words}\n\n</details>"
