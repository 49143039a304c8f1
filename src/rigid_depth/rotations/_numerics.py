"""Small numerical helpers that every map of this folder shares."""

import functools

import torch
from torch import Tensor


def full_precision(function):
    """Run a map outside autocast and in float32 at least: a rotation in 16 bits is no rotation."""

    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        args = [_raise_precision(arg) for arg in args]
        kwargs = {name: _raise_precision(arg) for name, arg in kwargs.items()}
        tensors = (arg for arg in (*args, *kwargs.values()) if isinstance(arg, Tensor))
        device_type = next((tensor.device.type for tensor in tensors), "cpu")
        if not torch.is_autocast_enabled(device_type):
            return function(*args, **kwargs)
        with torch.autocast(device_type, enabled=False):
            return function(*args, **kwargs)

    return wrapped


def _raise_precision(value):
    is_half = isinstance(value, Tensor) and value.dtype in (torch.float16, torch.bfloat16)
    return value.float() if is_half else value


def inspectable() -> bool:
    """Whether values may be looked at: neither traced by torch.compile nor inside torch.func."""
    return not (torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active())


def is_batched(tensor: Tensor) -> bool:
    """Whether a vmap of either kind (torch.func, or autograd's batched gradients) wraps it."""
    functorch = torch._C._functorch
    return functorch.is_batchedtensor(tensor) or functorch.is_legacy_batchedtensor(tensor)


def safe_norm(vector: Tensor, dim=-1, keepdim: bool = False) -> Tensor:
    """Euclidean norm whose derivative at the zero vector is zero instead of NaN."""
    square = (vector * vector).sum(dim, keepdim=keepdim)
    is_zero = square == 0
    return torch.where(is_zero, 0.0, torch.where(is_zero, 1.0, square).sqrt())


def normalised(vector: Tensor, fallback: Tensor) -> Tensor:
    """Vectors of the last dimension at unit length, ``fallback`` where the length is zero.

    They are scaled by their largest entry first, so that tiny and huge vectors keep their
    direction.
    """
    largest = vector.detach().abs().amax(-1, keepdim=True)
    is_zero = largest == 0
    vector = torch.where(is_zero, fallback, vector / torch.where(is_zero, 1.0, largest))
    return vector / safe_norm(vector, keepdim=True)


def sinc_of_square(square: Tensor) -> Tensor:
    """sin(x)/x as a function of x^2, smooth at zero."""
    is_small = square < 0.1
    x = torch.where(is_small, 1.0, square).sqrt()
    series = torch.ones_like(square)
    for factor in (156.0, 110.0, 72.0, 42.0, 20.0, 6.0):  # (2k+1)(2k) of the Taylor series
        series = 1 - square * series / factor
    return torch.where(is_small, series, torch.sin(x) / x)


def skew(vector: Tensor) -> Tensor:
    """The matrix [v]x with [v]x w = v x w."""
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    rows = torch.stack((zero, -z, y, z, zero, -x, -y, x, zero), dim=-1)
    return rows.unflatten(-1, (3, 3))
