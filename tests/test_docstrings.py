"""Docstrings have one style, and everything public has one."""

import ast
import re
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
FILES = sorted(SRC.rglob("*.py"))
DEFINES = (ast.FunctionDef, ast.ClassDef)
OTHER_STYLES = {
    "code between two backticks, not one": re.compile(r"``[\w{:<]"),
    "a role of Sphinx, where backticks are enough": re.compile(r":(func|class|mod|meth|attr):`"),
    "a section on errors, where a sentence 'Raises X for ...' stands": re.compile(
        r"^Raises:$", re.M
    ),
    "another style of parameters": re.compile(r"^\s*:(param|returns?|raises)\b|^-{4,}$", re.M),
}


def docstrings(path: Path) -> list[str]:
    tree = ast.parse(path.read_text())
    nodes = [node for node in ast.walk(tree) if isinstance(node, (ast.Module, *DEFINES))]
    return [said for node in nodes if (said := ast.get_docstring(node))]


def without(text: str) -> list[str]:
    """The names of a module's public functions and classes that say nothing of themselves."""
    public = [
        node
        for node in ast.parse(text).body
        if isinstance(node, DEFINES) and not node.name.startswith("_")
    ]
    return [node.name for node in public if not ast.get_docstring(node)]


def styles(said: str) -> list[str]:
    return [name for name, pattern in OTHER_STYLES.items() if pattern.search(said)]


def test_there_are_files():
    assert len(FILES) > 200


def test_docstrings_have_one_style():
    found = {
        f"{path.relative_to(SRC)}: {said[:60]}": other
        for path in FILES
        for said in docstrings(path)
        if (other := styles(said))
    }
    assert found == {}


def test_every_module_and_public_name_says_what_it_is():
    texts = {path.relative_to(SRC).as_posix(): path.read_text() for path in FILES}
    assert [name for name, text in texts.items() if not ast.get_docstring(ast.parse(text))] == []
    assert {name: silent for name, text in texts.items() if (silent := without(text))} == {}


@pytest.mark.parametrize(
    "said",
    [
        "See ``x``.",
        "See :func:`x`.",
        "One.\n\nRaises:\n    ValueError: never.",
        "One.\n\n:param x: y",
    ],
)
def test_another_style_is_seen(said):
    assert len(styles(said)) == 1


def test_a_public_name_without_words_is_seen():
    assert without('def a():\n    """A."""\ndef b():\n    pass\ndef _c():\n    pass\n') == ["b"]
