"""PCA beside a linear and a non-linear autoencoder, on the digits (thesis, section 4.1)."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rigid_depth.studies.declaration import Study
from rigid_depth.studies.shared.digits import load_images
from rigid_depth.studies.shared.parallel_networks import ParallelMLP, train

Rows = Float[Tensor, "n d"]
Coder = tuple[Callable[[Rows], Rows], Callable[[Rows], Rows]]
"""An encoder and a decoder of rows."""


def pca(rows: Float[Tensor, "n d"], dim: int) -> Coder:
    """Projection of rows on the `dim` directions of largest variance, and the way back."""
    mean = rows.mean(0)
    basis = torch.linalg.svd(rows - mean, full_matrices=False)[2][:dim]
    return (lambda x: (x - mean) @ basis.mT), (lambda z: z @ basis + mean)


def autoencoder(
    rows: Float[Tensor, "n d"], dim: int, hidden: Sequence[int] = (), *, seed: int, steps: int
) -> Coder:
    """A trained autoencoder with a latent of `dim`; linear if there are no hidden layers.

    With hidden layers ReLU follows each of them; latent and output have no activation.
    """
    pixels = rows.shape[-1]
    encoder = ParallelMLP((pixels, *hidden, dim), [seed])
    decoder = ParallelMLP((dim, *reversed(hidden), pixels), [seed + 500])
    stacked = rows[None]
    both = nn.Sequential(encoder, decoder)
    rate = 1e-3 if hidden else 1e-2
    train(both, stacked, stacked, seeds=[seed], steps=steps, learning_rate=rate)
    return _without_gradient(encoder), _without_gradient(decoder)


def subspace_overlap(first: Float[Tensor, "k d"], second: Float[Tensor, "k d"]) -> float:
    """Mean squared cosine of the principal angles of two subspaces, each spanned by rows.

    1 for the same subspace, k / d on average for random ones.
    """
    bases = [torch.linalg.qr(rows.double().mT).Q for rows in (first, second)]
    return float((bases[0].mT @ bases[1]).square().sum() / len(first))


def compress_digits(
    seed: int,
    dims: Sequence[int] = (2, 4, 8, 16, 32),
    steps: int = 2000,
    hidden: int = 128,
    midpoint_dim: int = 8,
) -> dict:
    """Reconstruction error of unseen digits for each way and size of the latent, and midpoints.

    `mse` and `train_mse`: way -> dimension -> error on 500 test and on the training pictures.
    `overlap`: dimension -> `subspace_overlap` of what the decoders of PCA and of the linear
    autoencoder span. `midpoints`: how far what lies half-way between two digits is from the nearest
    training picture (MSE), see `_midpoints`.
    """
    images = load_images(("grey",), 500, seed)
    rows, test = images.train[0], images.test[0]
    errors: dict = {"mse": {}, "train_mse": {}, "overlap": {}}
    for dim in dims:
        ways = {
            "pca": pca(rows, dim),
            "linear": autoencoder(rows, dim, seed=seed, steps=steps),
            "nonlinear": autoencoder(rows, dim, (hidden, hidden), seed=seed, steps=steps),
        }
        for name, (encode, decode) in ways.items():
            for key, x in (("mse", test), ("train_mse", rows)):
                error = float((decode(encode(x)) - x).square().mean())
                errors[key].setdefault(name, {})[str(dim)] = error
        unit = torch.eye(dim)
        spans = [ways[name][1](unit) - ways[name][1](0 * unit) for name in ("pca", "linear")]
        errors["overlap"][str(dim)] = subspace_overlap(*spans)
        if dim == midpoint_dim:
            errors["midpoints"] = _midpoints(ways, rows, test)
    return errors


def _midpoints(ways: dict[str, Coder], rows: Rows, test: Float[Tensor, "m d"]) -> dict[str, float]:
    """Distance to the nearest training picture: of half-way pictures and of what they come from.

    "pixels" is the mean of two pictures; a way's name the decoded mean of two latents; a name with
    " end" the decoded latents themselves. A smooth manifold has near midpoints, compared with ends.
    """
    half = len(test) // 2
    pairs = test[:half], test[half : 2 * half]
    found = {"pixels": sum(pairs) / 2, "pixels end": test}
    for name, (encode, decode) in ways.items():
        found[name] = decode((encode(pairs[0]) + encode(pairs[1])) / 2)
        found[f"{name} end"] = decode(encode(test))
    pixels = rows.shape[-1]
    return {
        name: float((torch.cdist(x, rows).amin(1) ** 2).mean()) / pixels
        for name, x in found.items()
    }


def _without_gradient(module: nn.Module) -> Callable[[Rows], Rows]:
    @torch.no_grad()
    def apply(rows: Tensor) -> Tensor:
        return module(rows[None])[0]

    return apply


STUDY = Study(
    name="compression",
    function=compress_digits,
    label="PCA, linear and non-linear autoencoders",
    section="4.1",
    notebook="notebooks/04a_autoencoders.md",
    smoke={"dims": [2, 8], "steps": 100},
)
