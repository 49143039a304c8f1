"""How far two branches came together on a split: latents, rotations, what is copied through."""

from __future__ import annotations

import math

import torch
from scipy.spatial import cKDTree
from torch import Tensor

from rigid_depth.conventions import HEADLINE_CAP_M
from rigid_depth.data import decode_depth, encode_depth
from rigid_depth.experiments.measuring.complementarity import cell_depths, complementarity
from rigid_depth.experiments.measuring.measure import batches, evenly, with_guide
from rigid_depth.experiments.settings import Experiment
from rigid_depth.experiments.training.feed import Batch, generator_at
from rigid_depth.latents import alignment_metrics
from rigid_depth.models.two_branch import TwoBranch
from rigid_depth.rotations import geodesic_distance, special_procrustes

MOST_FRAMES = 1000
"""Frames whose latents are kept, evenly spread over the split: all of a split of nuScenes would
take more memory than the training."""
MOST_ROWS = 4096
"""Latent pixels that are compared, evenly spread over those kept."""
MOST_ROTATIONS = 20_000


@torch.inference_mode()
def measure_alignment(
    model: TwoBranch, split, experiment: Experiment, batch_size: int, bar: str = ""
) -> dict:
    """The record's `alignment` over a split, its latents over at most `MOST_FRAMES` frames.

    `raw`: `latents.alignment_metrics` of the two encoders' latents, pixels as rows, in the order of
    the frames; `decoded`: of what the two decoders are given; None where a collapsed latent leaves
    a value undefined. `complementarity`: see there, of the two encoders' latents. `rotations`: see
    `rotation_metrics`. `copying`: see `copying`; not there if the guide predicts something else.
    """
    model.eval()
    raw, decoded, turns, probes, depths = ([], []), ([], []), ([], []), [], []
    device = next(model.parameters()).device
    compared = set(evenly(len(split.frames), MOST_FRAMES))
    for frames, _, batch in batches(split, range(len(split.frames)), batch_size, device, bar):
        batch = with_guide(batch, experiment)
        latents = model.latents_with_frames(batch)
        aligned = model.alignment(*latents)
        chosen = [k for k, frame in enumerate(frames) if frame in compared]
        for kept, latent in zip((*raw, *decoded), (*latents, *aligned[:2]), strict=True):
            kept.append(latent[chosen].float().flatten(2).mT.flatten(0, 1).cpu())
        depths.append(_cells(batch, latents[0].shape[-2:], experiment)[chosen].flatten())
        for kept, rotation in zip(turns, aligned.rotations or (), strict=False):
            kept.append(rotation.float().flatten(0, -3).cpu())
        if model.guide_sees_depth:
            probes.append(_copying_sums(model, batch, experiment))
    result = {"raw": compare(*map(torch.cat, raw)), "decoded": compare(*map(torch.cat, decoded))}
    known = complementarity(*map(torch.cat, raw), torch.cat(depths))
    result["complementarity"] = {n: v if math.isfinite(v) else None for n, v in known.items()}
    if turns[0]:
        result["rotations"] = rotation_metrics(*map(torch.cat, turns))
    return result | ({"copying": copying(probes)} if probes else {})


def _cells(batch: Batch, size: tuple[int, int], experiment: Experiment) -> Tensor:
    """The encoded depth behind the latent pixels of each frame of a batch, on the CPU."""
    depth_m = batch["depth_m"]
    encoded = encode_depth(depth_m, experiment.encoding, experiment.max_depth_m)
    return cell_depths(encoded, depth_m > 0, size).unflatten(0, (len(depth_m), -1)).cpu()


def compare(rgb: Tensor, depth: Tensor) -> dict[str, float | None]:
    """`alignment_metrics` of paired rows, at most `MOST_ROWS` evenly spread ones."""
    chosen = torch.linspace(0, len(rgb) - 1, min(len(rgb), MOST_ROWS)).long()
    found = alignment_metrics(rgb[chosen], depth[chosen])
    return {name: value if math.isfinite(value) else None for name, value in found.items()}


def rotation_metrics(own: Tensor, guide: Tensor) -> dict[str, float]:
    """How far R_rgb `[n, d, d]` is from R_rgbd, and how much either varies over the images.

    Mean geodesic distances in rad: `distance_rad` of the pairs, `own_spread_rad` and
    `guide_spread_rad` of each to the mean rotation of its kind. A spread near 0 says that one
    rotation serves all images.
    """
    chosen = torch.linspace(0, len(own) - 1, min(len(own), MOST_ROTATIONS)).long()
    own, guide = own[chosen].double(), guide[chosen].double()

    def spread(turns: Tensor) -> float:
        mean = special_procrustes(turns.mean(0)).expand_as(turns)
        return float(geodesic_distance(turns, mean).mean())

    return {
        "distance_rad": float(geodesic_distance(own, guide).mean()),
        "own_spread_rad": spread(own),
        "guide_spread_rad": spread(guide),
    }


def copying(probes: list[Tensor]) -> dict[str, float | None]:
    """RMSE in metres of the RGB-D branch at returns it was given and at returns it was not.

    Half of what it is usually given is withheld. Where the branch understands the scene the two are
    alike; where it copies its input through, the first is far smaller. `nearest_rmse_m` is that of
    the nearest given return of the image, taken as it is, at the withheld ones.
    """
    given, given_n, withheld, withheld_n, nearest, nearest_n = torch.stack(probes).sum(0).tolist()
    return {
        "given_rmse_m": math.sqrt(given / given_n) if given_n else None,
        "withheld_rmse_m": math.sqrt(withheld / withheld_n) if withheld_n else None,
        "nearest_rmse_m": math.sqrt(nearest / nearest_n) if nearest_n else None,
    }


def _copying_sums(model: TwoBranch, batch: Batch, experiment: Experiment) -> Tensor:
    """Squared error and number of pixels up to 80 m: at given returns, at withheld ones, and at
    withheld ones of the nearest given return.
    """
    depth_m = batch["depth_m"]
    draws = torch.rand(depth_m.shape, generator=generator_at(0, 0, 5)).to(depth_m.device)
    kept = batch["given"] & (draws < 0.5)
    half = {**batch, "guide": torch.where(kept, batch["guide"], 0.0)}
    y = model(half).depth["depth"].float()
    pred_m = decode_depth(y, experiment.encoding, experiment.max_depth_m)
    measured = (depth_m > 0) & (depth_m <= HEADLINE_CAP_M)
    squared = (pred_m - depth_m).double().square()
    sums = [
        value
        for mask in (measured & kept, measured & ~kept)
        for value in (squared[mask].sum().cpu(), mask.sum().double().cpu())
    ]
    return torch.cat([torch.stack(sums), _nearest_sums(depth_m, kept, measured & ~kept)])


def _nearest_sums(depth_m: Tensor, kept: Tensor, asked: Tensor) -> Tensor:
    """The same of the nearest kept return in the image, in pixels, for the returns asked for."""
    error = pixels = 0.0
    images = zip(depth_m[:, 0].cpu(), kept[:, 0].cpu(), asked[:, 0].cpu(), strict=True)
    for depth, known, wanted in images:
        if not (known.any() and wanted.any()):
            continue
        _, nearest = cKDTree(known.nonzero().numpy()).query(wanted.nonzero().numpy())
        error += float((depth[known][nearest] - depth[wanted]).double().square().sum())
        pixels += int(wanted.sum())
    return torch.tensor([error, pixels], dtype=torch.float64)
