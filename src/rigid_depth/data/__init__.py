"""Chapter 6: nuScenes, KITTI and the synthetic world as frames, inputs and prepared stores."""

from typing import TYPE_CHECKING

from rigid_depth.lazy import lazy_names

if TYPE_CHECKING:
    from rigid_depth.data.augment import add_noise, dilute, rasterise, rgb_input, rgbd_input
    from rigid_depth.data.batches import PreparedSplit, Store, open_store
    from rigid_depth.data.encoding import decode_depth, encode_depth
    from rigid_depth.data.frame import Frame, Frames
    from rigid_depth.data.open import open_frames
    from rigid_depth.data.splits import leakage
    from rigid_depth.data.store import prepare

__all__ = [
    "Frame",
    "Frames",
    "PreparedSplit",
    "Store",
    "add_noise",
    "decode_depth",
    "dilute",
    "encode_depth",
    "leakage",
    "open_frames",
    "open_store",
    "prepare",
    "rasterise",
    "rgb_input",
    "rgbd_input",
]

__getattr__, __dir__ = lazy_names(__name__)
