"""What workflow/packing.py leaves in its folder at any time, and what it takes out of it again."""

import json
import tarfile

import packing
import pytest

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.recording.record import NEEDED
from rigid_depth.experiments.standing import Standing


def write(root, seed):
    """A finished run whose record fills half a file of 30,000 bytes."""
    folder = root / "core" / "rgb" / f"seed-{seed}"
    folder.mkdir(parents=True)
    record = dict.fromkeys(NEEDED) | {"schema": 1, "seed": seed, "predictions": []}
    record |= {"source": {"dirty": None}, "machine": {"gpu": "H200"}}
    record |= {"data": {"dataset": "synthetic"}, "filling": "x" * 12_000}
    (folder / "record.json").write_text(json.dumps(record))
    return folder


def held(out):
    """The seeds in all archives together."""
    found = set()
    for path in out.glob(packing.NAME.format("*")):
        with tarfile.open(path) as archive:
            found |= {name.split("/")[2] for name in archive.getnames()}
    return found


@pytest.mark.parametrize("done", range(3))
def test_a_run_that_is_packed_stays_packed_wherever_a_kill_comes(tmp_path, monkeypatch, done):
    """[1, 2] fill a file; of [0, 1, 2] the last goes to a second one."""
    runs, out = tmp_path / "runs", tmp_path / "out"
    out.mkdir()
    first, *later = (write(runs, seed) for seed in range(3))
    packing.pack(later, runs, out, limit=30_000)
    assert held(out) == {"seed-1", "seed-2"}
    replace, left = packing.Path.replace, iter(range(done))

    def killed(path, to):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return replace(path, to)

    monkeypatch.setattr(packing.Path, "replace", killed)
    if done < 2:
        with pytest.raises(KeyboardInterrupt):
            packing.pack([first, *later], runs, out, limit=30_000)
    else:
        packing.pack([first, *later], runs, out, limit=30_000)
        assert held(out) == {"seed-0", "seed-1", "seed-2"}
    assert held(out) >= {"seed-1", "seed-2"}


def test_a_folder_without_archives_is_named(tmp_path):
    with pytest.raises(RigidDepthError, match=r"typo holds no records-\*\.tar\.gz"):
        packing.unpack(tmp_path / "typo", tmp_path)


def test_a_run_that_may_not_be_published_leaves_the_others_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "standing", lambda *_: Standing("new", ""))
    runs, out, results = (tmp_path / name for name in ("runs", "out", "results"))
    out.mkdir()
    made = [write(runs, seed) for seed in range(2)]
    packing.pack(made, runs, out)
    check = packing.publish.check

    def refuse(folder):
        if folder.name == "seed-0":
            raise RigidDepthError("too large")
        return check(folder)

    monkeypatch.setattr(packing.publish, "check", refuse)
    assert packing.unpack(out, results) == ["core/rgb/seed-0: too large"]
    assert [path.name for path in (results / "core" / "rgb").iterdir()] == ["seed-1"]
