"""Exercises: what the check says, and that every stub is its solution minus the blanks."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import jupytext
import numpy as np
import pytest
import torch

from rigid_depth.book.cells.exercises import NO_ANSWER, checker, prove
from rigid_depth.errors import RigidDepthError

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.md"))
LABEL = re.compile(r"^:label: (exercise-\S+)", re.MULTILINE)


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        (120.0, 121),
        (0.0, 0.01),
        (136, 136),
        ("smaller", " Smaller"),
        (True, True),
        ((1.0, [2.0, 3.0]), [1, 2, 3]),
        (torch.eye(2), [[1, 0], [0, 1]]),
        (np.float64(0.5), 0.5),
    ],
)
def test_a_right_answer(expected, answer):
    assert checker(expected).verdict(answer) == "Right."


@pytest.mark.parametrize(
    ("expected", "answer", "verdict"),
    [
        (120.0, 90, "Not yet: the value is too small by 30."),
        (136, 137, "Not yet: the value is too large by 1."),
        ((1.0, 2.0), (1, 2.5), "Not yet: value 2 is too large by 0.5."),
        ((1.0, 2.0), (1, 2, 3), "Not yet: 3 values given, 2 wanted."),
        ("smaller", "larger", "Not yet: the value is not right."),
        (True, False, "Not yet: the value is not right."),
        (1.0, "one", "Not yet: the value is not a number."),
        ((1.0, 2.0), (1, ...), NO_ANSWER),
        (1.0, ..., NO_ANSWER),
    ],
)
def test_a_wrong_answer_is_told_how_far_off_it_is(expected, answer, verdict, capsys):
    check = checker(expected)
    assert check.verdict(answer) == verdict
    assert check(answer) is None  # a cell would show what it returns a second time
    assert capsys.readouterr().out == verdict + "\n"


def test_an_answer_that_is_a_function():
    check = checker(4.0, of=lambda square: square(2.0))
    assert check.verdict(lambda x: x * x) == "Right."
    assert check.verdict(lambda x: 2.5 * x).startswith("Not yet")
    assert check.verdict(lambda x: None) == NO_ANSWER
    with pytest.raises(RigidDepthError, match="no wrong answer"):
        prove(check, lambda x: x * x)


def test_a_solution_is_proved(capsys):
    prove(checker((1.0, 2, "up", True)), (1, 2, "up", True))
    assert capsys.readouterr().out.endswith("rejects 4 wrong answers.\n")
    prove(checker(1.0), 1.0)
    assert capsys.readouterr().out.endswith("rejects 1 wrong answer.\n")
    with pytest.raises(RigidDepthError, match="does not accept the solution"):
        prove(checker(1.0), 2.0)
    with pytest.raises(RigidDepthError, match="accepts the wrong answer"):
        prove(checker(1.0), 1.0, wrong=[1.001])


@cache
def parts(path: Path) -> dict[str, dict[str, list]]:
    """Label of each exercise to its code cells before and after the solution's text."""
    found, label, side = {}, None, None
    for cell in jupytext.read(path).cells:
        if cell.cell_type == "code" and label:
            found[label][side].append(cell)
        for line in cell.source.splitlines() if cell.cell_type == "markdown" else ():
            if match := LABEL.match(line):
                label, side = match[1], "asked"
                found[label] = {"asked": [], "solved": []}
            elif match := re.match(r"`+\{solution\} (\S+)", line):
                label, side = match[1], "solved"
            elif line.startswith("## "):
                label = None
    return found


def fills(stub: ast.AST, solution: ast.AST) -> bool:
    """Whether the solution is the stub with each `...` replaced."""
    if isinstance(stub, ast.Constant) and stub.value is ...:
        return not (isinstance(solution, ast.Constant) and solution.value is ...)
    if type(stub) is not type(solution):
        return False
    if isinstance(stub, list):
        blank = [i for i, s in enumerate(stub) if ast.unparse(s) == "..."]
        if len(blank) == 1 and isinstance(stub[blank[0]], ast.Expr):  # any statements
            before, after = stub[: blank[0]], stub[blank[0] + 1 :]
            end = len(solution) - len(after)
            same = fills(before, solution[: len(before)]) and fills(after, solution[end:])
            return end > len(before) and same
        return len(stub) == len(solution) and all(map(fills, stub, solution))
    if isinstance(stub, ast.AST):
        return all(fills(getattr(stub, f), getattr(solution, f)) for f in stub._fields)
    return stub == solution


@pytest.mark.parametrize(
    ("stub", "solution", "right"),
    [
        ("yours = ...", "yours = 3", True),
        ("yours = (..., ...)", "yours = (3, 'up')", True),
        ("yours = ...", "theirs = 3", False),
        ("yours = (..., ...)", "yours = (3,)", False),
        ("yours = ...", "yours = ...", False),
        ("def yours(x):\n    ...", "def yours(x):\n    y = x\n    return y", True),
        ("def yours(x):\n    return ...", "def yours(x):\n    return x", True),
    ],
)
def test_filled_blanks_are_told_from_other_code(stub, solution, right):
    assert fills(ast.parse(stub).body, ast.parse(solution).body) is right


EXERCISES = [(path, label) for path in NOTEBOOKS for label in LABEL.findall(path.read_text())]


@pytest.fixture(params=EXERCISES, ids=lambda exercise: f"{exercise[0].stem}-{exercise[1]}")
def cells(request) -> dict[str, list]:
    """The code cells of an exercise; a notebook is parsed by the tests of its exercises alone."""
    path, label = request.param
    return parts(path)[label]


def test_a_stub_is_its_solution_minus_the_blanks(cells):
    stub, check, *_ = cells["asked"]
    solved = next(c for c in cells["solved"] if "exercises.prove(" in c.source)
    assert "..." in stub.source, "the stub marks each blank by ..."
    body, filled = ast.parse(stub.source).body, ast.parse(solved.source).body
    assert fills(body, filled[: len(body)])
    assert "exercises.checker(" in check.source
    assert check.source.endswith("check(yours)"), "the check ends with its verdict"


def test_an_answer_stays_hidden_until_asked_for(cells):
    stub, check, *more = cells["asked"]
    assert "tags" not in stub.metadata, "the stub is open"
    assert all("hide-input" in cell.metadata.tags for cell in (check, *more))
    assert all("hide-cell" in cell.metadata.tags for cell in cells["solved"])
