"""Where the weights of a part start: a generator of its own, whatever else is built before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def own_start(part: str) -> Iterator[None]:
    """Draws within from a generator that depends on the global seed and the part's name alone.

    So the RGB branch starts from the same weights in every experiment of a seed, and paired
    differences between experiments are those of the methods. Outside, the global generator goes on
    as if nothing had been drawn.
    """
    text = f"{torch.initial_seed()}/{part}"
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(number)
        yield
