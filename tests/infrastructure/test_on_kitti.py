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


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_chapter_runs_on_kitti(real, tmp_path, monkeypatch, name):
    monkeypatch.setenv("RIGID_DEPTH_DATA", str(tmp_path / "data"))
    chosen = {"experiment": name, "scale": "smoke", "out": str(tmp_path / "runs")}
    chosen |= {"dataset": "kitti", "dataroot": str(real / "kitti_raw")}
    notebook = ROOT / Path(EXPERIMENTS[name].notebook).with_suffix(".ipynb")
    done = papermill.execute_notebook(
        notebook, tmp_path / "done.ipynb", chosen, cwd=notebook.parent, progress_bar=False
    )
    assert (tmp_path / "runs" / "smoke-kitti").is_dir()
    assert not [cell for cell in done.cells if cell.metadata.papermill.get("exception")]
