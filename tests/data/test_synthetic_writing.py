"""Writing a synthetic world: same bytes for any number of workers, resuming, refusing."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from rigid_depth.data.synthetic import lidar, mesh, rays, shading, vectors, write, write_synthetic
from rigid_depth.data.synthetic.settings import CONDITION_CYCLE, Settings, scene_plan
from rigid_depth.errors import RigidDepthError

TINY = {"scenes": 2, "frames_per_scene": 1, "seed": 1, "progress": False, "image_size": (90, 160)}


def digests(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha1(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = write_synthetic(tmp_path_factory.mktemp("whole") / "w", workers=1, **TINY)
    return root, digests(root)


def test_two_workers_write_the_same_bytes(whole, tmp_path):
    assert digests(write_synthetic(tmp_path / "w", workers=2, **TINY)) == whole[1]


def test_other_seed_writes_another_world(whole, tmp_path):
    other = digests(write_synthetic(tmp_path / "w", workers=1, **{**TINY, "seed": 2, "scenes": 1}))
    assert not {v for k, v in other.items() if k.endswith(".jpg")} & set(whole[1].values())


def test_every_scene_is_another_street(whole):
    maps = [digest for name, digest in whole[1].items() if name.startswith("maps/")]
    assert len(set(maps)) == len(maps) == 2


def test_an_interrupted_world_is_finished(whole, tmp_path, monkeypatch):
    original = write.write_scene

    def interrupted(root, settings, scene):
        if scene["index"] == 1:
            folder = root / "samples" / "CAM_FRONT"
            (
                folder / next(Path(k).name for k in whole[1] if "2023-11-14-23" in k and "jpg" in k)
            ).write_text("half")
            raise KeyboardInterrupt
        return original(root, settings, scene)

    monkeypatch.setattr(write, "write_scene", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_synthetic(tmp_path / "w", workers=1, **TINY)
    assert not (tmp_path / "w" / "v1.0-synthetic").exists()

    written = []
    monkeypatch.setattr(
        write, "write_scene", lambda *a: (written.append(a[2]["index"]), original(*a))[1]
    )
    write_synthetic(tmp_path / "w", workers=1, **TINY)
    assert written == [1]
    assert digests(tmp_path / "w") == whole[1]


def test_a_complete_world_is_returned_untouched(whole, monkeypatch):
    monkeypatch.setattr(write, "write_scene", None)
    assert write_synthetic(whole[0], **TINY) == whole[0]
    assert digests(whole[0]) == whole[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 3}, "seed = 1, not 3"),
        ({"frames_per_scene": 2}, "frames_per_scene = 1, not 2"),
        ({"cameras": ("CAM_BACK",)}, "cameras"),
    ],
)
def test_other_settings_are_refused_by_name(whole, change, words):
    with pytest.raises(RigidDepthError, match=words):
        write_synthetic(whole[0], **{**TINY, **change})
    assert digests(whole[0]) == whole[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scenes": 0}, "scenes is 0"),
        ({"cameras": ("CAM_TOP",)}, "CAM_TOP"),
        ({"cameras": ()}, "one or more"),
        ({"seed": -1}, "seed is -1"),
        ({"workers": 0}, "workers is 0"),
    ],
)
def test_bad_settings_are_refused_and_leave_nothing(tmp_path, change, words):
    with pytest.raises(RigidDepthError, match=words):
        write_synthetic(tmp_path / "w", **{**TINY, **change})
    assert not (tmp_path / "w").exists()


def test_a_foreign_folder_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RigidDepthError, match="not an empty folder"):
        write_synthetic(tmp_path, **TINY)
    with pytest.raises(RigidDepthError, match="not an empty folder"):
        write_synthetic(tmp_path / "thesis.txt", **TINY)


@pytest.mark.parametrize("seed", [0, 7])
def test_splits_are_disjoint_and_see_every_condition(seed):
    plan = scene_plan(Settings(40, 12, ("CAM_FRONT",), seed))
    by_split = {s: [p for p in plan if p["split"] == s] for s in ("train", "val", "test")}
    assert [len(v) for v in by_split.values()] == [28, 6, 6]
    assert len({p["name"] for p in plan}) == 40
    for scenes in by_split.values():
        assert (
            {p["condition"] for p in scenes}
            == set(CONDITION_CYCLE)
            == {"day", "dusk", "night", "rain"}
        )


@pytest.fixture
def heap():
    """Some boxes above a plane, and one of them moving."""
    draw = np.random.default_rng(3).uniform
    low = draw(-10, 10, (60, 3)) + np.array([0, 0, 25])
    still = mesh.merge(
        [
            mesh.box([-40, 3, -10], [40, 4, 90], 0, 0.5),
            mesh.box(low, low + draw(0.5, 3, (60, 3)), 3, 0.2),
        ]
    )
    return still, mesh.box([-1, -1, 10], [1, 1, 12], 5, 0.7)


def test_sparse_camera_rays_equal_dense_ones(heap):
    still, moving = heap
    scene = rays.Scene(rays.build(still), rays.build(moving), len(still.material))
    u, v = np.meshgrid(np.linspace(-0.5, 0.5, 161), np.linspace(-0.4, 0.4, 121))
    directions = np.stack([u, v, np.ones_like(u)]).astype(np.float32)
    depth, triangle = rays.camera_hits(scene, np.zeros(3), directions)
    distance, expected = rays.first_hits(scene, np.zeros(3), directions.reshape(3, -1))
    same = triangle.ravel() == expected
    assert same.mean() > 0.995
    assert (expected >= len(still.material)).any()
    assert (expected < 0).any()
    hit = same & (expected >= 0)
    np.testing.assert_allclose(depth.ravel()[hit], distance[hit], rtol=2e-5)
    assert (depth.ravel()[triangle.ravel() < 0] == 0).all()


def test_texture_coordinates_are_affine_in_the_point(heap):
    still, _ = heap
    table = shading.surface_table(still).astype(float)
    weights = np.random.default_rng(0).dirichlet([1, 1, 1], len(still.material))
    point = np.einsum("fk,fkj->jf", weights, still.triangles.astype(float))
    period = shading.materials.PERIOD_M[still.material]
    expected = np.einsum("fk,fkj->jf", weights, still.uv.astype(float)) / period
    u, v = vectors.dot(table[6:9], point) + table[9], vectors.dot(table[10:13], point) + table[13]
    np.testing.assert_allclose([u, v], expected, atol=1e-4)


def test_beams_turn_clockwise_in_rings():
    directions = lidar.beam_directions()
    np.testing.assert_allclose(np.linalg.norm(directions, axis=0), 1, atol=1e-6)
    turn = directions.reshape(3, lidar.AZIMUTHS, lidar.BEAMS)
    azimuth = np.unwrap(np.arctan2(turn[1, :, 0], turn[0, :, 0]))
    assert (np.diff(azimuth) < 0).all()
    assert (np.diff(turn[2, 0]) > 0).all()
