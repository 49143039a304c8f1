"""From light to picture: exposure, bloom, lens and sensor faults, rain; and writing the files."""

from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from street_world import textures
from street_world.lighting import Light


def develop(image: np.ndarray, light: Light, generator: Generator) -> np.ndarray:
    """An 8-bit RGB picture [H,W,3] of linear light [3,H,W]."""
    _, height, width = image.shape
    image *= np.float32(light.exposure * _auto_exposure(image, light))
    if light.wet:
        _streaks(image, generator)
    vignette = _vignette(height, width)
    y = generator.integers(0, 1024 - min(height, 1000))
    x = generator.integers(0, 2048 - min(width, 2000))
    channels = []
    for k in range(3):
        channel = _bloom(image[k], light)
        channel += image[k]
        channel *= vignette
        channel = cv2.GaussianBlur(channel, (3, 3), 0.55)
        curve = channel * np.float32(1 / 12)
        curve += 1
        curve *= channel
        channel *= np.float32(0.55)
        channel += 1
        curve /= channel
        np.clip(curve, 0, 1, out=curve)
        channels.append(np.sqrt(curve, out=curve))  # close to the gamma of 2.2
    image = cv2.merge(channels)
    if light.wet:
        _drops(image, generator)
    noise = np.float32(1.3) - image
    noise *= np.float32(light.noise)
    noise *= textures.grain()[y : y + height, x : x + width]
    image += noise
    return cv2.convertScaleAbs(np.maximum(image, 0, out=image), alpha=255)


def _auto_exposure(image: np.ndarray, light: Light) -> float:
    """Bring the picture's middle brightness part of the way to a fixed one, as cameras do."""
    middle = float(np.median(image[:, ::8, ::8].mean(0))) + 1e-4
    target = 0.045 if light.night else 0.28
    return float(np.clip((target / middle) ** 0.6, 0.4, 3.0))


def _bloom(channel: np.ndarray, light: Light) -> np.ndarray:
    """Light scattered around what is brighter than white."""
    height, width = channel.shape
    small = cv2.resize(
        channel, (max(width // 8, 1), max(height // 8, 1)), interpolation=cv2.INTER_AREA
    )
    bright = np.clip(small - 0.9, 0, 6)
    wide = cv2.GaussianBlur(bright, (0, 0), 2.0) + 0.5 * cv2.GaussianBlur(bright, (0, 0), 9.0)
    wide *= 0.6 if light.lamps else 0.15
    return cv2.resize(wide, (width, height), interpolation=cv2.INTER_LINEAR)


def _vignette(height: int, width: int) -> np.ndarray:
    """Darkening towards the corners."""
    y = (np.arange(height, dtype=np.float32) / height - 0.5)[:, None]
    x = (np.arange(width, dtype=np.float32) / width - 0.5)[None]
    return 1 - np.float32(0.55) * (x**2 + (np.float32(0.6) * y) ** 2)


def _streaks(image: np.ndarray, generator: Generator) -> None:
    """Falling rain, as faint slanted streaks, in place."""
    _, height, width = image.shape
    layer = generator.random((height // 2, width // 2), dtype=np.float32) > 0.9985
    length = max(5, height // 40)
    kernel = np.zeros((length, length), np.float32)
    lean = int(generator.integers(-length // 4, length // 4 + 1))
    cv2.line(kernel, (length // 2 - lean, 0), (length // 2 + lean, length - 1), (1.0,), 1)
    layer = cv2.filter2D(layer.astype(np.float32), -1, kernel)
    layer = cv2.resize(layer, (width, height), interpolation=cv2.INTER_LINEAR)
    image += np.float32(0.05) * np.clip(layer, 0, 2) * (np.float32(0.3) + image[:, ::8, ::8].mean())


def _drops(image: np.ndarray, generator: Generator) -> None:
    """Drops on the lens cover, in place: blurred round spots that show the scene upside down."""
    height, width, _ = image.shape
    blurred = cv2.GaussianBlur(cv2.resize(image, (width // 4, height // 4)), (0, 0), 2.0)
    for _ in range(int(generator.integers(8, 36))):
        radius = generator.uniform(0.004, 0.017) * width
        x, y = generator.uniform(0, width), generator.uniform(0, height)
        x0, x1 = int(max(x - radius, 0)), int(min(x + radius + 1, width))
        y0, y1 = int(max(y - radius, 0)), int(min(y + radius + 1, height))
        yy, xx = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        dx, dy = (xx - x) / radius, (yy - y) / radius
        inside = np.clip((1 - np.hypot(dx, dy)) * 3, 0, 1)[..., None]
        u = np.clip((x - dx * 7 * radius) / 4, 0, blurred.shape[1] - 1).astype(np.float32)
        v = np.clip((y - dy * 7 * radius) / 4, 0, blurred.shape[0] - 1).astype(np.float32)
        spot = cv2.remap(blurred, u, v, cv2.INTER_LINEAR)
        image[y0:y1, x0:x1] += 0.8 * inside * (spot * 1.02 - image[y0:y1, x0:x1])


def write_jpeg(path: Path, rgb: np.ndarray) -> None:
    """Writes an RGB image with about the JPEG quality of the nuScenes images."""
    cv2.imwrite(str(path), rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])


def write_truth(folder: Path, stem: str, depth_m: np.ndarray, classes: np.ndarray) -> None:
    """Writes dense depth (uint16, metres * 256, clipped at 255 m), sky mask (255) and classes."""
    surface = depth_m > 0
    encoded = np.round(np.clip(depth_m, 1 / 256, 255) * 256) * surface
    fast = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    cv2.imwrite(str(folder / f"{stem}.depth.png"), encoded.astype(np.uint16), fast)
    cv2.imwrite(str(folder / f"{stem}.sky.png"), np.where(surface, 0, 255).astype(np.uint8), fast)
    cv2.imwrite(str(folder / f"{stem}.classes.png"), classes, fast)
