"""Draw the latents of a published rotation run on its fixed test frames, for chapter 7.8.

    python workflow/draw_latents.py [core/rotation-global-3/seed-0]

Needs the weights of the run in `runs/` and its data. The picture's comment names the run, when it
was made, and how far the latents are from each other; a test compares it with the record.
"""

import json
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from rigid_depth.experiments.measuring.measure import with_guide
from rigid_depth.experiments.recording.pictures import fixed_frames
from rigid_depth.experiments.recording.record import read_record
from rigid_depth.experiments.recording.weights import load_weights
from rigid_depth.experiments.stores import make_store
from rigid_depth.experiments.training.feed import network_batch

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "book" / "images" / "latents.jpg"
RUN = "core/rotation-global-3/seed-0"
NAMES = {
    "rgb": "$l_{rgb}$",
    "own": r"$R_{rgb}\,l_{rgb}$",
    "guide": r"$R_{rgbd}\,l_{rgb}$",
    "rgbd": "$l_{rgbd}$",
}
WIDEST = 2  # percent of the values that are cut off on either side of the colours


def latents(folder: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The images of the fixed test frames, and their latents `[frames, h, w, channels]` by name."""
    trained = load_weights(folder)
    split = make_store(trained.scale, "synthetic", progress=False).split("test")
    raw = split.batch(fixed_frames(split.frames))
    batch = with_guide(network_batch(raw), trained.experiment)
    with torch.no_grad():
        rgb, rgbd = trained.model.eval().latents(batch)
        aligned = trained.model.alignment(rgb, rgbd)
    found = {"rgb": rgb, "own": aligned.rgb, "guide": aligned.depth, "rgbd": rgbd}
    images = raw["rgb"].permute(0, 2, 3, 1).numpy()
    return images, {name: x.permute(0, 2, 3, 1).numpy() for name, x in found.items()}


def apart(first: np.ndarray, second: np.ndarray) -> float:
    """The relative distance: mean squared distance over the sum of both variances."""
    return float(((first - second) ** 2).mean() / (first.var() + second.var()))


def draw(images: np.ndarray, found: dict[str, np.ndarray]) -> Figure:
    """A row of images, and one for each latent: its first principal component, of all together."""
    rows = np.concatenate([values.reshape(-1, values.shape[-1]) for values in found.values()])
    mean = rows.mean(0)
    axis = np.linalg.svd(rows - mean, full_matrices=False)[2][0]
    low, high = np.percentile((rows - mean) @ axis, (WIDEST, 100 - WIDEST))
    figure = Figure(figsize=(2 * len(images), 1 + len(found)), layout="constrained")
    axes = figure.subplots(1 + len(found), len(images))
    for place, image in enumerate(images):
        axes[0, place].imshow(image)
        for line, values in enumerate(found.values(), 1):
            picture = (values[place] - mean) @ axis
            axes[line, place].imshow(picture, cmap="viridis", vmin=low, vmax=high)
    for panel in axes.flat:
        panel.set(xticks=[], yticks=[])
    for panel, name in zip(axes[:, 0], ("image", *map(NAMES.get, found)), strict=True):
        panel.set_ylabel(name)
    return figure


def main(run: str) -> None:
    """Writes the picture of a run."""
    images, found = latents(ROOT / "runs" / run)
    created = read_record(ROOT / "book" / "results" / run).data["created"]
    distances = {f"{a} {b}": round(apart(found[a], found[b]), 3) for a, b in combinations(found, 2)}
    comment = json.dumps({"run": run, "created": created, "relative_distance": distances})
    kept = {"quality": 88, "comment": comment.encode()}
    draw(images, found).savefig(TARGET, dpi=110, pil_kwargs=kept)
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1000:.0f} kB; {comment}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else RUN)
