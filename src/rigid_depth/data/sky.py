"""Sky masks: exact ones, masks from a folder, a segmentation model, or evidence from LiDAR and
colour.
"""

from collections.abc import Sequence

from rigid_depth.data.frame import FrameSource, SkyReader, read_mask
from rigid_depth.errors import RigidDepthError


def resolve_sky(mode: str | None, sources: Sequence[FrameSource]) -> str | None:
    """The kind of mask that "auto" means: "truth" where every frame has an exact mask, else none."""
    if mode == "auto":
        return "truth" if all(source.truth is not None for source in sources) else None
    return mode


def sky_reader(mode: str | None, sources: Sequence[FrameSource]) -> SkyReader:
    """The function that gives the native sky mask of a frame; None gives no masks."""
    mode = resolve_sky(mode, sources)
    if mode is None:
        return _no_sky
    if mode == "truth":
        return _true_sky
    raise RigidDepthError(f"sky '{mode}' does not exist; use 'auto', 'truth' or None")


def _no_sky(source, rgb, points):
    return None


def _true_sky(source, rgb, points):
    if source.truth is None:
        raise RigidDepthError(f"frame {source.token} has no exact sky mask (truth/ is missing)")
    return read_mask(source.truth.with_name(source.truth.name + ".sky.png"), source.token)
