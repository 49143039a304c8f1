"""What skip connections leave for a latent to do (thesis, section 4.1), on the digits."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from rigid_depth.latents.maps import fit_map
from rigid_depth.studies.declaration import Study
from rigid_depth.studies.shared.digits import Images, load_images

SKIPS = {"none": (False, False), "coarse": (True, False), "all": (True, True)}
"""Which scales are wired past the latent: 4x4, 8x8 pixels."""


class SkipAutoencoder(nn.Module):
    """A convolutional autoencoder of 8x8 pictures whose skips can be cut.

    `skips` says whether the 4x4 and the 8x8 scale of the encoder reach the decoder; a cut skip
    passes zeros, so that all versions have the same weights and start alike.
    """

    def __init__(self, latent_dim: int, skips: tuple[bool, bool]):
        super().__init__()
        self.skips = skips
        self.fine = nn.Conv2d(1, 8, 3, padding=1)
        self.coarse = nn.Conv2d(8, 16, 3, 2, 1)
        self.deep = nn.Conv2d(16, 32, 3, 2, 1)
        self.to_latent = nn.Linear(32 * 4, latent_dim)
        self.from_latent = nn.Linear(latent_dim, 32 * 4)
        self.to_coarse = nn.ConvTranspose2d(32, 16, 2, 2)
        self.mix_coarse = nn.Conv2d(32, 16, 3, padding=1)
        self.to_fine = nn.ConvTranspose2d(16, 8, 2, 2)
        self.mix_fine = nn.Conv2d(16, 8, 3, padding=1)
        self.out = nn.Conv2d(8, 1, 3, padding=1)

    def encode(
        self, picture: Float[Tensor, "n 64"]
    ) -> tuple[Float[Tensor, "n d"], tuple[Tensor, Tensor]]:
        """The latent, and what skips may carry: the 4x4 and the 8x8 scale."""
        fine = F.gelu(self.fine(picture.unflatten(1, (1, 8, 8))))
        coarse = F.gelu(self.coarse(fine))
        return self.to_latent(F.gelu(self.deep(coarse)).flatten(1)), (coarse, fine)

    def decode(
        self, latent: Float[Tensor, "n d"], scales: tuple[Tensor, Tensor]
    ) -> Float[Tensor, "n 64"]:
        """The picture of a latent and of the scales that are wired."""
        coarse, fine = (
            s if wired else torch.zeros_like(s) for s, wired in zip(scales, self.skips, strict=True)
        )
        x = F.gelu(self.from_latent(latent)).unflatten(1, (32, 2, 2))
        x = F.gelu(self.mix_coarse(torch.cat([F.gelu(self.to_coarse(x)), coarse], 1)))
        x = F.gelu(self.mix_fine(torch.cat([F.gelu(self.to_fine(x)), fine], 1)))
        return self.out(x).flatten(1)


@threadpool_limits.wrap(limits=1)
def skip_digits(
    seed: int,
    dims: Sequence[int] = (2, 8),
    steps: int = 700,
    tasks: Sequence[str] = ("same", "edges"),
) -> dict:
    """Task -> skips -> latent dimension -> what the output and the latent are worth on new digits.

    Tasks: give the picture back ("same"), or the length of its gradient ("edges", a dense map of
    the picture as depth is). `mse` of the output; `foreign_mse` the same if the latent is that of
    another picture; `accuracy` of a logistic regression that reads the digit off the latent;
    `readout_mse` of the picture predicted from the latent by an affine map.
    """
    images = load_images(("grey", "edges"), 500, seed)
    results: dict = {}
    for task in tasks:
        goal = 0 if task == "same" else 1
        for name, skips in SKIPS.items():
            for dim in dims:
                torch.manual_seed(seed)
                model = SkipAutoencoder(dim, skips)
                _train(model, images.train[0], images.train[goal], steps, seed)
                row = results.setdefault(task, {}).setdefault(name, {})
                row[str(dim)] = _judge(model, images, goal)
    return results


def _train(model: SkipAutoencoder, inputs: Tensor, goals: Tensor, steps: int, seed: int) -> None:
    """Adam on the mean squared error, batches of 64, a cosine-shaped rate from 2e-3."""
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        chosen = torch.randint(len(inputs), (64,), generator=generator)
        loss = (model.decode(*model.encode(inputs[chosen])) - goals[chosen]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


@torch.no_grad()
def _judge(model: SkipAutoencoder, images: Images, goal: int) -> dict[str, float]:
    """The measures of `skip_digits` on the test pictures; readers are fitted on the others."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    seen, new, wanted = images.train[0], images.test[0], images.test[goal]
    z_seen = model.encode(seen)[0]
    z_new, scales = model.encode(new)
    foreign = z_new.roll(1, 0)  # the order is random
    reader = make_pipeline(StandardScaler(), LogisticRegression(tol=1e-3, max_iter=2000))
    reader.fit(z_seen.double(), images.train_digits)
    readout = fit_map(z_seen, seen, "affine", ridge=1e-6)(z_new)

    def error(picture: Tensor, truth: Tensor) -> float:
        return float((picture - truth).square().mean())

    return {
        "mse": error(model.decode(z_new, scales), wanted),
        "foreign_mse": error(model.decode(foreign, scales), wanted),
        "accuracy": float(reader.score(z_new.double(), images.test_digits)),
        "readout_mse": error(readout, new),
    }


STUDY = Study(
    name="skip-connections",
    function=skip_digits,
    label="What skip connections leave for the latent",
    section="4.1",
    notebook="notebooks/04a_autoencoders.md",
    smoke={"dims": [2], "steps": 20, "tasks": ["same"]},
)
