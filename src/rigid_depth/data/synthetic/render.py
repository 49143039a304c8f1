"""The camera: primary rays, shading, sky, fog and the faults of a real sensor."""

import cv2
import numpy as np

from rigid_depth.data.synthetic import rays
from rigid_depth.data.synthetic.lighting import Light
from rigid_depth.data.synthetic.mesh import Mesh, normals


def render(scene, mesh: Mesh, directions, rotation, origin, light: Light, lamps, generator):
    """One image: (rgb uint8 [H,W,3], depth_m float32 [H,W] with 0 = no surface).

    ``directions`` [H,W,3] are in the camera frame with z = 1, so that the distance along a ray is camera z.
    """
    height, width, _ = directions.shape
    world = directions.reshape(-1, 3) @ rotation.T.astype(np.float32)
    depth, triangle, u, v = rays.first_hits(scene, np.asarray(origin, np.float32), world)
    hit = triangle >= 0
    face = triangle[hit]
    view, distance = world[hit], depth[hit]
    point = np.asarray(origin, np.float32) + distance[:, None] * view
    normal = normals(mesh).astype(np.float32)[face]
    normal *= -np.sign(np.einsum("ij,ij->i", normal, view))[:, None]
    image = np.empty((height * width, 3), np.float32)
    up = world[~hit][:, 2:] / np.linalg.norm(world[~hit], axis=1, keepdims=True)
    image[~hit] = light.horizon + (light.zenith - light.horizon) * np.clip(up * 2, 0, 1)
    shade = light.bounce + (light.ambient - light.bounce) * (0.5 + 0.5 * normal[:, 2:])
    sun = np.clip(normal @ light.sun_direction.astype(np.float32), 0, None)
    lit = sun > 0
    lit[lit] = ~rays.blocked(
        scene,
        point[lit] + 0.02 * normal[lit],
        np.broadcast_to(light.sun_direction.astype(np.float32), (lit.sum(), 3)),
    )
    shade = shade + (sun * lit)[:, None] * light.sun
    colour = mesh.tint[face] * shade
    fog = np.exp(-light.fog_per_m * distance)[:, None]
    image[hit] = colour * fog + light.horizon * (1 - fog)
    image = np.clip(image * light.exposure, 0, 1) ** (1 / 2.2)
    image += light.noise * generator.standard_normal(image.shape, dtype=np.float32)
    rgb = (np.clip(image, 0, 1) * 255).astype(np.uint8).reshape(height, width, 3)
    return rgb, np.where(hit, depth, 0).astype(np.float32).reshape(height, width)


def write_jpeg(path, rgb) -> None:
    """Write an RGB image with the JPEG quality of the nuScenes images."""
    cv2.imwrite(str(path), rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])


def write_truth(folder, stem: str, depth_m) -> None:
    """Write dense depth (uint16, metres * 256, clipped at 255 m) and the sky mask (255 = sky)."""
    encoded = np.round(np.clip(depth_m, 0, 255) * 256).astype(np.uint16)
    encoded = np.where(depth_m > 0, np.maximum(encoded, 1), 0).astype(np.uint16)
    fast = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    cv2.imwrite(str(folder / f"{stem}.depth.png"), encoded, fast)
    cv2.imwrite(
        str(folder / f"{stem}.sky.png"), np.where(depth_m > 0, 0, 255).astype(np.uint8), fast
    )
