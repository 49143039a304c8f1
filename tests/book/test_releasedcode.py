"""The page on the author's code names what exists and takes its numbers from the records."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from rigid_depth.book.claims import ledger
from rigid_depth.book.claims.findings import find_finding
from rigid_depth.book.pages import releasedcode
from rigid_depth.book.runs import results
from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.registry import EXPERIMENTS, SCALES
from rigid_depth.experiments.settings import override

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def items() -> list[releasedcode.Item]:
    return releasedcode.load(ROOT / "book" / "released-code.yaml")


def test_every_experiment_exists(items):
    named = set().union(*(item.experiments for item in items))
    assert named | {releasedcode.WHOLE, releasedcode.WHOLE_AGAINST} <= set(EXPERIMENTS)


def test_every_command_runs_and_changes_something(items):
    commands = [item for item in items if item.settings]
    assert len(commands) > 10
    for item in commands:
        changes = dict(setting.split("=") for setting in item.settings)
        assert override(EXPERIMENTS[item.base], SCALES["smoke"], changes)[2], item.id


def test_what_the_whole_experiment_lacks_is_listed(items):
    text = releasedcode.page(items, [])
    has, _, lacks = (
        text.partition("**All together.**")[2]
        .partition("not run yet")[0]
        .partition("It does not set")
    )
    assert "`detach_guide=False`" in has
    for item in items:
        for setting in item.settings:
            name, _, value = setting.partition("=")
            whole = EXPERIMENTS[releasedcode.WHOLE]
            changed = override(whole, SCALES["smoke"], {name: value})[2]
            assert (f"`{setting}`" in lacks) == bool(changed), setting


def test_rows_of_the_ledger_and_findings_exist(items):
    rows = {row.id for row in ledger.load(ROOT / "book" / "ledger.yaml")}
    assert {row for item in items for row in item.ledger} <= rows
    assert all(find_finding(name) for item in items for name in item.finding)


def test_every_item_leads_to_lines_of_the_one_state(items):
    assert len({item.id for item in items}) == len(items) > 20
    for place in {place for item in items for place in item.lines}:
        assert re.fullmatch(r"[\w/-]+\.py \d+(-\d+)?", place), place
        first, *last = map(int, place.rpartition(" ")[2].split("-"))
        assert not last or first < last[0], place
    assert releasedcode.link("model/AE.py 253-269") == (
        f"[AE.py 253–269]({releasedcode.REPOSITORY}/blob/{releasedcode.COMMIT}"
        "/src/model/AE.py#L253-L269)"
    )
    assert releasedcode.link("data/dataloader-legacy.py 19").endswith("dataloader-legacy.py#L19)")


def test_what_is_not_run_says_so_and_what_is_has_its_number(book, publish):
    load, folder = releasedcode.load(book / "book/released-code.yaml"), book / "book/results"
    text = releasedcode.page(load, results.read_runs(folder))
    assert (
        "[rgb-infinity](#experiment-core-rgb-infinity), against [rgb](#experiment-core-rgb): "
        in text
    )
    assert "RGB +0.10 m, 95 % " in text
    assert "the RMSE at scale `core` on the held-out" in text
    assert "`rgb-unpublished`, against `rgb`: not run yet." in text
    publish(folder, "rgb-unpublished", "core", 0, 5.0)
    one = releasedcode.page(load, results.read_runs(folder))
    assert "`rgb-unpublished`, against `rgb`: not run yet." in one  # one seed is none
    publish(folder, "rgb-unpublished", "core", 1, 5.2)
    publish(folder, "rgb-unpublished", "core", 2, 5.1)
    two = releasedcode.page(load, results.read_runs(folder))
    assert "against [rgb](#experiment-core-rgb): RGB -1.10 m, 95 % " in two
    assert two.count("not run yet") == 1  # the experiment that does everything


def test_runs_are_those_of_the_scale_shown(book, publish):
    load, folder = releasedcode.load(book / "book/released-code.yaml"), book / "book/results"
    before = releasedcode.page(load, results.read_runs(folder))
    for seed in range(2):
        publish(folder, "rgb", "gpu", seed, 4.0)
        publish(folder, "rgb-infinity", "gpu", seed, 4.5)
    assert releasedcode.page(load, results.read_runs(folder)) == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"code": ""}, "the field code is missing"),
        ({"proof": "x"}, "unknown field proof"),
        ({"base": ""}, "settings need a base"),
        ({"measures": ["length"]}, "no measure length"),
    ],
)
def test_a_bad_item_is_refused_by_name(book, change, sentence):
    path = book / "book" / "released-code.yaml"
    (entry,) = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump([entry | change]))
    with pytest.raises(RigidDepthError, match=f"released-code.yaml, item sky: {sentence}"):
        releasedcode.load(path)
