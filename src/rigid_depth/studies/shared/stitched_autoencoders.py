"""Stitching autoencoders that differ only by their seed (thesis, sections 4.2 to 4.4).

Encoder A, a map fitted on a few samples (the anchors), decoder B: what of the picture comes back?
On scikit-learn's handwritten digits, without a download.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from threadpoolctl import threadpool_limits
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.latents.maps import KINDS, fit_map
from rigid_depth.latents.metrics import alignment_metrics
from rigid_depth.latents.relative import relative_projection
from rigid_depth.studies.shared.digits import Images, load_images
from rigid_depth.studies.shared.parallel_networks import ParallelMLP, train

RELATIVE = {"relative": False, "relative-centred": True}


@dataclass(frozen=True)
class StitchingSettings:
    """The size of the experiment; the defaults are the published one."""

    steps: int = 4000
    decoder_steps: int = 4000
    batch_size: int = 128
    hidden: int = 128
    latent_dim: int = 16
    test_images: int = 500
    anchors: tuple[int, ...] = (17, 20, 50, 100, 300, 0)
    """Samples a map is fitted on, from the 17 an affine map needs; 0 means all for training."""
    decoder_anchors: tuple[int, ...] = (100,)
    """Of these, where relative representations get a decoder of their own."""

    def __post_init__(self) -> None:
        for name in ("steps", "decoder_steps", "batch_size", "hidden", "latent_dim", "test_images"):
            if getattr(self, name) < 1:
                raise RigidDepthError(f"{name} is {getattr(self, name)}; allowed is at least 1")
        if min(self.anchors, default=-1) < 0:
            raise RigidDepthError(f"anchors is {self.anchors}; allowed are counts, 0 for all")


@threadpool_limits.wrap(limits=1)
def stitch_digits(
    settings: StitchingSettings = StitchingSettings(),
    *,
    seed: int = 0,
    modalities: Sequence[str] = ("grey",) * 4,
) -> list[dict]:
    """Trains one autoencoder per entry of the modalities and stitches every ordered pair of them.

    Models differ by their seed (start and batches) and their modality alone. A row of the result is
    a pair of models, a map ("none", one of `KINDS` or of `RELATIVE`) and a number of anchors,
    measured on the test images: `stitched_mse` (decoder B's picture of A's mapped latent against
    B's input), `accuracy` (of B's digit classifier, a logistic regression, on A's mapped latent)
    and `alignment_metrics` of A's mapped and B's own latent. `own_mse` and `own_accuracy` are B's
    without stitching.

    Relative rows compare A's relative representation with B's, for numbers of anchors but "all";
    `stitched_mse` is None where no decoder was trained on them (`decoder_anchors`).

    `seed` sets the split, the anchors and the models; the same seed gives the same rows on the same
    machine. Runs on one thread: more only wait for each other here.
    """
    images = load_images(modalities, settings.test_images, seed)
    seeds = [1000 * seed + i for i in range(len(modalities))]
    latents, decoder = train_autoencoders(images, settings, seeds)
    own = Space(*latents, decoder, _classifiers(latents[0], images.train_digits))
    order = torch.randperm(images.train.shape[1], generator=torch.Generator().manual_seed(seed))
    rows = []
    for count in settings.anchors:
        chosen = order[: count or None]
        for name in ("none", *KINDS):
            rows += _measure(name, chosen, images, own, _fitted(name, own, chosen))
        for name in RELATIVE if count else ():
            space = _relative_space(name, images, own, chosen, settings, seeds)
            rows += _measure(name, chosen, images, space, lambda a, b, s=space: s.test[a])
    for row in rows:
        for end in ("source", "target"):
            row[f"{end}_modality"] = modalities[row[end]]
    return [{"seed": seed, **row} for row in rows]


class Space(NamedTuple):
    """Where the models' latents live, with what was trained there: one entry per model."""

    train: Float[Tensor, "models n d"]
    test: Float[Tensor, "models m d"]
    decoder: ParallelMLP | None
    classifiers: list


def train_autoencoders(
    images: Images, settings: StitchingSettings, seeds: Sequence[int]
) -> tuple[tuple[Tensor, Tensor], ParallelMLP]:
    """One autoencoder per entry of the images, each by its own seed, trained side by side.

    Returns the latents of the train and of the test images, `[models, n, latent_dim]`, and the
    decoders.
    """
    pixels, hidden, latent = images.train.shape[-1], settings.hidden, settings.latent_dim
    encoder = ParallelMLP((pixels, hidden, hidden, latent), seeds)
    decoder = ParallelMLP((latent, hidden, hidden, pixels), [s + 500 for s in seeds])
    both = torch.nn.Sequential(encoder, decoder)
    size = {"steps": settings.steps, "batch_size": settings.batch_size}
    train(both, images.train, images.train, seeds=seeds, **size)
    with torch.no_grad():
        return (encoder(images.train), encoder(images.test)), decoder


def _relative_space(
    name: str,
    images: Images,
    own: Space,
    chosen: Tensor,
    settings: StitchingSettings,
    seeds: Sequence[int],
) -> Space:
    """The relative representations to the same anchors in every model, with their classifiers.

    Decoders are trained anew on them, the encoders staying as they are.
    """
    anchors = own.train[:, chosen]
    spaces = [relative_projection(z, anchors, centre=RELATIVE[name]) for z in (own.train, own.test)]
    decoder = None
    if len(chosen) in settings.decoder_anchors:
        widths = (len(chosen), settings.hidden, settings.hidden, images.train.shape[-1])
        decoder = ParallelMLP(widths, [s + 500 for s in seeds])
        size = {"steps": settings.decoder_steps, "batch_size": settings.batch_size}
        train(decoder, spaces[0], images.train, seeds=seeds, **size)
    return Space(*spaces, decoder, _classifiers(spaces[0], images.train_digits))


def _fitted(name: str, own: Space, chosen: Tensor) -> Callable[[int, int], Tensor]:
    """Test latents of model a in the space of model b, by a map fitted on the anchors."""
    if name == "none":
        return lambda a, b: own.test[a]

    def mapped(a: int, b: int) -> Tensor:
        return fit_map(own.train[a, chosen], own.train[b, chosen], name)(own.test[a])

    return mapped


@torch.no_grad()
def _measure(
    name: str, chosen: Tensor, images: Images, space: Space, mapped: Callable[[int, int], Tensor]
) -> list[dict]:
    """The rows of one map and one number of anchors, over all ordered pairs of models."""
    models, digits = range(len(space.test)), images.test_digits
    own_mse = _errors(space, space.test, images)
    own_accuracy = [space.classifiers[b].score(space.test[b], digits) for b in models]
    rows = []
    for a in models:
        latents = torch.stack([space.test[b] if a == b else mapped(a, b) for b in models])
        mse = _errors(space, latents, images)
        rows += [
            {
                "map": name,
                "anchors": len(chosen),
                "source": a,
                "target": b,
                "stitched_mse": mse[b],
                "own_mse": own_mse[b],
                "accuracy": space.classifiers[b].score(latents[b], digits),
                "own_accuracy": own_accuracy[b],
                **alignment_metrics(latents[b], space.test[b]),
            }
            for b in models
            if b != a
        ]
    return rows


def _errors(space: Space, latents: Tensor, images: Images) -> list[float | None]:
    """Mean squared error of every model's decoder against its own test pictures."""
    if space.decoder is None:
        return [None] * len(latents)
    return (space.decoder(latents) - images.test).square().mean((1, 2)).tolist()


def _classifiers(latents: Tensor, digits: Tensor) -> list:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return [
        make_pipeline(StandardScaler(), LogisticRegression(tol=1e-3, max_iter=2000)).fit(z, digits)
        for z in latents.double()
    ]
