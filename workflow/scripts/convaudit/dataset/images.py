"""Encoded images to pixels: every common format, the right way up, bad ones refused by name."""

import io
import re
import warnings

import cv2
import numpy as np
import pi_heif
from PIL import Image, PngImagePlugin, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from convaudit.errors import AuditError

_LONGEST_SIDE = 65_500
"""Pixels; the longest side that a JPEG, which is what overlays are written as, can have."""

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF", "PPM")
_END_OF_JPEG = b"\xff\xd9"
_SCAN_OF_JPEG = b"\xff\xda"
_MOST_SCANS = 100
"""Encoders write some ten. Each costs a pass over all pixels, however few bytes it has."""

_ORIENTATION = 0x0112
# TIFF tags
_BITS, _PHOTOMETRIC, _PLANES, _NUMBERS = 258, 262, 284, 339
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_CONVERT = "which is not supported: convert it to JPEG or PNG"
_STRANGERS = (
    (
        rb"\xff\xd8|\x89PNG|GIF8|RIFF....WEBP|II\*\0|MM\0\*|BM|....ftyp(avi|he|mif1|msf1)",
        "its header is cut short, damaged, or of a kind that is not supported",
    ),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", f"JPEG XL, {_CONVERT}"),
    (rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  ", f"JPEG 2000, {_CONVERT}"),
    (rb"....ftyp", "a video (MP4), not an image"),
    (rb"%PDF", "a PDF document, not an image"),
    (rb"\s*<(!doctype )?html", "a web page, not an image"),
    (rb"\s*(<\?xml.*)?<svg", f"SVG, {_CONVERT}"),
    (rb"\0+\Z", "nothing but zero bytes: a copy that was never finished"),
    (rb"[\t\n\r -~]+\Z", "text, not an image"),
)

# Its own threads would come on top of those that decode several images at a time.
pi_heif.register_heif_opener(thumbnails=False, decode_threads=1)
# Pillow warns at half the size that it refuses: a photo of 100 megapixels is no attack.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# An editor's notes in a PNG are often more than Pillow's 1 MiB; this is its limit for all of them.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY


class Unreadable(Exception):  # noqa: N818 -- a verdict on a file, not a fault of the program
    """An image that can't be audited; the message says why, for the quarantine table."""


def decode(data: bytes) -> np.ndarray:
    """Decode an image file by its content, whatever its name.

    JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, HEIC, PPM. Of several frames or pages the first. Turned
    the right way up as EXIF says (HEIC: as its container says). Apart from that the pixels are
    those of ``keras.utils.load_img`` (Pillow's conversion to RGB), since those are what the model
    is given in practice:

    - Transparency is dropped, not blended with a background: the colour stored under a
      transparent pixel is what the model sees.
    - CMYK and other colour spaces are converted plainly; embedded colour profiles are not used.
    - Of 12 or 16 bits the upper 8 are kept, as ``tf.io.decode_png`` does. (Pillow would clip
      16-bit grey to white.)

    Args:
        data: the whole file.

    Returns:
        RGB, uint8, (height, width, 3).

    Raises:
        Unreadable: empty, no such format, damaged, cut short, or too large. The size is read from
            the header before anything of that size is allocated: at most 179 megapixels (Pillow's
            limit against decompression bombs) and 65,500 a side. Not every damage shows: libjpeg,
            libwebp and dav1d conceal bytes changed inside compressed pixels.
    """
    if not data:
        raise Unreadable("the file is empty (0 bytes)")
    stream = io.BytesIO(data)
    try:
        image = Image.open(stream, formats=_FORMATS)
        if max(image.size) > _LONGEST_SIDE:
            raise Unreadable(
                f"too large: {image.width} x {image.height} pixels; the longest side allowed is "
                f"{_LONGEST_SIDE}"
            )
        if image.format == "JPEG":
            return _jpeg(image, data, stream.tell())
        return _rgb(image)
    except (Unreadable, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise Unreadable("too large: it declares more than 179 megapixels") from None
    except UnidentifiedImageError:
        raise Unreadable(_stranger(data)) from None
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
        resized = Image.fromarray(image).resize((width, height), Image.Resampling.NEAREST)
        return np.asarray(resized)
    raise AuditError(f"interpolation: {interpolation!r} is not one of area, bilinear, nearest")


def as_grey(images: np.ndarray) -> np.ndarray:
    """The luminance of RGB uint8 images (n, h, w, 3), as RGB: what a model of one channel sees."""
    grey = images @ np.array([0.299, 0.587, 0.114])
    return np.repeat(grey.round().astype(np.uint8)[..., None], 3, axis=-1)


def _jpeg(image: Image.Image, data: bytes, scan: int) -> np.ndarray:
    """Decode a JPEG whose compressed pixels begin at byte ``scan``.

    Decoders fill what is missing with grey and report success; but FF D9 can't occur inside
    compressed pixels, so a file without it after their start has no end. OpenCV gives the bits
    that Pillow gives, with one copy less; which way is up, Pillow alone decides.
    """
    end = data.find(_END_OF_JPEG, scan)
    if end < 0:
        raise Unreadable("cut short: the end of the JPEG is missing")
    if (scans := data.count(_SCAN_OF_JPEG, scan, end)) > _MOST_SCANS:
        raise Unreadable(f"damaged: {scans} scans in one JPEG, which would take hours")
    if image.mode in {"RGB", "L"} and _turn(image) is None:
        flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        if pixels is not None:
            return pixels
    return _rgb(image)


def _rgb(image: Image.Image) -> np.ndarray:
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    bits = max(tags.get(_BITS, (16,)))
    if tags.get(_PLANES) == 2 and bits > 8:  # Pillow takes each byte for a pixel
        raise Unreadable("16 bits in separate planes, which is not supported: interleave them")
    wide = image.mode.startswith("I;16") or (image.format == "PPM" and image.mode == "I")
    if max(tags.get(_NUMBERS, (1,))) > 1 or (image.mode in {"I", "F"} and not wide):
        raise Unreadable(
            "its pixels are numbers without an agreed range (of 32 bit, signed or fractions): save "
            "it with 8 or 16 bit"
        )
    image.load()
    if (turn := _turn(image)) is not None:
        image = image.transpose(turn)
    if wide:
        grey = (np.asarray(image) >> (bits - 8)).astype(np.uint8)
        grey = 255 - grey if tags.get(_PHOTOMETRIC) == 0 else grey
        return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        return _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # metadata may be anything; a good picture is not lost for it
        return None


def _stranger(data: bytes) -> str:
    """What a file is that no decoder knows."""
    for pattern, meaning in _STRANGERS:
        if re.match(pattern, data[:1000], re.DOTALL | re.IGNORECASE):
            return meaning
    return "not an image of a known format (JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, HEIC, PPM)"


def _first_line(error: Exception) -> str:
    if str(error).startswith("decoder error"):  # and a number, which says nothing
        return "its compressed pixels can't be decoded"
    return str(error).partition("\n")[0] or type(error).__name__
