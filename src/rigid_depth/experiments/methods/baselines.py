"""Depth without looking at the image: the floor that a trained network must be clearly above."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.conventions import HEADLINE_CAP_M
from rigid_depth.data import rasterise
from rigid_depth.errors import RigidDepthError

Predict = Callable[[dict[str, Tensor]], dict[str, Tensor]]


def fit(name: str, train, *, cap_m: float = float(HEADLINE_CAP_M), batch_size: int = 64) -> Predict:
    """The baseline of that name, fitted on a prepared training split.

    `constant-depth` says the mean of all returns everywhere, `row-mean-depth` the mean of the
    returns of its image row; each is the best of its kind for the pooled RMSE. Returns beyond
    `cap_m` are left out, as the headline metric leaves them out. The result turns a batch with
    `rgb` `[B, 3, H, W]` into `{"rgb": depth in metres [B, 1, H, W]}`.

    Raises RigidDepthError for an unknown name or a split without a return.
    """
    if name not in ("constant-depth", "row-mean-depth"):
        raise RigidDepthError(
            f"baseline is {name!r}; allowed are 'constant-depth' and 'row-mean-depth'"
        )
    sums_m, counts = _row_sums(train, cap_m, batch_size)
    if counts.sum() == 0:
        raise RigidDepthError(f"no training frame has a return within {cap_m:g} m to fit {name} on")
    if name == "constant-depth":
        # Over all returns, not over the means of rows: a row with many returns counts for more.
        return _always((sums_m.sum() / counts.sum()).expand(len(counts)))
    return _always(fill_rows(sums_m, counts))


def fill_rows(
    sums_m: Float[Tensor, " rows"], counts: Float[Tensor, " rows"]
) -> Float[Tensor, " rows"]:
    """The mean of each row; an empty row lies on the line between its nearest rows with a return.

    Above the first such row and below the last the mean stays what it is there.
    """
    full = counts.nonzero().flatten()
    means_m = sums_m[full] / counts[full]
    rows = torch.arange(len(counts))
    # The nearest rows with a return at or below, and at or above each row.
    after = torch.searchsorted(full, rows).clamp(max=len(full) - 1)
    before = (torch.searchsorted(full, rows, right=True) - 1).clamp(min=0)
    # Where both are the same row, any share between them gives its mean.
    gap = (full[after] - full[before]).clamp(min=1)
    share = ((rows - full[before]) / gap).clamp(0, 1)
    return torch.lerp(means_m[before], means_m[after], share.to(means_m))


def _row_sums(train, cap_m: float, batch_size: int) -> tuple[Tensor, Tensor]:
    """Sum and number of the returns in each image row of a split, float64."""
    sums_m = counts = 0
    for start in range(0, len(train), batch_size):
        chosen = list(range(start, min(start + batch_size, len(train))))
        batch = train.batch(chosen, ("rgb", "points"))
        depth_m = rasterise(batch["points"], tuple(batch["rgb"].shape[-2:])).double()
        # A depth of 0 is a pixel without a return.
        valid = (depth_m > 0) & (depth_m <= cap_m)
        sums_m = sums_m + (depth_m * valid).sum((0, 1, 3))
        counts = counts + valid.sum((0, 1, 3)).double()
    return sums_m, counts


def _always(rows_m: Tensor) -> Predict:
    """A prediction that is the same for every image: one depth for each row."""

    def predict(batch: dict[str, Tensor]) -> dict[str, Tensor]:
        rgb = batch["rgb"]
        depth_m = rows_m.to(rgb.device, torch.float32)[:, None]
        return {"rgb": depth_m.expand(len(rgb), 1, *rgb.shape[-2:])}

    return predict
