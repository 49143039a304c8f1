"""Writes the pages that are made from data: ledger, errata, claims and one page per run.

Call it before every build, then build; both commands run in the repository root::

    python -m rigid_depth.book.pages
    jupyter-book build . -W -n --keep-going --path-output _build
    python -m rigid_depth.book.check _build/_build/html

Reads `book/ledger.yaml`, `book/thesis_tables.json`, `book/results/` (published records) and
`runs/smoke/` (what was just run, if anything). Writes only `book/generated/` (ignored by git) and
only files whose content changed, so that an unchanged book is not rebuilt.
"""
