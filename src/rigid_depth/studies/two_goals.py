"""Two goals, one network, and the rules that weigh the goals against each other (section 6.1)."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torchjd.scalarization import DWA, UW, GeometricMean

from rigid_depth.errors import RigidDepthError
from rigid_depth.losses.balancing import balanced
from rigid_depth.losses.weighting import (
    gradient_balanced_weights,
    gradient_norms,
    softadapt_weights,
)
from rigid_depth.studies.declaration import Study

RULES = (
    "main alone",
    "sum",
    "eq. 6.1 printed",
    "eq. 6.1",
    "eq. 6.1 at 0.1",
    "geometric mean",
    "uncertainty",
    "DWA",
    "SoftAdapt",
    "gradients",
)
"""The rules compared; all but "main alone" and "at 0.1" mean both goals to count alike."""
UNITS = (0.01, 1.0, 100.0)
"""The unit of the secondary target; its loss, a square, changes by the square of it."""
EPOCH = 50
"""Steps after which SoftAdapt and DWA look at the losses again."""

INPUTS, HIDDEN, TARGETS, ROWS, TEST_ROWS, BATCH, NOISE = 6, 16, 4, 512, 2048, 64, 0.5

Combine = Callable[[Tensor, Tensor], Tensor]


def weigh_two_goals(
    seed: int,
    *,
    steps: int = 1200,
    units: Sequence[float] = UNITS,
    rules: Sequence[str] = RULES,
    rate: float = 1e-2,
) -> dict:
    """Trains one small network on two regressions under every rule, in every unit of the second.

    Both targets are functions of the same inputs, drawn by the seed; the main one is noisy, so that
    its loss has a floor, the secondary one is not. By rule and unit: `main` and `secondary`, the
    squared error on unseen inputs over the variance of the noise-free target (1 = knows nothing);
    `value` and `gradient`, the share of the secondary goal in the weighted loss and in the summed
    lengths of the two weighted gradients of the shared layers, means over the last tenth of the
    steps; 0 for "main alone".
    """
    data = _data(seed)
    return {
        rule: {f"{unit:g}": _train(rule, unit, data, seed, steps, rate) for unit in units}
        for rule in rules
    }


def combiner(rule: str, shared: Sequence[Tensor]) -> tuple[Combine, list[Tensor]]:
    """The function (main, secondary) -> loss of a rule, and the parameters it brings along.

    Raises RigidDepthError for another rule.
    """
    if rule == "uncertainty":
        uncertainty = UW(2)
        return lambda m, s: uncertainty(torch.stack([m, s])), list(uncertainty.parameters())
    if rule in ("DWA", "SoftAdapt"):
        return _by_speed(rule), []
    plain: dict[str, Combine] = {
        "main alone": lambda m, s: m,
        "sum": lambda m, s: m + s,
        "eq. 6.1 printed": lambda m, s: m + balanced(m, s, 1.0, detach=False),
        "eq. 6.1": lambda m, s: m + balanced(m, s, 1.0),
        "eq. 6.1 at 0.1": lambda m, s: m + balanced(m, s, 0.1),
        "geometric mean": lambda m, s: GeometricMean()(torch.stack([m, s])),
        "gradients": lambda m, s: gradient_balanced_weights([m, s], shared) @ torch.stack([m, s]),
    }
    if rule not in plain:
        raise RigidDepthError(f"rule is {rule!r}; allowed are {', '.join(RULES)}")
    return plain[rule], []


def _by_speed(rule: str) -> Combine:
    """The two rules that look at how fast the losses fell between two epochs."""
    dwa, means, window = DWA(), [], []

    def combine(main: Tensor, secondary: Tensor) -> Tensor:
        both = torch.stack([main, secondary])
        window.append(both.detach())
        if rule == "DWA":
            value = dwa(both)
        else:
            weights = (
                softadapt_weights(means[-1], means[-2])
                if len(means) > 1
                else both.new(2).fill_(0.5)
            )
            value = 2 * weights @ both
        if len(window) == EPOCH:
            means.append(torch.stack(window).mean(0))
            window.clear()
            dwa.step()
        return value

    return combine


def _data(seed: int) -> dict[str, Tensor]:
    """Inputs, both targets (variance 1, the main one noisy in training), and their test twins."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(ROWS + TEST_ROWS, INPUTS, generator=generator)
    inner = torch.randn(2, INPUTS, 12, generator=generator)
    outer = torch.randn(2, 12, TARGETS, generator=generator)
    y = torch.stack([torch.tanh(x @ a) @ b for a, b in zip(inner, outer, strict=True)])
    y = (y - y.mean(1, keepdim=True)) / y.std(1, keepdim=True)
    noisy = y[0, :ROWS] + NOISE * torch.randn(ROWS, TARGETS, generator=generator)
    return {
        "x": x[:ROWS], "main": noisy, "secondary": y[1, :ROWS],
        "x_test": x[ROWS:], "main_test": y[0, ROWS:], "secondary_test": y[1, ROWS:],
    }  # fmt: skip


def _train(
    rule: str, unit: float, data: dict[str, Tensor], seed: int, steps: int, rate: float
) -> dict[str, float | None]:
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        trunk = nn.Sequential(
            nn.Linear(INPUTS, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, HIDDEN), nn.GELU()
        )
        heads = nn.Linear(HIDDEN, 2 * TARGETS)
    shared = list(trunk.parameters())
    combine, brought = combiner(rule, shared)
    optimizer = torch.optim.Adam([*shared, *heads.parameters(), *brought], lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    shares = []
    for step in range(steps):
        rows = torch.randint(ROWS, (BATCH,), generator=generator)
        out = heads(trunk(data["x"][rows]))
        main = (out[:, :TARGETS] - data["main"][rows]).square().mean()
        secondary = (unit * (out[:, TARGETS:] - data["secondary"][rows])).square().mean()
        loss = combine(main, secondary)
        optimizer.zero_grad()
        if step >= steps - max(1, steps // 10):
            shares.append(_shares(loss, main, secondary, shared))
        loss.backward()
        optimizer.step()
        schedule.step()
    value, gradient = torch.tensor(shares, dtype=torch.float64).mean(0).tolist()
    return {**_test(trunk, heads, data), "value": value, "gradient": gradient}


def _shares(loss: Tensor, main: Tensor, secondary: Tensor, shared: list[Tensor]) -> list[float]:
    """The secondary goal's share in the weighted value and in the weighted gradients' lengths.

    The weights are the derivatives of the combined loss by each of the two.
    """
    by = torch.autograd.grad(loss, [main, secondary], retain_graph=True, allow_unused=True)
    weights = torch.stack([torch.zeros(()) if w is None else w for w in by])
    values = weights * torch.stack([main, secondary]).detach()
    lengths = weights * gradient_norms([main, secondary], shared)
    return [(v[1] / v.sum()).item() for v in (values, lengths)]


@torch.no_grad()
def _test(trunk: nn.Module, heads: nn.Module, data: dict[str, Tensor]) -> dict[str, float]:
    out = heads(trunk(data["x_test"])).split(TARGETS, 1)
    errors = {}
    for name, found in zip(("main", "secondary"), out, strict=True):
        truth = data[f"{name}_test"]
        errors[name] = ((found - truth).square().mean() / truth.var()).item()
    return errors


STUDY = Study(
    name="two-goals",
    function=weigh_two_goals,
    label="Rules that weigh two goals against each other",
    section="6.1",
    notebook="notebooks/05d_weighting_losses.md",
    full={"steps": 600, "units": [0.01, 1.0, 100.0]},
    smoke={"steps": 20, "units": [1.0]},
)
