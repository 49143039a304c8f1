"""The nearest rotation of a matrix (thesis section 3.6.7) with exact derivatives of every order."""

import torch
from jaxtyping import Float
from torch import Tensor

from rigid_depth.errors import RigidDepthError
from rigid_depth.rotations._numerics import full_precision, is_batched, may_be_differentiated
from rigid_depth.rotations._procrustes3 import apply_derivative_3x3
from rigid_depth.rotations._solvers import inverse_gaps, inverse_planes, nearest_rotation


@full_precision
def special_procrustes(matrix: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch n n"]:
    """The rotation R that minimises ||R - M||_F over SO(n), for any n >= 2 and any batch shape.

    Section 3.6.7: R = U diag(1, ..., 1, det(U V^T)) V^T for M = U D V^T, so the direction of the
    smallest singular value is the one that flips. Dimensionless; scaling M does not change R.

    Everything is computed in float64 and returned in the dtype of `matrix` (16-bit input comes
    back as float32): by a closed form for many 3x3 matrices, see `_procrustes3`, else by a
    decomposition.

    Derivatives (reverse, forward, higher order, vmap) are exact also at repeated singular values:
    dR = R W with W S + S W = R^T dM - dM^T R, S = R^T M, where only sums s_i + s_j are divided by.
    Where the smallest sum s_{n-1} + s_n (s_n signed) vanishes the nearest rotation is not unique:
    a warning is given, the answer is the one that the decomposition of this very matrix gives (the
    identity for the zero matrix), and the derivative along the undetermined direction is zero.
    To the derivative a sum vanishes whose inverse has no square in the dtype (1e-19 in float32).
    Rows with NaN or infinite entries come back as NaN.

    Raises RigidDepthError for n < 2 or a matrix that is not square.
    """
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2] or matrix.shape[-1] < 2:
        raise RigidDepthError(
            f"special_procrustes needs square matrices of size 2 or more, got {list(matrix.shape)}."
        )
    if not torch.compiler.is_compiling():
        if not may_be_differentiated(matrix):
            return nearest_rotation(matrix, keep=False)[0]
        return _NearestRotation.apply(matrix)[0]
    if torch._C._are_functorch_transforms_active():
        return _nearest_rotation_uncompiled(matrix)
    return _nearest_rotation_op(matrix)[0]


@full_precision
def nearest_orthogonal(matrix: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch n n"]:
    """The orthogonal matrix, reflections allowed, that minimises ||Q - M||_F over O(n): Q = U V^T.

    It is the nearest rotation of M, or of M with one axis mirrored where det M < 0.
    """
    # Any mirror will do: mirrored, M has a positive determinant and no direction flips.
    mirror = torch.ones(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    mirror[0] = -1
    # The sign of the determinant, not its value: the product of 16 small numbers would vanish.
    is_reflection = torch.linalg.slogdet(matrix.detach().double())[0] < 0
    signs = torch.where(is_reflection[..., None], mirror, 1.0)[..., None].to(matrix.dtype)
    return signs * special_procrustes(signs * matrix)


class _NearestRotation(torch.autograd.Function):
    """Returns the rotation and what the first derivative needs.

    That is planes [6, *batch] after the closed form (see `_procrustes3`), else factors
    [*batch, n + 1, n] (see `_solvers`).
    """

    @staticmethod
    def forward(matrix):
        return nearest_rotation(matrix)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs, *output)
        ctx.save_for_forward(*inputs, output[0])
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx, *grad_outputs):
        grad = grad_outputs[0]
        if grad is None:
            return None
        matrix, rotation, kept = ctx.saved_tensors
        # create_graph=True: what the solver kept has no graph to the matrix, the slow way has one.
        if torch.is_grad_enabled() or is_batched(grad):
            return _derivative(matrix, rotation, grad)
        return _first_derivative(rotation, kept, grad)

    @staticmethod
    def jvp(ctx, *grad_inputs):
        matrix, rotation = ctx.saved_tensors
        return _derivative(matrix, rotation, grad_inputs[0]), None

    @staticmethod
    def vmap(info, in_dims, *args):
        # One more batch dimension in front is what the solver takes anyway.
        rotation, kept = _NearestRotation.apply(args[0].movedim(in_dims[0], 0))
        return (rotation, kept), (0, 1 if _in_planes(rotation, kept) else 0)


# Inside torch.func, a compiled function leaves its graph for the solver and comes back.
@torch.compiler.disable()
def _nearest_rotation_uncompiled(matrix: Tensor) -> Tensor:
    return _NearestRotation.apply(matrix)[0]


def _in_planes(rotation: Tensor, kept: Tensor) -> bool:
    return kept.ndim < rotation.ndim


def _first_derivative(rotation: Tensor, kept: Tensor, direction: Tensor) -> Tensor:
    """The derivative applied to `direction` with what the solver kept, to be used once."""
    n = rotation.shape[-1]
    if _in_planes(rotation, kept):
        rows = (t.reshape(-1, 3, 3) for t in (rotation, direction))
        rotation_rows, direction_rows = rows
        result = apply_derivative_3x3(rotation_rows, kept.reshape(6, -1), direction_rows)
        return result.reshape(rotation.shape)
    # In the basis V of S the equation W S + S W = A falls apart into one division per entry.
    r, v = rotation.double(), kept[..., :n, :]
    turn = r.mT @ direction.double()
    gaps = inverse_gaps(kept[..., n, :], rotation.dtype)
    turn = v @ ((v.mT @ (turn - turn.mT) @ v) * gaps) @ v.mT
    return (r @ turn).to(rotation.dtype)


def _derivative(matrix: Tensor, rotation: Tensor, direction: Tensor) -> Tensor:
    """The derivative applied to `direction` (it is its own transpose), differentiable again."""
    m, r, x = matrix.double(), rotation.double(), direction.double()
    s = r.mT @ m
    s = (s + s.mT) / 2  # symmetric but for rounding
    # The eigenvectors only solve the equation and are detached: their own derivatives, which fail
    # at repeated eigenvalues, are never asked for.
    eigenvalues, v = torch.linalg.eigh(torch.nan_to_num(s.detach()))
    turn = r.mT @ x
    turn = _Lyapunov.apply(s, turn - turn.mT, v, inverse_gaps(eigenvalues, matrix.dtype))
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
    def backward(ctx, *grad_outputs):
        # The map A -> W is its own transpose, and dS enters as W dS + dS W does, on the right side.
        s, _, v, inverse_gaps, w = ctx.saved_tensors
        grad_a = _Lyapunov.apply(s, grad_outputs[0], v, inverse_gaps)
        return -(w.mT @ grad_a + grad_a @ w.mT), grad_a, None, None

    @staticmethod
    def jvp(ctx, *grad_inputs):
        tangent_s, tangent_a, *_ = grad_inputs
        s, _, v, inverse_gaps, w = ctx.saved_tensors
        return _Lyapunov.apply(s, tangent_a - w @ tangent_s - tangent_s @ w, v, inverse_gaps)


# torch.compile cannot trace a Function with a jvp and the data-dependent fallback of the solver, so
# compiled graphs hold the solver and its derivative as two opaque operators.
@torch.library.custom_op("rigid_depth::nearest_rotation", mutates_args=())
def _nearest_rotation_op(matrix: Tensor) -> tuple[Tensor, Tensor]:
    rotation, kept = nearest_rotation(matrix)
    if matrix.shape[-1] == 3 and not _in_planes(rotation, kept):
        # A graph is compiled for one shape, whichever way a batch of some size is solved.
        factors = kept.reshape(-1, 4, 3)
        planes = inverse_planes(factors[:, :3], factors[:, 3], matrix.dtype)
        kept = planes.reshape(6, *matrix.shape[:-2])
    return rotation, kept.contiguous()


@_nearest_rotation_op.register_fake
def _(matrix):
    n, batch = matrix.shape[-1], matrix.shape[:-2]
    rotation = torch.empty_like(matrix, memory_format=torch.contiguous_format)
    if n == 3:
        return rotation, matrix.new_empty(6, *batch)
    return rotation, matrix.new_empty(*batch, n + 1, n, dtype=torch.float64)


@torch.library.custom_op("rigid_depth::nearest_rotation_derivative", mutates_args=())
def _derivative_op(rotation: Tensor, kept: Tensor, direction: Tensor) -> Tensor:
    return _first_derivative(rotation, kept, direction).contiguous()


@_derivative_op.register_fake
def _(rotation, kept, direction):
    return torch.empty_like(rotation, memory_format=torch.contiguous_format)


def _op_setup_context(ctx, inputs, output):
    ctx.save_for_backward(*output)


def _op_backward(ctx, grad, _):
    return _derivative_op(*ctx.saved_tensors, grad)


_nearest_rotation_op.register_autograd(_op_backward, setup_context=_op_setup_context)
