"""The nearest rotation of a matrix (thesis section 3.6.7) with exact derivatives of every order."""

import warnings

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.rotations._numerics import full_precision, is_batched
from rigid_depth.rotations._procrustes3 import (
    UPPER,
    apply_derivative_3x3,
    nearest_rotation_3x3,
)


@full_precision
def special_procrustes(matrix: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch n n"]:
    """The rotation R that minimises ||R - M||_F over SO(n), for any n >= 2 and any batch shape.

    Section 3.6.7: R = U diag(1, ..., 1, det(U V^T)) V^T for M = U D V^T, so the direction of the
    smallest singular value is the one that flips. Dimensionless; scaling M does not change R.

    Everything is computed in float64 and returned in the dtype of ``matrix`` (16-bit input comes
    back as float32). n = 3 uses a closed form, see ``_procrustes3``.

    Derivatives (reverse, forward, higher order, vmap) are exact also at repeated singular values:
    dR = R W with W S + S W = R^T dM - dM^T R, S = R^T M, where only sums s_i + s_j are divided by.
    Where the smallest sum s_{n-1} + s_n (s_n signed) vanishes the nearest rotation is not unique:
    a warning is given, the answer is the one that the decomposition of this very matrix gives (the
    identity for the zero matrix), and the derivative along the undetermined direction is zero.
    Rows with NaN or infinite entries come back as NaN.

    Raises RigidDepthError for n < 2 or a matrix that is not square.
    """
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2] or matrix.shape[-1] < 2:
        raise RigidDepthError(
            f"special_procrustes needs square matrices of size 2 or more, got {list(matrix.shape)}."
        )
    if not torch.compiler.is_compiling():
        return _NearestRotation.apply(matrix)[0]
    if torch._C._are_functorch_transforms_active():
        return _nearest_rotation_uncompiled(matrix)
    return _nearest_rotation_op(matrix)[0]


@full_precision
def nearest_orthogonal(matrix: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch n n"]:
    """The orthogonal matrix, reflections allowed, that minimises ||Q - M||_F over O(n): Q = U V^T.

    It is the nearest rotation of M, or of M with one axis mirrored where det M < 0.
    """
    mirror = torch.ones(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    mirror[0] = -1
    is_reflection = torch.linalg.det(matrix.detach()) < 0
    signs = torch.where(is_reflection[..., None], mirror, 1.0)[..., None].to(matrix.dtype)
    return signs * special_procrustes(signs * matrix)


class _NearestRotation(torch.autograd.Function):
    """Returns the rotation and, for the backward pass of n = 3, planes [6, *batch]."""

    @staticmethod
    def forward(matrix):
        return _nearest_rotation(matrix)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs, *output)
        ctx.save_for_forward(*inputs, output[0])
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx, grad, _):
        if grad is None:
            return None
        matrix, rotation, inverse = ctx.saved_tensors
        once = not (torch.is_grad_enabled() or is_batched(grad))
        if once and matrix.shape[-1] == 3:
            return _derivative_3x3(rotation, inverse, grad)
        return _derivative(matrix, rotation, grad)

    @staticmethod
    def jvp(ctx, tangent):
        matrix, rotation = ctx.saved_tensors
        return _derivative(matrix, rotation, tangent), None

    @staticmethod
    def vmap(info, in_dims, matrix):
        return _NearestRotation.apply(matrix.movedim(in_dims[0], 0)), (0, 1)


_nearest_rotation_uncompiled = torch.compiler.disable(lambda m: _NearestRotation.apply(m)[0])


def _nearest_rotation(matrix: Tensor) -> tuple[Tensor, Tensor]:
    rows = matrix.reshape(-1, *matrix.shape[-2:])
    if matrix.shape[-1] != 3:
        rotation, _, ambiguous = _by_svd(rows)
        inverse = matrix.new_empty(6, 0)
    else:
        rotation, inverse, doubtful = nearest_rotation_3x3(rows)
        ambiguous = doubtful.new_zeros(())
        doubtful = doubtful.nonzero()[:, 0]
        if len(doubtful):
            rotation[doubtful], factors, ambiguous = _by_svd(rows[doubtful])
            inverse[:, doubtful] = _inverse_planes(*factors).to(inverse.dtype)
        inverse = inverse.reshape(6, *matrix.shape[:-2])
    if ambiguous.any():
        warnings.warn(
            f"the nearest rotation is not unique for {int(ambiguous.sum())} of {len(rows)} "
            "matrices: their two smallest signed singular values add up to zero",
            RuntimeWarning,
            stacklevel=2,
        )
    return rotation.reshape(matrix.shape), inverse


def _by_svd(matrix: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor]:
    """Rotations, the factors of ``_inverse_gaps`` and whether the answer is ambiguous."""
    is_finite = matrix.isfinite().all(-1).all(-1)[..., None, None]
    u, s, vh = torch.linalg.svd(torch.where(is_finite, matrix, 0.0).double())
    sign = torch.linalg.det(u @ vh).sign()
    vh = torch.cat((vh[..., :-1, :], vh[..., -1:, :] * sign[..., None, None]), dim=-2)
    s = torch.cat((s[..., :-1], s[..., -1:] * sign[..., None]), dim=-1)
    ambiguous = s[..., -2] + s[..., -1] <= 4 * torch.finfo(matrix.dtype).eps * s[..., 0]
    rotation = torch.where(is_finite, u @ vh, torch.nan).to(matrix.dtype)
    # R^T M = V diag(s) V^T with the signed s; the flipped row of V^T enters twice.
    return rotation, (vh.mT, _inverse_gaps(s, matrix.dtype)), ambiguous & is_finite[..., 0, 0]


def _inverse_gaps(s: Tensor, dtype: torch.dtype) -> Tensor:
    """1 / (s_i + s_j) off the diagonal, 0 on it and where the sum is rounding noise."""
    gaps = s[..., :, None] + s[..., None, :]
    noise = 4 * torch.finfo(dtype).eps * s.abs().amax(-1)[..., None, None]
    usable = gaps > noise.clamp_min(torch.finfo(dtype).tiny ** 0.5)
    usable = usable & ~torch.eye(s.shape[-1], dtype=torch.bool, device=s.device)
    return torch.where(usable, 1 / torch.where(usable, gaps, 1.0), 0.0)


def _inverse_planes(v: Tensor, inverse_gaps: Tensor) -> Tensor:
    """(tr(S) I - S)^-1 = V diag(1 / (s_j + s_k)) V^T of 3x3 matrices, as planes [6, b]."""
    opposite = torch.stack(
        [inverse_gaps[..., 1, 2], inverse_gaps[..., 0, 2], inverse_gaps[..., 0, 1]]
    )
    inverse = (v * opposite.t()[:, None, :]) @ v.mT
    return torch.stack([inverse[:, i, j] for i, j in UPPER])


def _derivative_3x3(rotation: Tensor, inverse: Tensor, direction: Tensor) -> Tensor:
    flat = (t.reshape(-1, 3, 3) for t in (rotation, direction))
    rotation_rows, direction_rows = flat
    result = apply_derivative_3x3(rotation_rows, inverse.reshape(6, -1), direction_rows)
    return result.reshape(rotation.shape)


def _derivative(matrix: Tensor, rotation: Tensor, direction: Tensor) -> Tensor:
    """The derivative applied to ``direction`` (it is its own transpose), differentiable again."""
    m, r, x = matrix.double(), rotation.double(), direction.double()
    s = r.mT @ m
    s = (s + s.mT) / 2
    eigenvalues, v = torch.linalg.eigh(torch.nan_to_num(s.detach()))
    turn = r.mT @ x
    turn = _Lyapunov.apply(s, turn - turn.mT, v, _inverse_gaps(eigenvalues, matrix.dtype))
    return (r @ turn).to(matrix.dtype)


class _Lyapunov(torch.autograd.Function):
    """W with W S + S W = A for symmetric S = V diag(s) V^T, given V and all 1 / (s_i + s_j)."""

    generate_vmap_rule = True

    @staticmethod
    def forward(s, a, v, inverse_gaps):
        return v @ ((v.mT @ a @ v) * inverse_gaps) @ v.mT

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs, output)
        ctx.save_for_forward(*inputs, output)

    @staticmethod
    def backward(ctx, grad):
        s, _, v, inverse_gaps, w = ctx.saved_tensors
        grad_a = _Lyapunov.apply(s, grad, v, inverse_gaps)
        return -(w.mT @ grad_a + grad_a @ w.mT), grad_a, None, None

    @staticmethod
    def jvp(ctx, tangent_s, tangent_a, *_):
        s, _, v, inverse_gaps, w = ctx.saved_tensors
        return _Lyapunov.apply(s, tangent_a - w @ tangent_s - tangent_s @ w, v, inverse_gaps)


# torch.compile cannot trace a Function with a jvp and the data-dependent fallback of the solver, so
# compiled graphs hold the solver and its derivative as two opaque operators.
@torch.library.custom_op("rigid_depth::nearest_rotation", mutates_args=())
def _nearest_rotation_op(matrix: Tensor) -> tuple[Tensor, Tensor]:
    return _nearest_rotation(matrix)


@_nearest_rotation_op.register_fake
def _(matrix):
    batch = matrix.shape[:-2] if matrix.shape[-1] == 3 else (0,)
    return torch.empty_like(matrix, memory_format=torch.contiguous_format), matrix.new_empty(
        6, *batch
    )


@torch.library.custom_op("rigid_depth::nearest_rotation_derivative", mutates_args=())
def _derivative_op(matrix: Tensor, rotation: Tensor, inverse: Tensor, direction: Tensor) -> Tensor:
    if matrix.shape[-1] == 3:
        return _derivative_3x3(rotation, inverse, direction)
    return _derivative(matrix, rotation, direction)


@_derivative_op.register_fake
def _(matrix, rotation, inverse, direction):
    return torch.empty_like(rotation, memory_format=torch.contiguous_format)


def _op_setup_context(ctx, inputs, output):
    ctx.save_for_backward(*inputs, *output)


def _op_backward(ctx, grad, _):
    return _derivative_op(*ctx.saved_tensors, grad)


_nearest_rotation_op.register_autograd(_op_backward, setup_context=_op_setup_context)
