"""Random damage to data folders: none may end in a traceback, none may be read as something else.

    python tests/data/test_damages.py --count 1000 --seed 0

draws damages to a synthetic world and, where RIGID_DEPTH_REAL names the real samples, to nuScenes
and KITTI, reads every frame and prints a table of what happened. `make test` runs a sample.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rigid_depth.data import open_frames
from rigid_depth.errors import RigidDepthError

DATE, DRIVE, ANNOTATED = "2011_09_26", "2011_09_26_drive_0005_sync", "2011_09_26_drive_0001_sync"
OUTCOMES = ("as before", "follows", "said", "one sentence", "other content", "wrong", "traceback")
"""What can happen: the same frames; those of a shrunk picture; fewer frames, with a warning; a
refusal; numbers that no file contradicts; numbers that a file contradicts; a bare exception."""


@dataclass(frozen=True)
class Base:
    """An undamaged data folder and how it is opened."""

    name: str
    root: Path
    dataset: str
    tables: str = ""  # version folder of nuScenes tables
    annotation: Path | None = None

    def copy(self, target: Path) -> Base:
        """The same folder again, to be damaged: files are links until they are written."""
        shutil.copytree(
            self.root, target, copy_function=lambda a, b: os.symlink(Path(a).resolve(), b)
        )
        annotation = self.annotation and target / self.annotation.relative_to(self.root)
        return Base(self.name, target, self.dataset, self.tables, annotation)

    def read(self) -> list[tuple]:
        """What a frame is made of, for all frames."""
        options = {"annotation_root": self.annotation} if self.annotation else {}
        frames = open_frames(self.dataset, self.root, "all", size=None, **options, sky=None)
        return [
            (
                f.token,
                f.timestamp_us,
                tuple(f.rgb.shape),
                int(f.rgb.long().sum()),
                f.points.numpy().tobytes(),
                f.intrinsics.numpy().tobytes(),
                None if f.dense_depth_m is None else float(f.dense_depth_m.sum()),
            )
            for f in frames
        ]


def bases(folder: Path, world: Path) -> list[Base]:
    """The folders that are damaged: two scenes of a synthetic world, and real frames if at hand."""
    found = [Base("synthetic", world, "synthetic", "v1.0-synthetic")]
    real = os.environ.get("RIGID_DEPTH_REAL")
    if not real:
        return found
    raw, kitti, depth = Path(real) / "kitti_raw" / DATE, folder / "kitti", folder / "annotated"
    for root in (kitti, depth):
        (root / DATE).mkdir(parents=True)
        for name in ("calib_cam_to_cam.txt", "calib_velo_to_cam.txt"):
            shutil.copy(raw / name, root / DATE)
    for number in (0, 2):
        for part in ("image_02/data/*.jpg", "velodyne_points/data/*.bin"):
            take(raw / DRIVE, kitti / DATE / DRIVE, part.replace("*", f"{number:010d}"))
        take(raw / ANNOTATED, depth / DATE / ANNOTATED, f"image_02/data/{5 + number:010d}.jpg")
        annotated = Path(real) / "kitti_depth" / "train" / ANNOTATED
        truth = f"proj_depth/groundtruth/image_02/{5 + number:010d}.png"
        take(annotated, depth / "depth" / "train" / ANNOTATED, truth)
    take(raw / DRIVE, kitti / DATE / DRIVE, "image_02/timestamps.txt")
    return [
        *found,
        Base("nuscenes", Path(real) / "nuscenes", "nuscenes", "v1.0-mini"),
        Base("kitti", kitti, "kitti"),
        Base("kitti annotated", depth, "kitti", annotation=depth / "depth"),
    ]


def take(source: Path, target: Path, name: str) -> None:
    (target / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source / name, target / name)


def write(path: Path, data: bytes) -> None:
    """Puts other bytes in the place of a link."""
    path.unlink()
    path.write_bytes(data)


# A damage changes a file and says whether some file gives it away ("seen"), whether nothing can
# ("content"), or that the frames have to follow it ("follows").
Damage = Callable[[Path, np.random.Generator], str]


def picture_of(change: Callable[[Image.Image, np.random.Generator], Image.Image]) -> Damage:
    def damage(path: Path, rng: np.random.Generator) -> str:
        with Image.open(path) as picture:
            picture.load()
            changed = change(picture, rng)
        path.unlink()
        kind = {".jpg": "JPEG", ".png": "PNG"}[path.suffix]
        if kind == "JPEG" and changed.mode not in ("RGB", "L"):
            kind = "PNG"  # the name stays: decoders look at the content
        changed.save(path, kind)
        return "seen"

    return damage


def shrunk(path: Path, rng: np.random.Generator) -> str:
    with Image.open(path) as picture:
        by = int(rng.choice([k for k in (2, 3, 4, 5) if not any(s % k for s in picture.size)]))
        small = picture.resize((picture.width // by, picture.height // by), Image.Resampling.BOX)
    path.unlink()
    small.save(path, "JPEG", quality=95)
    return "follows"


def sixteen_bits(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    return Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)


def bytes_of(change: Callable[[bytes, np.random.Generator], bytes], seen: str = "seen") -> Damage:
    def damage(path: Path, rng: np.random.Generator) -> str:
        write(path, change(path.read_bytes(), rng))
        return seen

    return damage


def removed(path: Path, rng: np.random.Generator) -> str:
    path.unlink()
    return "seen"


def renamed(path: Path, rng: np.random.Generator) -> str:
    path.rename(path.with_name("copy of " + path.name))
    return "seen"


def rows_of(change: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> Damage:
    def damage(path: Path, rng: np.random.Generator) -> str:
        values = 4 if path.suffixes == [".bin"] else 5
        data = change(np.fromfile(path, "<f4").reshape(-1, values), rng).tobytes()
        write(path, data[: len(data) // (4 * values) * 4 * values])
        return "seen"

    return damage


def strange_rows(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    rows = rows.copy()
    hit = rng.random(len(rows)) < rng.choice([0.05, 0.3, 1.0])
    rows[hit, rng.integers(3)] = rng.choice([np.nan, np.inf, -np.inf, 1e30])
    return rows


def exchanged(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    order = list(range(rows.shape[1]))
    other = int(rng.choice([0, 1]))
    order[2], order[other] = order[other], order[2]
    return rows[:, order]


def line_of(key: str, change: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> Damage:
    def damage(path: Path, rng: np.random.Generator) -> str:
        lines = path.read_text().splitlines()
        at = next((i for i, line in enumerate(lines) if line.startswith(f"{key}:")), None)
        if at is None:
            return "none"
        values = change(np.array(lines[at].split(":")[1].split(), float), rng)
        lines[at] = f"{key}: " + " ".join(map(str, values))
        write(path, "\n".join(lines).encode())
        return "seen"

    return damage


def table_of(change: Callable[[list, np.random.Generator], object], *only: str) -> Damage:
    def damage(path: Path, rng: np.random.Generator) -> str:
        records = json.loads(path.read_text())
        if not records or (only and path.stem not in only):
            return "none"
        changed = change(records, rng)
        write(path, json.dumps(records if changed is None else changed).encode())
        return "seen"

    return damage


def every(**changes: object) -> Callable[[list, np.random.Generator], None]:
    """Sets a key of every record, where the record has it."""

    def change(records: list, rng: np.random.Generator) -> None:
        for record in records:
            record.update({key: value for key, value in changes.items() if record.get(key)})

    return change


def drop_key(records: list, rng: np.random.Generator) -> None:
    key = str(rng.choice([k for k in records[0] if k == "token" or k.endswith("_token")]))
    for record in records:
        record.pop(key)


IMAGES: dict[str, Damage] = {
    "shrunk as a whole": shrunk,
    "stretched": picture_of(lambda p, r: p.resize((640, 192))),
    "cropped": picture_of(lambda p, r: p.crop((0, 0, p.width, p.height - int(r.integers(10, 80))))),
    "turned": picture_of(lambda p, r: p.transpose(Image.Transpose.ROTATE_90)),
    "decimal numbers": picture_of(lambda p, r: p.convert("L").resize((64, 64))),
    "cut": bytes_of(lambda b, r: b[: int(len(b) * r.uniform(0, 0.9))]),
    "empty": bytes_of(lambda b, r: b""),
    "text": bytes_of(lambda b, r: b"<html>404 not found</html>"),
    "removed": removed,
    "renamed": renamed,
}
SWEEPS: dict[str, Damage] = {
    "float64": rows_of(lambda rows, r: rows.astype("<f8")),
    "big-endian": rows_of(lambda rows, r: rows.astype(">f4")),
    "int16 of centimetres": rows_of(lambda rows, r: (rows * 100).clip(-3e4, 3e4).astype("<i2")),
    "int32 of millimetres": rows_of(lambda rows, r: (rows * 1000).astype("<i4")),
    "half precision": rows_of(lambda rows, r: rows.astype("<f2")),
    "random bytes": bytes_of(lambda b, r: r.bytes(len(b))),
    "height exchanged": rows_of(exchanged),
    "strange rows": rows_of(strange_rows),
    "cut within a row": bytes_of(lambda b, r: b[: len(b) // 40 * 20 + 6]),
    "a header": bytes_of(lambda b, r: b"# .PCD v0.7\n" + b),
    "empty": bytes_of(lambda b, r: b""),
    "zeros": bytes_of(lambda b, r: bytes(len(b))),
    "removed": removed,
    "renamed": renamed,
}
DEPTHS: dict[str, Damage] = {
    "8 bit": picture_of(lambda p, r: Image.fromarray((np.asarray(p) // 256).astype(np.uint8))),
    "of colours": picture_of(lambda p, r: Image.new("RGB", p.size, (9, 9, 9))),
    "half the size": picture_of(lambda p, r: p.resize((p.width // 2, p.height // 2))),
    "empty depth": picture_of(lambda p, r: Image.fromarray(np.zeros(p.size[::-1], np.uint16))),
    "cut": bytes_of(lambda b, r: b[: len(b) // 2]),
    "removed": removed,
}
CALIBRATIONS: dict[str, Damage] = {
    "R times 3": line_of("R", lambda v, r: 3 * v),
    "R mirrored": line_of("R", lambda v, r: -v),
    "R without a value": line_of("R", lambda v, r: v[:-1]),
    "R not finite": line_of("R", lambda v, r: v * np.nan),
    "R_rect_00 zero": line_of("R_rect_00", lambda v, r: 0 * v),
    "P_rect_02 times 1000": line_of("P_rect_02", lambda v, r: 1000 * v),
    "P_rect_02 zero": line_of("P_rect_02", lambda v, r: 0 * v),
    "P_rect_02 turned": line_of("P_rect_02", lambda v, r: v.reshape(3, 4).T.ravel()),
    "S_rect_02 halved": line_of("S_rect_02", lambda v, r: np.floor(v / 2)),
    "a Latin letter": bytes_of(lambda b, r: b.replace(b"calib_time", b"Stra\xdfe")),
    "empty": bytes_of(lambda b, r: b""),
    "removed": removed,
}
TIMES: dict[str, Damage] = {
    "a blank line": bytes_of(lambda b, r: b"\n" + b.split(b"\n", 1)[1]),
    "no times": bytes_of(lambda b, r: b"noon\n" * 200),
    "too few": bytes_of(lambda b, r: b.split(b"\n", 1)[0] + b"\n"),
    "falling": bytes_of(lambda b, r: b"\n".join(reversed(b.split(b"\n")))),
}
TABLES: dict[str, Damage] = {
    "a null record": table_of(lambda t, r: t.insert(0, None)),
    "a key missing": table_of(drop_key),
    "no list": table_of(lambda t, r: {"records": t}),
    "a number as record": table_of(lambda t, r: t.insert(0, 7)),
    "tokens of another table": table_of(
        lambda t, r: [x.update(token="0" * 32) for x in t] and None, "ego_pose", "sample", "sensor"
    ),
    "quaternion zero": table_of(every(rotation=[0, 0, 0, 0]), "ego_pose", "calibrated_sensor"),
    "quaternion long": table_of(every(rotation=[2, 0, 0, 0]), "ego_pose", "calibrated_sensor"),
    "two coordinates": table_of(every(translation=[1, 2]), "ego_pose", "calibrated_sensor"),
    "words for numbers": table_of(every(translation="here"), "ego_pose", "calibrated_sensor"),
    "intrinsics of two rows": table_of(
        every(camera_intrinsic=[[1, 0, 0], [0, 1, 0]]), "calibrated_sensor"
    ),
    "intrinsics times 1000": table_of(
        every(camera_intrinsic=[[1e6, 0, 8e5], [0, 1e6, 4e5], [0, 0, 1e3]]), "calibrated_sensor"
    ),
    "time zero": table_of(lambda t, r: [x.update(timestamp=0) for x in t] and None, "sample_data"),
    "time in words": table_of(every(timestamp="noon"), "sample_data", "sample"),
    "half the size": table_of(every(width=800, height=300), "sample_data"),
    "another channel": table_of(every(channel="CAM_TOP"), "sensor"),
    "channel no word": table_of(every(channel=float("nan")), "sensor"),
    "a file elsewhere": table_of(every(filename="samples/none.jpg"), "sample_data"),
    "cut": bytes_of(lambda b, r: b[: len(b) // 2]),
    "not UTF-8": bytes_of(lambda b, r: b"\xff\xfe" + b),
    "removed": removed,
}
NEEDED = ("sensor", "calibrated_sensor", "ego_pose", "scene", "sample", "sample_data")


def targets(base: Base) -> Iterator[tuple[str, dict[str, Damage], list[Path]]]:
    """Kinds of files of a folder, what can happen to them, and the files."""
    camera = "CAM_FRONT" if base.tables else "image_02"
    images = [p for p in base.root.rglob("*.jpg") if p.parent.name == camera or base.tables == ""]
    yield "image", IMAGES, images
    if base.annotation:
        yield "depth", DEPTHS, list(base.annotation.rglob("*.png"))
    else:
        yield "sweep", SWEEPS, list(base.root.rglob("*.bin"))
    if base.tables:
        yield "table", TABLES, [base.root / base.tables / f"{name}.json" for name in NEEDED]
        yield "truth", DEPTHS, list(base.root.rglob("*.depth.png"))
    else:
        yield "calibration", CALIBRATIONS, sorted(base.root.rglob("calib_*.txt"))
        yield "times", TIMES, list(base.root.rglob("timestamps.txt"))


def try_one(base: Base, before: list[tuple], rng: np.random.Generator) -> tuple[str, str, str]:
    """Damages a copy, reads it: (damage, outcome, what was said)."""
    with tempfile.TemporaryDirectory() as folder:
        copy = base.copy(Path(folder) / "copy")
        kinds = [kind for kind in targets(copy) if kind[2]]
        kind, damages, files = kinds[rng.integers(len(kinds))]
        name = str(rng.choice(list(damages)))
        path = sorted(files)[rng.integers(len(files))]
        seen = damages[name](path, rng)
        label = f"{base.name}: {kind}, {name}"
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                after = copy.read()
            except RigidDepthError as error:
                words = str(error)
                return label, "traceback" if "\n" in words else "one sentence", words
            except Exception as error:
                return label, "traceback", f"{type(error).__name__}: {error}"
        said = "; ".join(str(warning.message) for warning in caught)
        return label, outcome(before, after, seen, said), said


def outcome(before: list[tuple], after: list[tuple], seen: str, said: str) -> str:
    """What a reading that raised nothing is worth."""
    if after == before:
        return "as before"
    if said:
        return "said"
    if seen == "follows":
        shrunk_only = all(a[:2] == b[:2] for a, b in zip(before, after, strict=True))
        return "follows" if shrunk_only else "wrong"
    return "other content" if seen == "content" else "wrong"


def run(count: int, seed: int, folder: Path, world: Path) -> list[tuple[str, str, str]]:
    """Draws `count` damages, each with a generator of its own, over all folders at hand."""
    found = [(base, base.read()) for base in bases(folder, world)]
    results = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        base, before = found[rng.integers(len(found))]
        results.append(try_one(base, before, rng))
    return results


@pytest.mark.filterwarnings("ignore")
def test_no_damage_ends_in_a_traceback_or_a_wrong_reading(tiny_world, tmp_path):
    bad = [r for r in run(40, 0, tmp_path, tiny_world) if r[1] in ("wrong", "traceback")]
    assert not bad


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    from street_world import write_world

    with tempfile.TemporaryDirectory() as folder:
        world = write_world(
            Path(folder) / "world", scenes=3, frames_per_scene=1, image_size=(225, 400), workers=1,
            progress=False,
        )  # fmt: skip
        results = run(options.count, options.seed, Path(folder), world)
    for label, end, said in results:
        if end in ("wrong", "traceback"):
            print(f"{end}: {label}: {said}")
    counts = Counter(end for _, end, _ in results)
    for end in OUTCOMES:
        print(f"{end:14} {counts[end]:5} {100 * counts[end] / len(results):5.1f} %")


if __name__ == "__main__":
    main()
