"""The worked example of the book: its three edits, made in a copy of the package, give a run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```\{code-block\} python\n:caption: `(\S+)`\n(.*?)^```$", re.M | re.S)
EDITS = dict(BLOCK.findall((ROOT / "book" / "add-experiment.md").read_text()))
METHODS = "src/rigid_depth/experiments/methods"


def replace_once(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new))


def test_the_worked_example_runs(world, settings, data_folder, tmp_path):
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    method, entry, row = EDITS
    (tmp_path / method).write_text(EDITS[method])
    replace_once(tmp_path / entry, "    mse,\n", "    mae,\n    mse,\n")
    replace_once(
        tmp_path / entry, '    "mse": mse.build,\n', '    "mse": mse.build,\n' + EDITS[entry]
    )
    replace_once(tmp_path / row, "ROWS = (\n", "ROWS = (\n" + EDITS[row])
    command = [sys.executable, "-m", "rigid_depth", "run", "mae", "--no-progress"]
    command += ["--dataroot", str(world), "--out", str(tmp_path / "runs")]
    for name, value in (settings | {"image_size": "64x128", "steps": 2}).items():
        command += ["-p", f"{name}={value}"]  # a latent of 2 x 4 cells: enough to be compared
    here = {"PYTHONPATH": str(tmp_path / "src"), "RIGID_DEPTH_DATA": str(data_folder)}
    done = subprocess.run(
        command, env=os.environ | here, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
    record = json.loads((Path(done.stdout.split()[-1]) / "record.json").read_text())
    assert record["parameters"]["method"] == "mae"
    assert record["curves"]["train"]["alignment"][-1] > 0
