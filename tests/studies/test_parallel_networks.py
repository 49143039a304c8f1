"""Models side by side: each as if it were alone, and a linear autoencoder against PCA."""

import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn

from rigid_depth.errors import RigidDepthError
from rigid_depth.studies.shared.digits import load_images
from rigid_depth.studies.shared.parallel_networks import ParallelMLP, train


def test_each_model_is_the_network_of_pytorch():
    models = ParallelMLP((5, 7, 3), seeds=(0, 1))
    x = torch.randn(2, 11, 5)
    for i in range(2):
        single = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))
        for layer, weight, bias in zip(single[::2], models.weights, models.biases, strict=True):
            layer.weight.data, layer.bias.data = weight[i].T, bias[i, 0]
        torch.testing.assert_close(models(x)[i], single(x[i]))


def test_start_is_bounded_as_in_pytorch():
    weight = ParallelMLP((100, 200), seeds=(0,)).weights[0]
    bound = nn.Linear(100, 200).weight.abs().max()
    assert weight.abs().max().item() == pytest.approx(bound.item(), rel=1e-2)


def test_a_model_does_not_depend_on_the_models_beside_it():
    images = load_images(("grey",) * 3, 100, seed=0).train[:, :, ::4]

    def trained(seeds):
        model = ParallelMLP((16, 8, 16), seeds)
        train(model, images[: len(seeds)], images[: len(seeds)], seeds=seeds, steps=20)
        return model.weights[0]

    together, alone = trained((3, 4, 5)), trained((4,))
    torch.testing.assert_close(together[1], alone[0])
    assert not torch.allclose(together[0], together[1])


def test_a_linear_autoencoder_finds_the_subspace_of_pca():
    images = load_images(("grey",), 100, seed=0).train
    centred = images - images.mean(1, keepdim=True)
    encoder, decoder = ParallelMLP((64, 6), (0,)), ParallelMLP((6, 64), (1,))
    model = nn.Sequential(encoder, decoder)
    train(model, centred, centred, seeds=(0,), steps=1500, learning_rate=1e-2)
    pca = PCA(6).fit(centred[0])
    best = ((pca.inverse_transform(pca.transform(centred[0])) - centred[0].numpy()) ** 2).mean()
    with torch.no_grad():
        error = (model(centred) - centred).square().mean().item()
        span = torch.linalg.qr(decoder.weights[0][0].T).Q
    assert best <= error < 1.01 * best
    angles = torch.linalg.svdvals(span.T @ torch.from_numpy(pca.components_.T).float())
    assert angles.min() > 0.98  # cosines of the principal angles


def test_divergence_is_named():
    x = torch.ones(1, 4, 2)
    with pytest.raises(RigidDepthError, match="diverged"):
        train(ParallelMLP((2, 2), (0,)), x, x * torch.inf, seeds=(0,), steps=2, batch_size=2)
