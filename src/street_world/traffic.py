"""What may move or be moved, each with its track: ego car, vehicles, people, road works."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from street_world.furniture import make_barrier, make_cone
from street_world.layout import Site
from street_world.materials import M
from street_world.mesh import Mesh, Model
from street_world.people import make_person
from street_world.sensors import Pose, rotation_from_ypr
from street_world.streets import EGO_START_M, KERB_M, Street
from street_world.style import Style
from street_world.vehicles import make_vehicle

_BY_THE_KERB = ("sedan", "hatchback", "suv", "van")
VEHICLE_KINDS = {
    "sedan": 0.29,
    "hatchback": 0.22,
    "suv": 0.20,
    "van": 0.10,
    "truck": 0.10,
    "bus": 0.04,
    "bicycle": 0.05,
}

Track = Callable[[float], Pose]
"""Where something is (on the ground) at a time in s."""


@dataclass(frozen=True)
class Actor:
    """An annotated object: what it is, what it does (an attribute of nuScenes), where it is.

    One that is `still` stands in the same place at all times.
    """

    model: Model
    attribute: str
    track: Track
    still: bool = False


@dataclass(frozen=True)
class EgoTrack:
    """The ego car's drive: along its lane with changing speed, swaying and nodding a little."""

    street: Street
    lane: int
    offset: float
    speed: float  # m/s
    swing: float  # m, of the position about steady speed
    omega: float  # rad/s
    phase: np.ndarray
    weave: float  # m
    nod: np.ndarray  # rad

    def course(self, t: float) -> float:
        """Metres along the street at time t (s)."""
        turn = np.sin(self.omega * t + self.phase[0]) - np.sin(self.phase[0])
        return EGO_START_M + self.speed * t + self.swing * turn

    def __call__(self, t: float) -> Pose:
        """The car's pose at time t (s)."""
        d = self.offset + self.weave * np.sin(0.7 * t + self.phase[1])
        drift = self.weave * 0.7 * np.cos(0.7 * t + self.phase[1]) / max(self.speed, 1.0)
        pose = standing(self.street, self.course(t), d, heading_offset=drift)
        sway = self.nod * np.sin([2.1 * t + self.phase[2], 1.7 * t + self.phase[3]])
        return Pose(pose.rotation @ rotation_from_ypr(0.0, *sway), pose.position)


def make_ego(site: Site, seconds: float, generator: Generator) -> EgoTrack:
    """A drive that stays on the street for `seconds`."""
    street = site.street
    speed = generator.uniform(4.0, 10.5) * min(1.0, 10 / max(seconds, 0.1) + 0.2)
    omega = 2 * np.pi / generator.uniform(5, 12)
    lane = int(generator.integers(street.lanes))
    return EgoTrack(
        street=street,
        lane=lane,
        offset=-site.side * (lane + 0.5) * street.lane_m,
        speed=speed,
        swing=generator.uniform(0.2, 0.9) * speed / omega,
        omega=omega,
        phase=generator.uniform(0, 2 * np.pi, 4),
        weave=generator.uniform(0.05, 0.25),
        nod=np.radians(generator.uniform(0.1, 0.5, 2)),
    )


def standing(
    street: Street, s: float, d: float, reverse: bool = False, heading_offset: float = 0.0
) -> Pose:
    """The pose of something that stands at (s, d), tilted with the ground."""
    xy, heading = street.at(s, d)
    yaw = float(heading) + heading_offset + (np.pi if reverse else 0.0)
    ahead = np.array([np.cos(yaw), np.sin(yaw)])
    left = np.array([-ahead[1], ahead[0]])
    around = xy + np.array([1.4 * ahead, -1.4 * ahead, 0.8 * left, -0.8 * left, 0 * left])
    z = street.terrain.height(around)
    pitch, roll = -np.arctan((z[0] - z[1]) / 2.8), np.arctan((z[2] - z[3]) / 1.6)
    return Pose(rotation_from_ypr(yaw, pitch, roll), np.array([*xy, z[4]]))


def _upright(street: Street, s: float, d: float, turn: float, lift: float) -> Pose:
    """The pose of somebody who stands at (s, d), turned from the street's direction."""
    xy, heading = street.at(s, d)
    z = street.terrain.height(xy) + lift
    return Pose(rotation_from_ypr(float(heading + turn), 0.0, 0.0), np.array([*xy, z]))


def _walk(
    street: Street, s: float, d: float, along: float, across: float, turn: float, lift: float
) -> Track:
    """The track of somebody who walks `along` and `across` the street (m/s)."""
    return lambda t: _upright(street, s + along * t, d + across * t, turn, lift)


def _fixed(model: Model, attribute: str, pose: Pose) -> Actor:
    """An actor that stays where it is."""
    return Actor(model, attribute, lambda t: pose, still=True)


def _pick(models: list[Model], generator: Generator) -> Model:
    """One of the models."""
    return models[generator.integers(len(models))]


def _fleet(generator: Generator, count: int = 18) -> list[Model]:
    """The vehicles of a scene, of which each may appear several times."""
    kinds = generator.choice(list(VEHICLE_KINDS), count, p=list(VEHICLE_KINDS.values()))
    kinds[:4] = list(VEHICLE_KINDS)[:4]
    return [make_vehicle(str(kind), generator) for kind in kinds]


def _unlit(mesh: Mesh) -> Mesh:
    """The same vehicle with its lights out."""
    lights = np.isin(mesh.material, [M["headlight"], M["taillight"]])
    return replace(mesh, material=np.where(lights, M["sign"], mesh.material))


def _parked(site: Site, fleet: list[Model], generator: Generator) -> list[Actor]:
    """Rows of parked cars along both kerbs, with holes."""
    street, actors = site.street, []
    cars = [v._replace(mesh=_unlit(v.mesh)) for v in fleet if v.kind in _BY_THE_KERB]
    for direction in (-1, 1):
        s = generator.uniform(0, 12)
        while s < street.end - 10:
            car = _pick(cars, generator)
            width, length, _ = car.size
            middle = s + length / 2
            free = all(middle < a - 9 or middle > b + 9 for a, b in site.gaps)
            if free and generator.random() < site.style.parking:
                d = street.lanes * street.lane_m + 0.1 + width / 2 + generator.uniform(0, 0.3)
                reverse = (direction == site.side) != (generator.random() < 0.05)
                pose = standing(street, middle, direction * d, reverse, generator.normal(0, 0.02))
                actors.append(_fixed(car, "vehicle.parked", pose))
            hole = generator.exponential(9) if generator.random() < 0.3 else 0
            s += length + generator.uniform(0.7, 2.2) + hole
    return actors


def _driving(site: Site, ego: EgoTrack, fleet: list[Model], generator: Generator) -> list[Actor]:
    """Vehicles before and behind the ego car, in its other lanes, and coming towards it."""
    street, actors = site.street, []

    def add(d: float, course: Callable[[float], float], reverse: bool) -> None:
        model = _pick(fleet, generator)
        place = d + generator.normal(0, 0.15)
        attribute = "cycle.with_rider" if model.kind == "bicycle" else "vehicle.moving"
        actors.append(
            Actor(model, attribute, lambda t: standing(street, course(t), place, reverse))
        )

    for lane in range(street.lanes):
        d = -site.side * (lane + 0.5) * street.lane_m
        for gap in _gaps(site.style, lane == ego.lane, generator):
            lag = 0.05 * abs(gap) if lane == ego.lane else generator.uniform(0, 3)
            add(d, _follow(ego, gap, lag), False)
        s, speed = generator.uniform(EGO_START_M - 45, EGO_START_M + 30), generator.uniform(5, 10)
        while s < street.end + 60:
            add(-d, lambda t, s=s, speed=speed: s - speed * t, True)
            s += 13 + generator.exponential(26 / site.style.traffic)
    return actors


def _follow(ego: EgoTrack, gap: float, lag: float) -> Callable[[float], float]:
    """The course of a vehicle `gap` m ahead that does what the ego car does `lag` s later."""
    return lambda t: ego.course(t + lag) - ego.course(lag) + EGO_START_M + gap


def _gaps(style: Style, own_lane: bool, generator: Generator) -> list[float]:
    """Distances ahead (negative: behind) of the vehicles in one lane."""
    near = generator.random() < style.traffic * 0.6 + 0.2
    gaps = [generator.uniform(11, 35) if near else generator.uniform(45, 80)]
    while gaps[-1] < 150:
        gaps.append(gaps[-1] + 13 + generator.exponential(24 / style.traffic))
    if not own_lane:
        gaps.append(generator.uniform(-4, min(9, gaps[0] - 12) if gaps[0] > 10 else -3))
    return [*gaps, generator.uniform(-32, -18)]


def _people(site: Site, generator: Generator) -> list[Actor]:
    """People on the pavements and on the crossings."""
    street, actors = site.street, []
    walkers = [make_person(True, generator) for _ in range(6)]
    waiting = [make_person(False, generator) for _ in range(4)]
    for _ in range(generator.poisson(site.style.people * (street.end - street.start) / 10)):
        s, direction = generator.uniform(street.start, street.end), generator.choice([-1, 1])
        d = direction * (street.half_road + generator.uniform(0.5, max(street.pavement - 0.3, 0.6)))
        if generator.random() < 0.7:
            speed = generator.uniform(0.8, 1.6) * generator.choice([-1, 1])
            person = _pick(walkers, generator)
            turn = np.pi if speed < 0 else 0.0
            track = _walk(street, s, d, speed, 0.0, turn, KERB_M)
            actors.append(Actor(person, "pedestrian.moving", track))
        else:
            pose = _upright(street, s, d, generator.uniform(-3, 3), KERB_M)
            actors.append(_fixed(_pick(waiting, generator), "pedestrian.standing", pose))
    for a, _ in site.gaps:
        for _ in range(generator.poisson(1.2) if a > EGO_START_M + 25 else 0):
            s, d = generator.uniform(a - 3, a - 1), generator.uniform(-1, 1) * street.half_road
            speed = generator.choice([-1, 1]) * generator.uniform(0.9, 1.4)
            turn = np.sign(speed) * np.pi / 2
            person = _pick(walkers, generator)
            track = _walk(street, s, d, 0.0, speed, turn, 0.0)
            actors.append(Actor(person, "pedestrian.moving", track))
    return actors


def _works(street: Street, generator: Generator) -> list[Actor]:
    """Road works: a row of barriers or cones along one edge of the road."""
    d = generator.choice([-1, 1]) * (street.lanes * street.lane_m - 0.2)
    start = generator.uniform(EGO_START_M + 10, EGO_START_M + 60)
    if generator.random() < 0.6:
        size, step = (0.5, 1.9, 1.0), 2.0
        pieces = [
            Model("barrier", make_barrier(red), size, "movable_object.barrier")
            for red in (True, False)
        ]
    else:
        size, step = (0.38, 0.38, 0.72), 3.5
        pieces = [Model("cone", make_cone(), size, "movable_object.trafficcone")]
    return [
        _fixed(pieces[k % len(pieces)], "", standing(street, start + k * step, d))
        for k in range(int(generator.integers(6, 22)))
    ]


def make_actors(site: Site, ego: EgoTrack, generator: Generator) -> list[Actor]:
    """All annotated objects of a scene."""
    fleet = _fleet(generator)
    actors = _driving(site, ego, fleet, generator)
    actors += _people(site, generator)
    if site.style.parking > 0:
        actors += _parked(site, fleet, generator)
    elif generator.random() < 0.6:
        actors += _works(site.street, generator)
    return actors
