"""Exercises of the book: a check that says right, or how far off, without saying the answer.

The directive that asks has a title, a short noun phrase, which the list of exercises shows. Then
come four parts:

1. the stub, a visible cell that assigns the answer with `...` for each blank;
2. the check, a cell tagged `hide-input`: it computes what is expected and ends in
   `check = exercises.checker(expected)` and `check(yours)`;
3. the solution's text, a dropdown;
4. the solution's cell, tagged `hide-cell`: the stub with its blanks filled in, then
   `exercises.prove(check, yours)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from numbers import Real

import numpy as np

from rigid_depth.errors import RigidDepthError

NO_ANSWER = "No answer yet. Replace each ... above, then run both cells."


@dataclass(frozen=True)
class Check:
    """What an answer is compared with, see `checker`; called with one it prints the verdict."""

    wanted: list
    within: float
    of: Callable | None

    def __call__(self, answer: object) -> None:
        print(self.verdict(answer))

    def verdict(self, answer: object) -> str:
        """Says "Right.", how far off the answer is, or that there is none yet."""
        return _verdict(answer, self.wanted, self.within, self.of)


def checker(expected: object, *, within: float = 0.02, of: Callable | None = None) -> Check:
    """Returns what prints the verdict on an answer.

    `expected` is a number, a word, True or False, an array, or a (nested) sequence of these.
    Numbers may be off by the share `within` of the expected number, or by `within` where zero is
    expected; whole numbers (int) must be met exactly. `of` turns an answer into what is compared,
    for answers that are functions; where it returns None there is no answer yet.
    """
    return Check(_flat(expected), within, of)


def prove(check: Check, answer: object, wrong: Iterable = ()) -> None:
    """Prints the verdict on the solution and how many wrong answers the check turns away.

    Each entry of the solution is made wrong in turn; an answer that is a function needs examples
    in `wrong`. Raises RigidDepthError where the solution is not accepted or a wrong answer is.
    """
    verdict = check.verdict(answer)
    print(verdict)
    if verdict != "Right.":
        raise RigidDepthError(f"the check does not accept the solution {answer!r}: {verdict}")
    false = [*wrong, *([] if check.of else _spoilt(check.wanted, check.within))]
    if not false:
        raise RigidDepthError("no wrong answer is given: add examples in `wrong`")
    for given in false:
        if check.verdict(given) == "Right.":
            raise RigidDepthError(f"the check accepts the wrong answer {given!r}")
    answers = "wrong answers" if len(false) > 1 else "wrong answer"
    print(f"The check accepts this and rejects {len(false)} {answers}.")


def _verdict(answer, wanted: list, within: float, of: Callable | None) -> str:
    if answer is ... or answer is None:
        return NO_ANSWER
    if of is not None and ((answer := of(answer)) is ... or answer is None):
        return NO_ANSWER
    given = _flat(answer)
    if any(entry is ... or entry is None for entry in given):
        return NO_ANSWER
    if len(given) != len(wanted):
        return f"Not yet: {len(given)} values given, {len(wanted)} wanted."
    many = len(wanted) > 1
    found = [_fault(g, w, within) for g, w in zip(given, wanted, strict=True)]
    faults = [
        f"value {place} {fault}" if many else f"the value {fault}"
        for place, fault in enumerate(found, 1)
        if fault
    ]
    return f"Not yet: {'; '.join(faults)}." if faults else "Right."


def _flat(value) -> list:
    """Entries of numbers, words, arrays and nested sequences, in order."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        return value.ravel().tolist()
    if isinstance(value, np.generic):
        return [value.item()]
    if isinstance(value, list | tuple):
        return [entry for part in value for entry in _flat(part)]
    return [value]


def _is_number(value) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _slack(wanted: float, within: float) -> float:
    """How far a number may be off: a share of it, and `within` itself about zero."""
    if isinstance(wanted, int):
        return 0.0
    return within * (abs(wanted) if abs(wanted) > 1e-9 else 1.0)


def _fault(given, wanted, within: float) -> str:
    """What is wrong with one entry; empty where it is right."""
    if not _is_number(wanted):
        same = str(given).strip().lower() == str(wanted).strip().lower()
        return "" if same else "is not right"
    if not _is_number(given) or given != given:
        return "is not a number"
    off = given - wanted
    if abs(off) <= _slack(wanted, within) + 1e-9:
        return ""
    return f"is too {'large' if off > 0 else 'small'} by {abs(off):.3g}"


def _spoilt(wanted: list, within: float) -> list[list]:
    """The right answer with one entry made wrong, for every entry."""
    answers = []
    for place, entry in enumerate(wanted):
        if isinstance(entry, bool):
            changed = not entry
        elif _is_number(entry):
            changed = entry + (3 * _slack(entry, within) or 1)
        else:
            changed = f"not {entry}"
        answers.append([*wanted[:place], changed, *wanted[place + 1 :]])
    return answers
