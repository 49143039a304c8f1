"""Monocular depth by domain transfer with rigid transformations: the package beneath the book."""

import os
from importlib.metadata import version
from pathlib import Path

__version__ = version("rigid-depth")
PACKAGE = Path(__file__).resolve().parent
"""The folder of the package's sources."""

if os.environ.get("RIGID_DEPTH_TYPECHECK") == "1":
    from jaxtyping import install_import_hook

    import rigid_depth._typecheck  # noqa: F401  the hook looks it up by name

    install_import_hook("rigid_depth", "rigid_depth._typecheck.typecheck")
