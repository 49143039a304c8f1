"""Today's code draws the streets that published runs were trained on.

The tables must be the same but for the last digits, the pictures but for what another processor
rounds otherwise. Whoever changes a street on purpose raises `settings.GENERATOR` and stores the
tiny world anew: `scene-*` are its images and depths, `SWEEPS` and `TABLES` what is below.
"""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np

HERE = Path(__file__).parent / "tiny"
TABLES = "53fd58f7c9f9f76e9a91382add8eb012b8057849a3cf56b592286ed4088e83ed"
SWEEPS = {"scene-0001": (28795, 12.5326, 20.9337), "scene-0002": (30161, 13.8437, 26.7780)}
"""By scene: the number of points, their mean distance in m, their mean intensity."""


def rounded(value):
    """JSON with numbers of nine decimals, without counts of beams: some just touch an edge."""
    if isinstance(value, dict):
        return {k: rounded(item) for k, item in value.items() if k != "num_lidar_pts"}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 9) + 0.0 if isinstance(value, float) else value


def tables_digest(root: Path) -> str:
    """A digest of all JSON files of a world."""
    files = sorted(root.rglob("*.json"))
    content = [(path.name, rounded(json.loads(path.read_text()))) for path in files]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def sweep_of(path: Path) -> tuple[int, float, float]:
    points = np.fromfile(path, np.float32).reshape(-1, 5).astype(float)
    distance = np.linalg.norm(points[:, :3], axis=1)
    return len(points), distance.mean(), points[:, 3].mean()


def test_the_tables_are_the_stored_ones(whole):
    assert tables_digest(whole[0]) == TABLES


def test_images_and_depths_are_the_stored_ones(whole):
    for folder, suffix, step in (("samples", ".jpg", 8), ("truth", ".depth.png", 2)):
        files = sorted((whole[0] / folder / "CAM_FRONT").glob(f"*{suffix}"))
        assert len(files) == 2
        for file, name in zip(files, ("scene-0001", "scene-0002"), strict=True):
            found, stored = (
                cv2.imread(str(path), cv2.IMREAD_UNCHANGED).astype(int)
                for path in (file, HERE / f"{name}{suffix}")
            )
            assert found.shape == stored.shape
            assert (np.abs(found - stored) > step).mean() < 0.002, file.name


def test_sweeps_are_the_stored_ones(whole):
    files = sorted((whole[0] / "samples" / "LIDAR_TOP").iterdir())
    assert len(files) == 2
    for file, stored in zip(files, SWEEPS.values(), strict=True):
        np.testing.assert_allclose(sweep_of(file), stored, rtol=1e-4)
