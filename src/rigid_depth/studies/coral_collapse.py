"""What CORAL does alone, and what a task beside it prevents (thesis, section 5.2)."""

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.losses.coral import coral
from rigid_depth.studies.declaration import Study

FEATURES, LATENT = 16, 8

VARIANTS = {
    "all rows": {"batch": 0},
    "all rows, decay": {"batch": 0, "decay": 0.2},
    "unpaired batches": {"batch": 32, "paired": False},
    "unpaired batches, shared": {"batch": 32, "paired": False, "shared": True},
    "unpaired batches, task": {"batch": 32, "paired": False, "task": 1.0},
    "paired batches": {"batch": 32},
    "paired batches, task": {"batch": 32, "task": 1.0},
}
"""How CORAL is trained: rows a step sees (0 = all), the same rows of both views or others, weight
decay, one encoder for both, a task beside it."""


def two_views(
    seed: int, rows: int, features: int = FEATURES
) -> tuple[Float[Tensor, "rows features"], Float[Tensor, "rows features"]]:
    """Two linear views of the same random rows: row i of one belongs to row i of the other."""
    generator = torch.Generator().manual_seed(seed)
    common = torch.randn(rows, features, generator=generator)
    mixes = torch.randn(2, features, features, generator=generator) / features**0.5
    return common @ mixes[0], common @ mixes[1] + 1


def expected_coral(
    cov_source: Float[Tensor, "d d"], cov_target: Float[Tensor, "d d"], rows: int
) -> Float[Tensor, ""]:
    """Mean of `coral` over batches of so many independent rows of two normal distributions.

    |C_S - C_T|_F^2 + (tr C_S^2 + (tr C_S)^2 + tr C_T^2 + (tr C_T)^2) / (rows - 1), over 4 d^2 (the
    variance of a Wishart matrix). The second part is there even if both covariances are equal; it
    only falls where the features shrink.
    """
    noise = sum(c.square().sum() + c.trace() ** 2 for c in (cov_source, cov_target)) / (rows - 1)
    return ((cov_source - cov_target).square().sum() + noise) / (4 * len(cov_source) ** 2)


def coral_collapse(
    seed: int, *, steps: int = 8000, rows: int = 4096, points: int = 31, rate: float = 1e-2
) -> dict:
    """Trains two linear encoders by CORAL in each of `VARIANTS` and follows their size.

    For every variant: `step`, and at these steps `size`, the latent's standard deviation (root mean
    variance over the channels of both views, over its start); then at the end `coral`; `relative`,
    CORAL of the latents scaled to unit size; `found`, the share of rows whose partner is the
    nearest of 500 rows of the other view, up to a common sign; and `unexplained`, the share of the
    first view's variance that the best linear decoder of its latent misses.
    """
    views = two_views(seed, rows)
    at = sorted({round((steps - 1) * k / (points - 1)) for k in range(points)})
    return {name: _train(views, seed, steps, at, rate, **v) for name, v in VARIANTS.items()}


def _train(
    views: tuple[Tensor, Tensor],
    seed: int,
    steps: int,
    at: list[int],
    rate: float,
    *,
    batch: int,
    paired: bool = True,
    decay: float = 0.0,
    shared: bool = False,
    task: float = 0.0,
) -> dict:
    generator = torch.Generator().manual_seed(seed + 1000)
    start = torch.randn(2, FEATURES, LATENT, generator=generator) / FEATURES**0.5
    encoders = [torch.nn.Parameter(start[0 if shared else k].clone()) for k in (0, 1)]
    if shared:
        encoders[1] = encoders[0]
    decoder = torch.nn.Parameter(torch.zeros(LATENT, FEATURES))
    trained = [encoders[0], *([] if shared else [encoders[1]]), *([decoder] if task else [])]
    optimizer = torch.optim.AdamW(trained, lr=rate, weight_decay=decay)
    first, sizes = None, []
    for step in range(steps):
        with torch.no_grad():
            if step in at:
                size = _size(*(v @ e for v, e in zip(views, encoders, strict=True)))
                first = first or size
                sizes.append(size / first)
        seen = _draw(views, batch, paired, generator) if batch else views
        latents = [v @ e for v, e in zip(seen, encoders, strict=True)]
        loss = coral(*latents)
        if task:
            loss = loss + task * (latents[0] @ decoder - seen[0]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        latents = [v @ e for v, e in zip(views, encoders, strict=True)]
        return {"step": at, "size": sizes, **_judge(views[0], *latents)}


def _draw(
    views: tuple[Tensor, Tensor], batch: int, paired: bool, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """So many rows of each view: the same ones if paired."""
    rows = torch.randint(len(views[0]), (2, batch), generator=generator)
    return views[0][rows[0]], views[1][rows[0 if paired else 1]]


def _size(source: Tensor, target: Tensor) -> float:
    """Root mean variance over the channels of both."""
    return torch.cat([source.var(0), target.var(0)]).mean().sqrt().item()


def _judge(view: Tensor, source: Tensor, target: Tensor, rows: int = 500) -> dict[str, float]:
    value, size = coral(source, target).item(), _size(source, target)
    scaled = [(x - x.mean(0)) / max(size, 1e-12) for x in (source, target)]
    source, target = (x[:rows] for x in scaled)
    found = max(_found(source, target), _found(source, -target))
    centred = view - view.mean(0)
    rebuilt = scaled[0] @ torch.linalg.lstsq(scaled[0], centred).solution
    return {
        "coral": value,
        "relative": coral(*scaled).item(),
        "found": found,
        "unexplained": ((centred - rebuilt).square().sum() / centred.square().sum()).item(),
    }


def _found(source: Tensor, target: Tensor) -> float:
    """Share of rows whose nearest row of the target is their own partner."""
    nearest = torch.cdist(source, target).argmin(1)
    return (nearest == torch.arange(len(source))).float().mean().item()


STUDY = Study(
    name="coral-collapse",
    function=coral_collapse,
    label="What CORAL does alone",
    section="5.2",
    notebook="notebooks/05b_coral.md",
    full={"steps": 8000, "rows": 4096},
    smoke={"steps": 40, "rows": 512, "points": 4},
    seeds=10,
)
