"""A small tree of the book with made-up run records, never mixed with real ones; a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import ARGUMENTS, CHROMIUM, HTML, served
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def cap(rmse_m: float) -> dict:
    return {"rmse_m": rmse_m, "mae_m": rmse_m / 2, "abs_rel": 0.1, "delta1": 0.9, "pixels": 1000}


def record(experiment: str, scale: str, seed: int, rmse_m: float) -> dict:
    """A record of schema 1 with every key; two scenes whose squared errors give the RMSE."""
    scenes = {
        f"scene-{n:04d}": {
            "rmse_m": rmse_m + sign,
            "squared_error_sum_m2": 500 * (rmse_m + sign) ** 2,
            "pixels": 500,
            "frames": 3,
        }
        for n, sign in ((1, 0.5), (2, -0.5))
    }
    metrics = {
        "caps": {"50": cap(rmse_m - 1), "80": cap(rmse_m), "100": cap(rmse_m + 1)},
        "ranges_m": {"0-10": {"rmse_m": 1.0, "mae_m": 0.5, "pixels": 300}},
        "conditions": {"night": cap(rmse_m + 2)},
        "scenes": scenes,
        "dense": cap(rmse_m + 0.5),
        "sky": {"pixels": 50, "share_beyond_80m": 0.25, "mean_depth_m": 61.0},
    }
    return {
        "schema": 1,
        "experiment": experiment,
        "label": experiment,
        "scale": scale,
        "seed": seed,
        "created": "2026-11-22T15:00:00Z",
        "parameters": {"method": "rgb", "steps": 800, "batch_size": 8, "init_from": None},
        "overrides": {},
        "source": {"commit": "0123456789" * 4, "dirty": False, "package": "of another day"},
        "data": {
            "dataset": "synthetic",
            "version": "v1.0-synthetic",
            "split_by": "scene",
            "fingerprint": "f" * 40,
            "image_size": [96, 192],
            "counts": {"test": {"scenes": 2, "frames": 6}},
        },
        "machine": {"processor": "A <fast> CPU", "gpu": None, "threads": 2},
        "versions": {"python": "3.11"},
        "cost": {"steps": 800, "seconds": 120.0, "parameters": 1_900_000},
        "metrics": {split: {"rgb": metrics} for split in ("train", "val", "test")},
        "curves": {"train": {"step": [0, 400], "loss": [0.2, 0.1]}, "val": {}},
        "predictions": [
            {
                "token": "t",
                "scene": "scene-0001",
                "condition": "day",
                "images": {"rgb": "0-rgb.jpg"},
            }
        ],
    }


def write_run(folder: Path, experiment: str, scale: str, seed: int, rmse_m: float) -> Path:
    """Writes a made-up run where a published one would lie."""
    run = folder / scale / experiment / f"seed-{seed}"
    run.mkdir(parents=True)
    (run / "record.json").write_text(json.dumps(record(experiment, scale, seed, rmse_m)))
    Image.new("RGB", (8, 4)).save(run / "0-rgb.jpg")
    return run


RELEASED = """
- id: sky
  part: Losses
  title: The sky
  thesis: Is infinitely far.
  code: Counts where no return is.
  lines: [main/Trainer.py 171-175]
  here: The same.
  settings: [infinity=true]
  base: rgb
  compare: {rgb-infinity: rgb, rgb-unpublished: rgb}
  ledger: [eq-1]
"""


@pytest.fixture
def publish():
    """Writes a made-up run: `publish(folder, experiment, scale, seed, rmse_m)`."""
    return write_run


@pytest.fixture
def book(tmp_path) -> Path:
    """A root with a one-row ledger, an item of the released code, runs and a smoke run."""
    (tmp_path / "book").mkdir()
    row = "- {id: eq-1, kind: equation, place: '5.3', says: $a^2$, verdict: open}\n"
    (tmp_path / "book" / "ledger.yaml").write_text(row)
    for name in ("intro.md", "thesis_tables.json"):
        shutil.copy(ROOT / "book" / name, tmp_path / "book")
    (tmp_path / "book" / "released-code.yaml").write_text(RELEASED)
    results = tmp_path / "book" / "results"
    for seed, rmse_m in enumerate((6.0, 6.2, 6.4)):
        write_run(results, "rgb", "core", seed, rmse_m)
        write_run(results, "rgb-infinity", "core", seed, rmse_m + 0.1)
    write_run(results, "row-mean-depth", "core", 0, 9.0)
    write_run(tmp_path / "runs", "rgb", "smoke", 0, 33.333)
    return tmp_path


@pytest.fixture(scope="module")
def html() -> Path:
    """The built book; built here only where it is missing."""
    if not (HTML / "index.html").is_file():
        command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-q"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return HTML


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(html) -> Iterator[str]:
    with served(html) as url:
        yield url
