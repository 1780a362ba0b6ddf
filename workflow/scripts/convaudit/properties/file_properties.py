"""Measure properties of an image file: format, compression and camera."""

import io
import math

import numpy as np
from PIL import Image

_STANDARD = np.array(
    [
        *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
        *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
        *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
        *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
    ]
)
"""Luminance quantisation table of the JPEG standard (ITU-T T.81, table K.1), row by row."""
_MAKER, _MODEL = 0x010F, 0x0110


def measure_file(data: bytes, shape: tuple[int, ...]) -> dict[str, float | str]:
    """Measure ``catalogue.FILE_PROPERTIES`` of an image file that can be decoded.

    Args:
        data: the whole file.
        shape: height and width of the decoded image, in pixels.

    Returns:
        Values by name: texts, and numbers that are NaN if they do not apply.
    """
    height, width = shape[:2]
    found: dict[str, float | str] = {
        "file_format": "",
        "bytes_per_pixel": len(data) / (height * width),
        "jpeg_quality": math.nan,
        "chroma_subsampling": "",
        "camera": "",
        "aspect": width / height,
    }
    try:
        image = Image.open(io.BytesIO(data))
        found["file_format"] = image.format or ""
        if image.format in {"JPEG", "MPO"}:
            found["jpeg_quality"] = jpeg_quality(image.quantization[0])  # type: ignore[attr-defined]
            found["chroma_subsampling"] = _subsampling(image.layer)  # type: ignore[attr-defined]
        found["camera"] = _camera(image.getexif())
    except Exception:  # Damaged metadata must not lose a good picture.
        return found
    return found


def jpeg_quality(table: list[int]) -> float:
    """Estimate libjpeg's quality setting, 1 to 100, from a luminance quantisation table.

    Args:
        table: 64 values, row by row.
    """
    values = np.asarray(table)
    exact = np.flatnonzero((values == _TABLES).all(axis=1))
    if len(exact):
        return float(exact[-1] + 1)
    scale = 100 * values.sum() / _STANDARD.sum()
    quality = 100 - scale / 2 if scale <= 100 else 5000 / scale
    return float(np.clip(quality, 1, 100))


def _table(quality: int) -> np.ndarray:
    """libjpeg's luminance quantisation table for a quality setting."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return ((_STANDARD * scale + 50) // 100).clip(1, 255)


_TABLES = np.stack([_table(quality) for quality in range(1, 101)])


def _subsampling(components: list[tuple[int, int, int, int]]) -> str:
    """J:a:b of a JPEG's components (id, horizontal and vertical sampling, table)."""
    if len(components) < 3:
        return "grey"
    (_, across, down, _), (_, chroma_across, chroma_down, _) = components[:2]
    horizontal, vertical = across // chroma_across, down // chroma_down
    second = 0 if vertical > 1 else 4 // horizontal
    return f"4:{4 // horizontal}:{second}"


def _camera(exif: Image.Exif) -> str:
    """Maker and model of the camera; the maker is not repeated if the model begins with it."""
    maker, model = (
        " ".join(str(exif.get(tag, "")).replace("\0", " ").split()) for tag in (_MAKER, _MODEL)
    )
    return model if model.lower().startswith(maker.lower()) else f"{maker} {model}".strip()
