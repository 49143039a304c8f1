"""Draw the true depth of the test frames that the book's tables of pictures show.

python workflow/draw_truths.py [book/results/core/rgb/seed-0] [data/synthetic/core]

Pictures go to book/images/truth, named by the token of their frame. The world has the depth of each
surface, its records those of the LiDAR returns alone.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from rigid_depth.data import open_frames
from rigid_depth.experiments.recording.pictures import depth_picture
from rigid_depth.experiments.recording.record import read_record

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "book" / "images" / "truth"
RUN, WORLD = ROOT / "book/results/core/rgb/seed-0", ROOT / "data/synthetic/core"


def truth(depth_m: np.ndarray) -> Image.Image:
    """Depth in the colours of all depth pictures; the sky, which has none, is transparent."""
    seen = (depth_m > 0).astype(np.uint8)[..., None] * 255
    picture = Image.fromarray(np.concatenate([depth_picture(depth_m), seen], axis=2))
    return picture.quantize(128)


def main(run: Path, world: Path) -> None:
    """Draws the frames that a published run has pictures of."""
    record = read_record(run).data
    size = tuple(record["parameters"]["image_size"])
    wanted = {shown["token"] for shown in record["predictions"]}
    frames = open_frames("synthetic", world, "test", size=size, sky=None)
    TARGET.mkdir(parents=True, exist_ok=True)
    for place, source in enumerate(frames.sources):
        if source.token in wanted:
            path = TARGET / f"{source.token}.png"
            truth(frames[place].dense_depth_m.numpy()).save(path, optimize=True)
            print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(*(Path(given) for given in sys.argv[1:]), *(RUN, WORLD)[len(sys.argv) - 1 :])
