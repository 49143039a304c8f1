"""Kinds of street (`Style`) and the colours, materials and marks of one place (`Look`)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator


class Style(NamedTuple):
    """What streets of a kind have in common: ranges, shares (0 to 1) and densities."""

    lanes: tuple[int, int]  # per direction
    setback: tuple[float, float]  # m between pavement and houses
    floors: tuple[int, int]
    gap: float  # share of gaps between houses
    trees: float
    people: float
    parking: float
    traffic: float
    houses: float  # share of detached houses
    density: float  # of the second row of houses
    tallest_m: float  # of the second row


STYLES = {
    "residential": Style((1, 1), (2, 7), (1, 2), 0.12, 0.8, 0.5, 0.65, 0.6, 0.8, 0.4, 12),
    "downtown": Style((1, 2), (0.2, 2), (3, 12), 0.03, 0.45, 1.5, 0.6, 1.1, 0.0, 1.0, 60),
    "suburb": Style((1, 1), (5, 13), (1, 4), 0.3, 0.95, 0.3, 0.4, 0.6, 0.6, 0.15, 22),
    "industrial": Style((1, 2), (4, 14), (2, 4), 0.2, 0.45, 0.2, 0.4, 0.8, 0.0, 0.4, 16),
    "avenue": Style((2, 3), (3, 11), (4, 16), 0.15, 0.85, 0.6, 0.0, 1.0, 0.0, 0.8, 70),
}


@dataclass(frozen=True)
class Look:
    """Colours (linear, [3]), materials and road marks of one place; lengths in m."""

    asphalt: np.ndarray
    kerb: np.ndarray
    pavement: np.ndarray
    pavement_material: str
    verge_material: str
    verge: np.ndarray
    grass: np.ndarray
    mark_wear: float
    yellow_centre: bool
    double_centre: bool
    dash_m: float
    dash_gap: float  # period of the dashes, in dashes
    edge_line: bool
    zebra: bool


def make_look(kind: str, generator: Generator) -> Look:
    """The random look of a street of this kind."""
    draw, chance = generator.uniform, generator.random
    grass = np.array([0.10, 0.16, 0.04]) * draw(0.7, 1.3) + draw(0, 0.04, 3)
    paved = kind == "downtown" or (kind == "avenue" and chance() < 0.5)
    asphalt = np.array([0.16, 0.16, 0.165]) * draw(0.55, 1.7)
    asphalt = asphalt * (1 + generator.normal(0, 0.02, 3))
    kerb = np.full(3, draw(0.28, 0.5))
    pavement = np.array([0.42, 0.40, 0.37]) * draw(0.6, 1.25)
    pavement = pavement * (1 + generator.normal(0, 0.05, 3))
    return Look(  # in the order of the draws
        asphalt=asphalt,
        kerb=kerb,
        pavement=pavement,
        pavement_material=str(generator.choice(["paving", "concrete"])),
        verge_material="paving" if paved else "grass",
        verge=np.array([0.40, 0.37, 0.34]) * draw(0.7, 1.1) if paved else grass,
        grass=grass,
        mark_wear=draw(0.55, 1.0),
        yellow_centre=bool(chance() < 0.4),
        double_centre=bool(chance() < 0.4),
        dash_m=draw(1.2, 3.2),
        dash_gap=draw(1.8, 3.5),
        edge_line=bool(chance() < 0.5),
        zebra=bool(chance() < 0.7),
    )
