"""Every format gives the right pixels, or a reason that a user understands."""

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from convaudit.dataset import images

ROWS, COLUMNS = np.mgrid[0:60, 0:80]
RGB = np.stack([ROWS * 4, COLUMNS * 3, ROWS + COLUMNS], -1).astype(np.uint8)
PICTURE = Image.fromarray(RGB)
WIDE = (np.arange(60 * 80) * 13).reshape(60, 80).astype(np.uint16)
OTHER = Image.new("RGB", (80, 60), "red")
LARGE = cv2.resize(
    np.random.default_rng(4).integers(0, 256, (30, 40, 3), dtype=np.uint8),
    (1200, 900),
    interpolation=cv2.INTER_CUBIC,
)

# The change from an upright picture to the one that is stored with each EXIF orientation.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}

# Formats as they are saved below, and how far from RGB their pixels may be.
EXACT = {
    "PNG": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "BMP": {},
    "PPM": {},
    "HEIF": {"quality": -1, "chroma": 444, "matrix_coefficients": 0},
}
LOSSY = {
    "JPEG": {"quality": 100, "subsampling": 0},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
}
TOLERANCE = 3


def encoded(image: Image.Image, name: str, **options: object) -> bytes:
    file = io.BytesIO()
    if name == "HEIF":  # the library that the product uses reads and does not write
        if "exif" in options:  # the turn is then written twice, as telephones do
            options["exif"] = options["exif"].tobytes()
        pillow_heif.from_pillow(image).save(file, **options)
        return file.getvalue()
    image.save(file, name, **options)
    return file.getvalue()


def tiff(array: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, array, **options)
    return file.getvalue()


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    written = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def refusal(data: bytes) -> str:
    with pytest.raises(images.Unreadable) as caught:
        images.decode(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def assert_pixels(data: bytes, expected: np.ndarray, tolerance: int = 0) -> None:
    decoded = images.decode(data)
    assert decoded.dtype == np.uint8
    assert decoded.shape == expected.shape
    assert np.abs(decoded.astype(int) - expected).max() <= tolerance


def as_rgb(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("name", EXACT)
def test_lossless_formats_give_the_very_pixels(name):
    assert_pixels(encoded(PICTURE, name, **EXACT[name]), RGB)


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_formats_give_nearly_the_pixels(name):
    assert_pixels(encoded(PICTURE, name, **LOSSY[name]), RGB, TOLERANCE)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpegs_have_the_bits_that_pillow_gives(mode, progressive, subsampling):
    options = {"subsampling": subsampling} if mode == "RGB" else {}
    data = encoded(PICTURE.convert(mode), "JPEG", progressive=progressive, **options)
    assert_pixels(data, as_rgb(Image.open(io.BytesIO(data))))


def test_as_grey_is_pillows():
    grey = np.asarray(PICTURE.convert("L"))
    assert np.abs(images.as_grey(RGB[None])[0, ..., 1].astype(int) - grey).max() <= 1


def test_cmyk():
    inks = PICTURE.convert("CMYK")
    assert_pixels(encoded(inks, "JPEG", quality=100, subsampling=0), as_rgb(inks), TOLERANCE)
    assert_pixels(encoded(inks, "TIFF"), as_rgb(inks))


@pytest.mark.parametrize("name", ["PNG", "TIFF", "GIF", "BMP"])
def test_palette(name):
    painted = PICTURE.quantize(16)
    assert_pixels(encoded(painted, name), as_rgb(painted))


@pytest.mark.parametrize("mode", ["L", "1"])
@pytest.mark.parametrize("name", ["PNG", "TIFF", "BMP", "PPM"])
def test_grey_and_black_and_white(name, mode):
    grey = PICTURE.convert(mode)
    assert_pixels(encoded(grey, name), as_rgb(grey))


@pytest.mark.parametrize("opacity", [0, 100, 255])
def test_transparency_is_dropped_as_keras_drops_it(opacity):
    glass = PICTURE.copy()
    glass.putalpha(opacity)
    assert_pixels(encoded(glass, "PNG"), RGB)
    assert_pixels(encoded(glass, "TIFF"), RGB)
    assert_pixels(encoded(glass, "WEBP", lossless=True, exact=True), RGB)
    assert_pixels(encoded(glass.convert("LA"), "PNG"), as_rgb(PICTURE.convert("L")))


@pytest.mark.filterwarnings("ignore:Palette images with Transparency")
def test_transparent_palette():
    painted = PICTURE.quantize(16)
    assert_pixels(encoded(painted, "PNG", transparency=bytes(16)), as_rgb(painted))
    assert_pixels(encoded(painted, "GIF", transparency=3), as_rgb(painted))


def test_sixteen_bits_keep_the_upper_eight():
    grey = np.repeat((WIDE >> 8)[..., None], 3, 2)
    for name in ("PNG", "TIFF"):
        assert_pixels(encoded(Image.fromarray(WIDE), name), grey)
    assert_pixels(tiff(WIDE, byteorder=">"), grey)
    channels = np.stack([WIDE, WIDE // 2, WIDE // 3], -1)
    assert_pixels(tiff(channels, photometric="rgb"), channels >> 8)
    ok, png = cv2.imencode(".png", channels[..., ::-1])
    assert ok
    assert_pixels(png.tobytes(), channels >> 8)


def test_sixteen_bits_of_a_portable_grey_map_whatever_its_maximum():
    ten_bits = WIDE >> 6
    for maximum, values in ((65535, WIDE), (1023, ten_bits)):
        header = b"P5 80 60 %d\n" % maximum
        grey = np.repeat((WIDE >> 8)[..., None], 3, 2)
        assert_pixels(header + values.astype(">u2").tobytes(), grey, maximum == 1023)


def test_a_tiff_whose_zero_is_white():
    grey = RGB[..., 0]
    expected = np.repeat(grey[..., None], 3, 2)
    assert_pixels(tiff(255 - grey, photometric="miniswhite"), expected)
    wide = grey.astype(np.uint16) << 8
    assert_pixels(tiff(65535 - wide, photometric="miniswhite"), expected)


def test_twelve_bits_keep_the_upper_eight():
    values = (np.arange(60 * 80) % 4096).reshape(-1, 2)
    first, second = values.T
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], -1)
    data = packed.astype(np.uint8).tobytes()
    entries = {256: 80, 257: 60, 258: 12, 259: 1, 262: 1, 273: 122, 277: 1, 278: 60, 279: len(data)}
    tags = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries.items())
    header = b"II*\0" + struct.pack("<IH", 8, len(entries)) + tags + bytes(4)
    assert len(header) == entries[273]
    grey = (values.reshape(60, 80) >> 4).astype(np.uint8)
    assert_pixels(header + data, np.repeat(grey[..., None], 3, 2))


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("options", [{"tile": (16, 16)}, {"bigtiff": True}, {"byteorder": ">"}])
def test_tiffs_as_other_programs_write_them(options, compression):
    assert_pixels(tiff(RGB, photometric="rgb", compression=compression, **options), RGB)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_compressed_tiffs(compression):
    assert_pixels(encoded(PICTURE, "TIFF", compression=compression), RGB)


def test_planes_of_a_tiff():
    def planes(pixels: np.ndarray) -> bytes:
        return tiff(np.moveaxis(pixels, -1, 0), photometric="rgb", planarconfig="separate")

    assert_pixels(planes(RGB), RGB)
    assert "separate planes" in refusal(planes(RGB.astype(np.uint16) << 8))


def test_a_long_text_in_a_png_costs_no_picture():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("XML:com.adobe.xmp", "x" * 5_000_000, zip=True)
    assert_pixels(encoded(PICTURE, "PNG", pnginfo=notes), RGB)


def interlaced_png() -> bytes:
    """Adam7, which Pillow does not write: seven small pictures one after the other."""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
    rows = b"".join(
        b"\0" + row.tobytes()
        for top, left, down, right in [*passes, (1, 0, 2, 1)]
        for row in RGB[top::down, left::right]
    )
    header = struct.pack(">IIBBBBB", 80, 60, 8, 2, 0, 0, 1)
    return png((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))


def test_an_interlaced_png():
    assert_pixels(interlaced_png(), RGB)


def test_numbers_without_a_range_are_refused():
    assert "range" in refusal(tiff(np.float32(RGB[..., 0])))
    assert "range" in refusal(tiff(RGB[..., 0].astype(np.uint32)))
    assert "range" in refusal(tiff(RGB[..., 0].astype(np.int8)))
    assert "range" in refusal(tiff(RGB[..., 0].astype(np.int16)))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", [*sorted(EXACT.keys() - {"BMP", "PPM"}), *LOSSY, "CMYK", "16 bit"])
def test_exif_orientation(name, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright, expected, tolerance = PICTURE, RGB, 0 if name in EXACT else TOLERANCE
    options = {**EXACT, **LOSSY, "CMYK": LOSSY["JPEG"], "16 bit": {}}[name]
    if name == "CMYK":
        upright, name = PICTURE.convert("CMYK"), "JPEG"
        expected = as_rgb(upright)
    elif name == "16 bit":
        upright, name = Image.fromarray(WIDE), "PNG"
        expected, tolerance = np.repeat((WIDE >> 8)[..., None], 3, 2), 0
    stored = upright.transpose(STORED[orientation]) if orientation > 1 else upright
    assert_pixels(encoded(stored, name, exif=exif, **options), expected, tolerance)


@pytest.mark.parametrize(
    "entry",
    [
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x04\0\0\0\x01\0\0\0\x06\0\0\0\0",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0",
    ],
    ids=["big-endian short", "big-endian long", "little-endian short"],
)
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_orientation_is_read_however_it_is_written(name, entry):
    stored = PICTURE.transpose(STORED[6])
    options = {**EXACT, **LOSSY}[name]
    assert_pixels(encoded(stored, name, exif=entry, **options), RGB, TOLERANCE)


def test_an_orientation_that_does_not_exist_turns_nothing():
    exif = Image.Exif()
    exif[0x0112] = 9
    assert_pixels(encoded(PICTURE, "JPEG", exif=exif, **LOSSY["JPEG"]), RGB, TOLERANCE)
    assert_pixels(encoded(PICTURE, "PNG", exif=exif), RGB)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("junk", [b"junk" * 5, b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II"])
@pytest.mark.parametrize("name", ["PNG", "WEBP", "JPEG", "MPO"])
def test_damaged_metadata_costs_no_picture(name, junk):
    options = {**EXACT, **LOSSY, "MPO": LOSSY["JPEG"]}[name]
    assert_pixels(encoded(PICTURE, name, exif=junk, **options), RGB, TOLERANCE)


@pytest.mark.parametrize(
    ("name", "options"),
    [("GIF", {}), ("WEBP", {"lossless": True}), ("TIFF", {}), ("PNG", {}), ("MPO", LOSSY["JPEG"])],
)
def test_of_several_frames_the_first(name, options):
    first = PICTURE.quantize(16) if name == "GIF" else PICTURE
    data = encoded(first, name, save_all=True, append_images=[OTHER, OTHER], **options)
    assert_pixels(data, as_rgb(first), TOLERANCE if name == "MPO" else 0)


@pytest.mark.parametrize("size", [(1, 1), (1, 20000), (20000, 1), (65500, 1)])
@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_odd_shapes(name, size):
    data = encoded(Image.new("RGB", size, (200, 100, 50)), name)
    expected = np.broadcast_to(np.uint8([200, 100, 50]), (size[1], size[0], 3))
    assert_pixels(data, expected, TOLERANCE)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_hundred_megapixels():
    ok, data = cv2.imencode(".jpg", np.full((10_000, 10_000), 77, np.uint8))
    assert ok
    decoded = images.decode(data.tobytes())
    assert decoded.shape == (10_000, 10_000, 3)
    assert (decoded[::1000, ::1000] == 77).all()
    assert images.resize(decoded, (2, 2), "area").tolist() == [[[77] * 3] * 2] * 2


def test_a_side_that_no_jpeg_can_have_is_refused():
    assert "70000 x 1 pixels" in refusal(encoded(Image.new("L", (70_000, 1)), "PNG"))


@pytest.mark.parametrize(
    "name", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF", "PPM"]
)
@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.5, 0.9, 0.98])
@pytest.mark.filterwarnings("ignore:Truncated File Read", "ignore:Corrupt EXIF")
def test_a_file_cut_short_is_refused(name, share):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = encoded(Image.fromarray(noise), name)
    assert refusal(data[: int(len(data) * share)])


def test_a_jpeg_cut_at_any_byte_is_refused():
    preview = b"Exif\0\0" + encoded(PICTURE.resize((8, 6)), "JPEG")
    for progressive in (False, True):
        data = encoded(PICTURE, "JPEG", exif=preview, progressive=progressive)
        for length in range(len(data)):
            refusal(data[:length])
        zeroed = data[: len(data) - 100] + bytes(100)
        assert "cut short" in refusal(zeroed)


def test_a_jpeg_of_endless_scans_is_refused():
    data = encoded(PICTURE, "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    assert "scans" in refusal(data[:-2] + 1000 * scan + data[-2:])


def test_bytes_after_the_end_are_harmless():
    data = encoded(PICTURE, "JPEG", **LOSSY["JPEG"])
    assert_pixels(data + b"\xff\xda\0\0 a film from a telephone", RGB, TOLERANCE)
    assert_pixels(data + bytes(4096), RGB, TOLERANCE)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\0" * 5000, "zero bytes"),
        (b"This is no photograph.\n", "text"),
        (b"\n<!DOCTYPE html><html>404", "web page"),
        (b'<?xml version="1.0"?>\n<svg/>', "SVG"),
        (b"%PDF-1.7\n\xe2\xe3", "PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "cut short"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "MP4"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
        (b"\xff\x4f\xff\x51\0\x29", "JPEG 2000"),
        (b"\x89PNG\r\n", "cut short"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
        (b"\xde\xad\xbe\xef\0\1", "not an image of a known format"),
    ],
)
def test_what_is_no_image_is_called_what_it_is(data, reason):
    assert reason in refusal(data)


def png_bomb() -> bytes:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return png((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1_000_000))), (b"IEND", b""))


def patched(name: str, offset: int, sizes: bytes, **options: object) -> bytes:
    data = bytearray(encoded(PICTURE, name, **options))
    data[offset : offset + len(sizes)] = sizes
    return bytes(data)


def jpeg_bomb() -> bytes:
    data = encoded(PICTURE, "JPEG")
    return patched("JPEG", data.index(b"\xff\xc0") + 5, struct.pack(">HH", 50_000, 50_000))


BOMBS = {
    "png": png_bomb,
    "jpeg": jpeg_bomb,
    "gif": lambda: patched("GIF", 6, struct.pack("<HH", 50_000, 50_000)),
    "bmp": lambda: patched("BMP", 18, struct.pack("<ii", 50_000, 50_000)),
    "webp": lambda: patched("WEBP", 24, b"\x4f\xc3\0" * 2, exif=b"Exif\0\0", lossless=True),
    "ppm": lambda: b"P6 50000 50000 255\n" + bytes(1000),
    "tiff": lambda: patched(
        "TIFF",
        encoded(PICTURE, "TIFF").index(struct.pack("<HHI", 256, 4, 1)) + 8,
        struct.pack("<IHHII", 50_000, 257, 4, 1, 50_000),
    ),
}

MEASURE = """
import resource, sys
from convaudit.dataset import images
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
data = sys.stdin.buffer.read()
try: images.decode(b"GIF89a")
except images.Unreadable: pass
before = peak()
try: images.decode(data)
except images.Unreadable as error: print(peak() - before, error)
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_decompression_bomb_costs_no_memory(name):
    environment = {**os.environ, "PYTHONPATH": str(Path(images.__file__).parents[2])}
    run = subprocess.run(
        [sys.executable, "-c", MEASURE],
        input=BOMBS[name](),
        capture_output=True,
        env=environment,
        check=True,
    )
    kilobytes, _, reason = run.stdout.decode().partition(" ")
    assert int(kilobytes) < 20_000
    assert "too large" in reason or "damaged" in reason


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF", "PPM"]
)
def test_damaged_bytes_never_raise_anything_else(name):
    rng = np.random.default_rng(0)
    sound = np.frombuffer(encoded(PICTURE.resize((20, 16)), name), np.uint8)
    for _ in range(150):
        data = sound.copy()
        places = rng.integers(0, min(len(data), rng.choice([40, 10_000])), rng.integers(1, 6))
        data[places] = rng.integers(0, 256, len(places))
        try:
            decoded = images.decode(data.tobytes())
        except images.Unreadable:
            continue
        assert decoded.ndim == 3 and decoded.shape[2] == 3 and decoded.dtype == np.uint8


def wide_png(values: np.ndarray, said: int | None = None) -> bytes:
    """A PNG of 16 bits, with its significant bits (sBIT) if they are given."""
    grey = values.ndim == 2
    header = struct.pack(
        ">IIBBBBB", values.shape[1], values.shape[0], 16, 0 if grey else 2, 0, 0, 0
    )
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    significant = [] if said is None else [(b"sBIT", bytes([said] * (1 if grey else 3)))]
    return png((b"IHDR", header), *significant, (b"IDAT", zlib.compress(rows)), (b"IEND", b""))


RAMP = np.arange(60 * 80).reshape(60, 80) % 4096
"""Of 12 bits, as CT and X-ray have them."""


@pytest.mark.parametrize(
    ("values", "said", "bits"),
    [
        (RAMP, None, 12),  # by their range
        (RAMP % 256, None, 8),
        (RAMP % 256, 12, 12),  # a dark picture, by what the file says
        (RAMP * 16, None, 16),
        (RAMP * 16, 12, 16),  # scaled as the PNG standard wants it: the upper bits count
        (RAMP % 1024, 10, 10),
    ],
)
def test_sixteen_bits_of_which_fewer_are_used(values, said, bits):
    upper = (values >> (bits - 8)).astype(np.uint8)
    for pixels, expected in (
        (values, np.repeat(upper[..., None], 3, 2)),
        (
            np.stack([values, values // 2, values * 0], -1),
            np.stack([upper, values // 2 >> (bits - 8), upper * 0], -1),
        ),
    ):
        found = images.read(wide_png(pixels.astype(np.uint16), said))
        assert found.bits == bits
        assert (found.pixels == expected).all()


def test_twelve_bits_in_a_tiff_of_sixteen():
    for values, photometric in ((RAMP, "minisblack"), (4095 - RAMP, "miniswhite")):
        found = images.read(tiff(values.astype(np.uint16), photometric=photometric))
        assert found.bits == 12
        assert (found.pixels[..., 0] == RAMP >> 4).all() or photometric == "miniswhite"
    assert (found.pixels[..., 0] == 255 - (4095 - RAMP >> 4)).all()


def test_dicom_is_called_so():
    assert "DICOM, which is not supported" in refusal(bytes(128) + b"DICM" + b"\x02\0" * 40)


def test_a_pointer_of_git_lfs_is_called_so():
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    assert "a Git LFS pointer" in refusal(pointer) and "git lfs pull" in refusal(pointer)


def test_the_thumbnail_of_a_raw_file_is_not_taken_for_the_photo():
    assert "its first picture is a thumbnail" in refusal(tiff(RGB, subfiletype=1))


def test_a_large_jpeg_is_decoded_small_with_nearly_the_same_pixels():
    data = encoded(Image.fromarray(LARGE), "jpeg", quality=95)
    found = images.decode_shrunk(data, 400)
    exact = cv2.resize(images.decode(data), (400, 300), interpolation=cv2.INTER_AREA)
    assert found.shape == (300, 400, 3)
    assert np.abs(found.astype(int) - exact).mean() < 1


def test_a_large_jpeg_is_turned_upright_after_it_is_decoded_small():
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = encoded(Image.fromarray(LARGE), "jpeg", quality=95, exif=exif)
    found = images.decode_shrunk(lying, 400)
    exact = cv2.resize(images.decode(lying), (300, 400), interpolation=cv2.INTER_AREA)
    assert found.shape == (400, 300, 3)
    assert np.abs(found.astype(int) - exact).mean() < 1


@pytest.mark.parametrize("name", ["png", "webp"])
def test_other_large_images_are_decoded_whole_and_averaged(name):
    data = encoded(Image.fromarray(LARGE), name)
    exact = cv2.resize(images.decode(data), (400, 300), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(images.decode_shrunk(data, 400), exact)


def test_a_small_image_keeps_its_pixels():
    data = encoded(Image.fromarray(LARGE), "jpeg")
    np.testing.assert_array_equal(images.decode_shrunk(data, 1200), images.decode(data))
