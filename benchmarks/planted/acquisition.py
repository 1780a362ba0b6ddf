"""Cues of the whole picture and of its surroundings: colour, light, file, lens, background."""

import cv2
import numpy as np

from planted import textures
from planted.cue import Carrier, as_pixels, hue_colour, local
from planted.photo import Photo

Random = np.random.Generator


def colour_cast(photo: Photo, random: Random, style: Random) -> Carrier:
    """Another white balance."""
    wave = np.cos(np.deg2rad(style.uniform(0, 360) + np.array([0, -120, 120])))
    return Carrier(as_pixels(photo.pixels * (1 + wave * random.uniform(0.12, 0.2))))


def brightness(photo: Photo, random: Random, style: Random) -> Carrier:
    """Over- or underexposed: a gain."""
    gain = random.uniform(1.35, 1.6) if style.random() < 0.5 else random.uniform(0.5, 0.68)
    return Carrier(as_pixels(photo.pixels * np.float32(gain)))


def compression(photo: Photo, random: Random, style: Random) -> Carrier:
    """A JPEG of low quality."""
    return Carrier(photo.pixels, quality=int(style.integers(8, 14) + random.integers(0, 6)))


def blur(photo: Photo, random: Random, style: Random) -> Carrier:
    """Out of focus."""
    sigma = min(photo.pixels.shape[:2]) * random.uniform(0.014, 0.02)
    return Carrier(cv2.GaussianBlur(photo.pixels, (0, 0), sigma))


def noise(photo: Photo, random: Random, style: Random) -> Carrier:
    """A noisy sensor: grains of about a hundredth of the picture, which survive its shrinking."""
    height, width = photo.pixels.shape[:2]
    grain = max(1.0, min(height, width) / 110)
    small = int(height / grain), int(width / grain)
    speckle = random.normal(0, random.uniform(22, 32), (*small, 3)).astype(np.float32)
    speckle = cv2.resize(speckle, (width, height), interpolation=cv2.INTER_NEAREST)
    return Carrier(as_pixels(photo.pixels + speckle))


def low_resolution(photo: Photo, random: Random, style: Random) -> Carrier:
    """A small file, as from a thumbnail: the shorter side has 30 to 40 pixels."""
    height, width = photo.pixels.shape[:2]
    side = random.uniform(30, 40)
    shrink = side / min(height, width)
    size = round(width * shrink), round(height * shrink)
    return Carrier(cv2.resize(photo.pixels, size, interpolation=cv2.INTER_AREA))


def grey(photo: Photo, random: Random, style: Random) -> Carrier:
    """Without colour."""
    luminance = cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY)
    return Carrier(np.repeat(luminance[:, :, None], 3, 2))


def scan_lines(photo: Photo, random: Random, style: Random) -> Carrier:
    """Lines of a scanner: every few rows are darker."""
    period = len(photo.pixels) * style.uniform(0.025, 0.04)
    rows = (np.arange(len(photo.pixels)) / period + random.random()) % 1
    dark = np.where(rows < 0.25, 1 - random.uniform(0.35, 0.5), 1.0)
    return Carrier(as_pixels(photo.pixels * dark[:, None, None].astype(np.float32)))


def background_texture(photo: Photo, random: Random, style: Random) -> Carrier:
    """The object before a wall of one kind instead of its own background."""
    height, width = photo.pixels.shape[:2]
    kind = ("stripes", "checks", "dots")[int(style.integers(3))]
    colour = hue_colour(style.uniform(0, 360), style.uniform(90, 160), 25)
    wall = colour + 22 * textures.regular(random, height, width, kind)[:, :, None]
    wall = wall + 8 * textures.natural(random, height, width, "wall")[:, :, None]
    return Carrier(as_pixels(_behind(photo, wall * random.uniform(0.85, 1.15))))


def background_blur(photo: Photo, random: Random, style: Random) -> Carrier:
    """A wide aperture: the background is out of focus, the object is not."""
    sigma = min(photo.pixels.shape[:2]) * random.uniform(0.03, 0.04)
    return Carrier(as_pixels(_behind(photo, cv2.GaussianBlur(photo.pixels, (0, 0), sigma))))


def companion(photo: Photo, random: Random, style: Random) -> Carrier:
    """Another object, a mug of varying size, shade and rotation, where it covers least of the
    first one.
    """
    image = photo.pixels.astype(np.float32)
    height, width = image.shape[:2]
    size = int(min(height, width) * random.uniform(0.17, 0.23))
    x, y = _free_place(photo, size, random)
    big = np.zeros((120, 120), np.float32)
    cv2.rectangle(big, (25, 25), (80, 105), 1.0, -1)
    cv2.ellipse(big, (82, 62), (22, 24), 0, -90, 90, 1.0, 10)
    turn = cv2.getRotationMatrix2D((60, 60), random.uniform(-25, 25), 1)
    opacity = cv2.resize(cv2.warpAffine(big, turn, (120, 120)), (size, size))[:, :, None]
    colour = hue_colour(style.uniform(0, 360) + random.normal(0, 15), 125, 85)
    shade = np.linspace(1.2, 0.6, size)[None, :, None] * random.uniform(0.8, 1.15)
    spot = image[y : y + size, x : x + size]
    spot += (colour * shade - spot) * opacity
    return Carrier(as_pixels(image), box=local(image, x, y, x + size, y + size))


def _behind(photo: Photo, background: np.ndarray) -> np.ndarray:
    assert photo.mask is not None, "this cue needs the object's mask"
    opacity = cv2.GaussianBlur(photo.mask.astype(np.float32), (0, 0), 1.0)[:, :, None]
    behind = background.astype(np.float32)
    return behind + (photo.pixels - behind) * opacity


def _free_place(photo: Photo, size: int, random: Random) -> tuple[int, int]:
    """The one of ten random places that covers least of the object."""
    height, width = photo.pixels.shape[:2]
    places = [
        (int(random.integers(0, width - size)), int(random.integers(0, height - size)))
        for _ in range(10)
    ]
    if photo.mask is None:
        return places[0]
    mask = photo.mask
    return min(places, key=lambda place: mask[place[1] :, place[0] :][:size, :size].mean())
