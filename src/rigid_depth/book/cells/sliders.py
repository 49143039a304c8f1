"""One slider for the plotly figures of the book: it walks through named states of some traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from rigid_depth.errors import RigidDepthError


def slider_figure(
    states: Mapping[str, Sequence], *, still: Sequence = (), active: int = 0, **options
) -> go.Figure:
    """A figure of the traces of one state, with a slider for the others; `still` traces stay.

    `active` is the state shown first, by its place; further options are those of `add_slider`.
    """
    moving = list(states.values())[active]
    figure = go.Figure([*moving, *still])
    return add_slider(figure, states, active=active, traces=range(len(moving)), **options)


def add_slider(
    figure: go.Figure,
    states: Mapping[str, Sequence],
    *,
    traces: Sequence[int],
    prefix: str = "",
    suffix: str = "",
    active: int = 0,
    titles: Mapping[str, str] | None = None,
    duration_ms: int = 0,
    transition_ms: int = 0,
    play_ms: int | None = None,
    redraw: bool = True,
    top_px: int = 45,
    **place,
) -> go.Figure:
    """Adds a slider below a figure; returns the figure.

    Args:
        states: label of a step -> what the figure's `traces` become there, traces or parts of them.
        traces: places in `figure.data` of the traces that change, in the order of the states'.
        prefix, suffix: around the label of the step chosen, above the slider.
        active: place of the state that the figure shows already.
        titles: label -> title of the whole figure at this step.
        duration_ms, transition_ms: of a step; 0 changes at once.
        play_ms: milliseconds for each step of a button that plays them all; None: no button.
        redraw: whether a step draws the figure anew; three-dimensional traces and titles need it.
        top_px: room between the plot and the slider.
        place: further properties of plotly's slider, such as `x` and `len`.

    Raises RigidDepthError if a state does not have as many traces as `traces` names.
    """
    figure.frames = _frames(states, list(traces), titles or {})
    if titles:
        figure.update_layout(title_text=titles[list(states)[active]])
    steps = [
        {
            "label": label,
            "method": "animate",
            "args": [[label], _move(duration_ms, transition_ms, redraw)],
        }
        for label in states
    ]
    slider = {
        "steps": steps,
        "active": active,
        "currentvalue": {"prefix": prefix, "suffix": suffix},
        "pad": {"t": top_px},
    }
    if play_ms is not None:
        slider |= {"x": 0.14, "len": 0.86}
        _add_play(figure, {**_move(play_ms, transition_ms, redraw), "fromcurrent": True}, top_px)
    figure.update_layout(sliders=[slider | place])
    return figure


def _frames(states: Mapping, places: list[int], titles: Mapping[str, str]) -> list[go.Frame]:
    """A frame for each state, with what it changes."""
    for label, data in states.items():
        if len(data) != len(places):
            raise RigidDepthError(
                f"slider: state '{label}' has {len(data)} traces, but {len(places)} change."
            )
    layouts = {label: {"title": {"text": title}} for label, title in titles.items()}
    return [
        go.Frame(data=list(data), traces=places, name=label, layout=layouts.get(label))
        for label, data in states.items()
    ]


def _move(duration_ms: int, transition_ms: int, redraw: bool) -> dict:
    """How plotly goes to a frame."""
    return {
        "mode": "immediate",
        "frame": {"duration": duration_ms, "redraw": redraw},
        "transition": {"duration": transition_ms},
    }


def _add_play(figure: go.Figure, move: dict, top_px: int) -> None:
    """A button to the left of the slider that walks through all states."""
    button = {"label": "▶", "method": "animate", "args": [None, move]}
    menu = {"type": "buttons", "buttons": [button], "showactive": False, "x": 0, "y": 0}
    menu |= {"xanchor": "left", "yanchor": "top", "pad": {"t": top_px + 6}}
    figure.update_layout(updatemenus=[menu])
