"""Packages that load a module only when one of its names is asked for (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module

from rigid_depth.codehash.files import definitions


def lazy_names(package: str) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package that imports its names under `TYPE_CHECKING`.

    A listing of experiments, a help text or a worker that draws streets then does without torch.
    """

    def __getattr__(name: str) -> object:
        origin = definitions(package).get(name)
        if origin is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(origin), name)
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[package]), *sys.modules[package].__all__})

    return __getattr__, __dir__
