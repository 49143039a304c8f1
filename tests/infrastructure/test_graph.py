"""The graph does what is asked, and nothing where nothing changed."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from selection import notebook_code, read_selection, run_code

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
    text = snakemake(folder, target, "--dry-run", *options)
    table = text.split("Job stats:")[-1].split("total")[0] if "Job stats:" in text else ""
    return {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Path:
    """A copy of what the graph reads, with nothing made."""
    if not NOTEBOOKS:
        pytest.skip("there is no notebook")
    folder = tmp_path_factory.mktemp("clone")
    for name in ("workflow", "src", "notebooks", "book"):
        skip = shutil.ignore_patterns("__pycache__", "generated", "_vendor", ".*")
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(ROOT / name, folder)
    return folder


def make_all(folder: Path) -> None:
    """Stands in for a run: every file the graph makes is there, in order."""
    for name in ("data/synthetic/.smoke", "data/prepared/.smoke", "_build/pages"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    for name in [*(f"_build/executed/{n}" for n in NOTEBOOKS), "_build/html/index.html"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    snakemake(folder, "book", "--touch")


def test_from_nothing_to_the_book_to_nothing_to_do(fresh):
    everything = {"world": 1, "store": 1, "twin": len(NOTEBOOKS), "pages": 1, "html": 1, "book": 1}
    assert planned(fresh, "book") == everything

    make_all(fresh)
    assert planned(fresh, "book") == {}

    with open(fresh / "notebooks" / f"{NOTEBOOKS[0]}.md", "a") as text:
        text.write("\nOne sentence more.\n")
    assert planned(fresh, "book") == {"twin": 1, "pages": 1, "html": 1, "book": 1}


def test_a_run_comes_after_the_one_it_is_built_on(fresh):
    options = ["--config", "scale=cpu", "experiments=mse-fresh-decoder", "seeds=4", "publish=1"]
    text = snakemake(fresh, "experiments", "--dry-run", *options)
    first, second = (
        text.index(f"Run {name}, seed 4, cpu") for name in ("mse", "mse-fresh-decoder")
    )
    assert first < second
    assert planned(fresh, "experiments", *options)["publish"] == 1


def test_a_scale_asks_for_its_runs(fresh):
    options = ["--config", "scale=cpu", "experiments=rgb,row-mean-depth", "seeds=0,1", "publish=1"]
    jobs = planned(fresh, "experiments", *options)
    assert jobs["run"] == jobs["publish"] == 4
    assert jobs["run_notebook"] == 2, "a control has no notebook of its own"
    assert "html" not in jobs


def test_this_book_is_up_to_date():
    if not (ROOT / "_build" / "html" / "index.html").exists():
        pytest.skip("the book is not built: make book")
    assert planned(ROOT, "book") == {}


def test_a_notebook_depends_on_the_code_it_imports_and_no_other(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    cell = "```{code-cell} ipython3\n%s\n```\n"
    for name, line in {
        "plain": "import torch",
        "losses": "from rigid_depth.losses.depth import masked_mse as mse",
        "losses-again": "import torch\nfrom rigid_depth.losses.depth import masked_mse",
        "runs": "from rigid_depth.experiments import run",
    }.items():
        (tmp_path / "notebooks" / f"{name}.md").write_text(cell % line)
    monkeypatch.chdir(tmp_path)
    hashes = {name: notebook_code(name) for name in ("plain", "losses", "losses-again", "runs")}
    assert hashes["losses"] == hashes["losses-again"]
    assert len(set(hashes.values())) == 3


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
        ({"scale": "huge"}, "unknown scale 'huge'"),
        ({"experiments": "rgb,gbr"}, "unknown experiment 'gbr'"),
    ],
)
def test_unknown_names_are_refused_with_the_allowed_ones(config, message):
    with pytest.raises(ValueError, match=message):
        read_selection(config)
