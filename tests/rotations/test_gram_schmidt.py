"""Gram-Schmidt: the three methods, their loss of orthogonality, dependent vectors, extension."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import hilbert

from rigid_depth.errors import RigidDepthError
from rigid_depth.rotations import extend_orthonormal, gram_schmidt, is_rotation

METHODS = ("classical", "modified", "qr")


def defect(basis):
    eye = torch.eye(basis.shape[-1], dtype=basis.dtype)
    return (basis.mT @ basis - eye).abs().max().item()


@pytest.mark.parametrize("method", METHODS)
@given(st.integers(1, 5), st.integers(0, 3), st.integers(0, 10_000))
def test_columns_are_orthonormal_and_span_the_same_nested_spaces(method, m, more, seed):
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(2, m + more, m, generator=generator, dtype=torch.float64)
    vectors[..., :m, :] += 4 * torch.eye(m).double()
    basis = gram_schmidt(vectors, method)
    assert defect(basis) < 1e-12
    triangle = basis.mT @ vectors  # V = Q R with R upper triangular, positive on its diagonal
    torch.testing.assert_close(basis @ triangle, vectors)
    assert triangle.tril(-1).abs().max() < 1e-12
    assert (triangle.diagonal(dim1=-2, dim2=-1) > 0).all()


def test_methods_lose_orthogonality_as_their_theory_says():
    matrix = torch.as_tensor(hilbert(8))
    loss = {method: defect(gram_schmidt(matrix, method, tolerance=0.0)) for method in METHODS}
    assert loss["classical"] > 0.1
    assert 1e-9 < loss["modified"] < 1e-5
    assert loss["qr"] < 1e-14


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [2, 3, 16])
def test_determinant_is_either_sign_unless_a_rotation_is_asked_for(method, n, generator):
    vectors = torch.randn(400, n, n, generator=generator, dtype=torch.float64)
    plain = gram_schmidt(vectors, method)
    proper = plain.det() > 0
    assert 0.4 < proper.double().mean() < 0.6
    rotated = gram_schmidt(vectors, method, rotation=True)
    assert is_rotation(rotated, 1e-8).all()
    torch.testing.assert_close(rotated[proper], plain[proper])
    torch.testing.assert_close(rotated[~proper][..., :-1], plain[~proper][..., :-1])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", [1e-100, 1.0, 1e100])
def test_dependent_vectors_are_found_at_any_scale(method, scale, generator):
    a, b = torch.randn(2, 3, generator=generator, dtype=torch.float64) * scale
    dependent = torch.stack((a, b, 0.3 * a - 2 * b), dim=-1)
    with pytest.raises(RigidDepthError, match="column 2"):
        gram_schmidt(dependent, method)
    with pytest.raises(RigidDepthError, match="column 1"):
        gram_schmidt(torch.stack((a, 2 * a), dim=-1), method)
    with pytest.raises(RigidDepthError, match="column 0"):
        gram_schmidt(torch.stack((0 * a, b), dim=-1), method)
    nearly = torch.stack((a, a + 1e-9 * scale * b / b.norm()), dim=-1)
    assert defect(gram_schmidt(nearly, "qr")) < 1e-12
    with pytest.raises(RigidDepthError, match="column 1"):
        gram_schmidt(nearly, method, tolerance=1e-6)


def test_impossible_requests_are_refused():
    with pytest.raises(RigidDepthError, match="at most 2"):
        gram_schmidt(torch.randn(2, 3))
    with pytest.raises(RigidDepthError, match="exactly 3"):
        gram_schmidt(torch.randn(3, 2), rotation=True)
    with pytest.raises(RigidDepthError, match="classical"):
        gram_schmidt(torch.eye(3), "householder")


def test_extension_grows_a_basis_until_it_is_full(generator):
    basis = gram_schmidt(torch.randn(4, 5, 1, generator=generator, dtype=torch.float64))
    for m in range(2, 6):
        vector = torch.randn(4, 5, generator=generator, dtype=torch.float64)
        longer = extend_orthonormal(basis, vector)
        assert longer.shape == (4, 5, m)
        torch.testing.assert_close(longer[..., :-1], basis)
        assert defect(longer) < 1e-12
        assert ((longer[..., -1] * vector).sum(-1) > 0).all()
        basis = longer
    with pytest.raises(RigidDepthError, match="none can be added"):
        extend_orthonormal(basis, vector)
    with pytest.raises(RigidDepthError, match="lies in the span"):
        extend_orthonormal(basis[..., :2], basis[..., 0] - 2 * basis[..., 1])


@pytest.mark.parametrize("method", ["modified", "classical", "qr"])
@pytest.mark.parametrize("size", [1e-42, 1e-30, 1e-22, 1e22, 1e37])
def test_the_size_of_the_vectors_does_not_matter(size, method, generator):
    vectors = torch.randn(20, 4, 3, generator=generator)
    lengths = torch.tensor([size, 1.0, 1.0])
    expected = gram_schmidt(vectors, method)
    tolerance = 1e-5 if size > 1e-38 else 0.2  # denormal numbers hold two digits at 1e-42
    close = {"atol": tolerance, "rtol": 0}
    torch.testing.assert_close(gram_schmidt(vectors * lengths, method), expected, **close)
    one_more = extend_orthonormal(expected, size * vectors[..., 0].flip(-1))
    torch.testing.assert_close(
        one_more, extend_orthonormal(expected, vectors[..., 0].flip(-1)), **close
    )
