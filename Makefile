# `make help` lists the targets: the text behind ## of each, and the lines that begin with #:
#
#: Settings, as in `make experiments SCALE=cpu SEEDS=0,1,2 EXPERIMENTS=rgb PUBLISH=1`:
#:   SCALE DATASET DATAROOT EXPERIMENTS SEEDS PUBLISH THREADS   which runs, on which data
#:   EXECUTE=all    execute every notebook, not only the outdated ones (book, notebooks)
#:   CORES WORKERS  of the graph, of the tests           PYTEST="-k ledger"  a part of the tests
#:   PYTHON TORCH_INDEX  of the environment

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || echo python3)
WORKERS ?= 2
PY := .venv/bin/python

.PHONY: help book pdf links notebooks test experiments bench lint format clean distclean environment environment-test constraints

help: ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 22; sed -n 's/^#: \{0,1\}//p' Makefile

environment: ## .venv with the pinned packages; every target makes it where it is missing
	@$(PYTHON) workflow/environment.py .venv

environment-test: ## the same with what tests, linting and benchmarks need
	@$(PYTHON) workflow/environment.py .venv test

book: environment ## the book in _build/html; executes the notebooks whose stored outputs are outdated
	@$(PY) workflow/build.py book

pdf: environment-test book ## _build/rigid-depth.pdf: the book without the pages of single experiments, studies and modules
	@$(PY) workflow/pdf.py

links: environment ## look up every link of the book that leads outside; needs a network
	@.venv/bin/jupyter-book build . --builder linkcheck

test: environment-test book ## prove it: unit, property, data, notebook, book and browser tests
	@RIGID_DEPTH_TYPECHECK=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 PYTHONHASHSEED=0 \
	  $(PY) -m pytest -q --no-header -n $(WORKERS) --dist loadfile $(PYTEST)

notebooks: environment-test ## execute outdated notebooks and store their outputs in notebooks/, for git
	@$(PY) workflow/build.py notebooks

experiments: environment ## runs at a scale, into runs/; with PUBLISH=1 into book/results, too
	@$(PY) workflow/build.py experiments

bench: environment-test ## speed, compared with peers
	@set -e; for file in $(notdir $(basename $(wildcard benchmarks/[a-z]*.py))); do \
	  echo "== $$file"; $(PY) -m benchmarks.$$file; done

lint: environment-test ## ruff on package and notebooks, pyright
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .
	@$(PY) workflow/lint_notebooks.py
	@$(PY) workflow/typecheck.py

format: environment-test ## ruff, mending what it can
	@$(PY) -m ruff check --fix . && $(PY) -m ruff format .
	@$(PY) workflow/lint_notebooks.py --fix

constraints: environment-test ## pin what is installed now
	@$(PY) workflow/constraints.py

# Runs of other scales and the worlds stay: they cost hours.
clean: ## remove what was built; runs above smoke and the worlds stay
	rm -rf _build book/generated runs/smoke .pytest_cache .ruff_cache .hypothesis

distclean: clean ## remove the environment and the worlds, too
	rm -rf data .venv .venv.lock .venv.unfinished .snakemake .snakemake.lock .graph
