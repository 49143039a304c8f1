"""A study's declaration is read as text and is what importing its file gives."""

import importlib
from dataclasses import fields

import pytest

from rigid_depth.errors import RigidDepthError
from rigid_depth.experiments.sources import repository
from rigid_depth.studies import STUDIES, declaration, find_study


def module_of(name: str) -> str:
    """The module that declares the study of that name."""
    return f"rigid_depth.studies.{name.replace('-', '_')}"


@pytest.mark.parametrize("name", STUDIES)
def test_what_is_read_is_what_the_file_declares(name):
    module = module_of(name)
    file = importlib.import_module(module)
    assert STUDIES[name].computes == f"{module}:{file.STUDY.function.__name__}"
    for field in fields(file.STUDY):
        if field.name not in ("function", "computes"):
            assert getattr(STUDIES[name], field.name) == getattr(file.STUDY, field.name)
    assert name == file.STUDY.name


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_names_a_notebook_that_shows_it(name):
    path = repository() / find_study(name).notebook
    assert name in path.read_text()


def test_the_function_is_that_of_the_file(monkeypatch):
    file = importlib.import_module(module_of("coral-collapse"))
    study = declaration.Study("x", lambda seed, **settings: {"seed": seed, **settings}, "", "", "")
    monkeypatch.setattr(file, "STUDY", study)
    assert STUDIES["coral-collapse"].function(3, steps=7) == {"seed": 3, "steps": 7}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nSTUDY = 3\n", "does not end in STUDY = Study"),
        ("\nSTUDY = Study(name='a', function=f, label=NAME)\n", "declares no study"),
        ("\nSTUDY = Study(name='a', function=f, size=3)\n", "declares no study: .*argument"),
    ],
)
def test_a_file_without_a_plain_declaration_is_named(text, message, tmp_path, monkeypatch):
    (tmp_path / "odd.py").write_text(text)
    monkeypatch.setattr(declaration, "FOLDER", tmp_path)
    with pytest.raises(RigidDepthError, match=rf"odd\.py {message}"):
        declaration.declared_studies()


def test_studies_follow_the_sections_as_numbers(tmp_path, monkeypatch):
    for name, section in (("b", "4.10"), ("a", "4.9"), ("c", "3.6")):
        said = f"name='{name}', function=f, label='', section='{section}', notebook=''"
        (tmp_path / f"{name}.py").write_text(f"\nSTUDY = Study({said})\n")
    (tmp_path / "helper.py").write_text("x = 1\n")
    monkeypatch.setattr(declaration, "FOLDER", tmp_path)
    assert list(declaration.declared_studies()) == ["c", "a", "b"]
