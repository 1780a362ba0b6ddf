"""Milliseconds of an image's properties and hash, beside its decoding.

python benchmarks/properties.py
"""

import cv2
import numpy as np

import bench
import figures
from convaudit.dataset import images
from convaudit.properties.difference_hash import difference_hash
from convaudit.properties.file_properties import measure_file
from convaudit.properties.pixel_properties import measure_pixels, working_luminance

PICTURES, REPEATS = 40, 9
SIZE = 400, 500
DETAILS = """## Properties

The table gives milliseconds per image of 500 x 400 pixels (JPEG of quality 90) on one thread:
medians.

{table}"""


def measure() -> figures.Part:
    cv2.setNumThreads(1)
    files = [_picture(seed) for seed in range(PICTURES)]
    pictures = [images.decode(data) for data in files]
    seconds = bench.medians(
        {
            "decoding": lambda: [images.decode(data) for data in files],
            "properties of the file": lambda: [measure_file(data, SIZE) for data in files],
            "properties of the pixels": lambda: [measure_pixels(image) for image in pictures],
            "difference hash": lambda: [
                difference_hash(working_luminance(image)) for image in pictures
            ],
        },
        REPEATS,
    )
    ms = {name: value / PICTURES * 1000 for name, value in seconds.items()}
    further = sum(ms.values()) - ms["decoding"]
    found = [
        figures.Figure(
            "properties and hash of an image",
            further,
            0.5,
            False,
            f"decoding it: {ms['decoding']:.2f} ms",
            " ms",
        ),
    ]
    table = figures.table(["what", "ms"], [[name, f"{value:.2f}"] for name, value in ms.items()])
    details = DETAILS.format(table=table)
    return figures.Part(found, details)


def _picture(seed: int) -> bytes:
    """A JPEG with detail on every scale, as a photograph has."""
    random, scene = np.random.default_rng(seed), np.zeros((*SIZE, 3), np.float32)
    for side in (4, 16, 64, 256):
        coarse = random.normal(0, 1, (side, side, 3)).astype(np.float32)
        scene += 30 * cv2.resize(coarse, SIZE[::-1], interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", scene + 120, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


if __name__ == "__main__":
    figures.show(measure())
