"""Writes the pages made from data: what was found, ledger, findings, runs, the author's code.

The Sphinx extension of the book calls it before anything is read, so that every build has them; by
hand, in the repository root: `python -m rigid_depth.book.pages.write`.

Reads `book/ledger.yaml`, `book/released-code.yaml`, `book/thesis_tables.json`, `book/results/` and
`book/studies/` (published records) and `runs/smoke/` (what was just run, if anything). Writes only
`book/generated/` (ignored by git) and only files whose content changed, so that an unchanged book
is not rebuilt.
"""

from __future__ import annotations

import json
from pathlib import Path

from rigid_depth.book.chapters import chapter_number
from rigid_depth.book.claims.ledger import load, missing_evidence
from rigid_depth.book.executed import figuredata
from rigid_depth.book.markdown import number, plain, sortable, write_if_changed
from rigid_depth.book.pages import findingspage, ledgerpages, releasedcode
from rigid_depth.book.pages.apipages import api_pages
from rigid_depth.book.pages.experimentpage import experiment_page, headline
from rigid_depth.book.pages.foundpage import found_pages
from rigid_depth.book.pages.indexpages import index_pages
from rigid_depth.book.pages.studypage import study_pages
from rigid_depth.book.runs import comparison, results, resultstable
from rigid_depth.book.runs.labels import chapter_of, page_link
from rigid_depth.book.runs.provenance import run_badge
from rigid_depth.errors import RigidDepthError

ROOT = Path(__file__).resolve().parents[4]


def write_pages(root: Path = ROOT, repository: str = "") -> list[Path]:
    """Writes all generated pages below `root` and returns them; stale ones are removed.

    `repository` is the web address of its source, to which tests are linked.

    Raises `RigidDepthError` where the ledger is not valid or names evidence that does not exist.
    """
    runs = results.read_runs(root / "book" / "results")
    rows = load(root / "book" / "ledger.yaml", runs)
    if missing := missing_evidence(rows, root):
        raise RigidDepthError("book/ledger.yaml names what does not exist: " + "; ".join(missing))
    released = releasedcode.load(root / "book" / "released-code.yaml")
    latest = results.read_runs(root / "runs") if (root / "runs").is_dir() else []
    folder = root / "book" / "generated"
    texts = {
        "ledger.md": ledgerpages.ledger(rows, root, repository),
        "findings.md": findingspage.findings(runs),
        "released.md": releasedcode.page(released, runs),
        "runs.md": runs_page(runs, root),
        "runs/this-build.md": this_build_page([run for run in latest if run.group == "smoke"]),
    }
    texts |= _downloads(root, runs) | study_pages(root) | api_pages() | index_pages(root)
    texts |= figuredata.data_files(root)
    texts |= found_pages(rows, runs, root)
    for seeds in by_experiment(runs):
        texts |= {f"runs/{name}": text for name, text in experiment_page(seeds).items()}
    for name, text in texts.items():
        write_if_changed(folder / name, text)
    wanted = {folder / name for name in texts}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path not in wanted:
            path.unlink()
    return sorted(folder.rglob("*.md"))


def by_experiment(runs: list[results.Run]) -> list[list[results.Run]]:
    """The runs of each experiment at each scale, in the order of their names and seeds."""
    found: dict[tuple[str, str], list[results.Run]] = {}
    for run in runs:
        found.setdefault((run.group, run.experiment), []).append(run)
    return list(found.values())


def _downloads(root: Path, runs: list[results.Run]) -> dict[str, str]:
    """The results tables as CSV and JSON at the scale shown, and the verdicts of all as CSV."""
    thesis = json.loads((root / "book" / "thesis_tables.json").read_text(encoding="utf-8"))
    scale = results.shown_scale(runs)
    texts = {}
    for name in ("table_8_2", "table_8_5"):
        rows = resultstable.results(thesis[name], runs, scale)
        texts[f"{name}.csv"] = resultstable.results_csv(rows)
        texts[f"{name}.json"] = json.dumps({"scale": scale, "rows": rows}, indent=1) + "\n"
    texts["verdicts.csv"] = comparison.verdicts_csv(runs)
    return texts


def runs_page(runs: list[results.Run], root: Path) -> str:
    """The list of published experiments with their headline numbers, by scale."""
    parts = [
        "(published-runs)=\n# Published runs\n",
        "Each line is one experiment with its own page: every metric of its seeds side by side, "
        "learning curves, pictures, parameters, cost. RMSE is in metres on the held-out streets, "
        "those of validation and test together, pooled "
        f"over the pixels with a return nearer than {results.HEADLINE_CAP} m: mean ± sample "
        "standard deviation over the seeds, then each seed. The head of a column sorts by it. A "
        "name with `+` is the experiment before it with that parameter changed; `core-kitti` is "
        "scale `core` on frames of KITTI, and `core-repeated` runs of `core` that were made again "
        "on another kind of processor. *STALE* runs show what earlier code gave.\n",
    ]
    for group in dict.fromkeys(run.group for run in runs):
        lines = [
            (
                page_link(group, seeds[0].experiment),
                _chapter(seeds[0], root),
                headline(seeds, "rgb"),
                " ".join(f"[{number(run.rmse_m('rgb'))}](#{run.label})" for run in seeds),
                number(sum(run.record["cost"]["seconds"] for run in seeds) / 60, 1),
                max(run.record["created"] for run in seeds)[:10],
                results.stale_words(seeds) or "current",
            )
            for seeds in by_experiment([run for run in runs if run.group == group])
        ]
        head = ("Experiment", "Chapter", "RMSE, RGB [m]", "seeds", "minutes in all", "date", "code")
        parts.append(f"(runs-{group})=\n## Scale {plain(group)}\n\n{sortable(head, lines)}")
    if not runs:
        parts.append("No run has been published yet.\n")
    return "\n".join(parts)


def _chapter(run: results.Run, root: Path) -> str:
    """A link to the chapter that discusses the experiment, named by its number."""
    notebook = chapter_of(run)
    if not (root / notebook).is_file():
        return "–"
    return f"[{chapter_number(Path(notebook).stem)}](../../{Path(notebook).with_suffix('.ipynb')})"


def this_build_page(runs: list[results.Run]) -> str:
    """What this machine ran at scale `smoke`: proof that the code runs, never a result."""
    parts = [
        "(this-build)=\n# What this machine ran\n",
        "Runs at scale `smoke` train for a few steps on a small world, only to show that every "
        "experiment runs from data to record. Notebooks and tests make them. **They are no "
        "results**: no table of the book reads them.\n",
    ]
    for run in runs:
        seconds = number(run.record["cost"]["seconds"], 1)
        badge = run_badge(run.record)
        parts.append(f"- **{plain(run.experiment)}**, seed {run.seed}, {seconds} s: {badge}")
    if not runs:
        parts.append("None before this book was built: it shows stored notebooks and records.\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(f"{len(write_pages())} pages generated in book/generated")
