"""Small numerical helpers that every map of this folder shares."""

import functools
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor
from torch._C._functorch import is_batchedtensor, is_legacy_batchedtensor
from torch.autograd import forward_ad

from rigid_depth.errors import RigidDepthError

P = ParamSpec("P")
T = TypeVar("T")
FULL = (torch.float32, torch.float64)
ORDINARY = (1e-15, 1e15)  # lengths whose squares neither vanish nor overflow in float32

SINC_FACTORS: dict[torch.dtype, tuple[float, ...]] = {
    torch.float64: (156.0, 110.0, 72.0, 42.0, 20.0, 6.0),
    torch.float32: (72.0, 42.0, 20.0, 6.0),
}


def full_precision(function: Callable[P, T]) -> Callable[P, T]:
    """Run a map outside autocast, all its tensors in their `common_dtype`.

    The one rule of types for every public function that takes tensors.
    """

    call: Callable[..., T] = function

    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
        dtype = tensors[0].dtype if tensors else torch.float32
        # The usual case first: every microsecond counts for a single matrix.
        if dtype not in FULL or any(tensor.dtype != dtype for tensor in tensors[1:]):
            dtype = common_dtype(tensors)
            args = [_cast(value, dtype) for value in args]
            kwargs = {name: _cast(value, dtype) for name, value in kwargs.items()}
        device_type = tensors[0].device.type if tensors else "cpu"
        if not torch.is_autocast_enabled(device_type):
            return call(*args, **kwargs)
        with torch.autocast(device_type, enabled=False):
            return call(*args, **kwargs)

    return wrapped


def common_dtype(tensors: Sequence[Tensor]) -> torch.dtype:
    """The dtype in which tensors meet: float64 if any is, else float32, the default for integers.

    16-bit numbers count as float32: a rotation rounded to 16 bits is no rotation any more.

    Raises RigidDepthError for complex numbers.
    """
    dtype = None
    for tensor in tensors:
        if tensor.dtype.is_complex:
            raise RigidDepthError(f"rotations need real numbers, got {tensor.dtype}.")
        if tensor.dtype == torch.float64:
            dtype = torch.float64
        elif tensor.dtype.is_floating_point and dtype is None:
            dtype = torch.float32
    if dtype is None:
        dtype = torch.promote_types(torch.get_default_dtype(), torch.float32)
    return dtype


def _cast(value, dtype: torch.dtype):
    return value.to(dtype) if isinstance(value, Tensor) else value


def inspectable() -> bool:
    """Whether values may be looked at: neither traced by torch.compile nor inside torch.func."""
    return not (torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active())


def may_be_differentiated(tensor: Tensor) -> bool:
    """Whether reverse mode, forward mode or torch.func could ask for a derivative."""
    reverse = tensor.requires_grad and torch.is_grad_enabled()
    return reverse or forward_ad._current_level >= 0 or not inspectable()


def is_batched(tensor: Tensor) -> bool:
    """Whether a vmap of either kind (torch.func, or autograd's batched gradients) wraps it."""
    return is_batchedtensor(tensor) or is_legacy_batchedtensor(tensor)


def is_ordinary(lengths: Tensor, low: float = ORDINARY[0], high: float = ORDINARY[1]) -> bool:
    """Whether a look at the values is free of cost and finds all between `low` and `high`.

    Then a map may leave out what guards its degenerate points, half of its operations. On a GPU a
    look would stop the queue, and traced or batched values cannot be looked at: False. NaN: False.
    """
    if lengths.device.type != "cpu" or not inspectable() or lengths.numel() == 0:
        return False
    smallest, largest = lengths.detach().aminmax()
    return low < smallest.item() and largest.item() < high


def at_unit_size(vectors: Tensor, dim: int) -> Tensor:
    """Vectors divided by their largest entry where their squares would leave the dtype.

    For maps that do not care about lengths: then the divisor has no derivative either.
    """
    largest = vectors.detach().abs().amax(dim, keepdim=True)
    if is_ordinary(largest):
        return vectors
    return vectors / torch.where(largest == 0, 1.0, largest)


def safe_norm(vector: Tensor, dim: int | tuple[int, ...] = -1, keepdim: bool = False) -> Tensor:
    """Euclidean norm whose derivatives at the zero vector are zero instead of NaN."""
    norm = torch.linalg.vector_norm(vector, dim=dim, keepdim=keepdim)
    if not may_be_differentiated(vector) or is_ordinary(norm):
        return norm
    return safe_root((vector * vector).sum(dim, keepdim=keepdim))


def safe_root(square: Tensor) -> Tensor:
    """The square root of a sum of squares, with derivatives of zero at zero."""
    if not may_be_differentiated(square) or is_ordinary(square, low=0.0):
        return square.sqrt()
    is_zero = square == 0
    # Both branches of a `where` are differentiated: the root must not see the zero.
    return torch.where(is_zero, 0.0, torch.where(is_zero, 1.0, square).sqrt())


def normalised(vector: Tensor, fallback: Tensor) -> Tensor:
    """Vectors of the last dimension at unit length, `fallback` where the length is zero."""
    length = torch.linalg.vector_norm(vector, dim=-1, keepdim=True)
    if is_ordinary(length):
        return vector / length
    # Scaled by their largest entry first, tiny and huge vectors keep their direction.
    largest = vector.detach().abs().amax(-1, keepdim=True)
    is_zero = largest == 0
    vector = torch.where(is_zero, fallback, vector / torch.where(is_zero, 1.0, largest))
    return vector / safe_norm(vector, keepdim=True)


def sinc_of_square(square: Tensor) -> Tensor:
    """sin(x)/x as a function of x^2, smooth at zero."""
    is_small = square < 0.1
    x = torch.where(is_small, 1.0, square).sqrt()
    # Taylor's series in x^2, by Horner: x itself has no derivative at x^2 = 0. Its remainder at
    # 0.1 is below the rounding of the dtype.
    one = torch.ones((), dtype=square.dtype, device=square.device)
    series = one.expand_as(square)
    for factor in SINC_FACTORS[square.dtype]:  # (2k+1)(2k)
        series = torch.addcmul(one, square, series, value=-1 / factor)
    return torch.where(is_small, series, torch.sin(x) / x)


def skew(vector: Tensor) -> Tensor:
    """The matrix [v]x with [v]x w = v x w."""
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    rows = torch.stack((zero, -z, y, z, zero, -x, -y, x, zero), dim=-1)
    return rows.unflatten(-1, (3, 3))
