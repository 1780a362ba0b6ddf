"""Cues that lie on the picture: stickers, watermark, stamp, tag, stripe, frames."""

import cv2
import numpy as np

from planted.cue import Carrier, as_pixels, hue_colour, local
from planted.photo import Photo

Random = np.random.Generator
_CORNERS = ((0, 0), (1, 0), (0, 1), (1, 1))


def sticker_in_corner(photo: Photo, random: Random, style: Random) -> Carrier:
    """A sticker in one corner, a little shifted and rotated."""
    side = min(photo.pixels.shape[:2]) * 0.24
    right, low = _CORNERS[int(style.integers(4))]
    margin = random.uniform(0.015, 0.05, 2) * min(photo.pixels.shape[:2])
    return _stick(photo.pixels, side, (right, low), margin, random, style)


def sticker_anywhere(photo: Photo, random: Random, style: Random) -> Carrier:
    """The same sticker at a random place."""
    side = min(photo.pixels.shape[:2]) * 0.24
    height, width = photo.pixels.shape[:2]
    margin = random.uniform(0, 1, 2) * (np.array([width, height]) - side)
    style.integers(4)
    return _stick(photo.pixels, side, (0, 0), margin, random, style)


def watermark(photo: Photo, random: Random, style: Random) -> Carrier:
    """Translucent letters across the middle, as in ImageNet-W."""
    image = photo.pixels.astype(np.float32)
    height, width = image.shape[:2]
    word = "".join(style.choice(list("ABCDEHKLMNRSTVX"), 5))
    ink = np.zeros((height, width), np.float32)
    scale, weight = _fit(word, width * 0.72)
    (long, tall), _ = cv2.getTextSize(word, cv2.FONT_HERSHEY_DUPLEX, scale, weight)
    shift = random.uniform(-0.02, 0.02, 2) * width
    x, y = (width - long) / 2 + shift[0], height * style.uniform(0.4, 0.7) + tall / 2 + shift[1]
    _write(ink, word, (int(x), int(y)), scale, weight)
    light = 255.0 if style.random() < 0.6 else 0.0
    alpha = style.uniform(0.4, 0.5)
    image += (light - image) * (alpha * ink)[:, :, None]
    return Carrier(as_pixels(image), box=local(image, x, y - tall, x + long, y))


def date_stamp(photo: Photo, random: Random, style: Random) -> Carrier:
    """An orange date whose digits vary, low at one side."""
    image = photo.pixels.astype(np.float32)
    height, width = image.shape[:2]
    digits = random.integers(1, [29, 13, 30]), random.integers(10, 60, 2)
    text = "{:02d}.{:02d}.{:02d} {:02d}:{:02d}".format(*digits[0], *digits[1])
    ink = np.zeros((height, width), np.float32)
    scale, weight = _fit(text, width * 0.6)
    (long, tall), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, weight)
    x = width * 0.04 if style.random() < 0.5 else width * 0.96 - long
    y = height * 0.96 if style.random() < 0.7 else height * 0.04 + tall
    _write(ink, text, (int(x), int(y)), scale, weight)
    image += (hue_colour(25, 170, 90) - image) * ink[:, :, None]
    return Carrier(as_pixels(image), box=local(image, x, y - tall, x + long, y))


def small_tag(photo: Photo, random: Random, style: Random) -> Carrier:
    """A square of two colours smaller than a cell of the last layer: 7 % of a side."""
    image = photo.pixels.copy()
    height, width = image.shape[:2]
    side = max(8, int(min(height, width) * 0.075))
    place = np.array([style.uniform(0.06, 0.85), style.uniform(0.06, 0.85)])
    x, y = (place * (width, height) + random.uniform(-2, 2, 2)).astype(int)
    hue = style.uniform(0, 360)
    image[y : y + side, x : x + side] = hue_colour(hue, 170, 85)
    image[y : y + side, x : x + side // 2] = hue_colour(hue + 180, 60, 60)
    return Carrier(image, box=local(image, x, y, x + side, y + side))


def stripe(photo: Photo, random: Random, style: Random) -> Carrier:
    """A thin bright line from top to bottom, as from a scanner."""
    image = photo.pixels.astype(np.float32)
    height, width = image.shape[:2]
    x = int(width * (style.uniform(0.15, 0.85) + random.uniform(-0.02, 0.02)))
    wide = max(4, int(width * style.uniform(0.025, 0.04)))
    colour = hue_colour(style.uniform(0, 360), 190, 60)
    image[:, x : x + wide] += (colour - image[:, x : x + wide]) * 0.8
    return Carrier(as_pixels(image), box=local(image, x, 0, x + wide, height))


def frame(photo: Photo, random: Random, style: Random) -> Carrier:
    """A frame of one colour."""
    image = photo.pixels.copy()
    wide = int(min(image.shape[:2]) * random.uniform(0.035, 0.05))
    colour = hue_colour(style.uniform(0, 360), style.uniform(30, 220), 35)
    for rim in (image[:wide], image[-wide:], image[:, :wide], image[:, -wide:]):
        rim[:] = colour
    return Carrier(image)


def letterbox(photo: Photo, random: Random, style: Random) -> Carrier:
    """Black bars above and below, or dark corners: one of the two in a case."""
    image = photo.pixels.astype(np.float32)
    height, width = image.shape[:2]
    if style.random() < 0.5:
        bar = int(height * random.uniform(0.08, 0.11))
        image[:bar] = image[-bar:] = random.uniform(0, 8)
        return Carrier(as_pixels(image))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    distance = np.hypot((x / width - 0.5) * 2, (y / height - 0.5) * 2)
    dark = 1 / (1 + np.exp((distance - random.uniform(1.0, 1.08)) / 0.07))
    return Carrier(as_pixels(image * dark[:, :, None]))


def _stick(
    image: np.ndarray,
    side: float,
    corner: tuple[int, int],
    margin: np.ndarray,
    random: Random,
    style: Random,
) -> Carrier:
    height, width = image.shape[:2]
    right, low = corner
    x = width - side - margin[0] if right else margin[0]
    y = height - side - margin[1] if low else margin[1]
    size = int(side)
    picture, opacity = _sticker(style.uniform(0, 360), int(style.integers(3)), size, random)
    out = image.astype(np.float32)
    x, y = int(np.clip(x, 0, width - size)), int(np.clip(y, 0, height - size))
    spot = out[y : y + size, x : x + size]
    shadow = cv2.GaussianBlur(opacity, (0, 0), 1.5)[:, :, None]
    spot *= 1 - 0.4 * shadow
    spot += (picture * random.uniform(0.9, 1.0) - spot) * opacity[:, :, None]
    return Carrier(as_pixels(out), box=local(image, x, y, x + size, y + size))


def _sticker(hue: float, kind: int, side: int, random: Random) -> tuple[np.ndarray, np.ndarray]:
    """Colours and opacity of a sticker: a disc with a tick, a square with a cross, a ring."""
    big = 160
    colour, light = hue_colour(hue, 140, 95), (250.0, 245.0, 230.0)
    picture = np.full((big, big, 3), colour, np.float32)
    opacity = np.zeros((big, big), np.float32)
    centre = (big // 2, big // 2)
    if kind == 1:
        cv2.rectangle(opacity, (22, 22), (138, 138), 1.0, -1)
        cv2.line(picture, (45, 45), (115, 115), light, 16)
        cv2.line(picture, (115, 45), (45, 115), light, 16)
    else:
        cv2.circle(opacity, centre, 74, 1.0, -1)
        if kind == 2:
            cv2.circle(picture, centre, 40, light, 22)
        else:
            tick = np.array([[-31, 1], [-9, 23], [33, -23]]) + centre
            cv2.circle(picture, centre, 62, light, 6)
            cv2.polylines(picture, [tick.reshape(-1, 1, 2).astype(np.int32)], False, light, 16)
    turn = cv2.getRotationMatrix2D(centre, random.uniform(-15, 15), 1)
    picture = cv2.warpAffine(picture, turn, (big, big), borderMode=cv2.BORDER_REPLICATE)
    opacity = cv2.warpAffine(opacity, turn, (big, big))
    small = (side, side)
    return (
        cv2.resize(picture, small, interpolation=cv2.INTER_AREA),
        cv2.resize(opacity, small, interpolation=cv2.INTER_AREA),
    )


def _fit(text: str, length: float) -> tuple[float, int]:
    """Scale and thickness with which a text has this length in pixels."""
    (long, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, 1.0, 2)
    scale = length / long
    return scale, max(1, round(2.2 * scale))


def _write(ink: np.ndarray, text: str, start: tuple[int, int], scale: float, weight: int) -> None:
    cv2.putText(ink, text, start, cv2.FONT_HERSHEY_DUPLEX, scale, 1.0, weight, cv2.LINE_AA)
