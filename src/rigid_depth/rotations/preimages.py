"""Pre-images of maps onto SO(3): points, connected parts, the weakest direction (section 3.6.1).

A map here takes flat vectors of k numbers, any batch, to rotation matrices. What is undecided on
paper about a map is decided by these functions with samples, to be read as evidence, not as proof.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from rigid_depth.rotations._numerics import full_precision
from rigid_depth.rotations.distances import geodesic_distance
from rigid_depth.rotations.so_n import ROUNDING


@full_precision
def pre_image(
    function: Callable[[Tensor], Tensor],
    target: Float[Tensor, "3 3"],
    starts: Float[Tensor, "b k"],
    steps: int = 40,
) -> Float[Tensor, "m k"]:
    """Points that a map takes to `target`, by Newton's method from each start (3.6.1).

    Of the directions a step could take, the shortest one is taken (pseudo-inverse), so a point
    stays near its start. Starts that have not arrived within 1e-9 after `steps` are left out; in
    float32 its rounding is allowed.
    """
    points = starts
    for _ in range(steps):
        # More unknowns than equations: the pseudo-inverse takes the shortest of all full steps. Its
        # cut-off keeps the six dependent equations of the nine from blowing up.
        missing = (function(points) - target).flatten(1)
        inverse = torch.linalg.pinv(_jacobians(function, points), rtol=1e-9)
        points = points - (inverse @ missing[..., None])[..., 0]
    error = (function(points) - target).abs().amax((-2, -1))
    return points[error < max(1e-9, ROUNDING * torch.finfo(error.dtype).eps)]


@full_precision
def swing(
    function: Callable[[Tensor], Tensor],
    target: Float[Tensor, "3 3"],
    first: Float[Tensor, "*batch k"],
    last: Float[Tensor, "*batch k"],
    generator: torch.Generator,
    bend: float = 0.02,
    samples: int = 151,
) -> Float[Tensor, "*batch samples"]:
    """Angles to `target` in radians along the way from one point to another (3.6.1).

    The way is a straight line, bent aside in a random direction by `bend` times its length: a way
    that counts must bear being missed a little. An exact line from q to -q runs through 0, where
    the map of quaternions does not exist, and between any two samples that would go unseen.
    """
    # 4 t (1 - t) leaves both ends in place and is 1 in the middle.
    t = torch.linspace(0, 1, samples, dtype=first.dtype, device=first.device)[:, None]
    way = (last - first)[..., None, :]
    aside = _drawn(way.shape, generator, first)
    aside = aside * bend * way.norm(dim=-1, keepdim=True) / aside.norm(dim=-1, keepdim=True)
    points = first[..., None, :] + t * way + 4 * t * (1 - t) * aside
    images = function(points)
    return geodesic_distance(images, target.expand_as(images))


@full_precision
def connected_parts(
    function: Callable[[Tensor], Tensor],
    target: Float[Tensor, "3 3"],
    points: Float[Tensor, "m k"],
    generator: torch.Generator,
    limit_rad: float = 0.8,
) -> int:
    """The number of parts that points of one pre-image fall into (3.6.1).

    Two points are joined where the bent way between them stays within `limit_rad` of `target`;
    parts are those of the graph. One part: the pre-image looks connected.
    """
    i, j = torch.triu_indices(len(points), len(points), 1)
    largest = swing(function, target, points[i], points[j], generator).amax(-1)
    graph = torch.zeros(len(points), len(points))
    graph[i, j] = (largest <= limit_rad).float()
    parts, _ = connected_components(graph.numpy(), directed=False)
    return int(parts)


@full_precision
def weakest_response(
    function: Callable[[Tensor], Tensor],
    starts: Float[Tensor, "b k"],
    generator: torch.Generator,
    relative: bool = True,
    rounds: int = 60,
) -> tuple[float, Float[Tensor, " k"]]:
    """The smallest third singular value of a map's Jacobian that a search finds, and where (3.6.1).

    `relative` multiplies it by the length of the input, which makes it a number without a unit
    for a map that does not care about that length. The search tries normal steps about the best
    point so far, each round less wide than the one before. Zero: the map loses rank there.
    """
    width = starts.std()
    best, value = starts[0], float("inf")
    candidates = starts
    for _ in range(rounds):
        # SO(3) has three dimensions: the third singular value is that of the weakest turn.
        third = torch.linalg.svdvals(_jacobians(function, candidates))[..., 2]
        third = third * candidates.norm(dim=-1) if relative else third
        if third.min().item() < value:
            value, best = third.min().item(), candidates[third.argmin()]
        # Wide steps find the valley, narrow ones its bottom.
        steps = _drawn(starts.shape, generator, starts)
        candidates, width = best + width * steps, 0.7 * width
    return value, best


@full_precision
def wobble(
    function: Callable[[Tensor], Tensor],
    point: Float[Tensor, " k"],
    generator: torch.Generator,
    radius: float = 1e-6,
) -> float:
    """How far in radians the images stray when a point moves by `radius` in 256 directions.

    Of the size of `radius` where a map is smooth; of the size of pi at a place where it is not
    defined, however finely one looks.
    """
    steps = _drawn((256, len(point)), generator, point)
    steps = radius * steps / steps.norm(dim=-1, keepdim=True)
    images = function(point + steps)
    return geodesic_distance(images, images[:1].expand_as(images)).max().item()


def _drawn(shape: Sequence[int], generator: torch.Generator, like: Tensor) -> Tensor:
    """Normal numbers of the type and on the device of a tensor, whatever the generator's device."""
    drawn = torch.randn(shape, generator=generator, dtype=like.dtype, device=generator.device)
    return drawn.to(like.device)


def _jacobians(function: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    return torch.vmap(torch.func.jacrev(lambda x: function(x).flatten()))(points)
