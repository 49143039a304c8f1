"""The slider of the figures, against plotly's own check of what it is given."""

import plotly.graph_objects as go
import pytest
from plotly.io import from_json

from rigid_depth.book.cells.sliders import add_slider, slider_figure
from rigid_depth.errors import RigidDepthError

STATES = {str(k): [go.Scatter(x=[0, 1], y=[0, k])] for k in (1, 2, 3)}


def test_every_step_leads_to_its_frame():
    still = go.Scatter(x=[0, 1], y=[5, 5])
    figure = slider_figure(STATES, still=[still], active=1, prefix="k = ", suffix=" m")
    (slider,) = figure.layout.sliders
    frames = {frame.name: frame for frame in figure.frames}
    assert [step.args[0][0] for step in slider.steps] == list(frames) == list(STATES)
    assert {step.method for step in slider.steps} == {"animate"}
    assert all(frame.traces == (0,) for frame in frames.values())
    assert frames["3"].data[0].y == (0, 3)
    assert figure.data[0].y == frames[slider.steps[slider.active].label].data[0].y == (0, 2)
    assert figure.data[1].y == (5, 5)
    assert (slider.currentvalue.prefix, slider.currentvalue.suffix) == ("k = ", " m")


def test_traces_are_those_named_and_parts_of_traces_will_do():
    figure = go.Figure([go.Scatter(y=[9]), go.Scatter(y=[0])])
    add_slider(figure, {"a": [{"y": [1]}], "b": [{"y": [2]}]}, traces=[1])
    assert [frame.traces for frame in figure.frames] == [(1,), (1,)]
    assert [frame.data[0].y for frame in figure.frames] == [(1,), (2,)]
    assert len(figure.layout.updatemenus) == 0


def test_titles_change_with_the_step_and_a_button_plays():
    figure = slider_figure(STATES, titles={k: f"title {k}" for k in STATES}, active=2, play_ms=80)
    assert figure.layout.title.text == "title 3"
    assert [frame.layout.title.text for frame in figure.frames] == ["title 1", "title 2", "title 3"]
    (button,) = figure.layout.updatemenus[0].buttons
    assert button.args[0] is None
    assert button.args[1]["frame"]["duration"] == 80
    assert figure.layout.sliders[0].x > 0  # room for the button
    assert from_json(figure.to_json()).layout.sliders[0].active == 2


def test_place_of_the_slider_can_be_said():
    figure = slider_figure(STATES, x=0.3, len=0.5, top_px=10)
    slider = figure.layout.sliders[0]
    assert (slider.x, slider.len, slider.pad.t) == (0.3, 0.5, 10)


def test_a_state_with_other_traces_is_refused():
    states = {"one": [{"y": [1]}], "two": [{"y": [1]}, {"y": [2]}]}
    with pytest.raises(RigidDepthError, match="state 'two' has 2 traces, but 1 change"):
        add_slider(go.Figure(go.Scatter(y=[0])), states, traces=[0])
