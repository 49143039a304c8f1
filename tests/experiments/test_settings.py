"""Settings: every unknown name and bad value is a sentence, everything else arrives typed."""

import dataclasses

import pytest

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.plan import check_run_parameters, plan_run, refuse_seed
from rigid_depth.experiments.registry import (
    EXPERIMENTS,
    SCALES,
    base_of,
    find_experiment,
    find_scale,
    group_of,
    parts_of_group,
)
from rigid_depth.experiments.scales import Table
from rigid_depth.experiments.settings import Experiment, Scale, as_text, override

RGB, SMOKE = EXPERIMENTS["rgb"], SCALES["smoke"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("steps", "7", 7),
        ("infinity", "true", True),
        ("image_size", "64x128", (64, 128)),
        ("infinity_weight", "0.1,0.2,0.3", (0.1, 0.2, 0.3)),
        ("train_drives", "0005,0009", ("0005", "0009")),
        ("weight_decay", "3e-1", 0.3),
        ("steps", "1e3", 1000),
        ("steps", 1000.0, 1000),
        ("world_seed", "9007199254740993", 2**53 + 1),
        ("world_seed", 2**53 + 1, 2**53 + 1),
    ],
)
def test_text_becomes_typed(name, text, value):
    experiment, scale, changed = override(RGB, SMOKE, {name: text})
    owner = experiment if hasattr(experiment, name) else scale
    assert getattr(owner, name) == value
    assert changed[name] == value


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"stepps": 3}, "unknown parameter 'stepps'; allowed are: .*steps"),
        ({"name": "x"}, "unknown parameter 'name'"),
        ({"steps": "many"}, "'steps' is 'many'; it takes a whole number"),
        ({"steps": 2.5}, "it takes a whole number"),
        ({"steps": 0, "epochs": 0}, "either steps or epochs"),
        ({"batch_size": 0}, "'batch_size' is 0; allowed are 1"),
        ({"flip": 1.5}, "'flip' is 1.5; allowed are 0 to 1"),
        ({"weight_decay": float("nan")}, "it takes a number"),
        ({"infinity": "maybe"}, "true or false"),
        ({"image_size": "100x192"}, "multiples of 32"),
        ({"image_size": "96"}, "2 values separated by commas"),
        ({"encoding": "log"}, "allowed: linear, reciprocal"),
        ({"precision": "8"}, "allowed: 32-true, bf16-mixed, 16-mixed"),
        ({"split_by": "token"}, "allowed: scene, frame"),
        ({"infinity_weight": "0.1,-1,0"}, "allowed are weights from 0"),
        ({"attention": "self"}, "allowed: cbam, cbam-residual, spatial, none"),
        ({"point_dim": 1}, "'point_dim' is 1; allowed are 2 to 64"),
        ({"steps": -1}, "'steps' is -1; allowed are 0 and more"),
        ({"steps": "inf"}, "it takes a whole number"),
        ({"sky": None}, "it takes a word"),
        ({"freeze_encoders": "true"}, "has nothing to start from"),
        ({"anchors": "pretrained"}, "has nothing to start from"),
        ({"anchors": "parallel"}, "'relative-parallel' alone"),
        ({"depth_supervision": "withheld"}, "a 'lidar_share' below 1"),
        ({"leading": "depth"}, "trains no second branch on depth"),
        ({"val_drives": [11]}, r"'val_drives' is \[11\]; it takes a list of"),
    ],
)
def test_bad_values_are_one_sentence(changes, sentence):
    with pytest.raises(RigidDepthError, match=sentence) as caught:
        override(RGB, SMOKE, changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("row", "changes"),
    [
        ("mse-classes", {"leading": "depth"}),
        ("mse-classes", {"shared_decoder": "true"}),
        ("rgb-guide-output", {"shared_encoder": "true"}),
    ],
)
def test_what_a_row_cannot_do_is_refused_before_it_runs(row, changes):
    with pytest.raises(RigidDepthError, match=f"experiment '{row}'"):
        override(EXPERIMENTS[row], SMOKE, changes)


def test_unknown_names_list_the_allowed_ones():
    with pytest.raises(RigidDepthError, match="unknown experiment 'rbg'; allowed: rgb, "):
        find_experiment("rbg")
    with pytest.raises(RigidDepthError, match="unknown scale 'huge'; allowed: smoke, cpu"):
        find_scale("huge")


def test_a_missing_key_of_the_tables_is_the_same_sentence():
    with pytest.raises(RigidDepthError, match="unknown scale 'big'; allowed: smoke, cpu"):
        SCALES["big"]
    with pytest.raises(RigidDepthError, match="two scales are called 'smoke'"):
        Table("scale", (SMOKE, SMOKE))
    with pytest.raises(RigidDepthError, match="unknown experiment 'rgbb'; allowed: rgb, "):
        EXPERIMENTS["rgbb"]
    assert "big" not in SCALES
    assert SCALES.get("big") is None


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"scale": "big"}, "unknown scale 'big'"),
        ({"experiment": "rgbb"}, "unknown experiment 'rgbb'"),
        ({"dataset": "waymo"}, "unknown data set 'waymo'; allowed: synthetic, nuscenes, kitti"),
        ({"seed": "one"}, "seed is 'one'; allowed are whole numbers"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"seed": True}, "seed is True"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**31}, "to 2147483647"),
    ],
)
def test_parameters_of_a_run_are_refused_before_anything_is_computed(given, sentence):
    with pytest.raises(RigidDepthError, match=sentence) as caught:
        check_run_parameters(**{"scale": "smoke", "seed": 0, **given})
    assert "\n" not in str(caught.value)


def test_a_run_needs_a_seed():
    with pytest.raises(RigidDepthError, match="seed is None; allowed are whole numbers"):
        refuse_seed(None)


def test_good_parameters_of_a_run_pass():
    check_run_parameters(experiment="rgb", scale="paper", seed=2**31 - 1, dataset="kitti")
    check_run_parameters()


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RGB.flip = 0.1


def test_steps_take_the_place_of_epochs():
    scale = override(RGB, SCALES["paper"], {"steps": 10})[1]
    assert (scale.steps, scale.epochs) == (10, 0)


def test_only_what_differs_counts_as_a_change():
    assert override(RGB, SMOKE, {"steps": SMOKE.steps, "flip": "0.5"})[2] == {}


def test_field_names_of_both_settings_do_not_collide():
    shared = {f.name for f in dataclasses.fields(Experiment)} & {
        f.name for f in dataclasses.fields(Scale)
    }
    assert shared == {"name"}


def test_the_two_rgb_experiments_differ_by_the_infinity_loss_alone():
    a, b = (dataclasses.asdict(EXPERIMENTS[n]) for n in ("rgb", "rgb-infinity"))
    assert {k for k in a if a[k] != b[k]} == {"name", "label", "section", "notebook", "infinity"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/data/masks/sky", "sky"),
        ("/data/masks/sky/", "sky"),
        ("segmentation:/models/b0", "segmentation:b0"),
        ("auto", "auto"),
        ("", ""),
    ],
)
def test_no_folder_of_this_machine_gets_into_a_record(text, shown):
    plan = plan_run("rgb", overrides={"sky": text})
    assert plan.parameters()["sky"] == shown
    assert plan.overrides == ({} if text == "auto" else {"sky": shown})
    assert "/" not in plan.folder.parent.name
    assert plan.scale.sky == text


@pytest.mark.parametrize("value", ["/data/part.txt", ["/data/part.txt"]])
def test_a_file_of_scenes_is_named_without_its_place(value):
    plan = plan_run("rgb", dataset="nuscenes", overrides={"only_scenes": value})
    assert plan.parameters()["only_scenes"] == plan.overrides["only_scenes"] == ["part.txt"]
    assert plan.scale.only_scenes == ("/data/part.txt",)


def test_what_no_record_may_hold_is_refused_before_the_run():
    with pytest.raises(RigidDepthError, match=r"no absolute path, found 'C:\\masks'"):
        plan_run("rgb", overrides={"sky": "C:\\masks"})


@pytest.mark.parametrize("row", ["rgb", "rgb+steps=1000", "core-repeated/rgb+steps=1+init=a.b"])
def test_a_row_has_an_experiment_behind_it(row):
    assert base_of(row) == "rgb"


def test_a_group_is_a_scale_and_a_data_set_of_another():
    core = SCALES["core"]
    assert [group_of(core, of) for of in ("", "synthetic", "kitti-eigen")] == [
        "core", "core", "core-kitti-eigen",
    ]  # fmt: skip
    assert parts_of_group("core") == ("core", "")
    assert parts_of_group("core-kitti-eigen") == ("core", "kitti-eigen")


def test_text_of_a_value_fits_into_a_folder_name():
    assert as_text((96, 192)) == "96x192"
    assert as_text(0.5) == "0.5"
