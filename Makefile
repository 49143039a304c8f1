# make book    build the book (world, notebooks, records, pages)     make lint    ruff
# make test    build it and prove it                                 make bench   compare with peers
# make experiments SCALE=cpu SEEDS=0,1,2 EXPERIMENTS=rgb PUBLISH=1   make clean   remove what was built
#
# Selection: SCALE DATASET DATAROOT EXPERIMENTS SEEDS PUBLISH CORES THREADS. Set-up: PYTHON TORCH_INDEX.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || echo python3)
WORKERS ?= 2
PY := .venv/bin/python

.PHONY: book test experiments bench lint format clean distclean environment constraints

environment:
	@$(PYTHON) workflow/environment.py .venv

book: environment
	@$(PY) workflow/build.py book

experiments: environment
	@$(PY) workflow/build.py experiments

test: book
	@RIGID_DEPTH_TYPECHECK=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 PYTHONHASHSEED=0 \
	  $(PY) -m pytest -n $(WORKERS) --dist loadfile $(PYTEST)

bench: environment
	@set -e; for file in $(notdir $(basename $(wildcard benchmarks/[a-z]*.py))); do \
	  echo "== $$file"; $(PY) -m benchmarks.$$file; done

lint: environment
	@$(PY) -m ruff check . && $(PY) -m ruff format --check .

format: environment
	@$(PY) -m ruff check --fix . && $(PY) -m ruff format .

constraints: environment
	@{ sed -n '/^#/p' constraints.txt; $(PY) -m pip freeze --all --exclude-editable \
	  | sed -E '/^pip==/d; s/^(torch==[0-9.]+)\+.*/\1/'; } > constraints.new && mv constraints.new constraints.txt

# Runs of other scales and the worlds stay: they cost hours.
clean:
	rm -rf _build book/generated runs/smoke .pytest_cache .ruff_cache .hypothesis

distclean: clean
	rm -rf data .venv .venv.lock .venv.unfinished .snakemake .snakemake.lock
