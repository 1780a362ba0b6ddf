"""Compare ways to decode JPEG files: OpenCV as in every audit, Pillow, simplejpeg, and at a reduced
scale.

python benchmarks/decoding.py
"""

import bench  # before TensorFlow, whose kernels it chooses

# isort: split

import io
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage import data

import figures
from convaudit.dataset import images
from peer import Peer

REPEATS = 7
SIDES = {(375, 500): 32, (1200, 1600): 6, (3000, 4000): 2}
"""Heights and widths in pixels, and how many files of each are decoded."""
LONGEST = 1000
"""Longer side in pixels to which experiments shrink a large photograph (docs/shortcuts.md)."""
NETWORK = 227
DETAILS = """## Decoding

The table gives milliseconds per JPEG file (quality 90) on one thread: medians of rounds in which
the decoders take turns. An audit decodes with OpenCV. Experiments with shortcuts shrink large files
to {longest} pixels and decode them "at a reduced scale", if they are twice as large. simplejpeg
{version} calls libjpeg-turbo directly.

{times}
OpenCV, Pillow and simplejpeg use the same library: their pixels differ by at most {off} grey
levels. A file of the largest size that is decoded at a reduced scale and then resized to {network}
pixels differs from one that is decoded whole by {mean:.2f} grey levels on average and {most} at
most, so an audit never predicts from it.
"""


def measure() -> figures.Part:
    cv2.setNumThreads(1)
    rows, differences = [], []
    for (height, width), count in SIDES.items():
        files = _files(height, width, count)
        seconds, off, version = _compare(files)
        ms = [f"{value / count * 1000:.1f}" for value in seconds.values()]
        rows.append([f"{width} x {height}", *ms])
        differences.append(off)
    shrunk, whole = images.decode_shrunk(files[0], LONGEST), images.decode(files[0])
    apart = np.abs(_resized(whole).astype(int) - _resized(shrunk))
    details = DETAILS.format(
        longest=LONGEST,
        version=version,
        times=figures.table(["pixels", *seconds], rows),
        off=max(differences),
        network=NETWORK,
        mean=apart.mean(),
        most=apart.max(),
    )
    return figures.Part([], details)


def _compare(files: list[bytes]) -> tuple[dict[str, float], int, str]:
    """Seconds of each decoder for all files; the greatest difference of their pixels of the first
    file in grey levels; simplejpeg's version.
    """
    with tempfile.TemporaryDirectory() as folder:
        for number, file in enumerate(files):
            (Path(folder) / f"{number:03}.jpg").write_bytes(file)
        peer = Peer("simplejpeg", {"folder": folder})
        peer.ask("save")
        theirs = np.load(Path(folder) / "simplejpeg.npy"), np.asarray(_pillow(files[0]))
        seconds = bench.medians(
            {
                "OpenCV": lambda: [images.decode(file) for file in files],
                "Pillow": lambda: [np.asarray(_pillow(file)) for file in files],
                "simplejpeg": lambda: peer.ask("decode"),
                "at a reduced scale": lambda: [
                    images.decode_shrunk(file, LONGEST) for file in files
                ],
            },
            REPEATS,
        )
        version = peer.ask("version")
        peer.close()
    ours = images.decode(files[0]).astype(int)
    return seconds, max(int(np.abs(ours - other).max()) for other in theirs), version


def _files(height: int, width: int, count: int) -> list[bytes]:
    """JPEG files of photographs, enlarged, with the noise of a sensor."""
    sources = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket()]
    random = np.random.default_rng(0)
    files = []
    for number in range(count):
        photo = cv2.resize(
            sources[number % len(sources)], (width, height), interpolation=cv2.INTER_CUBIC
        )
        noisy = np.clip(photo + random.normal(0, 3, photo.shape), 0, 255).astype(np.uint8)
        quality = [cv2.IMWRITE_JPEG_QUALITY, 90]
        files.append(cv2.imencode(".jpg", noisy[..., ::-1], quality)[1].tobytes())
    return files


def _pillow(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def _resized(photo: np.ndarray) -> np.ndarray:
    return images.resize(photo, (NETWORK, NETWORK), "area")


if __name__ == "__main__":
    figures.show(measure())
