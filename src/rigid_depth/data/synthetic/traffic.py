"""Everything that may move or be moved: the ego car, vehicles, people, road works, each with its
track."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rigid_depth.data.synthetic.furniture import make_barrier, make_cone
from rigid_depth.data.synthetic.materials import M
from rigid_depth.data.synthetic.mesh import Mesh
from rigid_depth.data.synthetic.people import make_person
from rigid_depth.data.synthetic.sensors import rotation_from_ypr
from rigid_depth.data.synthetic.streets import KERB_M
from rigid_depth.data.synthetic.vehicles import make_vehicle

EGO_START_M = 60.0
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


@dataclass(frozen=True)
class Actor:
    """An annotated object; ``track(t)`` gives its rotation [3,3] and ground position [3] at time t
    (s)."""

    mesh: Mesh
    size: tuple[float, float, float]
    category: str
    attribute: str
    track: Callable


@dataclass(frozen=True)
class EgoTrack:
    """The ego car's drive: along its lane with changing speed, swaying and nodding a little."""

    street: object
    lane: int
    offset: float
    speed: float  # m/s
    swing: float  # m, of the position about steady speed
    omega: float  # rad/s
    phase: np.ndarray
    weave: float  # m
    nod: np.ndarray  # rad

    def course(self, t):
        """Metres along the street at time t (s)."""
        turn = np.sin(self.omega * t + self.phase[0]) - np.sin(self.phase[0])
        return EGO_START_M + self.speed * t + self.swing * turn

    def __call__(self, t):
        """Rotation [3,3] and position [3] of the car at time t (s)."""
        d = self.offset + self.weave * np.sin(0.7 * t + self.phase[1])
        drift = self.weave * 0.7 * np.cos(0.7 * t + self.phase[1]) / max(self.speed, 1.0)
        rotation, position = standing(self.street, self.course(t), d, heading_offset=drift)
        sway = self.nod * np.sin([2.1 * t + self.phase[2], 1.7 * t + self.phase[3]])
        return rotation @ rotation_from_ypr(0.0, *sway), position


def make_ego(street, side: int, generator, seconds: float) -> EgoTrack:
    """A drive that stays on the street for ``seconds``."""
    speed = generator.uniform(4.0, 10.5) * min(1.0, 10 / max(seconds, 0.1) + 0.2)
    omega = 2 * np.pi / generator.uniform(5, 12)
    lane = int(generator.integers(street.lanes))
    return EgoTrack(
        street=street,
        lane=lane,
        offset=-side * (lane + 0.5) * street.lane_m,
        speed=speed,
        swing=generator.uniform(0.2, 0.9) * speed / omega,
        omega=omega,
        phase=generator.uniform(0, 2 * np.pi, 4),
        weave=generator.uniform(0.05, 0.25),
        nod=np.radians(generator.uniform(0.1, 0.5, 2)),
    )


def standing(street, s, d, reverse=False, heading_offset=0.0):
    """Rotation and position of something that stands at (s, d), tilted with the ground."""
    xy, heading = street.at(s, d)
    yaw = float(heading) + heading_offset + (np.pi if reverse else 0.0)
    ahead = np.array([np.cos(yaw), np.sin(yaw)])
    left = np.array([-ahead[1], ahead[0]])
    around = xy + np.array([1.4 * ahead, -1.4 * ahead, 0.8 * left, -0.8 * left, 0 * left])
    z = street.terrain.height(around)
    pitch, roll = -np.arctan((z[0] - z[1]) / 2.8), np.arctan((z[2] - z[3]) / 1.6)
    return rotation_from_ypr(yaw, pitch, roll), np.array([*xy, z[4]])


def _upright(street, s, d, turn, lift):
    """Rotation and position of somebody who stands at (s, d), turned from the street's
    direction."""
    xy, heading = street.at(s, d)
    z = street.terrain.height(xy) + lift
    return rotation_from_ypr(float(heading + turn), 0.0, 0.0), np.array([*xy, z])


def _walk(street, s, d, along, across, turn, lift) -> Callable:
    """The track of somebody who walks ``along`` and ``across`` the street (m/s)."""
    return lambda t: _upright(street, s + along * t, d + across * t, turn, lift)


def _fixed(mesh, size, category, attribute, pose) -> Actor:
    return Actor(mesh, size, category, attribute, lambda t: pose)


def _fleet(generator, count=18) -> list[tuple]:
    """The vehicles of a scene, of which each may appear several times."""
    kinds = generator.choice(list(VEHICLE_KINDS), count, p=list(VEHICLE_KINDS.values()))
    kinds[:4] = list(VEHICLE_KINDS)[:4]
    return [(str(kind), *make_vehicle(str(kind), generator)) for kind in kinds]


def _unlit(mesh: Mesh) -> Mesh:
    """The same vehicle with its lights out."""
    lights = np.isin(mesh.material, [M["headlight"], M["taillight"]])
    return replace(mesh, material=np.where(lights, M["sign"], mesh.material))


def _parked(street, side, generator, style, gaps, fleet) -> list[Actor]:
    """Rows of parked cars along both kerbs, with holes."""
    actors = []
    cars = [(v[0], _unlit(v[1]), *v[2:]) for v in fleet if v[0] in _BY_THE_KERB]
    for direction in (-1, 1):
        s = generator.uniform(0, 12)
        while s < street.end - 10:
            _, mesh, size, category = cars[generator.integers(len(cars))]
            middle = s + size[1] / 2
            free = all(middle < a - 9 or middle > b + 9 for a, b in gaps)
            if free and generator.random() < style["parking"]:
                d = street.lanes * street.lane_m + 0.1 + size[0] / 2 + generator.uniform(0, 0.3)
                reverse = (direction == side) != (generator.random() < 0.05)
                pose = standing(street, middle, direction * d, reverse, generator.normal(0, 0.02))
                actors.append(_fixed(mesh, size, category, "vehicle.parked", pose))
            hole = generator.exponential(9) if generator.random() < 0.3 else 0
            s += size[1] + generator.uniform(0.7, 2.2) + hole
    return actors


def _driving(street, side, generator, style, ego, fleet) -> list[Actor]:
    """Vehicles before and behind the ego car, in its other lanes, and coming towards it."""
    actors = []

    def add(d, course, reverse):
        kind, mesh, size, category = fleet[generator.integers(len(fleet))]
        place = d + generator.normal(0, 0.15)
        attribute = "cycle.with_rider" if kind == "bicycle" else "vehicle.moving"
        actors.append(
            Actor(
                mesh,
                size,
                category,
                attribute,
                lambda t: standing(street, course(t), place, reverse),
            )
        )

    for lane in range(street.lanes):
        d = -side * (lane + 0.5) * street.lane_m
        for gap in _gaps(generator, style, lane == ego.lane):
            lag = 0.05 * abs(gap) if lane == ego.lane else generator.uniform(0, 3)
            add(d, _follow(ego, gap, lag), False)
        s, speed = generator.uniform(EGO_START_M - 45, EGO_START_M + 30), generator.uniform(5, 10)
        while s < street.end + 60:
            add(-d, lambda t, s=s, speed=speed: s - speed * t, True)
            s += 13 + generator.exponential(26 / style["traffic"])
    return actors


def _follow(ego, gap, lag):
    """The course of a vehicle ``gap`` metres ahead that does what the ego car does, ``lag``
    seconds before."""
    return lambda t: ego.course(t + lag) - ego.course(lag) + EGO_START_M + gap


def _gaps(generator, style, own_lane) -> list[float]:
    """Distances ahead (negative: behind) of the vehicles in one lane."""
    near = generator.random() < style["traffic"] * 0.6 + 0.2
    gaps = [generator.uniform(11, 35) if near else generator.uniform(45, 80)]
    while gaps[-1] < 150:
        gaps.append(gaps[-1] + 13 + generator.exponential(24 / style["traffic"]))
    if not own_lane:
        gaps.append(generator.uniform(-4, min(9, gaps[0] - 12) if gaps[0] > 10 else -3))
    return [*gaps, generator.uniform(-32, -18)]


def _people(street, side, generator, style, gaps) -> list[Actor]:
    """People on the pavements and on the crossings."""
    actors = []
    walkers = [make_person(True, generator) for _ in range(6)]
    waiting = [make_person(False, generator) for _ in range(4)]
    for _ in range(generator.poisson(style["people"] * (street.end - street.start) / 10)):
        s, direction = generator.uniform(street.start, street.end), generator.choice([-1, 1])
        d = direction * (street.half_road + generator.uniform(0.5, max(street.pavement - 0.3, 0.6)))
        if generator.random() < 0.7:
            speed = generator.uniform(0.8, 1.6) * generator.choice([-1, 1])
            person = walkers[generator.integers(len(walkers))]
            turn = np.pi if speed < 0 else 0.0
            track = _walk(street, s, d, speed, 0.0, turn, KERB_M)
            actors.append(Actor(*person, "pedestrian.moving", track))
        else:
            pose = _upright(street, s, d, generator.uniform(-3, 3), KERB_M)
            person = waiting[generator.integers(len(waiting))]
            actors.append(_fixed(*person, "pedestrian.standing", pose))
    for a, _ in gaps:
        for _ in range(generator.poisson(1.2) if a > EGO_START_M + 25 else 0):
            s, d = generator.uniform(a - 3, a - 1), generator.uniform(-1, 1) * street.half_road
            speed = generator.choice([-1, 1]) * generator.uniform(0.9, 1.4)
            turn = np.sign(speed) * np.pi / 2
            person = walkers[generator.integers(len(walkers))]
            track = _walk(street, s, d, 0.0, speed, turn, 0.0)
            actors.append(Actor(*person, "pedestrian.moving", track))
    return actors


def _works(street, generator) -> list[Actor]:
    """Road works: a row of barriers or cones along one edge of the road."""
    d = generator.choice([-1, 1]) * (street.lanes * street.lane_m - 0.2)
    start = generator.uniform(EGO_START_M + 10, EGO_START_M + 60)
    barriers = generator.random() < 0.6
    pieces = [make_barrier(True), make_barrier(False)] if barriers else [make_cone()]
    size = (0.5, 1.9, 1.0) if barriers else (0.38, 0.38, 0.72)
    name = "movable_object." + ("barrier" if barriers else "trafficcone")
    step = 2.0 if barriers else 3.5
    return [
        _fixed(pieces[k % len(pieces)], size, name, "", standing(street, start + k * step, d))
        for k in range(int(generator.integers(6, 22)))
    ]


def make_actors(street, side, generator, style, gaps, ego) -> list[Actor]:
    """All annotated objects of a scene."""
    fleet = _fleet(generator)
    actors = _driving(street, side, generator, style, ego, fleet)
    actors += _people(street, side, generator, style, gaps)
    if style["parking"] > 0:
        actors += _parked(street, side, generator, style, gaps, fleet)
    elif generator.random() < 0.6:
        actors += _works(street, generator)
    return actors
