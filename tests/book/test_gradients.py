"""What a term trains, on a network whose answer is plain to see."""

import torch
from torch import nn

from rigid_depth.book.cells.gradients import MARK, gradient_rows


def test_marks_are_where_a_gradient_arrives():
    torch.manual_seed(0)
    model = nn.ModuleDict({"encoder": nn.Linear(3, 2), "encoder_two": nn.Linear(3, 2)})
    model.register_parameter("pool", nn.Parameter(torch.ones(2)))
    x = torch.randn(5, 3)
    first, second = model["encoder"](x), model["encoder_two"](x)
    terms = {
        "rgb": first.square().mean(),
        "rgb-infinity": first.mean(),
        "alignment": (first - second.detach()).square().mean(),
        "second": second.square().mean(),
        "both": (first * model.pool - second).square().mean(),
    }
    rows = gradient_rows(model, terms, ("encoder", "encoder_two", "pool"))
    assert rows == [
        ["rgb", MARK, "", ""],
        ["alignment", MARK, "", ""],
        ["second", "", MARK, ""],
        ["both", MARK, MARK, MARK],
    ]
