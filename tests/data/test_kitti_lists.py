"""Lists of single KITTI frames: Eigen's, and files in the formats of monodepth2 and BTS."""

import warnings

import numpy as np
import pytest
from PIL import Image

from rigid_depth.data import open_frames, open_store, prepare
from rigid_depth.data.kitti_lists import eigen_test, read_list
from rigid_depth.data.splits import KITTI_EIGEN_TEST
from rigid_depth.errors import RigidDepthError

DRIVE = "2011_09_26_drive_{}_sync"


def tokens(frames):
    return [source.token for source in frames.sources]


def test_eigen_s_frames():
    """697, and the 652 with an annotation: the annotation begins with frame 5 of a drive."""
    every, annotated = eigen_test(), eigen_test(annotated=True)
    assert (len(every), len(set(every)), len(annotated)) == (697, 697, 652)
    assert set(annotated) < set(every)
    assert {token.split("/")[0] for token in every} == set(KITTI_EIGEN_TEST)
    numbers = lambda drive, of: [int(t[-10:]) for t in of if t.startswith(drive)]  # noqa: E731
    assert all(len(numbers(d, every)) == (22 if "0048" in d else 25) for d in KITTI_EIGEN_TEST)
    first = DRIVE.format("0002")
    assert numbers(first, every)[-6:] == [57, 60, 63, 69, 72, 75]
    assert numbers(first, annotated)[:2] + numbers(first, annotated)[-2:] == [6, 9, 63, 69]
    assert min(int(t[-10:]) for t in annotated) == 5
    assert f"{DRIVE.format('0084')}/0000000166" not in every  # the step of 13 that is left out
    assert "2011_10_03_drive_0027_sync/0000004535" in annotated


def test_lists_of_two_projects(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text(
        f"2011_09_26/{DRIVE.format('0002')} 0000000069 l\n"
        f"2011_09_26/{DRIVE.format('0002')} 54 r\r\n\n"
        f"2011_09_26/{DRIVE.format('0009')} 7\n"
        f"2011_09_26/{DRIVE.format('0002')} 69 l\n"
    )
    expected = ["0002_sync/0000000069", "0002_sync/0000000054/image_03", "0009_sync/0000000007"]
    assert read_list(path) == [f"2011_09_26_drive_{end}" for end in expected]
    name = DRIVE.format("0002")
    path.write_text(
        f"2011_09_26/{name}/image_02/data/0000000069.png "
        f"{name}/proj_depth/groundtruth/image_02/0000000069.png 721.5377\n"
        f"/2011_09_26/{name}/image_03/data/0000000054.jpg None 721.5377\n"
    )
    assert read_list(path) == [f"{name}/0000000069", f"{name}/0000000054/image_03"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"2011_09_26_drive_0002_sync 1 l\nnonsense\n", "line 2: 'nonsense' names no KITTI frame"),
        (b"2011_09_26/2011_09_26_drive_0002_sync 1 x", "line 1: .* names no KITTI frame"),
        (b"2011_09_26/2011_09_26_drive_0002_sync -1 l", "line 1: .* names no KITTI frame"),
        (b"\n\n", "is empty"),
        (b"\xff\xfe", "is no text in UTF-8"),
        (None, "does not exist"),
    ],
)
def test_lists_that_are_none(tmp_path, content, sentence):
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RigidDepthError, match=sentence):
        read_list(path)


def test_lists_choose_frames_and_drives_the_rest(fake_kitti, tmp_path):
    root = fake_kitti({"0005": range(4), "0013": range(8), "0020": range(3)})
    test = tmp_path / "test.txt"
    test.write_text(f"d/{DRIVE.format('0013')} 3 l\nd/{DRIVE.format('0013')} 1 l\n")
    train = tmp_path / "train.txt"
    train.write_text(f"d/{DRIVE.format('0013')} 6 l\nd/{DRIVE.format('0005')} 2 l\n")
    options = {"files": {"test": test, "train": train}, "sky": None}
    assert tokens(open_frames("kitti", root, "test", **options)) == [
        f"{DRIVE.format('0013')}/{n:010d}" for n in (1, 3)
    ]
    assert tokens(open_frames("kitti", root, "train", **options)) == [
        f"{DRIVE.format('0005')}/0000000002", f"{DRIVE.format('0013')}/0000000006"
    ]  # fmt: skip
    assert tokens(open_frames("kitti", root, "val", **options)) == tokens(
        open_frames("kitti", root, "test", **options)
    )
    options = {"files": {"test": test}, "drives": {"train": ["0005"], "val": ["0020"]}, "sky": None}
    assert len(open_frames("kitti", root, "train", **options)) == 4
    assert len(open_frames("kitti", root, "val", **options)) == 2
    store = open_store(prepare("kitti", root, tmp_path / "store", size=(32, 64), progress=False,
                               **options))  # fmt: skip
    assert store.counts["test"] == {"scenes": 1, "frames": 2}
    assert [f["token"][-1] for f in store.split("test").frames] == ["1", "3"]
    assert store.settings["splits"]["test"] == [f"{DRIVE.format('0013')}/{n:010d}" for n in (1, 3)]


def test_what_lists_name_and_is_not_there(fake_kitti, tmp_path):
    root = fake_kitti({"0005": range(2), "0013": range(3)})
    path = tmp_path / "list.txt"
    path.write_text(f"d/{DRIVE.format('0013')} 2 l\nd/{DRIVE.format('0013')} 9 l\n")
    with pytest.warns(UserWarning, match=r"1 of the 2 frames listed for test .*0000000009 and"):
        assert len(open_frames("kitti", root, "test", files={"test": path}, sky=None)) == 1
    path.write_text(f"d/{DRIVE.format('0099')} 2 l\n")
    with pytest.raises(RigidDepthError, match="none of the 1 frames listed for test is under"):
        open_frames("kitti", root, "test", files={"test": path})
    path.write_text(f"d/{DRIVE.format('0005')} 1 l\n")
    for files, drives in (({"train": path, "test": path}, None), ({"test": path}, ["0005"])):
        with pytest.raises(RigidDepthError, match="for training and for testing"):
            open_frames("kitti", root, "test", files=files, drives={"train": drives or []})
    with pytest.raises(RigidDepthError, match="split 'eval' does not exist"):
        open_frames("kitti", root, "test", files={"eval": path})


def test_the_right_camera_and_annotation_by_a_list(fake_kitti, tmp_path):
    root = fake_kitti({"0005": range(3)})
    drive = root / "2011_09_26" / DRIVE.format("0005")
    (drive / "image_02").rename(drive / "image_03")
    path = tmp_path / "list.txt"
    path.write_text(f"d/{DRIVE.format('0005')} 1 r\n")
    frames = open_frames("kitti", root, "test", size=None, files={"test": path}, sky=None)
    assert [source.camera for source in frames.sources] == ["image_03"]
    folder = tmp_path / "depth/train" / drive.name / "proj_depth/groundtruth/image_03"
    folder.mkdir(parents=True)
    Image.fromarray(np.full((100, 200), 512, np.uint16)).save(folder / "0000000001.png")
    options = {"files": {"test": path}, "annotation_root": tmp_path / "depth", "sky": None}
    (frame,) = open_frames("kitti", root, "test", size=None, **options)
    assert len(frame.points) == 20_000
    assert frame.points[:, 2].eq(2).all()


def test_eigen_stands_for_drives_and_frames(fake_kitti):
    root = fake_kitti({"0001": range(2), "0005": range(2), "0013": range(11)})
    options = {"drives": {"train": ["eigen"]}, "files": {"test": "eigen"}, "sky": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        train, test = (open_frames("kitti", root, s, **options) for s in ("train", "test"))
    assert {source.scene for source in train.sources} == {DRIVE.format(d) for d in ("0001", "0005")}
    assert [int(token[-10:]) for token in tokens(test)] == [0, 5, 10]


@pytest.mark.filterwarnings("ignore:15 of the 697")
def test_eigen_s_frames_of_a_real_drive(real):
    """Every 2nd frame of drive 0013 is here; of its 25 test frames those with even numbers."""
    frames = open_frames("kitti", real / "kitti_raw", "test", files={"test": "eigen"}, sky=None)
    numbers = [int(source.token[-10:]) for source in frames.sources]
    assert numbers == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140]
    assert {source.scene for source in frames.sources} == {DRIVE.format("0013")}
