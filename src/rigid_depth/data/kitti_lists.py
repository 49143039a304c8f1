"""Lists of single KITTI frames: Eigen's test frames, and files in the formats the field uses."""

import re
from collections.abc import Mapping
from pathlib import Path

from rigid_depth.errors import RigidDepthError

EIGEN = "eigen"
"""Stands for Eigen's split where drives or a list of frames are named."""

_EIGEN_TEST = {
    "2011_09_26_drive_0002": "0-63/3 69-75/3",
    "2011_09_26_drive_0009": "0-176/16 196-388/16",
    "2011_09_26_drive_0013": "0-10/5 20 30-50/5 60-70/5 80-140/5",
    "2011_09_26_drive_0020": "0-21/3 27 33 36 42-78/3 84",
    "2011_09_26_drive_0023": "18-216/18 252-468/18",
    "2011_09_26_drive_0027": "0-98/7 112-147/7 161-182/7",
    "2011_09_26_drive_0029": "0-196/14 268 296-408/14",
    "2011_09_26_drive_0036": "0-704/32 768 800",
    "2011_09_26_drive_0046": "0-120/5",
    "2011_09_26_drive_0048": "0-21/1",
    "2011_09_26_drive_0052": "0-22/2 26-32/2 36-52/2",
    "2011_09_26_drive_0056": "11-121/11 143-286/11",
    "2011_09_26_drive_0059": "0-154/14 182-238/14 274-372/14",
    "2011_09_26_drive_0064": "0-110/22 154-550/22",
    "2011_09_26_drive_0084": "49-153/13 179-374/13",
    "2011_09_26_drive_0086": "7-520/27 574-682/27",
    "2011_09_26_drive_0093": "0-256/16 305-417/16",
    "2011_09_26_drive_0096": "0-456/19",
    "2011_09_26_drive_0101": "80-216/34 284-930/34",
    "2011_09_26_drive_0106": "15 35-219/8",
    "2011_09_26_drive_0117": "0-494/26 546-650/26",
    "2011_09_28_drive_0002": "0-12/3 18-24/3 30-39/3 45-63/3 72 78-90/3",
    "2011_09_29_drive_0071": "0-612/36 735-807/36 879-951/36 1054",
    "2011_09_30_drive_0016": "0-88/11 110-275/11",
    "2011_09_30_drive_0018": "0-214/107 428-2247/107 2419-2740/107",
    "2011_09_30_drive_0027": "0-656/41 753-958/41 1040 1081",
    "2011_10_03_drive_0027": "0-543/181 734-2001/181 2363-4535/181",
    "2011_10_03_drive_0047": "0-224/32 288-800/32",
}
"""The 697 test frames of Eigen et al. (NeurIPS 2014), left camera: drive -> frame numbers, a-b/s in
steps of s from a to b. As listed in nianticlabs/monodepth2: splits/eigen/test_files.txt."""

_WITHOUT_ANNOTATION = {
    "2011_09_26_drive_0002": "0 3 72 75",
    "2011_09_26_drive_0009": "0",
    "2011_09_26_drive_0013": "0 140",
    "2011_09_26_drive_0020": "0 3 84",
    "2011_09_26_drive_0027": "0",
    "2011_09_26_drive_0029": "0",
    "2011_09_26_drive_0036": "0 800",
    "2011_09_26_drive_0046": "0 120",
    "2011_09_26_drive_0048": "0 1 2 3 4 17 18 19 20 21",
    "2011_09_26_drive_0052": "0 2 4",
    "2011_09_26_drive_0059": "0 372",
    "2011_09_26_drive_0064": "0",
    "2011_09_26_drive_0093": "0",
    "2011_09_26_drive_0096": "0",
    "2011_09_26_drive_0117": "0",
    "2011_09_28_drive_0002": "0 3",
    "2011_09_29_drive_0071": "0 1054",
    "2011_09_30_drive_0016": "0 275",
    "2011_09_30_drive_0018": "0",
    "2011_09_30_drive_0027": "0",
    "2011_10_03_drive_0027": "0",
    "2011_10_03_drive_0047": "0",
}
"""Those of them that KITTI depth completion has no annotation of; the other 652 are listed in
nianticlabs/monodepth2: splits/eigen_benchmark/test_files.txt."""

_LINE = re.compile(
    r"(?:\S*/)?(?P<drive>\d{4}_\d\d_\d\d_drive_\d{4}_sync)"
    r"(?:\s+(?P<number>\d{1,10})(?:\s+(?P<side>[lr]))?"
    r"|/(?P<channel>image_0[23])/data/(?P<name>\d{10})\.(?:png|jpg|jpeg)(?:\s.*)?)"
)
_SIDES = {"l": "image_02", "r": "image_03"}


def frame_token(drive: str, number: int, channel: str) -> str:
    """The token of a KITTI frame: `<drive>/<number>`, of the right camera `.../image_03`."""
    return f"{drive}/{number:010d}" + ("" if channel == "image_02" else f"/{channel}")


def eigen_test(annotated: bool = False) -> list[str]:
    """Tokens of Eigen's 697 test frames, or of the 652 that have an annotation."""
    return [
        frame_token(f"{drive}_sync", number, "image_02")
        for drive, text in _EIGEN_TEST.items()
        for number in _numbers(text)
        if not (annotated and str(number) in _WITHOUT_ANNOTATION.get(drive, "").split())
    ]


def read_list(frames: str | Path, annotated: bool = False) -> list[str]:
    """Tokens of the frames of a list: "eigen", or a file of one frame a line, each taken once.

    A line is `<date>/<drive> <number> l|r` (monodepth2) or begins with
    `<date>/<drive>/image_02/data/<number>.png` (BTS, AdaBins). Of "eigen", `annotated` keeps the
    frames that have an annotation. Raises RigidDepthError for a missing file and for another line.
    """
    if str(frames) == EIGEN:
        return eigen_test(annotated)
    path = Path(frames)
    if not path.is_file():
        raise RigidDepthError(f"list of KITTI frames {path} does not exist; give a file or {EIGEN}")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise RigidDepthError(f"list of KITTI frames {path} is no text in UTF-8") from error
    found = []
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line.strip())
        if match:
            channel = match["channel"] or _SIDES[match["side"] or "l"]
            index = int(match["number"] or match["name"])
            found.append(frame_token(match["drive"], index, channel))
        elif line.strip():
            raise RigidDepthError(
                f"{path}, line {number}: '{line.strip()[:80]}' names no KITTI frame; a line is "
                "'<date>/<drive> <number> l' or '<date>/<drive>/image_02/data/<number>.png'"
            )
    if not found:
        raise RigidDepthError(f"list of KITTI frames {path} is empty")
    return list(dict.fromkeys(found))


def read_lists(
    files: Mapping[str, str | Path] | None, annotated: bool = False
) -> dict[str, list[str]]:
    """Tokens by split, of the splits that have a list; see `read_list`.

    Raises RigidDepthError for an unknown split and for a frame in training and elsewhere.
    """
    unknown = set(files or {}) - {"train", "val", "test"}
    if unknown:
        raise RigidDepthError(f"split '{min(unknown)}' does not exist; use train, val or test")
    lists = {split: read_list(f, annotated) for split, f in (files or {}).items() if f}
    shared = set(lists.get("train", ())) & {*lists.get("val", ()), *lists.get("test", ())}
    if shared:
        raise RigidDepthError(f"frame {min(shared)} is listed for training and for testing")
    return lists


def _numbers(text: str) -> list[int]:
    """3-9/2 20 as 3, 5, 7, 9, 20."""
    found = []
    for part in text.split():
        ends, _, step = part.partition("/")
        first, _, last = ends.partition("-")
        found += range(int(first), int(last or first) + 1, int(step or 1))
    return found
