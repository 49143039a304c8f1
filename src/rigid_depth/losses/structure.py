"""Losses on the structure of a depth map: edges and local statistics (thesis, section 5.1).

Both look at neighbourhoods, and so at the sampling pattern if the ground truth is sparse: a LiDAR
map filled with zeros is full of edges that no scene has. Here a neighbourhood counts only if all
of it (Sobel) or a chosen share of it (SSIM) is valid; on one per cent of the pixels that leaves
little or nothing. To see what the formulas of the thesis do there, pass a mask of ones with the
zero-filled map.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.losses.depth import _full, masked_mean

ROUNDING = 1e-5
"""How far a window's summed weight may fall short of its share by rounding."""


def sobel_loss(
    pred: Float[Tensor, "b c H W"],
    target: Float[Tensor, "b c H W"],
    mask: Bool[Tensor, "b c H W"],
    *,
    compare: str = "magnitude",
    normalised: bool = True,
) -> Float[Tensor, ""]:
    """Mean squared difference of Sobel slopes (thesis eqs. 5.4-5.6) where the whole 3x3 is valid.

    "magnitude" is the thesis's form and does not see the direction: a map and its negative cost
    nothing. "components" compares the horizontal and the vertical slope each by itself (their mean
    squared difference summed over the two). Slopes are per pixel; `normalised=False` gives the
    bare kernel, 8 times as steep. No padding: the border has no whole neighbourhood.

    0 with gradient 0 if no neighbourhood is valid; 16-bit input is computed in float32. Raises
    RigidDepthError for another `compare`.
    """
    if compare not in ("magnitude", "components"):
        raise RigidDepthError(f"compare is {compare!r}; allowed are 'magnitude' and 'components'")
    # A hole in the ground truth is no edge: where one of the nine pixels is missing nothing counts.
    valid = _erode(mask)
    slopes = [sobel(torch.where(mask, _full(x), 0), normalised) for x in (pred, target)]
    if compare == "magnitude":
        difference = (slope_magnitude(slopes[0]) - slope_magnitude(slopes[1])).square()
    else:
        difference = (slopes[0] - slopes[1]).square().sum(0)
    return masked_mean(difference, valid)


def sobel(
    values: Float[Tensor, "b c H W"], normalised: bool = True
) -> Float[Tensor, "2 b c H-2 W-2"]:
    """Horizontal (to the right) and vertical (downwards) slope by the Sobel kernels, no padding.

    Normalised, a ramp that rises by 1 per pixel has slope 1; the bare kernel says 8.
    """
    # A central difference (2 pixels apart) smoothed by 1, 2, 1: together 8 times the slope.
    across = values.new_tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / (8 if normalised else 1)
    kernels = torch.stack([across, across.T])[:, None]
    b, c = values.shape[:2]
    with torch.autocast(values.device.type, enabled=False):
        slopes = F.conv2d(values.flatten(0, 1)[:, None], kernels)
    return slopes.movedim(1, 0).unflatten(1, (b, c))


def slope_magnitude(
    slopes: Float[Tensor, "2 *shape"], eps: float = 1e-12
) -> Float[Tensor, "*shape"]:
    """sqrt(horizontal^2 + vertical^2 + eps) (thesis eq. 5.4); eps gives a flat map a gradient."""
    return (slopes.square().sum(0) + eps).sqrt()


def ssim_loss(
    pred: Float[Tensor, "b c H W"],
    target: Float[Tensor, "b c H W"],
    mask: Bool[Tensor, "b c H W"],
    **options,
) -> Float[Tensor, ""]:
    """1 - mean SSIM over the valid windows (thesis eq. 5.8), in [0, 2]; options as in `ssim_map`.

    0 with gradient 0 if no window is valid.
    """
    index, valid = ssim_map(pred, target, mask, **options)
    return masked_mean(1 - index, valid)


def ssim(
    pred: Float[Tensor, "b c H W"],
    target: Float[Tensor, "b c H W"],
    mask: Bool[Tensor, "b c H W"],
    **options,
) -> Float[Tensor, ""]:
    """Mean SSIM over valid windows (thesis eq. 5.7), NaN without one; options as in `ssim_map`."""
    index, valid = ssim_map(pred, target, mask, **options)
    return torch.where(valid, index, 0).sum() / valid.sum()


def ssim_map(
    pred: Float[Tensor, "b c H W"],
    target: Float[Tensor, "b c H W"],
    mask: Bool[Tensor, "b c H W"],
    *,
    window: int = 11,
    sigma: float = 1.5,
    data_range: float = 1.0,
    min_share: float = 1.0,
) -> tuple[Float[Tensor, "b c H W"], Bool[Tensor, "b c H W"]]:
    """SSIM of the Gaussian window around each pixel (thesis eq. 5.7), and which windows are valid.

    C1 = (0.01 `data_range`)^2 and C2 = (0.03 `data_range`)^2; the thesis gives neither them nor the
    window, these are those of Wang et al. (2004). A window is valid if the pixels of the mask carry
    at least `min_share` of its weight. With the default 1 it must be whole and inside the image
    (dense ground truth; equal to scikit-image and torchmetrics). With less, means and variances are
    taken over its valid pixels alone, weighted anew: the sparse variant. A window with one valid
    pixel has no variance and compares two values only.

    Raises RigidDepthError for an even `window` or a `min_share` outside (0, 1].
    """
    if window < 1 or window % 2 == 0:
        raise RigidDepthError(f"window is {window}; allowed is an odd number of pixels")
    if not 0 < min_share <= 1:
        raise RigidDepthError(f"min_share is {min_share}; allowed is a share in (0, 1]")
    x, y = (torch.where(mask, _full(values), 0) for values in (pred, target))
    # One blur of the mask and of five products gives all moments. Divided by the blurred mask they
    # are means over the valid pixels.
    sums = _blur(torch.stack([mask.to(x.dtype), x, y, x * x, y * y, x * y]), window, sigma)
    share = sums[0]
    mean_x, mean_y, xx, yy, xy = sums[1:] / share.clamp(min=ROUNDING)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    covariance, variances = xy - mean_x * mean_y, xx + yy - mean_x**2 - mean_y**2
    index = luminance * (2 * covariance + c2) / (variances + c2)
    return index, share >= min_share - ROUNDING


def _blur(values: Tensor, window: int, sigma: float) -> Tensor:
    """Gaussian mean of each pixel's window, zeros outside the image, over the last two axes."""
    offset = torch.arange(window, dtype=values.dtype, device=values.device) - window // 2
    weight = torch.exp(-(offset**2) / (2 * sigma**2))
    weight = weight / weight.sum()
    # A Gaussian is separable: two one-dimensional passes instead of window^2 products a pixel.
    flat = values.flatten(0, -3)[:, None]
    with torch.autocast(values.device.type, enabled=False):
        flat = F.conv2d(flat, weight.view(1, 1, -1, 1), padding=(window // 2, 0))
        flat = F.conv2d(flat, weight.view(1, 1, 1, -1), padding=(0, window // 2))
    return flat.view_as(values)


def _erode(mask: Bool[Tensor, "b c H W"]) -> Bool[Tensor, "b c H-2 W-2"]:
    """Where the whole 3x3 neighbourhood is in the mask."""
    # The dilation of what is missing.
    return F.max_pool2d((~mask).float(), 3, stride=1) == 0
