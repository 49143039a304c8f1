"""The chapters on results run on an owner's data: what they assert is true of real streets, too."""

from pathlib import Path

import papermill
import pytest

from rigid_depth.experiments import EXPERIMENTS

ROOT = Path(__file__).resolve().parents[2]
ONE_OF_EACH = (
    "rgb", "rgb-infinity", "mse", "coral", "weight-maps", "relative", "rotation-global-3",
    "lidar-diluted", "mse-unbalanced", "mse-withheld",
)  # fmt: skip


def test_every_chapter_with_runs_is_tried():
    tried = {EXPERIMENTS[name].notebook for name in ONE_OF_EACH}
    assert tried == {e.notebook for e in EXPERIMENTS.values() if e.notebook}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Where the frames are prepared, once for all chapters."""
    return tmp_path_factory.mktemp("data")


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_chapter_runs_on_kitti(real, prepared, tmp_path, monkeypatch, name):
    monkeypatch.setenv("RIGID_DEPTH_DATA", str(prepared))
    chosen = {"experiment": name, "scale": "smoke", "out": str(tmp_path / "runs")}
    chosen |= {"dataset": "kitti", "dataroot": str(real / "kitti_raw")}
    notebook = ROOT / Path(EXPERIMENTS[name].notebook).with_suffix(".ipynb")
    papermill.execute_notebook(
        notebook, tmp_path / "done.ipynb", chosen, cwd=notebook.parent, progress_bar=False
    )
    records = list((tmp_path / "runs" / "smoke-kitti").glob("*/seed-0/record.json"))
    assert f"{name}/seed-0" in [f"{r.parent.parent.name}/{r.parent.name}" for r in records]
