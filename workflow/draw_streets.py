"""Draw the README's picture: streets of the synthetic world above their exact depth.

python workflow/draw_streets.py [data/synthetic/smoke]
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from rigid_depth.data import Frame, open_frames
from rigid_depth.experiments.recording.pictures import depth_picture

TARGET = Path(__file__).resolve().parents[1] / "book" / "images" / "streets.jpg"
CONDITIONS = ("day", "dusk", "night", "rain")
SIZE = (224, 448)  # height, width of one picture in px
GAP = 4


def column(frame: Frame) -> np.ndarray:
    """Stacks image and depth, in the colours of all depth pictures; the sky stays white."""
    gap = np.full((GAP, SIZE[1], 3), 255, dtype=np.uint8)
    depth_m = frame.dense_depth_m.numpy()
    depth = np.where(depth_m[..., None] > 0, depth_picture(depth_m), 255).astype(np.uint8)
    return np.vstack([frame.rgb.permute(1, 2, 0), gap, depth])


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
