"""Which edits of the package make which published records stale."""

import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
from itertools import chain
from pathlib import Path

import pytest

from rigid_depth import PACKAGE
from rigid_depth.experiments import standing
from rigid_depth.experiments.registry import EXPERIMENTS, SCALES
from rigid_depth.experiments.settings import parameters
from rigid_depth.experiments.sources import repository
from rigid_depth.experiments.training import feed
from rigid_depth.studies import records as studies

RESULTS = repository() / "book" / "results"
ASKED = """
import json, sys
from pathlib import Path
from rigid_depth.experiments.standing import standing
found, results = {}, Path(sys.argv[1])
for path in sorted(results.glob("*/*/seed-*/record.json")):
    state, words = standing(json.loads(path.read_text()), path.parents[1])
    if state == "stale":
        found[path.parent.relative_to(results).as_posix()] = words
print(json.dumps(found))
"""
"""A program that says which runs of a folder are stale, by their names, and why."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A record of every published row as if it had been made by today's code and settings."""
    folder = tmp_path_factory.mktemp("results")
    for path in RESULTS.glob("*/*/seed-0/record.json"):
        record = json.loads(path.read_text())
        if standing.parameter_changes(record):
            continue
        code = standing.code_today(record["experiment"])
        record["source"]["package"] = code["package"]
        if code["built_on"]:
            record["built_on"] = {"package": code["built_on"]}
        kept = {k: v for k, v in record.items() if k not in ("metrics", "curves", "predictions")}
        target = folder / path.relative_to(RESULTS)
        target.parent.mkdir(parents=True)
        target.write_text(json.dumps(kept))
    return folder


@pytest.fixture
def stale(fresh, tmp_path):
    """Edits a copy of the package and says which of the fresh records are stale for it, and why."""

    def after(*edits: tuple[str, str, str]) -> dict[str, str]:
        copy = Path(tempfile.mkdtemp(dir=tmp_path)) / PACKAGE.name
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for name, old, new in edits:
            (path,) = [p for p in copy.rglob(name) if old in p.read_text()]
            path.write_text(path.read_text().replace(old, new))
        done = subprocess.run(
            [sys.executable, "-c", ASKED, str(fresh)],
            env=os.environ | {"PYTHONPATH": str(copy.parent)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return after


def rows_of(folder, *methods: str) -> set[str]:
    """The runs whose method, or that of the run they are built on, is one of these."""
    chosen = set()
    for path in folder.glob("*/*/seed-0/record.json"):
        experiment = EXPERIMENTS[path.parts[-3].split("+")[0]]
        below = EXPERIMENTS[experiment.needs].method if experiment.needs else ""
        if {experiment.method, below} & set(methods):
            chosen.add(path.parent.relative_to(folder).as_posix())
    return chosen


EMPTY = {
    "renaming a private helper": (("feed.py", "_mirror", "_flipped"),),
    "renaming a private method": (("feed.py", "_hold", "_keep"),),
    "text of a progress bar": (("measure.py", 'unit="frame"', 'unit="image"'),),
    "wording of an error": (("*.py", "the last good checkpoint is kept", "the last one is kept"),),
    "quotes round an annotation": (("feed.py", "maps: dict[str, Tensor]", 'maps: "dict"'),),
    "default of a command": (("cli/predict.py", 'Path("predictions")', 'Path("depths")'),),
    "new field of an experiment": (
        ("settings.py", "    shared_encoder: bool = False",
         "    taste: float = 0.5\n    shared_encoder: bool = False"),
    ),
    "new field of a scale": (
        ("settings.py", "    world_seed: int = 0\n", "    world_seed: int = 0\n    fog: int = 3\n"),
    ),
    "new experiment": (
        ("rows_of_the_thesis.py", 'MSE = replace(\n    BRANCHES, name="mse",',
         'NEW = replace(RGB, name="new")\nMSE = replace(\n    BRANCHES, name="mse",'),
    ),
    "new loss beside the others": (
        ("coral.py", "\n\ndef coral(", "\n\ndef moral(x):\n    return 2 * x\n\n\ndef coral("),
    ),
}  # fmt: skip


def test_edits_that_change_no_number_make_nothing_stale(stale):
    """All of them at once, and one by one only to name those at fault."""
    found = stale(*chain.from_iterable(EMPTY.values()))
    at_fault = [name for name, edits in EMPTY.items() if found and stale(*edits)]
    assert found == {}, f"at fault: {', '.join(at_fault) or 'several together'}"


LOSSES = {
    "normalised CORAL": (("normalised_coral.py", "return ", "return 2 * "), {"coral-normalised"}),
    "CORAL": (("coral.py", "torch.where(known, loss, 0)", "torch.where(known, 2 * loss, 0)"),
              {"coral", "coral-normalised"}),  # the second derives from the first
    "masked MSE": (("depth.py", "return _error(pred, target, mask).square().sum()",
                    "return 2 * _error(pred, target, mask).square().sum()"),
                   {e.method for e in EXPERIMENTS.values()} - {"constant-depth", "row-mean-depth"}),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "methods"), LOSSES.values(), ids=LOSSES)
def test_a_loss_times_a_factor_makes_its_rows_stale_and_no_other(stale, fresh, edit, methods):
    found = stale(edit)
    assert set(found) == rows_of(fresh, *methods) != set()


def test_a_run_is_stale_with_the_run_it_is_built_on_and_says_so(stale, fresh):
    found = stale(("mse.py", "F.mse_loss(", "2 * F.mse_loss("))
    own = rows_of(fresh, "mse") - rows_of(fresh, "fresh-decoder")
    assert {found[name] for name in own if "/mse" in name} == {"STALE: the code changed since"}
    for name in rows_of(fresh, "fresh-decoder"):
        assert "that of the run it is built on changed since" in found[name]


def test_a_function_may_move_to_another_file(stale):
    moved = inspect.getsource(feed._mirror)
    there = "def decode_depth("
    edits = (
        ("feed.py", moved, "from rigid_depth.data.encoding import flipped as _mirror\n"),
        ("encoding.py", there, f"{moved.replace('_mirror', 'flipped')}\n\n{there}"),
    )
    assert stale(*edits) == {}


def test_no_published_run_is_stale():
    stale = [
        path.relative_to(RESULTS).as_posix()
        for path in RESULTS.glob("*/*/seed-*/record.json")
        if standing.standing(json.loads(path.read_text()), path.parents[1]).state == "stale"
    ]
    assert stale == []


def test_no_published_study_is_stale():
    stale = {
        name
        for name in studies.STUDIES
        for record in studies.published(name)
        if studies.standing(record).state == "stale"
    }
    assert stale == set()


def made(**changes) -> dict:
    """The record of a run at scale smoke with today's code and settings."""
    experiment, scale = EXPERIMENTS["rgb"], SCALES["smoke"]
    record = {
        "experiment": "rgb",
        "label": "rgb",
        "scale": "smoke",
        "seed": 3,
        "overrides": {},
        "parameters": parameters(experiment, scale, "synthetic") | {"init_from": None},
        "data": {"dataset": "synthetic"},
    }
    record["source"] = {"package": standing.code_today("rgb")["package"]}
    return record | changes


def test_a_record_without_a_parameter_has_its_default(tmp_path):
    record = made()
    assert standing.standing(record, tmp_path).state == "current"
    for name in ("rotation_loss", "sky"):
        del record["parameters"][name]
    assert standing.standing(record, tmp_path).state == "current"
    del record["parameters"]["steps"]  # 20 today, 0 by default
    assert standing.standing(record, tmp_path).words.endswith("'steps' is 20 today, was 0")


def test_a_changed_or_lost_parameter_is_named(tmp_path):
    record = made()
    record["parameters"] |= {"flip": 0.25, "perfume": 1}
    state, words = standing.standing(record, tmp_path)
    assert state == "stale"
    assert "parameter 'perfume' exists no longer" in words
    assert "parameter 'flip' is 0.5 today, was 0.25" in words
    assert "unknown experiment" in standing.standing(made(experiment="rbg"), tmp_path).words


def test_a_note_confirms_the_seeds_it_names_for_the_code_it_names(tmp_path):
    record = made(source={"package": "a" * 40})
    then, today = standing.code_then(record), standing.code_today("rgb")
    note = {"how": "rerun", "created": "2026-01-02T03:04:05Z", "code": today, "seed": 0}
    note |= {"exact": False, "difference": "0.021 m", "allowed": "0.15 m", "seeds": {"3": then}}

    def state(**changes) -> standing.Standing:
        (tmp_path / standing.FILE).unlink(missing_ok=True)
        standing.add_note(tmp_path, note | changes)
        return standing.standing(record, tmp_path)

    assert state() == (
        "confirmed",
        "confirmed 2026-01-02: seed 0 run again on another machine came within 0.021 m "
        "(allowed: 0.15 m)",
    )
    assert "bit for bit" in state(exact=True).words
    assert "smoke runs" in state(how="smoke").words
    assert state(code={"package": "b" * 40, "built_on": None}).state == "stale"
    assert state(seeds={"2": then}).state == "stale"
    assert state(seeds={"3": {"package": "c" * 40, "built_on": None}}).state == "stale"
