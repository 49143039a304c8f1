"""Reads the fields of a settings dataclass and holds each to what its declaration allows.

A field is declared once, with its type and its limits: `Literal["a", "b"]` is a choice,
`Annotated[float, Within(0, 1)]` a range; within a tuple either holds for every item.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin, get_type_hints

from rigid_depth.errors import RigidDepthError

WORDS = {int: "a whole number", float: "a number", str: "a word", bool: "true or false"}


@dataclass(frozen=True)
class Within:
    """A range, both ends included; where it has no upper end, `of` says what is counted."""

    low: float
    high: float = math.inf
    of: str = ""

    def __str__(self) -> str:
        if self.high < math.inf:
            return f"{self.low:g} to {self.high:g}"
        return f"{self.of} from {self.low:g}" if self.of else f"{self.low:g} and more"


def read_fields(kind: type, values: Mapping[str, object]) -> dict[str, object]:
    """The values as the fields of a dataclass declare them, from text, JSON or Python.

    Text is read as typed on a command line: "96x192", "0.1,0.2,0.3", "true". Raises
    RigidDepthError for a value that has no such reading or is not allowed.
    """
    declared = _declared(kind)
    return {name: _read(name, value, declared[name]) for name, value in values.items()}


def settle(settings: object) -> None:
    """Gives the fields of a frozen dataclass in the making their declared types, or raises."""
    for name, value in read_fields(type(settings), vars(settings)).items():
        object.__setattr__(settings, name, value)


@cache
def _declared(kind: type) -> dict[str, object]:
    """Field -> its declared type with its limits."""
    return get_type_hints(kind, include_extras=True)


def _read(name: str, given: object, kind: object) -> object:
    """The value as declared."""
    if get_origin(kind) is Literal:
        choices = {str(choice): choice for choice in get_args(kind)}
        if str(given) not in choices:
            raise RigidDepthError(
                f"parameter '{name}' is '{given}'; allowed: {', '.join(choices)}."
            )
        return choices[str(given)]
    try:
        value = _convert(given, kind)
    except (ValueError, TypeError, KeyError, OverflowError):
        raise RigidDepthError(f"parameter '{name}' is {given!r}; it takes {_say(kind)}.") from None
    items, kinds = (value, get_args(kind)) if isinstance(value, tuple) else ((value,), (kind,))
    for limits in (k.__metadata__[0] for k in kinds if get_origin(k) is Annotated):
        if not all(limits.low <= item <= limits.high for item in items):
            raise RigidDepthError(f"parameter '{name}' is {value}; allowed are {limits}.")
    return value


def _convert(value: object, kind: object) -> object:
    """The value in its declared type; raises ValueError, TypeError or KeyError if it has none."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) is tuple:
        return _convert_items(value, get_args(kind))
    if value is None:
        raise ValueError
    if kind is bool:
        return {"true": True, "1": True, "false": False, "0": False}[str(value).lower()]
    if isinstance(value, bool) or (kind is str and not isinstance(value, str | Path)):
        raise ValueError  # YAML has read 0013 as the number 11
    number = kind(value) if kind is not int else _whole(value)
    if kind is float and not math.isfinite(number):
        raise ValueError
    return number


def _whole(value: object) -> int:
    """A whole number, every digit of it; text and numbers may also write it as 1e3 or 1000.0."""
    if isinstance(value, str):
        with suppress(ValueError):
            return int(value)
    number = value if isinstance(value, int) else float(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _convert_items(value: object, kinds: tuple) -> tuple:
    """The items of a list; text is split at commas, numbers also at "x"."""
    if isinstance(value, str):
        value = value.replace("x", ",").split(",") if kinds[0] is not str else value.split(",")
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(value)
    return tuple(_convert(v, k) for v, k in zip(value, kinds, strict=True))


def _say(kind: object) -> str:
    """What a field takes, in words."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        count = "a list of" if kinds[-1] is Ellipsis else f"{len(kinds)}"
        return f"{count} values separated by commas, each {_say(kinds[0])}"
    return WORDS[kind]
