"""workflow/gpu.py: as much of the programme as some minutes hold, brought home in a few files."""

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import tomllib
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import gpu
import packing
import programme
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rigid_depth.experiments.recording.record import NEEDED
from rigid_depth.experiments.standing import Standing

ROOT = Path(__file__).resolve().parents[2]


class Fake:
    """A run that sleeps."""

    def __init__(self, folder, seconds, code=0):
        self.seconds, self.code, self.place, self.log = seconds, code, Path("x"), folder / "log"
        self.started = False

    def is_ready(self):
        return True

    def start(self):
        self.started = True
        program = f"import sys, time; time.sleep({self.seconds}); sys.exit({self.code})"
        return subprocess.Popen([sys.executable, "-c", program])


def record(device="H200", seed=0, **changes):
    return (
        dict.fromkeys(NEEDED)
        | {
            "schema": 1,
            "seed": seed,
            "experiment": "rgb",
            "source": {"dirty": None},
            "machine": {"gpu": device, "processor": "CPU"},
            "data": {"dataset": "synthetic"},
            "predictions": [],
        }
        | changes
    )


def write(root, name, data, size=0):
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "record.json").write_text(json.dumps(data | {"filling": "x" * size}))
    (folder / "weights.safetensors").write_bytes(b"x")
    return folder


@pytest.fixture
def fresh(monkeypatch):
    """Records stand as they say themselves."""
    monkeypatch.setattr(packing, "standing", lambda r, *_: Standing(r.get("state", "new"), "old"))


def test_runs_end_at_the_deadline(tmp_path, monkeypatch):
    monkeypatch.setattr(programme, "PAUSE_S", 0.01)
    began, done = time.monotonic(), []
    failed = programme.work(
        [Fake(tmp_path, 0), Fake(tmp_path, 0, 3), Fake(tmp_path, 600)], 3, began + 6, done.append
    )
    assert (failed, len(done)) == (1, 1)
    assert time.monotonic() - began < 60


ENDED = """
import signal, sys
from pathlib import Path
import programme, test_gpu
folder = Path(sys.argv[1])
class Fake(test_gpu.Fake):
    def start(self):
        process = super().start()
        (folder / "pid").write_text(str(process.pid))
        return process
programme.read_programme = lambda *_, **__: [Fake(folder, 600)]
Fake.is_published, Fake.origin = lambda self: False, None
sys.argv[1:] = []
programme.main()
"""


def test_runs_end_with_the_programme_that_is_ended(tmp_path):
    paths = os.pathsep.join(str(ROOT / name) for name in ("workflow", "tests/infrastructure"))
    process = subprocess.Popen(
        [sys.executable, "-c", ENDED, tmp_path], env=os.environ | {"PYTHONPATH": paths}
    )
    note, until = tmp_path / "pid", time.monotonic() + 60
    while not (note.exists() and note.read_text()) and time.monotonic() < until:
        time.sleep(0.1)
    process.terminate()
    assert process.wait(30) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_a_run_takes_huge_pages_unless_told_otherwise(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(programme, "LOGS", tmp_path)
    monkeypatch.setattr(programme.subprocess, "Popen", lambda *_, env, **__: seen.append(env))
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    programme.Run("mse", "core", 0).start()
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0")
    programme.Run("mse", "core", 0).start()
    assert [env["GLIBC_TUNABLES"][-1] for env in seen] == ["1", "0"]
    assert seen[0]["PATH"] == os.environ["PATH"]


def test_none_is_begun_that_could_not_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(programme, "PAUSE_S", 0.01)
    todo = [Fake(tmp_path, 2), Fake(tmp_path, 600)]
    assert programme.work(todo, 1, time.monotonic() + 4, only_whole=True) == 0
    assert [run.started for run in todo] == [True, False]
    assert "1 runs are left" in capsys.readouterr().out


def test_a_run_waits_for_the_one_whose_weights_it_starts_from(tmp_path, monkeypatch):
    """The first is published, but its weights are not kept: it is run again and stays published."""
    monkeypatch.setattr(programme, "PAUSE_S", 0.01)
    monkeypatch.setattr(programme.Run, "is_published", lambda run: run.dataset == "")
    published = []
    monkeypatch.setattr(programme, "publish", lambda folder, _: published.append(folder))
    begun = []

    def start(run):
        begun.append(run.place.as_posix())
        assert run.is_ready()
        weights = tmp_path / "core" / run.row / f"seed-{run.seed}" / programme.WEIGHTS
        make = "import sys, time, pathlib; time.sleep(0.3); path = pathlib.Path(sys.argv[1]); "
        make += "path.parent.mkdir(parents=True, exist_ok=True); path.touch()"
        program = make if run.dataset == "" else "pass"
        return subprocess.Popen([sys.executable, "-c", program, weights])

    monkeypatch.setattr(programme.Run, "start", start)
    stage = {"dataset": "kitti", "from": "rgb", "seeds": [0, 1], "rows": ["rgb+steps=1000"]}
    path = tmp_path / "programme.yml"
    path.write_text(yaml.safe_dump({"scale": "core", "stages": [stage]}))
    todo = programme.left(programme.read_programme(path, tmp_path, {"kitti": tmp_path}))
    assert programme.work(todo, 2, time.monotonic() + 30, programme.to_book) == 0
    started = "core-kitti/rgb+steps=1000+init=core.rgb.seed-{0}/seed-{0}"
    first, second = started.format(0), started.format(1)
    assert sorted(begun) == [first, second, "core/rgb/seed-0", "core/rgb/seed-1"]
    names = [folder.relative_to(tmp_path).as_posix() for folder in published]
    assert sorted(names) == [first, second]
    again = programme.left(programme.read_programme(path, tmp_path, {"kitti": tmp_path}))
    assert [run.place.as_posix() for run in again] == [first, second]
    assert programme.left(programme.read_programme(path, tmp_path)) == []


def test_what_is_to_come_is_told_by_what_such_runs_took(tmp_path, monkeypatch):
    """A row with seeds by those, another one by its scale, one of a new scale not at all."""
    monkeypatch.setattr(programme, "RESULTS", tmp_path)
    monkeypatch.setattr(programme, "read_record", lambda path: SimpleNamespace(
        data=json.loads((path / "record.json").read_text())))  # fmt: skip
    for row, seed, seconds in (("rgb", 0, 900), ("rgb", 1, 2700), ("mse", 0, 3600)):
        write(tmp_path, f"core/{row}/seed-{seed}", record(cost={"seconds": seconds}))
    write(tmp_path, "core/constant-depth/seed-0", record(cost={"seconds": None}))
    rows = [programme.Run("rgb", "core", 2), programme.Run("coral", "core", 0)]
    assert [programme.expected_s(run) for run in rows] == [1800, 2700]
    other = programme.Run("rgb", "cpu", 0)
    assert programme.expected_s(other) is None
    said = programme.cost([*rows, other], 2)
    assert said == "3 runs to go, about 1.2 hours of one core, 0.6 with 2 at a time"
    assert programme.cost([other], 2) == "1 run to go"


def test_a_run_whose_weights_never_come_is_left(tmp_path, monkeypatch, capsys):
    run = programme.Run("rgb", "core", 0, tmp_path, "kitti", tmp_path, "rgb")
    assert programme.work([run], 1, time.monotonic() + 30) == 0
    assert "1 runs are left" in capsys.readouterr().out


def test_a_phase_ends_at_its_limit_with_all_it_started(tmp_path):
    report = gpu.Report(tmp_path / "report.txt")
    child = f"import time; time.sleep(14); open({str(tmp_path / 'late')!r}, 'w')"
    program = "import subprocess, sys; print('begun', flush=True); "
    program += f"subprocess.run([sys.executable, '-c', {child!r}])"
    whole, said = gpu.phase(report, "slow", 10, "-c", program)
    assert (whole, said) == (False, "begun\n")
    assert "slow: stopped at its limit" in report.path.read_text()
    time.sleep(6)
    assert not (tmp_path / "late").exists()
    assert gpu.phase(report, "bad", 9, "-c", "import sys; sys.exit(4)")[0] is False
    assert "bad: FAILED with status 4" in report.path.read_text()


def test_packs_are_small_few_and_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "MOST_FILES", 2)
    runs, out = tmp_path / "runs", tmp_path / "out"
    out.mkdir()
    sizes = (9000, 9000, 9000, 50_000, 9000, 9000)
    made = [write(runs, f"core/row/seed-{k}", record(seed=k), size) for k, size in enumerate(sizes)]
    left = packing.pack(made, runs, out, limit=30_000)
    assert [p.name for p in left] == ["seed-3", "seed-5"]
    held = []
    assert sorted(p.name for p in out.iterdir()) == ["records-1.tar.gz", "records-2.tar.gz"]
    for path in sorted(out.iterdir()):
        with tarfile.open(path) as archive:
            names = archive.getnames()
            assert sum(m.size for m in archive) <= 30_000
        held += names
    assert held == [f"core/row/seed-{k}/record.json" for k in (0, 1, 2, 4)]


def test_what_was_packed_is_published_once(tmp_path, fresh):
    runs, out, results = (tmp_path / n for n in ("runs", "out", "results"))
    out.mkdir()
    made = [write(runs, f"core/rgb/seed-{k}", record(seed=k)) for k in range(2)]
    made.append(write(runs, "core/mse/seed-0", record(state="stale")))
    packing.pack(made, runs, out)
    assert packing.unpack(out, results) == ["core/mse/seed-0: old"]
    places = sorted(p.parent.relative_to(results).as_posix() for p in results.rglob("record.json"))
    assert places == ["core/rgb/seed-0", "core/rgb/seed-1"]
    assert len(packing.unpack(out, results)) == 3


def test_seeds_of_two_devices_are_not_mixed_unasked(tmp_path, fresh):
    runs, out, results = (tmp_path / n for n in ("runs", "out", "results"))
    out.mkdir()
    write(results, "core/rgb/seed-0", record(device=None))
    packing.pack([write(runs, "core/rgb/seed-1", record(seed=1))], runs, out)
    (said,) = packing.unpack(out, results)
    assert "computed on H200, while the book holds seeds of this row from a processor" in said
    assert packing.unpack(out, results, mixed=True) == []


def test_the_packages_listed_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    known = {Requirement(r).name for r in [*project["dependencies"], *extras["book"]]}
    assert set(gpu.needed()) - known == {"cachetools"}  # which nuscenes-devkit asks for


BLOCK = """
import sys, importlib.abc, importlib.machinery

class Block(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            return importlib.machinery.ModuleSpec(name, self)

    def create_module(self, spec):
        raise ModuleNotFoundError(spec.name + " is blocked")

    def exec_module(self, module):
        pass

sys.meta_path.insert(0, Block())
"""


def allowed() -> set[str]:
    """The packages listed and what they need; of nuscenes-devkit, nothing that it asks for."""
    found, todo = {"rigid-depth", "setuptools"}, gpu.needed()
    while todo:
        name = canonicalize_name(todo.pop())
        if name in found:
            continue
        found.add(name)
        if name != "nuscenes-devkit":
            asked = map(Requirement, metadata.requires(name) or [])
            todo += [r.name for r in asked if not r.marker or r.marker.evaluate({"extra": ""})]
    return found


def test_a_row_from_nothing_to_a_packed_record(tmp_path):
    """The whole call, where every package that is not listed cannot be imported."""
    kept = allowed()
    names = {
        module
        for module, packages in metadata.packages_distributions().items()
        if not kept & {canonicalize_name(name) for name in packages}
    }
    assert {"sphinx", "plotly", "shapely", "torchjd"} <= names
    (tmp_path / "block").mkdir()
    (tmp_path / "block" / "sitecustomize.py").write_text(BLOCK.format(names=names))
    rows = ["row-mean-depth"]
    text = yaml.safe_dump({"scale": "smoke", "stages": [{"seeds": [0], "rows": rows}]})
    (tmp_path / "programme.yml").write_text(text)
    data = os.environ.get("RIGID_DEPTH_DATA") or ROOT / "data"
    done = subprocess.run(
        [sys.executable, ROOT / "workflow" / "gpu.py", "--out", tmp_path / "packed", "--no-bench",
         "--minutes", "9", "--programme", tmp_path / "programme.yml", "--runs", tmp_path / "runs",
         "--commit", "0" * 40, "--anew"],
        env=os.environ | {"PYTHONPATH": str(tmp_path / "block"), "RIGID_DEPTH_DATA": str(data),
                          "RIGID_DEPTH_TYPECHECK": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 runs finished, 0 failed, of 1" in done.stdout
    with tarfile.open(tmp_path / "packed" / "records-1.tar.gz") as archive:
        assert "smoke/row-mean-depth/seed-0/record.json" in archive.getnames()
    names = {path.name for path in (tmp_path / "packed").iterdir()}
    assert names == {"report.txt", "logs.tar.gz", "records-1.tar.gz"}
