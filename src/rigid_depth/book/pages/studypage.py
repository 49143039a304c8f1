"""The page of one study: every number with its spread over seeds, and how it was made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from rigid_depth.book.markdown import flat, plain, sortable, table
from rigid_depth.book.runs import provenance
from rigid_depth.statistics import Estimate
from rigid_depth.studies import (
    STUDIES,
    Study,
    StudyRecord,
    published,
    standing,
    summarise,
)

CURVE_POINTS = 8
"""A list longer than this is a curve: the page says how it begins and ends."""
EQUATION = re.compile(r"\beq\. (?=\d)")
"""How a key of a record names an equation; the page says that it is the thesis's."""


def study_pages(root: Path) -> dict[str, str]:
    """The text of the page of every published study, by file name, and of their list."""
    records = {name: published(name, root) for name in STUDIES}
    pages = {
        f"studies/{n}.md": _page(STUDIES[n], found, root) for n, found in records.items() if found
    }
    rows = [
        (f"[{plain(n)}](#study-{n})", plain(STUDIES[n].label), STUDIES[n].section, str(len(found)))
        for n, found in records.items()
        if found
    ]
    head = ("Study", "What it asks", "Thesis", "Seeds")
    pages["studies.md"] = (
        "(published-studies)=\n# Published studies\n\nThe small seeded experiments of chapters 3 "
        "to 5. Every number is a mean over seeds with the 95 % interval of that mean "
        "(Student's t).\n\n"
        + sortable(head, rows or [("none published yet", "–", "–", "–")], align="left")
    )
    return pages


def study_badge(records: list[StudyRecord], root: Path) -> str:
    """HTML of seeds, commit, date and device; current, confirmed or stale, and why."""
    last = max(records, key=lambda record: record.data["created"]).data
    parts = [
        ("info", f"{len(records)} seeds"),
        ("", f"commit {provenance.commit(last)}"),
        ("", last["created"][:10]),
        ("", provenance.device(last)),
    ]
    found = {standing(record, root) for record in records}
    state, words = max(found, key=lambda one: list(provenance.KINDS).index(one.state))
    parts.append((provenance.KINDS[state], words))
    if apart := provenance.other_versions(last):
        parts.append(("info", apart))
    return provenance.badges(parts)


def _page(study: Study, records: list[StudyRecord], root: Path) -> str:
    seconds = sum(record.data["cost"]["seconds"] for record in records)
    data = records[-1].data
    seeds = [str(record.seed) for record in records]
    settings = {key: data[key] for key in ("parameters", "source", "machine", "versions")}
    parts = [
        f"(study-{study.name})=\n# Study: {plain(study.name)}\n",
        f"```{{raw}} html\n<p>{study_badge(records, root)}</p>\n```\n",
        f"{plain(study.label)} (thesis {study.section}; "
        f"discussed in [](../../../{Path(study.notebook).with_suffix('.ipynb')})). "
        f"Seeds {', '.join(seeds)}; {seconds:.0f} s in all.\n",
        "To run it again:\n\n```bash\n"
        f"rigid-depth study {study.name} --size full --seeds {','.join(seeds)}\n```\n",
        "Each number below is named by the keys that lead to it in the record.\n",
        table(
            ("Number", "mean", "95 % interval", "std", "n"),
            [(f"`{name}`", *cells) for name, cells in _rows(summarise(records))],
        ),
    ]
    for key, values in settings.items():
        facts = [(f"`{name}`", plain(value)) for name, value in flat(values).items()]
        inner = table(("Name", "Value"), facts, align="left")
        parts.append(f":::{{dropdown}} {key.capitalize()}\n{inner}:::\n")
    files = " ".join(
        f"{{download}}`seed-{r.seed}.json <../../studies/{study.name}/seed-{r.seed}.json>`"
        for r in records
    )
    return "\n".join([*parts, f"{files}\n"])


def _rows(value: object, name: str = "") -> Iterator[tuple[str, tuple[str, str, str, str]]]:
    """Name and cells of every number; of a curve its first and last.

    The name is made of the keys that lead to it.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            said = EQUATION.sub("thesis eq. ", str(key))
            yield from _rows(inner, f"{name} / {said}" if name else said)
    elif isinstance(value, list):
        chosen = range(len(value)) if len(value) <= CURVE_POINTS else (0, len(value) - 1)
        for index in chosen:
            yield from _rows(value[index], f"{name}[{index}]")
    else:
        yield escape(name), _cells(value)


def _cells(value: Estimate | None) -> tuple[str, str, str, str]:
    if value is None:
        return ("–", "–", "–", "–")
    if value.std is None:
        return (f"{value.mean:.4g}", "–", "–", str(value.count))
    between = f"{value.low:.4g} to {value.high:.4g}"
    return (f"{value.mean:.4g}", between, f"{value.std:.2g}", str(value.count))
