"""scikit-learn's handwritten digits, as pictures and as edges: real data without a download."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.losses import slope_magnitude, sobel


class Images(NamedTuple):
    """One row per picture; entry k is what model k sees (the same for all, or a modality each)."""

    train: Float[Tensor, "models n 64"]
    test: Float[Tensor, "models m 64"]
    train_digits: Int[Tensor, " n"]
    test_digits: Int[Tensor, " m"]


def load_images(modalities: Sequence[str], test_images: int, seed: int) -> Images:
    """The 1797 digits, 8x8 pixels in [0, 1], split at random; one modality per model.

    "grey" is the picture, "edges" the length of its Sobel gradient. Raises RigidDepthError for
    another modality.
    """
    from sklearn.datasets import load_digits

    data = load_digits()
    grey = torch.from_numpy(data.images).float() / 16
    kinds = {"grey": grey, "edges": _edges(grey)}
    for name in modalities:
        if name not in kinds:
            raise RigidDepthError(f"modality is {name!r}; allowed are {', '.join(kinds)}")
    order = torch.randperm(len(grey), generator=torch.Generator().manual_seed(seed))
    pictures = torch.stack([kinds[name][order].flatten(1) for name in modalities])
    digits = torch.from_numpy(data.target)[order]
    first, rest = slice(test_images, None), slice(test_images)
    return Images(pictures[:, first], pictures[:, rest], digits[first], digits[rest])


def _edges(pictures: Float[Tensor, "n h w"]) -> Float[Tensor, "n h w"]:
    """Length of the Sobel gradient, at most 1 over all pictures."""
    padded = torch.nn.functional.pad(pictures[:, None], (1, 1, 1, 1), mode="replicate")
    steepness = slope_magnitude(sobel(padded))[:, 0]
    return steepness / steepness.amax()
