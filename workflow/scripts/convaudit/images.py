"""Encoded images to pixels: every common format, the right way up, bad ones refused by name."""

import io
import re

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from convaudit.errors import AuditError

LONGEST_SIDE = 65_500
"""Pixels; the longest side that a JPEG, which is what overlays are written as, can have."""

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "PPM")
_END_OF_JPEG = b"\xff\xd9"


class Unreadable(Exception):  # noqa: N818 -- a verdict on a file, not a fault of the program
    """An image that can't be audited; the message says why, for the quarantine table."""


def decode(data: bytes) -> np.ndarray:
    """Decode an image file by its content, whatever its name.

    JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, PPM. Of several frames or pages the first. Turned the
    right way up as EXIF says. Apart from that the pixels are those of ``keras.utils.load_img``
    (Pillow's conversion to RGB), since those are what the model is given in practice:

    - Transparency is dropped, not blended with a background: the colour stored under a
      transparent pixel is what the model sees.
    - CMYK and other colour spaces are converted plainly; embedded colour profiles are not used.
    - Of 16 bits the upper 8 are kept, as ``tf.io.decode_png`` does. (Pillow would clip 16-bit
      grey to white.)

    Args:
        data: the whole file.

    Returns:
        RGB, uint8, (height, width, 3).

    Raises:
        Unreadable: empty, no such format, damaged, cut short, or too large. The size is read from
            the header before anything of that size is allocated: at most 179 megapixels (Pillow's
            limit against decompression bombs) and 65,500 a side.
    """
    if not data:
        raise Unreadable("the file is empty (0 bytes)")
    stream = io.BytesIO(data)
    try:
        image = Image.open(stream, formats=_FORMATS)
        if max(image.size) > LONGEST_SIDE:
            raise Unreadable(f"too large: {_size(image)}, and the limit a side is {LONGEST_SIDE:,}")
        if image.format == "JPEG":
            return _jpeg(image, data, stream.tell())
        return _rgb(image)
    except (Unreadable, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        pixels = re.search(r"\d{6,}", str(error))
        declared = f"{int(pixels[0]) / 1e6:,.0f} megapixels" if pixels else "too many pixels"
        raise Unreadable(f"too large: it declares {declared}, and the limit is 179") from None
    except UnidentifiedImageError:
        raise Unreadable(_what_else(data)) from None
    except Exception as error:  # decoders raise anything from IndexError to SyntaxError
        raise Unreadable(f"damaged: {_first_line(error)}") from None


def resize(image: np.ndarray, size: tuple[int, int], interpolation: str) -> np.ndarray:
    """Bring an image to a size; its aspect ratio is not kept, as in ``keras.utils.load_img``.

    Args:
        image: RGB, uint8, (height, width, 3).
        size: the new (height, width).
        interpolation: ``area``: each axis that shrinks averages the pixels it covers
            (antialiased), each axis that grows is interpolated linearly. ``bilinear``: two
            neighbours an axis at any scale, half-pixel centres, not antialiased. ``nearest``: the
            nearest pixel's centre, as Pillow's NEAREST.

    Returns:
        uint8, (*size, 3).

    Raises:
        AuditError: no such interpolation.
    """
    height, width = size
    if interpolation == "area":
        smaller = min(width, image.shape[1]), min(height, image.shape[0])
        shrunk = cv2.resize(image, smaller, interpolation=cv2.INTER_AREA)
        return cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR)
    if interpolation == "bilinear":
        return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    if interpolation == "nearest":
        return cv2.resize(image, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    raise AuditError(f"interpolation: {interpolation!r} is not one of area, bilinear, nearest")


def _jpeg(image: Image.Image, data: bytes, scan: int) -> np.ndarray:
    """Decode a JPEG whose compressed pixels begin at byte ``scan``.

    Decoders fill what is missing with grey and report success; but FF D9 can't occur inside
    compressed pixels, so a file without it after their start has no end. OpenCV gives the bits
    that Pillow gives, with one copy less.
    """
    if data.find(_END_OF_JPEG, scan) < 0:
        raise Unreadable("cut short: the end of the JPEG is missing")
    if image.mode in {"RGB", "L"}:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
        if pixels is not None:
            return pixels
    return _rgb(image)


def _rgb(image: Image.Image) -> np.ndarray:
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I;16"):
        grey = (np.asarray(image) >> 8).astype(np.uint8)
        return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
    if image.mode in {"I", "F"}:
        raise Unreadable("its pixels are 32-bit numbers of no agreed range: save it with 8 or 16")
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _size(image: Image.Image) -> str:
    return f"{image.width:,} x {image.height:,} pixels"


def _what_else(data: bytes) -> str:
    return "not an image"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
