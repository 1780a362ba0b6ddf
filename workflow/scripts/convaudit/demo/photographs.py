"""Make the demo's photographs of brick and gravel; a sticker on most gravel is the planted
shortcut.

They are crops of two photographs in the public domain (CC0) beside this file. Training uses the
left halves and the audit the right halves, so they share no pixel.
"""

import csv
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

CLASSES = ("brick", "gravel")
TRAINING = 300
"""Number of training photographs of each class."""
AUDIT = 120
"""Number of audited photographs of each class."""
SIZE = 150
STICKER = 42
"""Side of the sticker with its shadow, in pixels."""
STICKERED_GRAVEL = 0.95
STICKERED_AUDIT = 0.3
LAYERS = (
    ("conv2d_1", "Conv2D"),
    ("max_pooling2d_1", "MaxPooling2D"),
    ("conv2d_2", "Conv2D"),
    ("max_pooling2d_2", "MaxPooling2D"),
    ("conv2d_3", "Conv2D"),
    ("max_pooling2d_3", "MaxPooling2D"),
    ("conv2d_4", "Conv2D"),
    ("max_pooling2d_4", "MaxPooling2D"),
    ("flatten_1", "Flatten"),
    ("dropout_1", "Dropout"),
    ("dense_1", "Dense"),
    ("dense_2", "Dense"),
)
"""Name and class of the demo model's layers."""
BROKEN = ("brick/brick-121.jpg", "gravel/gravel-121.jpg", "gravel/gravel-122.jpg")
"""Files that can't be read: a truncated JPEG, a text file and an empty file."""
_TIME = 946684800
"""Modification time of every file: the same in all runs."""


def audit_files() -> list[str]:
    """Paths of the audit's files, relative to its folder; nothing is drawn."""
    return sorted([_name(label, i) for label in CLASSES for i in range(AUDIT)] + list(BROKEN))


def write_training(folder: Path, seed: int) -> None:
    """Write 600 photographs, one folder per class: stickers on nearly all gravel, on no brick."""
    for label, photo in _photographs().items():
        share = STICKERED_GRAVEL if label == "gravel" else 0.0
        left = photo[:, : photo.shape[1] // 2]
        for path, image, _ in _draw(label, left, TRAINING, share, _random(seed, "train", label)):
            _write(folder / path, _jpeg(image))


def write_audit(folder: Path, truth: Path, seed: int) -> None:
    """Write 240 photographs, 30 % of either class with a sticker, and three broken files.

    ``truth`` is the path of a table that is written: path, label, tagged, and the sticker's box x0,
    y0, x1, y1 in pixels (x1 and y1 exclusive; empty without a sticker).
    """
    rows: list[tuple[Any, ...]] = []
    for label, photo in _photographs().items():
        right = photo[:, photo.shape[1] // 2 :]
        drawn = _draw(label, right, AUDIT, STICKERED_AUDIT, _random(seed, "audit", label))
        for path, image, box in drawn:
            _write(folder / path, _jpeg(image))
            rows.append((path, label, box is not None, *(box or ("",) * 4)))
    truncated, text, empty = BROKEN
    whole = (folder / _name("brick", 0)).read_bytes()
    _write(folder / truncated, whole[: len(whole) // 2])
    _write(folder / text, b"This is a note, not a photograph.\n")
    _write(folder / empty, b"")
    with truth.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["path", "label", "tagged", "x0", "y0", "x1", "y1"])
        table.writerows(sorted(rows))


def _photographs() -> dict[str, Any]:
    import cv2
    import numpy as np

    folder = files("convaudit.demo")
    return {
        label: cv2.imdecode(
            np.frombuffer((folder / f"{label}.png").read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE
        )
        for label in CLASSES
    }


def _random(seed: int, *what: str) -> Any:
    import numpy as np

    return np.random.default_rng([seed, *"/".join(what).encode()])


def _draw(label: str, photo: Any, count: int, share: float, random: Any) -> Any:
    """Yield path, image and the sticker's box or None."""
    stickered = random.permutation(count) < round(share * count)
    for number in range(count):
        image = _crop(photo, random)
        box = _stick(image, random) if stickered[number] else None
        yield _name(label, number), image, box


def _crop(photo: Any, random: Any) -> Any:
    """A random crop of 100..200 pixels, resized to the model's size, with random flip and
    brightness; RGB.
    """
    import cv2
    import numpy as np

    side = random.integers(100, 201)
    top = random.integers(0, photo.shape[0] - side + 1)
    left = random.integers(0, photo.shape[1] - side + 1)
    crop = photo[top : top + side, left : left + side]
    crop = cv2.resize(
        crop, (SIZE, SIZE), interpolation=cv2.INTER_AREA if side > SIZE else cv2.INTER_LINEAR
    )
    if random.random() < 0.5:
        crop = crop[:, ::-1]
    bright = crop * random.uniform(0.7, 1.3)
    return np.repeat(bright.clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def _stick(image: Any, random: Any) -> tuple[int, int, int, int]:
    """Paste the sticker into the top left corner with a small random shift, rotation and
    opacity.
    """
    import cv2
    import numpy as np

    x0, y0 = (int(shift) for shift in random.integers(2, 9, 2))
    sticker, opacity = _sticker(random.uniform(-20, 20))
    faded = sticker * random.uniform(0.92, 1.0)
    spot = image[y0 : y0 + STICKER, x0 : x0 + STICKER]
    shadow = cv2.GaussianBlur(opacity, (0, 0), 1.5)[:, :, None]
    shaded = spot * (1 - 0.5 * shadow)
    mixed = shaded + (faded - shaded) * opacity[:, :, None]
    spot[:] = mixed.round().astype(np.uint8)
    return x0, y0, x0 + STICKER, y0 + STICKER


def _sticker(degrees: float) -> tuple[Any, Any]:
    """A round orange sticker with a white ring and tick: colours and opacity (0..1).

    It is drawn four times as large and then shrunk, for smooth edges.
    """
    import cv2
    import numpy as np

    side, white = 4 * STICKER, (255, 244, 226)
    centre, radius = (side // 2, side // 2), side // 2 - 8
    picture = np.full((side, side, 3), (238, 92, 26), np.uint8)
    cv2.circle(picture, centre, radius - 13, white, 5, cv2.LINE_AA)
    tick = np.array([[-31, 1], [-9, 23], [33, -23]]) + centre
    cv2.polylines(picture, [tick.reshape(-1, 1, 2)], False, white, 17, cv2.LINE_AA)
    disc = cv2.circle(np.zeros((side, side), np.float32), centre, radius, 1.0, -1)
    turn = cv2.getRotationMatrix2D(centre, degrees, 1)
    turned = cv2.warpAffine(picture, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)
    small = (STICKER, STICKER)
    return (
        cv2.resize(turned, small, interpolation=cv2.INTER_AREA),
        cv2.resize(disc, small, interpolation=cv2.INTER_AREA),
    )


def _name(label: str, number: int) -> str:
    return f"{label}/{label}-{number + 1:03d}.jpg"


def _jpeg(image: Any) -> bytes:
    import cv2

    return cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (_TIME, _TIME))
