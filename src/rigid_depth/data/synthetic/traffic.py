"""Everything that may move: the ego car, vehicles and people, each with its track over time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rigid_depth.data.synthetic.furniture import make_barrier, make_cone
from rigid_depth.data.synthetic.mesh import Mesh
from rigid_depth.data.synthetic.people import make_person
from rigid_depth.data.synthetic.sensors import rotation_from_ypr
from rigid_depth.data.synthetic.streets import KERB_M
from rigid_depth.data.synthetic.vehicles import make_vehicle

EGO_START_M = 60.0


@dataclass(frozen=True)
class Actor:
    """An annotated object; ``track(t)`` gives its rotation [3,3] and ground position [3] at time t (s)."""

    mesh: Mesh
    size: tuple[float, float, float]
    category: str
    attribute: str
    track: Callable


def make_ego(street, side: int, generator, seconds: float) -> Callable:
    """The ego car's track; it drives in a lane with changing speed, sways and nods a little."""
    speed = generator.uniform(5.0, 10.5) * min(1.0, 11 / max(seconds, 0.1) + 0.25)
    omega = 2 * np.pi / generator.uniform(5, 12)
    swing = generator.uniform(0.2, 0.85) * speed / omega
    phase = generator.uniform(0, 2 * np.pi, 4)
    lane = generator.integers(street.lanes)
    offset = -side * (lane + 0.5) * street.lane_m
    weave = generator.uniform(0.05, 0.25)
    nod = np.radians(generator.uniform(0.1, 0.5, 2))

    def course(t):
        return EGO_START_M + speed * t + swing * (np.sin(omega * t + phase[0]) - np.sin(phase[0]))

    def track(t):
        s = course(t)
        d = offset + weave * np.sin(0.7 * t + phase[1])
        sway = np.array([nod[0] * np.sin(2.1 * t + phase[2]), nod[1] * np.sin(1.7 * t + phase[3])])
        rotation, position = standing(
            street, s, d, heading_offset=weave * 0.7 * np.cos(0.7 * t + phase[1]) / 8
        )
        return rotation @ rotation_from_ypr(0, *sway), position

    track.course = course
    track.lane = lane
    track.offset = offset
    return track


def standing(street, s, d, reverse=False, heading_offset=0.0, lift=0.0):
    """Rotation and position of something that stands on the terrain at (s, d), tilted with the ground."""
    xy, heading = street.at(s, d)
    yaw = float(heading) + heading_offset + (np.pi if reverse else 0.0)
    ahead = np.array([np.cos(yaw), np.sin(yaw)])
    left = np.array([-ahead[1], ahead[0]])
    height = street.terrain.height
    pitch = -np.arctan((height(xy + 1.4 * ahead) - height(xy - 1.4 * ahead)) / 2.8)
    roll = np.arctan((height(xy + 0.8 * left) - height(xy - 0.8 * left)) / 1.6)
    return rotation_from_ypr(yaw, pitch, roll), np.array([*xy, height(xy) + lift])


def _parked(street, side, generator, style, gaps) -> list[Actor]:
    actors = []
    lane_edge = street.lanes * street.lane_m
    for direction in (-1, 1):
        s = generator.uniform(0, 12)
        while s < street.end - 10:
            kind = generator.choice(
                ["sedan", "hatchback", "suv", "van", "truck"], p=[0.36, 0.28, 0.22, 0.1, 0.04]
            )
            mesh, size, category = make_vehicle(kind, generator)
            middle = s + size[1] / 2
            free = all(middle < a - 9 or middle > b + 9 for a, b in gaps)
            if free and generator.random() < style["parking"]:
                d = direction * (lane_edge + 0.1 + size[0] / 2 + generator.uniform(0, 0.3))
                reverse = (direction == side) != (generator.random() < 0.05)
                pose = standing(street, middle, d, reverse, generator.normal(0, 0.02))
                actors.append(
                    Actor(mesh, size, category, "vehicle.parked", lambda t, pose=pose: pose)
                )
            s += (
                size[1]
                + generator.uniform(0.7, 2.2)
                + (generator.exponential(9) if generator.random() < 0.3 else 0)
            )
    return actors


def _driving(street, side, generator, style, ego) -> list[Actor]:
    """Vehicles in front of and behind the ego car, in its other lanes, and coming towards it."""
    kinds = ["sedan", "hatchback", "suv", "van", "truck", "bus", "bicycle"]
    chance = [0.30, 0.22, 0.20, 0.09, 0.10, 0.05, 0.04]
    actors = []

    def add(d, place_at, reverse):
        kind = generator.choice(kinds, p=chance)
        mesh, size, category = make_vehicle(kind, generator)
        shift = generator.normal(0, 0.15)
        attribute = "cycle.with_rider" if kind == "bicycle" else "vehicle.moving"
        track = lambda t: standing(street, place_at(t), d + shift, reverse)  # noqa: E731
        actors.append(Actor(mesh, size, category, attribute, track))

    for lane in range(street.lanes):
        d = -side * (lane + 0.5) * street.lane_m
        gaps = (
            [generator.uniform(11, 40)]
            if generator.random() < style["traffic"] + 0.2
            else [generator.uniform(45, 80)]
        )
        while gaps[-1] < 150:
            gaps.append(gaps[-1] + 13 + generator.exponential(24 / style["traffic"]))
        if lane != ego.lane:
            gaps.append(generator.uniform(-2, 9))
        gaps.append(generator.uniform(-30, -13))
        for gap in gaps:
            lag = 0.0 if lane == ego.lane else generator.uniform(-1, 1)
            add(
                d,
                lambda t, gap=gap, lag=lag: (
                    ego.course(t + 0.05 * gap + lag)
                    - ego.course(0.05 * gap + lag)
                    + EGO_START_M
                    + gap
                ),
                False,
            )
        s = generator.uniform(EGO_START_M - 45, EGO_START_M + 30)
        speed = generator.uniform(5, 10)
        while s < street.end + 60:
            add(-d, lambda t, s=s, speed=speed: s - speed * t, True)
            s += 13 + generator.exponential(26 / style["traffic"])
    return actors


def _people(street, side, generator, style, gaps) -> list[Actor]:
    actors = []
    for _ in range(generator.poisson(style["people"] * (street.end - street.start) / 10)):
        walking = generator.random() < 0.7
        mesh, size, category = make_person(walking, generator)
        s = generator.uniform(street.start, street.end)
        direction = generator.choice([-1, 1])
        d = direction * (street.half_road + generator.uniform(0.5, max(street.pavement - 0.3, 0.6)))
        speed = generator.uniform(0.8, 1.6) * generator.choice([-1, 1]) if walking else 0.0
        turn = 0.0 if walking else generator.uniform(-3, 3)

        def track(t, s=s, d=d, speed=speed, turn=turn):
            return _upright(street, s + speed * t, d, turn + (np.pi if speed < 0 else 0), KERB_M)

        actors.append(
            Actor(mesh, size, category, f"pedestrian.{'moving' if walking else 'standing'}", track)
        )
    for a, b in gaps:
        for _ in range(generator.poisson(1.2)):
            mesh, size, category = make_person(True, generator)
            s, d0 = (
                generator.uniform(a - 3, a - 1),
                generator.uniform(-street.half_road, street.half_road),
            )
            speed = generator.choice([-1, 1]) * generator.uniform(0.9, 1.4)

            def cross(t, s=s, d0=d0, speed=speed):
                return _upright(street, s, d0 + speed * t, np.sign(speed) * np.pi / 2, 0.0)

            if a > EGO_START_M + 25:
                actors.append(Actor(mesh, size, category, "pedestrian.moving", cross))
    return actors


def _upright(street, s, d, turn, lift):
    xy, heading = street.at(s, d)
    rotation = rotation_from_ypr(float(heading) + turn, 0, 0)
    return rotation, np.array([*xy, street.terrain.height(xy) + lift])


def _works(street, side, generator) -> list[Actor]:
    """Road works: a row of barriers or cones along one edge of the road."""
    actors = []
    direction = generator.choice([-1, 1])
    start = generator.uniform(EGO_START_M + 10, EGO_START_M + 60)
    barriers = generator.random() < 0.6
    for k in range(int(generator.integers(6, 22))):
        mesh = make_barrier(k % 2 == 0) if barriers else make_cone()
        size = (0.5, 1.9, 1.0) if barriers else (0.38, 0.38, 0.72)
        name = "movable_object." + ("barrier" if barriers else "trafficcone")
        pose = standing(
            street,
            start + k * (2.0 if barriers else 3.5),
            direction * (street.lanes * street.lane_m - 0.2),
        )
        actors.append(Actor(mesh, size, name, "", lambda t, pose=pose: pose))
    return actors


def make_actors(street, side, generator, style, gaps, ego) -> list[Actor]:
    """All annotated objects of a scene."""
    actors = _driving(street, side, generator, style, ego) + _people(
        street, side, generator, style, gaps
    )
    if style["parking"] > 0:
        actors += _parked(street, side, generator, style, gaps)
    elif generator.random() < 0.5:
        actors += _works(street, side, generator)
    return actors
