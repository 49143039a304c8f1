"""The two readings of the thesis's "inverse depth": what the networks see and predict."""

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.errors import RigidDepthError

MIN_DEPTH_M = 1.0
MAX_DEPTH_M = 100.0


def encode_depth(
    depth_m: Float[Tensor, "*shape"],
    kind: str = "linear",
    max_depth_m: float = MAX_DEPTH_M,
) -> Float[Tensor, "*shape"]:
    """Encode metric depth into [0, 1]: near is 1, far is 0 (thesis 6.2).

    `linear` is (max - d) / max, the only reading in which an RMSE in metres is `max_depth_m`
    times the root of the MSE; `reciprocal` is 1 / d, with depths below 1 m taken as 1 m. A depth
    of 0 (no return) and depths of `max_depth_m` and more in `linear` become 0, so valid-pixel
    masks come from `depth_m > 0` and never from the encoding. Raises RigidDepthError for an
    unknown kind.
    """
    _check_kind(kind)
    if kind == "linear":
        encoded = (max_depth_m - depth_m.clamp(max=max_depth_m)) / max_depth_m
    else:
        encoded = 1.0 / depth_m.clamp(MIN_DEPTH_M, max_depth_m)
    return torch.where(depth_m > 0, encoded, torch.zeros_like(encoded))


def decode_depth(
    encoded: Float[Tensor, "*shape"],
    kind: str = "linear",
    max_depth_m: float = MAX_DEPTH_M,
) -> Float[Tensor, "*shape"]:
    """Depth in metres of an encoded map or of a prediction: the inverse of `encode_depth`.

    For d in [1, `max_depth_m`] the round trip is exact to rounding. An encoded 0 decodes to
    `max_depth_m`: "no return" is not recoverable from the encoding. `reciprocal` values outside
    [1 / max, 1] are clamped to that interval. Raises RigidDepthError for an unknown kind.
    """
    _check_kind(kind)
    if kind == "linear":
        return max_depth_m * (1.0 - encoded)
    return 1.0 / encoded.clamp(1.0 / max_depth_m, 1.0 / MIN_DEPTH_M)


def _check_kind(kind: str) -> None:
    if kind not in ("linear", "reciprocal"):
        raise RigidDepthError(
            f"depth encoding '{kind}' does not exist; use 'linear' or 'reciprocal'"
        )
