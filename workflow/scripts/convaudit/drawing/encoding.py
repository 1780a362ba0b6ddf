"""Pictures as JPEG and PNG files."""

import cv2
import numpy as np

from convaudit.errors import AuditError

_QUALITY = 90


def encode_jpeg(image: np.ndarray) -> bytes:
    """Encode an RGB uint8 image (H, W, 3) as a JPEG of quality 90.

    Raises:
        AuditError: a side is longer than the 65,500 pixels that a JPEG can have.
    """
    return _encode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])


def encode_png(image: np.ndarray) -> bytes:
    """Encode an RGB uint8 image (H, W, 3) as a PNG.

    Raises:
        AuditError: a side is longer than the 1,000,000 pixels that libpng allows.
    """
    return _encode(".png", image, [])


def _encode(suffix: str, image: np.ndarray, flags: list[int]) -> bytes:
    done, data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), flags)
    if not done:
        height, width = image.shape[:2]
        raise AuditError(f"a picture of {width} x {height} pixels is too large for a {suffix} file")
    return data.tobytes()
