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
NETWORK = 227
DETAILS = """## Decoding

The table gives milliseconds per JPEG file (quality 90) on one thread: medians of rounds in which
the decoders take turns. An audit decodes with OpenCV; "at a reduced scale" is what the experiments
with shortcuts use for large files, with the shrinking to {longest} pixels, and simplejpeg
{version} binds libjpeg-turbo directly.

{times}
OpenCV, Pillow and simplejpeg use the same library: the pixels of the first file differ at most by
{off}. A file that is decoded at a reduced scale and then resized to {network} pixels differs from
one that is decoded whole by {mean:.2f} grey levels on average and {most} at most, so predictions
are never made from it.
"""
LONGEST = 1000


def measure() -> figures.Part:
    cv2.setNumThreads(1)
    rows = []
    for (height, width), count in SIDES.items():
        with tempfile.TemporaryDirectory() as folder:
            files = _write(Path(folder), height, width, count)
            peer = Peer("simplejpeg", {"folder": folder})
            peer.ask("save")
            whole = images.decode(files[0])
            theirs = np.load(Path(folder) / "simplejpeg.npy"), np.asarray(_pillow(files[0]))
            off = max(int(np.abs(whole.astype(int) - other).max()) for other in theirs)
            seconds = bench.medians(
                {
                    "OpenCV": lambda files=files: [images.decode(file) for file in files],
                    "Pillow": lambda files=files: [np.asarray(_pillow(file)) for file in files],
                    "simplejpeg": lambda peer=peer: peer.ask("decode"),
                    "at a reduced scale": lambda files=files: [
                        images.decode_shrunk(file, LONGEST) for file in files
                    ],
                },
                REPEATS,
            )
            version = peer.ask("version")
            peer.close()
        ms = [f"{value / count * 1000:.1f}" for value in seconds.values()]
        rows.append([f"{width} x {height}", *ms])
    shrunk = images.decode_shrunk(files[0], LONGEST)
    apart = np.abs(_resized(whole).astype(int) - _resized(shrunk))
    details = DETAILS.format(
        longest=LONGEST,
        version=version,
        times=figures.table(["pixels", *seconds], rows),
        off=off,
        network=NETWORK,
        mean=apart.mean(),
        most=apart.max(),
    )
    return figures.Part([], details)


def _write(folder: Path, height: int, width: int, count: int) -> list[bytes]:
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
        (folder / f"{number:03}.jpg").write_bytes(files[-1])
    return files


def _pillow(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def _resized(photo: np.ndarray) -> np.ndarray:
    return images.resize(photo, (NETWORK, NETWORK), "area")


if __name__ == "__main__":
    figures.show(measure())
