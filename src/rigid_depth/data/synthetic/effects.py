"""From light to picture: exposure, bloom, lens and sensor faults, rain; and writing the files."""

import cv2
import numpy as np

from rigid_depth.data.synthetic import textures
from rigid_depth.data.synthetic.lighting import Light


def develop(image, light: Light, generator) -> np.ndarray:
    """An 8-bit RGB picture of linear light [H,W,3]."""
    height, width, _ = image.shape
    image = image * np.float32(light.exposure * _auto_exposure(image, light))
    image += _bloom(image, light)
    if light.wet:
        _streaks(image, generator)
    image *= _vignette(height, width)[..., None]
    image = cv2.GaussianBlur(image, (3, 3), 0.55)
    image = image * (1 + image / 12) / (1 + 0.55 * image)
    image = np.sqrt(np.clip(image, 0, 1))  # close to the gamma of 2.2
    if light.wet:
        image = _drops(image, generator)
    y, x = (
        generator.integers(0, 1024 - min(height, 1000)),
        generator.integers(0, 2048 - min(width, 2000)),
    )
    grain = textures.grain()[y : y + height, x : x + width]
    image += light.noise * (1.3 - image) * grain
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def _auto_exposure(image, light) -> float:
    """Bring the picture's middle brightness part of the way to a fixed one, as cameras do."""
    middle = float(np.median(image[::8, ::8].mean(-1))) + 1e-4
    target = 0.055 if light.night else 0.26
    return float(np.clip((target / middle) ** 0.6, 0.4, 3.0))


def _bloom(image, light):
    """Light scattered around what is brighter than white."""
    small = cv2.resize(image, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    bright = np.clip(small - 0.9, 0, 6)
    wide = cv2.GaussianBlur(bright, (0, 0), 2.0) + 0.5 * cv2.GaussianBlur(bright, (0, 0), 9.0)
    strength = 0.6 if light.lamps else 0.15
    return strength * cv2.resize(
        wide, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR
    )


def _vignette(height, width):
    """Darkening towards the corners."""
    y = (np.arange(height, dtype=np.float32) / height - 0.5)[:, None]
    x = (np.arange(width, dtype=np.float32) / width - 0.5)[None]
    return 1 - 0.55 * (x**2 + (0.6 * y) ** 2)


def _streaks(image, generator):
    """Falling rain, as faint slanted streaks, in place."""
    height, width, _ = image.shape
    layer = (generator.random((height // 2, width // 2), dtype=np.float32) > 0.9985).astype(
        np.float32
    )
    length = max(5, height // 40)
    kernel = np.zeros((length, length), np.float32)
    lean = int(generator.integers(-length // 4, length // 4 + 1))
    cv2.line(kernel, (length // 2 - lean, 0), (length // 2 + lean, length - 1), 1.0, 1)
    layer = cv2.resize(
        cv2.filter2D(layer, -1, kernel), (width, height), interpolation=cv2.INTER_LINEAR
    )
    image += (0.05 * np.clip(layer, 0, 2))[..., None] * (0.3 + image.mean())


def _drops(image, generator):
    """Drops on the lens cover: round spots that show the scene small, upside down and blurred."""
    height, width, _ = image.shape
    blurred = cv2.GaussianBlur(cv2.resize(image, None, fx=0.25, fy=0.25), (0, 0), 2.0)
    for _ in range(int(generator.integers(8, 36))):
        radius = generator.uniform(0.004, 0.017) * width
        x, y = generator.uniform(0, width), generator.uniform(0, height)
        x0, x1 = int(max(x - radius, 0)), int(min(x + radius + 1, width))
        y0, y1 = int(max(y - radius, 0)), int(min(y + radius + 1, height))
        yy, xx = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        dx, dy = (xx - x) / radius, (yy - y) / radius
        inside = np.clip((1 - np.hypot(dx, dy)) * 3, 0, 1)[..., None]
        u = np.clip((x - dx * 7 * radius) / 4, 0, blurred.shape[1] - 1)
        v = np.clip((y - dy * 7 * radius) / 4, 0, blurred.shape[0] - 1)
        spot = cv2.remap(blurred, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR)
        image[y0:y1, x0:x1] += 0.8 * inside * (spot * 1.02 - image[y0:y1, x0:x1])
    return image


def write_jpeg(path, rgb) -> None:
    """Write an RGB image with about the JPEG quality of the nuScenes images."""
    cv2.imwrite(str(path), rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])


def write_truth(folder, stem: str, depth_m) -> None:
    """Write dense depth (uint16, metres * 256, clipped at 255 m) and the sky mask (255 = sky)."""
    surface = depth_m > 0
    encoded = np.round(np.clip(depth_m, 1 / 256, 255) * 256) * surface
    fast = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    cv2.imwrite(str(folder / f"{stem}.depth.png"), encoded.astype(np.uint16), fast)
    cv2.imwrite(str(folder / f"{stem}.sky.png"), np.where(surface, 0, 255).astype(np.uint8), fast)
