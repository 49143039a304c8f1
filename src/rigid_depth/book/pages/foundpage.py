"""The page *What was found*, and the parts of the front page that follow the runs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

from rigid_depth.book.claims.findings import FINDINGS, judgement
from rigid_depth.book.claims.ledger import VERDICTS, Row
from rigid_depth.book.markdown import number, plain, table
from rigid_depth.book.pages import found, limits
from rigid_depth.book.pages.ledgerpages import WIDE
from rigid_depth.book.runs import regime
from rigid_depth.book.runs.comparison import LEAST_SEEDS, with_verdict
from rigid_depth.book.runs.families import FAMILIES
from rigid_depth.book.runs.forest import family, forest, main_rows
from rigid_depth.book.runs.results import Run, shown_of

FIGURE = "forest.json"
HEAD = f"{WIDE}\n(what-was-found)=\n# What was found\n"
MORE = "\n[](../../notebooks/08_results.ipynb) says more of each.\n\n"
WORDS_A_MINUTE = 150
"""A reader of a text with formulas."""
NOT_PROSE = re.compile(
    r"\A---\n.*?^---\n|^(`{3,})(?:\{code-cell\}|bash|\{math\}).*?^\1 *$|\$[^$]*\$|\(#[^)]*\)",
    re.M | re.S,
)
CHAPTER = re.compile(r"\(\.\./notebooks/(\w+)\.ipynb\)")


def found_pages(rows: Sequence[Row], runs: Iterable[Run], root: Path) -> dict[str, str]:
    """File name -> text: the page, its figure, and what the front page includes.

    `rows` is the ledger.
    """
    runs = list(runs)
    shown = shown_of(runs)
    lines = family(shown)
    return {
        "found.md": page(rows, runs, shown, lines),
        FIGURE: json.dumps(forest(lines, main_rows())),
        "answer.txt": answer(shown, lines),
        "reading.txt": f"{reading(root)}\n{running(shown)}",
    }


def page(
    rows: Sequence[Row], runs: Sequence[Run], shown: Sequence[Run], lines: Mapping[str, dict]
) -> str:
    """Two columns: findings, limits and changes; beside them the forest plot, counts and scale."""
    guide = found.guide_knows(shown), found.readable(shown, FAMILIES[regime.ALONE])
    sentences = [
        found.brief(found.helped(lines)),
        found.brief(found.ceiling(shown)),
        f"{found.brief(guide[0])} {found.brief(guide[1], 1)}",
        found.brief(found.channel(runs)),
        found.brief(found.printed_by_chance(shown), 5),
    ]
    return "\n".join(
        [
            HEAD,
            "::::::{div} rd-found",
            _column(
                ("Five findings", _of_scale(shown) + _list(sentences) + MORE),
                ("Five limits", _list(limits.limits(shown, runs, lines))),
                ("What would change the verdicts", _list(limits.changes(shown, lines))),
            ),
            _column(
                ("What each method changes", _plot(lines)),
                ("Verdicts", _counts(rows, runs)),
                (f"The scale: {shown[0].group}" if shown else "The scale", _scale(shown)),
            ),
            "::::::\n",
        ]
    )


def _of_scale(shown: Sequence[Run]) -> str:
    """Which scale the sentences are of that name none."""
    if not shown:
        return ""
    return (
        f"Where no scale is named, it is `{shown[0].group}`. The *guide* is the branch that also "
        "sees LiDAR. Returns *withheld* from it are measured but not in its input; the *nearest "
        "given return* is the rule that copies the closest return that is in it."
        "\n\n"
    )


def _column(*parts: tuple[str, str]) -> str:
    body = "\n".join(
        f":::{{rubric}} {title}\n:heading-level: 2\n:::\n\n{text}" for title, text in parts
    )
    return f":::::{{div}} rd-found-column\n{body}:::::\n"


def _list(sentences: Sequence[str]) -> str:
    return "".join(f"{place}. {said}\n" for place, said in enumerate(sentences, 1))


def _plot(lines: Mapping[str, dict]) -> str:
    counts = sorted({row["seeds"] for row in with_verdict(lines.values())})
    seeds = f" ({limits.span(counts)} seeds)" if counts else ""
    note = (
        f"RGB error on held-out streets against `{regime.ALONE}`, RGB alone with the same "
        f"losses{seeds}; paired by seed and street. Open: fewer than {LEAST_SEEDS} shared seeds. "
        "[All rows](#results-verdicts).\n"
    )
    return f"```{{plotly-figure}} {FIGURE}\n```\n\n{note}"


def _counts(rows: Sequence[Row], runs: Sequence[Run]) -> str:
    """Verdicts of the ledger's rows, and of the thesis's claims about runs and ideas for them."""
    of_rows = Counter(row.verdict for row in rows)
    claims = [item for item in FINDINGS.values() if item.is_judged]
    of_claims = Counter(judgement(item, runs).verdict for item in claims)
    cells = [
        (verdict, str(of_rows[verdict]), str(of_claims[verdict] or "–"))
        for verdict in VERDICTS
        if of_rows[verdict] or of_claims[verdict]
    ]
    cells.append(("**all**", f"**{len(rows)}**", f"**{len(claims)}**"))
    head = ("Verdict", "[ledger](#the-ledger)", "[claims and ideas about runs](#the-findings)")
    return table(head, cells)


def _scale(shown: Sequence[Run]) -> str:
    return table(("", "here", "thesis"), limits.scale_rows(shown))


def answer(shown: Sequence[Run], lines: Mapping[str, dict]) -> str:
    """The answer of the front page in two sentences and the scale that it holds for."""
    judged = with_verdict(lines.values())
    better, worse = (
        [row for row in judged if row["verdict"] == verdict] for verdict in ("better", "worse")
    )
    where = f" at our scale `{shown[0].group}`" if shown else ""
    if not judged:
        first = f"It is open: no method has been run with enough seeds yet{where}."
    elif better:
        first = (
            f"It can: {len(better)} of the {len(judged)} methods compared{where} make the image "
            "branch better than the same network trained without a guide."
        )
    else:
        first = (
            f"Not that we could show: none of the {len(judged)} methods compared{where} is shown "
            "to make the image branch better than the same network trained without a guide"
            + (f", and {len(worse)} {_makes(worse)} it worse." if worse else ".")
        )
    return f"{first} {_sight(limits.visible(lines))}\n"


def _sight(seen: Sequence[float]) -> str:
    """What may have gone unseen; `seen` are the smallest visible effects in percent."""
    if not seen:
        return "The runs are under way."
    blind = sum(percent > 10 for percent in seen)
    methods = "method" if blind == 1 else "methods"
    more = f", and in {blind} {methods} even a change of a tenth" if blind else ""
    return (
        f"In the median method changes below {median(seen):.1f} % of the error may have gone "
        f"unseen{more}; larger networks and other streets stay open."
    )


def _makes(rows: Sequence[dict]) -> str:
    return "makes" if len(rows) == 1 else "make"


def reading(root: Path) -> str:
    """How long the three routes of the front page take, from the words of their chapters."""
    text = (root / "book" / "intro.md").read_text(encoding="utf-8")
    cells = []
    for name, body in re.findall(r"^### (.+)\n((?:(?!^#).*\n?)*)", text, re.M):
        chapters = [root / "notebooks" / f"{chapter}.md" for chapter in CHAPTER.findall(body)]
        chapters = [path for path in chapters if path.is_file()]
        if chapters:
            texts = [path.read_text(encoding="utf-8") for path in chapters]
            words = sum(len(NOT_PROSE.sub(" ", text).split()) for text in texts)
            exercises = sum(text.count("```{exercise}") for text in texts)
            hours = words / WORDS_A_MINUTE / 60
            cells.append(
                [plain(name), str(len(chapters)), number(words), f"{hours:.1f} h", str(exercises)]
            )
    head = ("Route", "chapters", "words", "to read", "exercises")
    return table(head, cells) if cells else ""


def running(shown: Sequence[Run]) -> str:
    """How long the runs behind the tables took."""
    if not shown:
        return ""
    hours = sum(run.record["cost"]["seconds"] for run in shown) / 3600
    return (
        f"The {len(shown)} runs behind the tables took {hours:.1f} hours of training; nothing of "
        "it has to be repeated to read.\n"
    )
