"""Decode images of every common format, turn them upright, and say why one can't be read."""

import io
import math
import re
import warnings
from typing import NamedTuple

import cv2
import numpy as np
import pi_heif
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError
from PIL.ExifTags import Base as Tag
from PIL.TiffImagePlugin import TiffImageFile

from convaudit.errors import AuditError

INTERPOLATIONS = {
    "area": "OpenCV's INTER_AREA, antialiased; no loader of Keras does so",
    "nearest": "keras.utils.load_img and ImageDataGenerator.flow_from_directory",
    "bilinear": "keras.utils.image_dataset_from_directory and tf.image.resize",
    "cv2": "cv2.resize",
    "bicubic": "Image.resize of Pillow",
    "lanczos": "Image.resize of Pillow with LANCZOS",
    "crop": "image_dataset_from_directory(crop_to_aspect_ratio=True)",
    "fit": "ImageOps.fit of Pillow with LANCZOS, as in Teachable Machine's sample code",
}
"""Ways to resize, each with the tool whose default it reproduces."""

DIFFERENT = ("area", "nearest", "bilinear", "bicubic", "crop", "fit")
"""Ways whose results differ; ``cv2`` equals ``bilinear``, ``lanczos`` nearly equals ``bicubic``."""

_LONGEST_SIDE = 65_500
"""Longest side in pixels: overlays are JPEGs, which can't be larger."""

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF", "PPM")
_DEPTH_OF_PNG = 24
"""Position of the byte with the bits per value."""
_END_OF_JPEG = b"\xff\xd9"
_SCAN_OF_JPEG = b"\xff\xda"
_MOST_SCANS = 100
"""Greatest number of scans in a JPEG. Encoders write about ten; each costs a pass over all pixels,
even if it has few bytes."""

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
    (rb".{128}DICM", f"DICOM, {_CONVERT}"),
    (rb"8BPS", f"a document of Photoshop, {_CONVERT}"),
    (rb"%PDF", "a PDF document, not an image"),
    (rb"\s*<(!doctype )?html", "a web page, not an image"),
    (rb"\s*(<\?xml.*)?<svg", f"SVG, {_CONVERT}"),
    (
        rb"version https://git-lfs",
        "a Git LFS pointer, not the image itself: fetch it with git lfs pull",
    ),
    (rb"\0+\Z", "it contains only zero bytes: the copy was not finished"),
    (rb"[\t\n\r -~]+\Z", "text, not an image"),
)

# OpenCV's own threads would compete with ours, which decode several images at a time.
pi_heif.register_heif_opener(thumbnails=False, decode_threads=1)
# Pillow warns at half of its size limit; a photo of 100 megapixels is no attack.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# Text that editors store in a PNG is often longer than Pillow's 1 MiB; use its limit for all texts.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY


class Decoded(NamedTuple):
    """pixels: (height, width, 3) uint8 RGB. bits: number of bits per value that the file uses: 8,
    or more if only the upper 8 were kept.
    """

    pixels: np.ndarray
    bits: int = 8


class Unreadable(Exception):  # noqa: N818 -- a verdict on a file, not a fault of the program
    """An image can't be audited; the message is its reason in the quarantine table."""


def decode(data: bytes) -> np.ndarray:
    """Decode an image file: the pixels (height, width, 3) of ``read``, uint8 RGB."""
    return read(data).pixels


def decode_shrunk(data: bytes, longest: int) -> np.ndarray:
    """Decode an image whose longer side then has at most ``longest`` pixels, antialiased.

    A large JPEG is decoded at 1/2, 1/4 or 1/8 of its size by libjpeg, which takes a third to half
    of the time. Its pixels then differ slightly from those of ``read``, so the audit's predictions
    never use this.

    Args:
        data: the whole file, which ``read`` can decode.
        longest: in pixels.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    image = Image.open(io.BytesIO(data), formats=_FORMATS)
    share = longest / max(image.size)
    if image.format == "JPEG" and share <= 0.5:
        image.draft("RGB", (math.ceil(image.width * share), math.ceil(image.height * share)))
        pixels = _rgb(image, None).pixels
    else:
        pixels = decode(data)
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def read(data: bytes) -> Decoded:
    """Decode an image file by its content, whatever its name.

    JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, HEIC, PPM; the first of several frames or pages is used.
    The image is turned upright by its EXIF orientation (HEIC: by its container). Otherwise the
    pixels are those of ``keras.utils.load_img`` (Pillow's conversion to RGB), because models are
    usually given those:

    - Transparency is dropped, not blended with a background: the colour stored under a
      transparent pixel is what the model sees.
    - CMYK and other colour spaces are converted without their embedded colour profiles.
    - The upper 8 bits of a 12-bit or 16-bit value are kept, as in ``tf.io.decode_png``. (Pillow
      would clip 16-bit grey to white.) A 16-bit PNG or TIFF from CT or X-ray often uses fewer bits;
      its upper 8 would be black. Its number of bits is the one that it states (PNG's sBIT), else 8
      or 12 if no value needs more.

    Args:
        data: the whole file.

    Raises:
        Unreadable: the file is empty, of another format, damaged, cut short, or too large. The size
            is checked in the header before memory is allocated: at most 179 megapixels (Pillow's
            limit against decompression bombs) and 65,500 pixels per side. Some damage can't be
            detected: libjpeg, libwebp and dav1d conceal changed bytes inside compressed pixels.
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
            return Decoded(_jpeg(image, data, stream.tell()))
        if image.format == "PNG" and image.mode in {"RGB", "RGBA"} and data[_DEPTH_OF_PNG] == 16:
            return _wide_colour(image, data)
        return _rgb(image, _stated_bits(data))
    except (Unreadable, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise Unreadable("too large: it declares more than 179 megapixels") from None
    except UnidentifiedImageError:
        raise Unreadable(_stranger(data)) from None
    except Exception as error:  # decoders raise anything from IndexError to SyntaxError
        raise Unreadable(f"damaged: {_first_line(error)}") from None


def resize(image: np.ndarray, size: tuple[int, int], interpolation: str) -> np.ndarray:
    """Resize an image as the tool does that resized the training images.

    Only ``crop`` and ``fit`` keep the aspect ratio and cut off margins; ``seen`` gives the part
    that they keep.

    Args:
        image: RGB, uint8, (height, width, 3).
        size: the new (height, width).
        interpolation: a key of ``INTERPOLATIONS``.

            - ``area``: each axis that shrinks averages the pixels it covers (antialiased), each
              axis that grows is interpolated linearly.
            - ``nearest``: the nearest pixel's centre.
            - ``bilinear``, ``cv2``: two neighbouring pixels per axis at any scale, half-pixel
              centres, not antialiased. TensorFlow's floats differ by less than one grey level.
            - ``bicubic``, ``lanczos``: Pillow's, antialiased where they shrink.
            - ``crop``: the middle part with the new aspect ratio, then as ``bilinear``.
            - ``fit``: the same with Lanczos; the edges of the part may lie between pixels.

    Returns:
        uint8, (*size, 3).

    Raises:
        AuditError: no such interpolation.
    """
    height, width = size
    if interpolation not in INTERPOLATIONS:
        known = ", ".join(INTERPOLATIONS)
        raise AuditError(f"interpolation: {interpolation!r} is not one of {known}")
    if interpolation == "area":
        smaller = min(width, image.shape[1]), min(height, image.shape[0])
        shrunk = cv2.resize(image, smaller, interpolation=cv2.INTER_AREA)
        return cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR)
    if interpolation in {"bilinear", "cv2"}:
        return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    if interpolation == "crop":
        top, left, tall, wide = map(int, seen(image.shape[:2], size, interpolation))
        middle = image[top : top + tall, left : left + wide]
        return cv2.resize(middle, (width, height), interpolation=cv2.INTER_LINEAR)
    picture = Image.fromarray(image)
    if interpolation == "fit":
        return np.asarray(ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS))
    return np.asarray(picture.resize((width, height), Image.Resampling[interpolation.upper()]))


def variants(image: np.ndarray, size: tuple[int, int], used: str) -> dict[str, np.ndarray]:
    """The image (h, w, 3), uint8 RGB, resized to ``size`` (height, width) by the interpolation
    ``used`` and by every other one whose result differs.
    """
    return {name: resize(image, size, name) for name in dict.fromkeys((used, *DIFFERENT))}


def seen(
    shape: tuple[int, ...], size: tuple[int, int], interpolation: str
) -> tuple[float, float, float, float]:
    """The part of an image that the network sees: all of it unless ``crop`` or ``fit`` cut.

    Args:
        shape: (height, width) of the image, in pixels.
        size: (height, width) of the network's input.
        interpolation: as in ``resize``.

    Returns:
        (top, left, height, width) in pixels of the image; whole numbers except for ``fit``.
    """
    height, width = shape[:2]
    if interpolation not in {"crop", "fit"}:
        return 0, 0, height, width
    tall, wide = min(height, width * size[0] / size[1]), min(width, height * size[1] / size[0])
    if interpolation == "crop":
        tall, wide = max(1, int(tall)), max(1, int(wide))
        return int((height - tall) / 2), int((width - wide) / 2), tall, wide
    return (height - tall) / 2, (width - wide) / 2, tall, wide


def as_grey(images: np.ndarray) -> np.ndarray:
    """Luminance of RGB uint8 images (n, h, w, 3), repeated in three channels: the input of a grey
    model.
    """
    grey = images @ np.array([0.299, 0.587, 0.114])
    return np.repeat(grey.round().astype(np.uint8)[..., None], 3, axis=-1)


def _jpeg(image: Image.Image, data: bytes, scan: int) -> np.ndarray:
    """Decode a JPEG whose compressed pixels begin at byte ``scan``.

    Decoders fill missing rows with grey and report success. The end marker FF D9 can't occur inside
    compressed pixels, so a file without it after their start is cut short. OpenCV decodes to the
    same pixels as Pillow, with one copy less; only Pillow applies the EXIF orientation.
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
    return _rgb(image, None).pixels


def _wide_colour(image: Image.Image, data: bytes) -> Decoded:
    """Decode a 16-bit colour PNG. (Pillow keeps the upper 8 bits, whatever range is used.)"""
    image.load()  # Pillow names the damage.
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    values = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if values is None or values.dtype != np.uint16 or values.ndim != 3:
        return _rgb(image, None)
    narrow = _narrow(values[..., :3], _stated_bits(data))
    pixels = np.ascontiguousarray(narrow.pixels[..., ::-1])
    if (turn := _turn(image)) is not None:
        pixels = np.asarray(Image.fromarray(pixels).transpose(turn))
    return Decoded(pixels, narrow.bits)


def _narrow(values: np.ndarray, said: int | None) -> Decoded:
    """The upper 8 of the bits that 16-bit values use."""
    greatest = int(values.max(initial=0))
    bits = next((b for b in (said or 8, 8, 12) if greatest < 1 << b and b >= 8), 16)
    return Decoded((values >> (bits - 8)).astype(np.uint8), bits)


def _stated_bits(data: bytes) -> int | None:
    """Significant bits of the first channel in a PNG's sBIT chunk, which precedes the pixels."""
    if not data.startswith(b"\x89PNG"):
        return None
    at = data.find(b"sBIT", 0, data.find(b"IDAT"))
    return data[at + 4] if at > 0 else None


def _rgb(image: Image.Image, said: int | None) -> Decoded:
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    if tags.get(Tag.NewSubfileType, 0) & 1:
        raise Unreadable(
            "its first picture is a thumbnail, as in a camera's raw file (DNG, NEF): convert it to "
            "JPEG or PNG"
        )
    bits = max(tags.get(Tag.BitsPerSample, (16,)))
    separate = tags.get(Tag.PlanarConfiguration) == 2
    if separate and bits > 8:  # Pillow would read each byte as a pixel.
        raise Unreadable("16 bits in separate planes, which is not supported: interleave them")
    wide = image.mode.startswith("I;16") or (image.format == "PPM" and image.mode == "I")
    if max(tags.get(Tag.SampleFormat, (1,))) > 1 or (image.mode in {"I", "F"} and not wide):
        raise Unreadable(
            "its pixel values have no defined range (32-bit, signed or floating point): save it "
            "with 8 or 16 bits per value"
        )
    image.load()
    if (turn := _turn(image)) is not None:
        image = image.transpose(turn)
    if wide:
        values = np.asarray(image)
        if bits == 16 and image.format != "PPM":
            grey, bits = _narrow(values, said)
        else:
            grey = (values >> (bits - 8)).astype(np.uint8)
        grey = 255 - grey if tags.get(Tag.PhotometricInterpretation) == 0 else grey
        return Decoded(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), bits)
    return Decoded(np.asarray(image if image.mode == "RGB" else image.convert("RGB")))


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        return _TURNS.get(image.getexif().get(Tag.Orientation, 1))
    except Exception:  # Damaged metadata must not lose a good picture.
        return None


def _stranger(data: bytes) -> str:
    """Describe a file that no decoder can read."""
    for pattern, meaning in _STRANGERS:
        if re.match(pattern, data[:1000], re.DOTALL | re.IGNORECASE):
            return meaning
    return "not an image of a known format (JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, HEIC, PPM)"


def _first_line(error: Exception) -> str:
    if str(error).startswith("decoder error"):  # An error number says nothing.
        return "its compressed pixels can't be decoded"
    return str(error).partition("\n")[0] or type(error).__name__
