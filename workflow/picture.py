"""Draw the README's picture: streets of the synthetic world above their exact depth.

python workflow/picture.py [data/synthetic/smoke]
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image

from rigid_depth.data import Frame, open_frames

TARGET = Path(__file__).resolve().parents[1] / "book" / "images" / "streets.jpg"
CONDITIONS = ("day", "dusk", "night", "rain")
SIZE = (224, 448)  # height, width of one picture in px
FAR_M = 100.0
GAP = 4


def depth_picture(depth_m: np.ndarray) -> np.ndarray:
    """Colours the depth, bright near and dark far on a logarithmic scale; the sky stays white."""
    share = np.log(np.clip(depth_m, 1.0, FAR_M)) / np.log(FAR_M)
    coloured = mpl.colormaps["magma_r"](share)[..., :3] * 255
    return np.where(depth_m[..., None] > 0, coloured, 255).astype(np.uint8)


def column(frame: Frame) -> np.ndarray:
    """Stacks image and depth."""
    gap = np.full((GAP, SIZE[1], 3), 255, dtype=np.uint8)
    return np.vstack([frame.rgb.permute(1, 2, 0), gap, depth_picture(frame.dense_depth_m.numpy())])


def main(world: Path) -> None:
    """Takes the first frame of each condition and writes the picture."""
    found: dict[str, Frame] = {}
    for split in ("test", "val", "train"):
        for frame in open_frames("synthetic", world, split, size=SIZE):
            found.setdefault(frame.condition, frame)
    gap = np.full((2 * SIZE[0] + GAP, GAP, 3), 255, dtype=np.uint8)
    parts = [part for name in CONDITIONS for part in (column(found[name]), gap)]
    Image.fromarray(np.hstack(parts[:-1])).save(TARGET, quality=88)
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "data/synthetic/smoke"))
