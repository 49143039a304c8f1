"""The synthetic world as experiments ask for it."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import rigid_depth
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments import SCALES
from rigid_depth.experiments.worlds import make_world, write_once

LIMIT_S = 240  # some seconds' work


def test_what_street_world_refuses_is_an_error_for_the_user(tmp_path):
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "thesis.txt").write_text("mine")
    with pytest.raises(RigidDepthError, match=r"w is not an empty folder and not a synthetic"):
        make_world(SCALES["smoke"], tmp_path / "w")


def test_a_script_without_a_main_guard_makes_its_world(tmp_path):
    """The workers of a world must not run the script, which would wait for its own lock."""
    (tmp_path / "script.py").write_text(
        textwrap.dedent(
            f"""
            from pathlib import Path
            from rigid_depth.experiments.worlds import write_once

            root = Path({str(tmp_path / "w")!r})
            write_once(root, scenes=2, frames_per_scene=1, image_size=(90, 160), workers=2)
            """
        )
    )
    (tmp_path / "elsewhere").mkdir()
    path = str(Path(rigid_depth.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "../script.py"], cwd=tmp_path / "elsewhere", text=True, check=False,
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, timeout=LIMIT_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "w" / "v1.0-synthetic").is_dir()


def test_callers_of_one_world_take_turns(tmp_path):
    settings = {"scenes": 1, "frames_per_scene": 1, "image_size": (32, 64), "progress": False}
    roots = {write_once(tmp_path / "w", workers=1, **settings) for _ in range(2)}
    assert roots == {tmp_path / "w"}
    with pytest.raises(RigidDepthError, match=r"seed = 0, not 1.*rigid-depth synth --out DIR"):
        write_once(tmp_path / "w", seed=1, **settings)


def test_a_world_that_is_there_is_read_without_a_lock(tmp_path):
    """Its folder may belong to somebody else."""
    settings = {"scenes": 1, "frames_per_scene": 1, "image_size": (32, 64), "progress": False}
    write_once(tmp_path / "w", workers=1, **settings)
    (tmp_path / "w.lock").unlink(missing_ok=True)
    write_once(tmp_path / "w", workers=1, **settings)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["w"]
