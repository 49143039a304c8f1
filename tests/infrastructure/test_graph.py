"""The graph does what is asked, and nothing where nothing changed."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import selection
from selection import read_selection, run_code

from rigid_depth.book.executed import copies
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.registry import EXPERIMENTS
from rigid_depth.experiments.sources import package_hash

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(p.stem for p in ROOT.glob("notebooks/*.md"))


def snakemake(folder: Path, target: str, *options: str) -> str:
    program = [sys.executable, "-m", "snakemake", "--snakefile", "workflow/Snakefile"]
    done = subprocess.run(
        [*program, "--nolock", "--cores", "2", target, *options],
        cwd=folder,
        env={**os.environ, "RIGID_DEPTH_TYPECHECK": "0"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def planned(folder: Path, target: str, *options: str) -> dict[str, int]:
    """What a dry run would do: rule -> number of jobs."""
    return jobs(snakemake(folder, target, "--dry-run", *options))


def jobs(text: str) -> dict[str, int]:
    """What a dry run said that it would do: rule -> number of jobs."""
    table = text.split("Job stats:")[-1].split("total")[0] if "Job stats:" in text else ""
    return {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Path:
    """A copy of what the graph reads, with nothing made and no notebook stored."""
    if not NOTEBOOKS:
        pytest.skip("there is no notebook")
    folder = tmp_path_factory.mktemp("clone")
    for name in ("workflow", "src", "notebooks", "book"):
        skip = shutil.ignore_patterns("__pycache__", "generated", "_vendor", ".*", "*.ipynb")
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, folder)
    return folder


def store(folder: Path, name: str) -> None:
    """Stands in for `make notebooks`: the stored notebook says that it is up to date."""
    made = copies.stamp(folder / "notebooks" / f"{name}.md")
    text = json.dumps({"cells": [], "metadata": {"rigid_depth": made}})
    (folder / "notebooks" / f"{name}.ipynb").write_text(text)


def make_all(folder: Path) -> None:
    """Stands in for a run: every file the graph makes is there, in order."""
    made = ["data/synthetic/.smoke", "data/prepared/.smoke"]
    made += [f"_build/executed/{name}.ipynb" for name in NOTEBOOKS]
    for name in [*made, "_build/html/index.html"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    snakemake(folder, "book", "--touch")


def test_from_nothing_to_the_book_to_nothing_to_do(fresh):
    everything = {"world": 1, "store": 1, "execute": len(NOTEBOOKS), "html": 1, "book": 1}
    assert planned(fresh, "book") == everything

    make_all(fresh)
    assert planned(fresh, "book") == {}

    with open(fresh / "notebooks" / f"{NOTEBOOKS[0]}.md", "a") as text:
        text.write("\nOne sentence more.\n")
    assert planned(fresh, "book") == {"execute": 1, "html": 1, "book": 1}


def test_stored_notebooks_that_are_up_to_date_are_not_executed(fresh):
    for name in NOTEBOOKS:
        store(fresh, name)
    assert planned(fresh, "book") == {"html": 1, "book": 1}
    asked = {"world": 1, "store": 1, "execute": len(NOTEBOOKS), "html": 1, "book": 1}
    shutil.rmtree(fresh / "_build", ignore_errors=True)
    shutil.rmtree(fresh / "data", ignore_errors=True)
    assert planned(fresh, "book", "--config", "execute=all") == asked


def test_a_run_comes_after_the_one_it_is_built_on(fresh):
    options = ["--config", "scale=cpu", "experiments=mse-fresh-decoder", "seeds=4", "publish=1"]
    text = snakemake(fresh, "experiments", "--dry-run", *options)
    first, second = (
        text.index(f"Run {name}, seed 4, cpu") for name in ("mse", "mse-fresh-decoder")
    )
    assert first < second
    assert jobs(text)["publish"] == 1


def test_a_scale_asks_for_its_runs(fresh):
    options = ["--config", "scale=cpu", "experiments=rgb,row-mean-depth", "seeds=0,1", "publish=1"]
    found = planned(fresh, "experiments", *options)
    assert found["run"] == found["publish"] == 4
    assert found["run_notebook"] == 2, "a control has no notebook of its own"
    assert "html" not in found


def test_a_finished_run_stays_where_its_data_were_prepared_later(fresh):
    options = ["--config", "scale=cpu", "experiments=row-mean-depth", "seeds=0", "publish=1"]
    run, later = "cpu/row-mean-depth/seed-0", time.time() + 9
    shutil.rmtree(fresh / ".snakemake", ignore_errors=True)
    for name in (f"runs/{run}/record.json", "data/synthetic/.cpu", "data/prepared/.cpu"):
        (fresh / name).parent.mkdir(parents=True, exist_ok=True)
        (fresh / name).write_text("{}")
    for name in ("data/synthetic/.cpu", "data/prepared/.cpu"):
        os.utime(fresh / name, (later, later))
    assert planned(fresh, "experiments", *options) == {"publish": 1, "experiments": 1}


def test_a_run_that_the_book_has_lost_is_published_again(fresh):
    options = ["--config", "scale=core", "experiments=constant-depth", "seeds=0", "publish=1"]
    run = "core/constant-depth/seed-0"
    mark, record = fresh / ".graph/published" / run, fresh / "book/results" / run / "record.json"
    for name in ("data/synthetic/.core", "data/prepared/.core", f"runs/{run}/record.json"):
        (fresh / name).parent.mkdir(parents=True, exist_ok=True)
        (fresh / name).touch()
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    assert record.is_file()
    assert "publish" not in planned(fresh, "experiments", *options)
    record.unlink()
    assert planned(fresh, "experiments", *options)["publish"] == 1


def test_this_book_is_up_to_date():
    if not (ROOT / "_build" / "html" / "index.html").exists():
        pytest.skip("the book is not built: make book")
    assert planned(ROOT, "book") == {}


def test_a_run_is_stale_with_the_hash_of_its_record():
    assert run_code("rgb", "cpu").split()[0] == package_hash("rgb")


def test_a_run_is_stale_with_its_settings(monkeypatch):
    before = {name: run_code(name, "cpu") for name in ("rgb", "mse")}
    assert run_code("rgb", "smoke") != before["rgb"]
    run_code.cache_clear()
    changed = replace(EXPERIMENTS["mse"], alignment_weight=(0.1, 0.1, 0.1))
    monkeypatch.setitem(EXPERIMENTS, "mse", changed)
    assert run_code("mse", "cpu") != before["mse"]
    assert run_code("rgb", "cpu") == before["rgb"]
    run_code.cache_clear()


def test_without_settings_only_the_notebooks_run():
    assert read_selection({}).runs == []


def test_threads_alone_ask_for_no_run():
    assert read_selection({"threads": "1"}).runs == []


def test_a_folder_with_dashes_stays_what_it_is():
    chosen = read_selection({"dataset": "kitti", "dataroot": "/my--set", "experiments": "rgb"})
    assert chosen.parameters == "-p scale smoke -p dataset kitti -p dataroot /my--set"
    assert chosen.options_of("smoke-kitti").endswith("--dataroot /my--set")


def test_a_scale_alone_asks_for_everything():
    chosen = read_selection({"scale": "cpu", "seeds": "0,1"})
    assert len(chosen.runs) == 2 * len(EXPERIMENTS)
    assert chosen.options_of("cpu") == "--scale cpu"


def test_other_data_get_their_own_group_and_need_no_world():
    chosen = read_selection({"dataset": "kitti", "dataroot": "my data", "experiments": "rgb"})
    assert chosen.runs == ["smoke-kitti/rgb/seed-0"]
    assert chosen.options_of("smoke-kitti") == "--scale smoke --dataset kitti --dataroot 'my data'"
    assert chosen.parameters == "-p scale smoke -p dataset kitti -p dataroot 'my data'"
    assert chosen.world_of("smoke-kitti") == []
    assert chosen.world_of("smoke") == ["data/synthetic/.smoke"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"sede": "1"}, "unknown setting sede; allowed: scale"),
        ({"seeds": "one"}, "SEEDS has 'one'; allowed are whole numbers"),
        ({"seeds": ","}, "SEEDS names none"),
        ({"threads": "many"}, "THREADS has 'many'"),
        ({"threads": 0}, "THREADS has 0; allowed are whole numbers from 1 on"),
        ({"publish": "maybe"}, "PUBLISH is 'maybe'; allowed: 0, no, false, 1, yes, true"),
        ({"dataset": "kity"}, "unknown data set 'kity'; allowed: synthetic"),
        ({"execute": "some"}, "EXECUTE is 'some'; allowed: outdated, all"),
        ({"scale": "huge"}, "unknown scale 'huge'"),
        ({"experiments": "rgb,gbr"}, "unknown experiment 'gbr'"),
    ],
)
def test_unknown_names_are_refused_with_the_allowed_ones(config, message):
    with pytest.raises(RigidDepthError, match=message):
        read_selection(config)


@pytest.mark.parametrize("value", ["", "0", 0, "no", "False", False])
def test_what_is_not_to_be_published_is_not(value):
    asked = {"experiments": "rgb", "publish": value}
    assert read_selection(asked).published == []
    assert read_selection(asked | {"publish": "yes"}).published == [
        ".graph/published/smoke/rgb/seed-0"
    ]


def test_a_seed_is_named_as_a_run_names_it():
    assert read_selection({"experiments": "rgb", "seeds": "01"}).runs == ["smoke/rgb/seed-1"]


def test_pages_are_made_anew_for_a_docstring_in_a_folder(tmp_path, monkeypatch):
    """Findings and the pages of the interface are docstrings."""
    monkeypatch.setattr(selection, "PACKAGE", tmp_path)
    text = tmp_path / "book" / "findings" / "of_runs.py"
    text.parent.mkdir(parents=True)
    text.write_text('"""One sentence."""\n')
    before = selection.book_code()
    assert selection.book_code() == before
    text.write_text('"""Another sentence."""\n')
    assert selection.book_code() != before
