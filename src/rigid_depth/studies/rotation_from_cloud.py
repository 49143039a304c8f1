"""Can a rotation be read off a cloud whose order is not seen? (thesis, sections 4.4 and 7.8)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rigid_depth.rotations import geodesic_distance, procrustes_alignment, special_procrustes
from rigid_depth.studies.declaration import Study


class SmallPointNet(nn.Module):
    """Every point through the same layers, the maximum over all points, 9 numbers.

    The output is the same in whatever order the points come. With `numbered` each point carries its
    number along (one of `points` coordinates is 1), and the order can be seen again.
    """

    def __init__(self, points: int, numbered: bool, width: int = 128):
        super().__init__()
        self.tags = torch.eye(points) if numbered else torch.zeros(points, 0)
        self.each = nn.Sequential(
            nn.Linear(3 + self.tags.shape[1], width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
        )
        self.whole = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 9))

    def forward(self, cloud: Float[Tensor, "b n 3"]) -> Float[Tensor, "b 3 3"]:
        tags = self.tags.to(cloud).expand(len(cloud), -1, -1)
        features = self.each(torch.cat([cloud, tags], -1)).amax(1)
        return self.whole(features).unflatten(1, (3, 3))


class Ordered(nn.Module):
    """One linear layer on all coordinates in their order, 9 numbers."""

    def __init__(self, points: int):
        super().__init__()
        self.layer = nn.Linear(3 * points, 9)

    def forward(self, cloud: Float[Tensor, "b n 3"]) -> Float[Tensor, "b 3 3"]:
        return self.layer(cloud.flatten(1)).unflatten(1, (3, 3))


def latent_clouds(
    count: int, points: int, generator: torch.Generator
) -> tuple[Float[Tensor, "b n 3"], Float[Tensor, "b 3 3"]]:
    """Clouds as those of a latent, and the Procrustes rotation of each onto a fixed target.

    Points are normal random numbers: only their number says which target point they belong to.
    """
    clouds = torch.randn(count, points, 3, generator=generator)
    return clouds, target_rotation(clouds)


def target_rotation(clouds: Float[Tensor, "b n 3"]) -> Float[Tensor, "b 3 3"]:
    """The rotation that takes each cloud nearest to the target cloud, point by point."""
    target = torch.randn(clouds.shape[1], 3, generator=torch.Generator().manual_seed(7))
    target = target.expand_as(clouds)
    return procrustes_alignment(clouds, target, with_scale=False, with_translation=False).rotation


def regress_from_clouds(
    seed: int, points: int = 12, steps: int = 1500, batch_size: int = 128
) -> dict:
    """Mean angle in degrees between the predicted and the true rotation of 1000 new clouds.

    `error_deg`: "pointnet", "numbered" (a PointNet that is told each point's number), "ordered" (a
    linear layer) and "random" (a random rotation). `shuffled_deg`: how far the prediction, and the
    truth, turn if the points of the cloud change places.
    """
    test = latent_clouds(1000, points, torch.Generator().manual_seed(1_000_000 + seed))
    places = torch.randperm(points, generator=torch.Generator().manual_seed(seed))
    models = {
        "pointnet": lambda: SmallPointNet(points, numbered=False),
        "numbered": lambda: SmallPointNet(points, numbered=True),
        "ordered": lambda: Ordered(points),
    }
    truth_turned = _angle_deg(target_rotation(test[0][:, places]), test[1])
    errors, turned = {"random": _angle_deg(test[1].roll(1, 0), test[1])}, {"truth": truth_turned}
    for name, make in models.items():
        torch.manual_seed(seed)
        model = make()
        _train(model, points, steps, batch_size, seed)
        with torch.no_grad():
            found, other = (special_procrustes(model(x)) for x in (test[0], test[0][:, places]))
        errors[name], turned[name] = _angle_deg(found, test[1]), _angle_deg(found, other)
    return {"error_deg": errors, "shuffled_deg": turned}


def _train(model: nn.Module, points: int, steps: int, batch_size: int, seed: int) -> None:
    """Adam on the squared difference of the rotations, new clouds at every step."""
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        clouds, truth = latent_clouds(batch_size, points, generator)
        loss = (special_procrustes(model(clouds)) - truth).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


def _angle_deg(first: Float[Tensor, "b 3 3"], second: Float[Tensor, "b 3 3"]) -> float:
    return float(torch.rad2deg(geodesic_distance(first, second)).mean())


STUDY = Study(
    name="rotation-from-cloud",
    function=regress_from_clouds,
    label="Rotations read off clouds with and without their order",
    section="4.4",
    notebook="notebooks/04c_point_clouds.md",
    smoke={"steps": 60},
)
