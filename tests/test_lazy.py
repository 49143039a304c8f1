"""Packages that load a name's module only when the name is used."""

import importlib
import importlib.util
import subprocess
import sys

import pytest

PACKAGES = ("rigid_depth.data", "rigid_depth.experiments", "rigid_depth.studies")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_that_a_package_offers_is_found(package):
    module = importlib.import_module(package)
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'depth_of_field'"):
        module.depth_of_field  # noqa: B018


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_lists_its_names_before_any_is_used(package):
    code = (
        f"import {package} as p; assert set(p.__all__) <= set(dir(p)); print('__all__' in dir(p))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_a_name_wins_over_no_module_of_the_same_name():
    """A module would take the name's place as soon as anything imports it."""
    for package in PACKAGES:
        for name in importlib.import_module(package).__all__:
            assert importlib.util.find_spec(f"{package}.{name}") is None


@pytest.mark.parametrize(
    "module",
    [
        "cli",
        "book.site.extension",
        "book.runs.results",
        "experiments.registry",
        "experiments.sources",
        "experiments.worlds",
        "statistics",
        "studies.declaration",
        "studies.records",
    ],
)
def test_what_trains_nothing_starts_without_torch(module):
    code = f"import sys, rigid_depth.{module}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
