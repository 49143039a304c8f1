"""Monocular depth by domain transfer with rigid transformations: the package beneath the book."""

import os
from importlib.metadata import version

__version__ = version("rigid-depth")

if os.environ.get("RIGID_DEPTH_TYPECHECK") == "1":
    from jaxtyping import install_import_hook

    import rigid_depth._typecheck  # noqa: F401  the hook looks it up by name

    install_import_hook("rigid_depth", "rigid_depth._typecheck.typecheck")
