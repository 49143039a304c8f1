"""A synthetic world of streets, as a nuScenes v1.0 folder with dense depth and sky truth."""

from street_world.errors import StreetWorldError
from street_world.sensors import CAMERAS
from street_world.settings import VERSION
from street_world.writing import is_complete, write_world

__all__ = ["CAMERAS", "VERSION", "StreetWorldError", "is_complete", "write_world"]
