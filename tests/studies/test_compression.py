"""PCA against scikit-learn, the linear autoencoder against PCA, and the study's parts."""

import pytest
import torch
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from rigid_depth.studies.compression import autoencoder, compress_digits, pca, subspace_overlap
from rigid_depth.studies.shared.digits import load_images


@pytest.fixture(scope="module")
def rows():
    return load_images(("grey",), 500, 0).train[0]


def test_pca_is_that_of_scikit_learn(rows):
    encode, decode = pca(rows, 5)
    theirs = PCA(5).fit(rows.numpy())
    back = theirs.inverse_transform(theirs.transform(rows.numpy()))
    torch.testing.assert_close(decode(encode(rows)), torch.from_numpy(back), atol=1e-4, rtol=0)


def test_no_linear_autoencoder_beats_pca_and_a_trained_one_comes_close(rows):
    encode, decode = pca(rows, 4)
    best = (decode(encode(rows)) - rows).square().mean()
    for steps, close in ((20, False), (2000, True)):
        encode, decode = autoencoder(rows, 4, seed=0, steps=steps)
        error = (decode(encode(rows)) - rows).square().mean()
        assert error >= best
        assert (error < 1.05 * best) == close


def test_overlap_is_the_mean_squared_cosine_of_scipys_angles():
    first, second = torch.randn(2, 3, 9, generator=torch.Generator().manual_seed(0)).unbind()
    angles = torch.from_numpy(subspace_angles(first.T.numpy(), second.T.numpy()))
    assert subspace_overlap(first, second) == pytest.approx(angles.cos().square().mean().item())
    turned = torch.randn(3, 3, generator=torch.Generator().manual_seed(1)) @ first
    assert subspace_overlap(first, turned) == pytest.approx(1)


def test_a_linear_midpoint_is_the_mean_of_its_ends(rows):
    encode, decode = pca(rows, 6)
    half_way = decode((encode(rows[:1]) + encode(rows[1:2])) / 2)
    ends = (decode(encode(rows[:1])) + decode(encode(rows[1:2]))) / 2
    torch.testing.assert_close(half_way, ends)


def test_the_study_ranks_the_ways_as_they_must(rows):
    found = compress_digits(0, dims=(8,), steps=1500)
    mse = {name: values["8"] for name, values in found["mse"].items()}
    assert mse["nonlinear"] < 0.8 * mse["pca"]
    assert found["train_mse"]["pca"]["8"] <= found["train_mse"]["linear"]["8"]
    assert found["midpoints"]["pixels"] > found["midpoints"]["pixels end"] > 0
