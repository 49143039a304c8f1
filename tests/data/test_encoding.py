import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rigid_depth.data import decode_depth, encode_depth
from rigid_depth.errors import RigidDepthError

KINDS = ("linear", "reciprocal")
depths_m = st.lists(st.floats(1.0, 100.0), min_size=1, max_size=50)


@given(depths_m, st.sampled_from(KINDS))
def test_round_trip_is_exact(values, kind):
    depth_m = torch.tensor(values, dtype=torch.float64)
    back = decode_depth(encode_depth(depth_m, kind), kind)
    torch.testing.assert_close(back, depth_m, rtol=0, atol=1e-12)


@given(depths_m)
def test_single_precision_costs_less_than_a_millimetre(values):
    depth_m = torch.tensor(values, dtype=torch.float32)
    for kind in KINDS:
        back = decode_depth(encode_depth(depth_m, kind), kind)
        torch.testing.assert_close(back, depth_m, rtol=0, atol=1e-3)


def test_values_by_hand():
    depth_m = torch.tensor([0.0, 1.0, 20.0, 100.0, 150.0], dtype=torch.float64)
    linear = torch.tensor([0.0, 0.99, 0.8, 0.0, 0.0], dtype=torch.float64)
    reciprocal = torch.tensor([0.0, 1.0, 0.05, 0.01, 0.01], dtype=torch.float64)
    torch.testing.assert_close(encode_depth(depth_m, "linear"), linear)
    torch.testing.assert_close(encode_depth(depth_m, "reciprocal"), reciprocal)


@pytest.mark.parametrize("kind", KINDS)
def test_a_return_at_the_maximum_is_lost_by_the_encoding_not_by_the_mask(kind):
    depth_m = torch.tensor([100.0, 0.0])
    assert (depth_m > 0).tolist() == [True, False]
    assert decode_depth(encode_depth(depth_m, kind), kind)[0] == 100.0


@given(st.lists(st.tuples(st.floats(1, 100), st.floats(1, 100)), min_size=1))
def test_only_linear_turns_rmse_into_metres(pairs):
    a, b = torch.tensor(pairs, dtype=torch.float64).unbind(-1)
    encoded = (encode_depth(a) - encode_depth(b)).square().mean().sqrt()
    torch.testing.assert_close(100 * encoded, (a - b).square().mean().sqrt(), rtol=1e-9, atol=1e-9)


def test_decoding_a_prediction_stays_in_range():
    prediction = torch.tensor([0.0, 0.001, 0.5, 1.0])
    assert decode_depth(prediction, "reciprocal").tolist() == [100.0, 100.0, 2.0, 1.0]
    assert decode_depth(prediction, "linear").tolist() == pytest.approx([100.0, 99.9, 50.0, 0.0])


@pytest.mark.parametrize("function", [encode_depth, decode_depth])
def test_unknown_kind_is_named(function):
    with pytest.raises(RigidDepthError, match="'inverse' does not exist; use 'linear'"):
        function(torch.ones(1), "inverse")
