"""What a surface belongs to: the classes of the class maps, in the manner of nuScenes."""

import numpy as np

from street_world.materials import M
from street_world.mesh import Mesh

CLASSES = (
    "sky",
    "road",  # carriageways with their marks and covers
    "pavement",  # with kerbs and paved verges
    "terrain",  # grass and open land
    "building",
    "fence",  # fences, railings and garden walls
    "furniture",  # lamps, signs, traffic lights, bollards, bins, benches, shelters
    "vegetation",  # trees and hedges
    "vehicle",  # cars, vans, trucks and buses
    "person",  # on foot
    "two-wheeler",  # a bicycle with its rider
    "movable",  # barriers and cones of road works
)
"""The names of the classes; a class map holds their places in this list."""
C = {name: number for number, name in enumerate(CLASSES)}
_GROUND = {"asphalt": "road", "mark": "road", "metal": "road", "grass": "terrain"}
_BESIDE = {"leaves": "vegetation", "bark": "vegetation"}
_CATEGORIES = {
    "vehicle.bicycle": "two-wheeler",
    "vehicle": "vehicle",
    "human": "person",
    "movable_object": "movable",
}


def of_ground(mesh: Mesh) -> np.ndarray:
    """Classes [F] of land, streets and marks: what is not road or grass is pavement."""
    return _by_material(mesh, _GROUND, "pavement")


def of_roadside(mesh: Mesh) -> np.ndarray:
    """Classes [F] of what stands beside a street: buildings have numbers, plants materials."""
    classes = _by_material(mesh, _BESIDE, "fence")
    classes[mesh.group > 0] = C["building"]
    return classes


def of_furniture(mesh: Mesh) -> np.ndarray:
    """Classes [F] of what stands along the kerbs."""
    return np.full(len(mesh.material), C["furniture"], np.uint8)


def of_category(category: str) -> int:
    """The class of an annotated object, by its category in nuScenes."""
    return next(C[name] for start, name in _CATEGORIES.items() if category.startswith(start))


def _by_material(mesh: Mesh, names: dict[str, str], otherwise: str) -> np.ndarray:
    """Classes [F] by the material of each triangle."""
    table = np.full(len(M), C[otherwise], np.uint8)
    for material, name in names.items():
        table[M[material]] = C[name]
    return table[mesh.material]
