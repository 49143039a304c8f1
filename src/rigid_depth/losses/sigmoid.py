"""Comparing depth before the sigmoid instead of after it (thesis, section 5.1)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.losses.depth import _full, masked_mse


def inverse_sigmoid(y: Float[Tensor, "*shape"], eps: float = 1e-3) -> Float[Tensor, "*shape"]:
    """The logit ln(y / (1 - y)) of an encoded depth, `y` clamped to [eps, 1 - eps].

    The right-hand side of thesis eq. 5.11, which the thesis prints as a derivative; the derivative
    of the sigmoid is y (1 - y). Without the clamp the ends of both encodings are infinite: 1 m
    under 1/d, 100 m under the linear one. With eps 0.001 the logits stay within +-6.91 and the
    gradient beyond is 0. Computed in at least float32. Raises RigidDepthError unless 0 < eps < 0.5.
    """
    if not 0 < eps < 0.5:
        raise RigidDepthError(f"eps is {eps}; allowed is a number between 0 and 0.5")
    return _full(y).clamp(eps, 1 - eps).logit()


def logit_loss(
    pred: Float[Tensor, "*shape"],
    target: Float[Tensor, "*shape"],
    mask: Bool[Tensor, "*shape"],
    *,
    eps: float = 1e-3,
    from_logits: bool = False,
) -> Float[Tensor, ""]:
    """Mean squared difference of the logits over the mask (thesis eq. 5.11, corrected).

    `target` is an encoded depth in [0, 1]; `pred` too, or the network's values before its sigmoid
    with `from_logits=True`, which keeps a gradient where a sigmoid has saturated. Near the middle
    an error in y costs 16 times its square, at y = 0.01 about 10,000 times: it is another weighting
    of the depths, and which depths win depends on the encoding. Empty mask as in `masked_mse`.
    """
    # 0.5 outside the mask: a logit without a slope that could overflow.
    logits = pred if from_logits else inverse_sigmoid(torch.where(mask, pred, 0.5), eps)
    return masked_mse(logits, inverse_sigmoid(target, eps), mask)
