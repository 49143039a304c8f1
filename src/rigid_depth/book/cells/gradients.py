"""What each term of a loss trains, found by autograd."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor, nn

MARK = "●"


def gradient_rows(
    model: nn.Module, terms: Mapping[str, Tensor], parts: Iterable[str]
) -> list[list[str]]:
    """A row for each term: its name, and a mark for every part that gets a gradient from it.

    Args:
        model: the network the terms were computed with.
        terms: name -> loss, as `objective` gives them. The infinity loss of a branch is left out:
            it trains what the branch's depth loss trains.
        parts: names of modules or parameters of the model.
    """
    parts, rows = list(parts), []
    for term, loss in terms.items():
        if term.endswith("infinity"):
            continue
        model.zero_grad()
        loss.backward(retain_graph=True)
        moved = [n for n, p in model.named_parameters() if p.grad is not None and p.grad.any()]
        reached = {part for part in parts for n in moved if n == part or n.startswith(f"{part}.")}
        rows.append([term, *(MARK if part in reached else "" for part in parts)])
    return rows
