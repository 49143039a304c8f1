"""Writes the pages that are made from data: ledger, errata, claims, runs and studies.

Call it before every build, then build; the commands run in the repository root::

    python -m rigid_depth.book.pages
    jupyter-book build . -W -n --keep-going
    python -m rigid_depth.book.check _build/html

Reads `book/ledger.yaml`, `book/thesis_tables.json`, `book/results/` and `book/studies/` (published
records) and `runs/smoke/` (what was just run, if anything). Writes only `book/generated/` (ignored
by git) and only files whose content changed, so that an unchanged book is not rebuilt.
"""

from __future__ import annotations

import json
from pathlib import Path

from rigid_depth.book import comparison, ledgerpages, tables
from rigid_depth.book.ledger import load, missing_evidence
from rigid_depth.book.markdown import number, plain, table, write_if_changed
from rigid_depth.book.provenance import run_badge
from rigid_depth.book.runpage import write_run_page
from rigid_depth.book.studypage import study_pages
from rigid_depth.errors import RigidDepthError

ROOT = Path(__file__).resolve().parents[3]


def write_pages(root: Path = ROOT) -> list[Path]:
    """Writes all generated pages below `root` and returns them; stale ones are removed.

    Raises `RigidDepthError` where the ledger is not valid or names evidence that does not exist.
    """
    rows = load(root / "book" / "ledger.yaml")
    if missing := missing_evidence(rows, root):
        raise RigidDepthError("book/ledger.yaml names what does not exist: " + "; ".join(missing))
    runs = tables.read_runs(root / "book" / "results")
    latest = tables.read_runs(root / "runs")
    folder = root / "book" / "generated"
    texts = {
        "ledger.md": ledgerpages.ledger(rows),
        "errata.md": ledgerpages.errata(rows),
        "claims.md": ledgerpages.claims(rows),
        "runs.md": runs_page(runs),
        "runs/this-build.md": this_build_page([run for run in latest if run.group == "smoke"]),
    }
    texts |= _downloads(root, runs) | study_pages(root)
    for name, text in texts.items():
        write_if_changed(folder / name, text)
    for run in runs:
        write_run_page(run, folder / "runs")
    wanted = {folder / name for name in texts}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path not in wanted and not _belongs_to(path, runs):
            path.unlink()
    return sorted(folder.rglob("*.md"))


def _belongs_to(path: Path, runs: list[tables.Run]) -> bool:
    slugs = {run.slug for run in runs}
    return path.stem in slugs or (path.suffix == ".json" and path.stem.rpartition("-")[0] in slugs)


def _downloads(root: Path, runs: list[tables.Run]) -> dict[str, str]:
    """The results tables as CSV and JSON and the verdicts as CSV, at the best complete scale."""
    thesis = json.loads((root / "book" / "thesis_tables.json").read_text(encoding="utf-8"))
    scale = tables.best_complete_scale(runs)
    texts = {}
    for name in ("table_8_2", "table_8_5"):
        rows = tables.results(thesis[name], runs, scale)
        texts[f"{name}.csv"] = tables.results_csv(rows)
        texts[f"{name}.json"] = json.dumps({"scale": scale, "rows": rows}, indent=1) + "\n"
    texts["verdicts.csv"] = comparison.verdicts_csv(run for run in runs if run.group == scale)
    return texts


def runs_page(runs: list[tables.Run]) -> str:
    """The list of published runs with their headline numbers, by scale."""
    parts = [
        "(published-runs)=\n# Published runs\n",
        "Each line is one run with its own page: parameters, data, machine, cost, every metric, "
        "learning curves and pictures. RMSE is in metres on the test split, pooled over the pixels "
        f"with a return nearer than {tables.HEADLINE_CAP} m.\n",
    ]
    for group in dict.fromkeys(run.group for run in runs):
        lines = [
            (
                f"[{plain(run.experiment)} / {run.seed}](#{run.label})",
                number(run.rmse_m("rgb")),
                number(run.record["cost"]["seconds"] / 60, 1),
                run.record["created"][:10],
            )
            for run in runs
            if run.group == group
        ]
        head = ("Run / seed", "RMSE, RGB [m]", "minutes", "date")
        parts.append(f"(runs-{group})=\n## Scale {plain(group)}\n\n{table(head, lines)}")
    if not runs:
        parts.append("No run has been published yet.\n")
    return "\n".join(parts)


def this_build_page(runs: list[tables.Run]) -> str:
    """What the last build itself ran at scale `smoke`: proof that the code runs, never a result."""
    parts = [
        "(this-build)=\n# What this build ran\n",
        "These runs train for a few steps on a small world, only to show that every experiment "
        "runs from data to record on this machine. **They are no results**: no table of the book "
        "reads them.\n",
    ]
    for run in runs:
        seconds = number(run.record["cost"]["seconds"], 1)
        badge = run_badge(run.record)
        parts.append(f"- **{plain(run.experiment)}**, seed {run.seed}, {seconds} s: {badge}")
    if not runs:
        parts.append("This build ran nothing: it was made from stored notebooks and records.\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(f"{len(write_pages())} pages generated in book/generated")
