"""Each property by hand, and under the changes of a photograph that it should notice."""

import math
from collections.abc import Callable

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import photographs
from conftest import ROOT
from convaudit.dataset.images import decode
from convaudit.properties import catalogue, measuring
from convaudit.properties.file_properties import jpeg_quality, measure_file
from convaudit.properties.pixel_properties import measure_pixels
from photographs import enlarged, framed, jpeg, noisy, recompressed, striped


def plain(*colour: int, size: tuple[int, int] = (64, 96)) -> np.ndarray:
    return np.full((*size, 3), colour, np.uint8)


def test_the_catalogue_names_every_property_once_and_measuring_gives_them_all():
    names = [each.name for each in catalogue.PROPERTIES]
    assert len(set(names)) == len(names)
    image = photographs.procedural(0)
    measured = measuring.measure(jpeg(image, 90), image)
    assert tuple(measured) == (*catalogue.MEASURED, measuring.HASH)
    texts = {name for name, value in measured.items() if isinstance(value, str)}
    described = {each.name for each in catalogue.PROPERTIES if each.is_text}
    assert texts == described | {measuring.HASH}


def test_each_property_is_documented_with_unit_and_formula():
    text = (ROOT / "docs" / "results.md").read_text()
    for each in catalogue.PROPERTIES:
        assert f"| `{each.name}` | {each.unit} | {each.description} |" in text


def test_every_audited_image_has_its_properties_beside_its_prediction(finished):
    predictions = pd.read_parquet(finished.folder / "results" / "predictions.parquet")
    for row in predictions.itertuples():
        data = (finished.folder / "photos" / row.path).read_bytes()
        expected = measuring.table([measuring.measure(data, decode(data))]).iloc[0]
        pd.testing.assert_series_equal(
            predictions.loc[row.Index, [*catalogue.MEASURED, measuring.HASH]],
            expected,
            check_names=False,
        )


def test_a_tables_types_do_not_depend_on_its_values():
    image = plain(1, 2, 3, size=(1, 1))
    row = measuring.measure(b"no image", image)
    assert measuring.table([row]).dtypes.equals(measuring.table([]).dtypes)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (7, 7), (23, 9), (33, 31)])
def test_small_images_have_no_number_where_there_is_too_little_to_measure(size):
    found = measure_pixels(plain(10, 20, 30, size=size))
    assert found["luminance_mean"] == pytest.approx(18, abs=0.5)
    assert not any(math.isinf(value) for value in found.values())
    missing = {name for name, value in found.items() if math.isnan(value)}
    assert ("spectrum_slope" in missing) == (min(size) < 32)
    assert ("border_width" in missing) == (min(size) < 24)


# Exposure and colour


def test_exposure_of_four_grey_levels():
    image = np.repeat(np.array([[0, 50], [100, 250]], np.uint8).repeat(32, 0).repeat(32, 1), 3)
    found = measure_pixels(image.reshape(64, 64, 3))
    assert found["luminance_mean"] == 100
    assert found["luminance_p05"] == 0
    assert found["luminance_p95"] == 250
    assert found["contrast"] == pytest.approx(np.std([0, 50, 100, 250]))


def test_luminance_weighs_the_colours_as_television_does():
    for colour, expected in [((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29)]:
        assert measure_pixels(plain(*colour))["luminance_mean"] == expected


def test_colour_of_pure_red_against_its_known_cielab_values():
    found = measure_pixels(plain(255, 0, 0))  # L* 53.2, a* 80.1, b* 67.2 (sRGB, D65)
    assert found["chroma_a"] == pytest.approx(80.1, abs=0.6)
    assert found["chroma_b"] == pytest.approx(67.2, abs=0.6)
    assert found["saturation"] == 1
    assert found["grey"] == 0


def test_saturation_and_grey_of_a_half_grey_picture():
    image = plain(100, 100, 100)
    image[:, 48:] = (200, 100, 150)
    found = measure_pixels(image)
    assert found["saturation"] == pytest.approx(0.25)
    assert found["grey"] == 0.5


# Detail


def test_sharpness_of_a_lone_bright_pixel():
    image = plain(0, 0, 0, size=(64, 64))
    image[32, 32] = 100
    # The Laplacian is -400 there and 100 at its four neighbours; its mean is 0.
    variance = (400**2 + 4 * 100**2) / 64**2
    assert measure_pixels(image)["sharpness"] == pytest.approx(math.log10(1 + variance))


def test_the_spectrum_of_white_noise_is_flat_and_of_one_over_f_noise_falls():
    assert measure_pixels(noisy(plain(128, 128, 128, size=(256, 256)), 20))[
        "spectrum_slope"
    ] == pytest.approx(0, abs=0.1)
    random = np.random.default_rng(0)
    size = (256, 256)
    frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256))
    frequency[0, 0] = 1
    for power in (2, 3):
        waves = np.fft.rfft2(random.normal(size=size)) / frequency ** (power / 2)
        grey = np.fft.irfft2(waves, size)
        levels = (128 + 40 * grey / grey.std()).clip(0, 255).round().astype(np.uint8)
        slope = measure_pixels(np.repeat(levels[..., None], 3, 2))["spectrum_slope"]
        assert slope == pytest.approx(-power, abs=0.3)


def test_noise_is_its_standard_deviation():
    for sigma in (2, 5, 15):
        grey = np.random.default_rng(0).normal(128, sigma, (256, 256, 1)).round().astype(np.uint8)
        assert measure_pixels(np.repeat(grey, 3, axis=2))["noise"] == pytest.approx(sigma, rel=0.04)
    assert measure_pixels(plain(9, 9, 9))["noise"] == pytest.approx(0.25 / 2 / 0.6745)


def test_blockiness_of_steps_at_every_eighth_line():
    ramp = np.arange(64) + 9 * (np.arange(64) // 8)  # steps of 1, and of 10 at the blocks' edges
    image = np.repeat((ramp + 0 * ramp[:, None]).astype(np.uint8)[..., None], 3, axis=2)
    across = math.log(10.1 / 1.1)
    assert measure_pixels(image)["blockiness"] == pytest.approx(across / 2, rel=1e-5)
    both = (ramp + ramp[:, None]).astype(np.uint8)
    image = np.repeat(both[3:60, 2:60, None], 3, axis=2)  # the grid need not begin at the corner
    assert measure_pixels(image)["blockiness"] == pytest.approx(across, rel=1e-5)


def test_a_stripe_stands_out_of_the_spectrum():
    image = noisy(plain(128, 128, 128, size=(128, 128)), 5)
    assert measure_pixels(image)["periodic_peak"] < 1.5
    assert measure_pixels(striped(image, 8, 8))["periodic_peak"] > 2.5


# Borders


@pytest.mark.parametrize("colour", [(0, 0, 0), (30, 30, 200), (250, 250, 250)])
def test_a_frame_is_measured_with_its_width_and_colour(colour):
    image = framed(photographs.procedural(3), 0.05, colour)
    found = measure_pixels(recompressed(image, 92))
    assert found["border_width"] == pytest.approx(0.05, abs=8 / 300)  # a JPEG block
    assert found["border_luminance"] == pytest.approx(
        measure_pixels(plain(*colour))["luminance_mean"], abs=3
    )
    assert found["border_chroma_b"] == pytest.approx(
        measure_pixels(plain(*colour))["chroma_b"], abs=3
    )


def test_letterbox_bars_count_together_and_only_in_pairs():
    image = photographs.procedural(4)
    image[:30] = image[-30:] = 0
    found = measure_pixels(image)
    assert found["letterbox"] == pytest.approx(0.2)
    assert found["border_width"] == 0
    image = photographs.procedural(4)
    image[:30] = 0
    assert measure_pixels(image)["letterbox"] == 0


def test_one_colour_all_over_is_no_frame():
    found = measure_pixels(plain(200, 200, 200))
    assert found["border_width"] == found["letterbox"] == 0


def test_vignette_compares_corners_with_the_centre():
    image = plain(99, 99, 99, size=(64, 64))
    image[:16, :16] = image[:16, -16:] = image[-16:, :16] = image[-16:, -16:] = 49
    assert measure_pixels(image)["vignette"] == pytest.approx(math.log(50 / 100))


# Files


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 51, 75, 92, 100])
def test_jpeg_quality_is_read_from_the_tables(quality):
    image = photographs.procedural(0, 40, 50)
    assert measure_file(jpeg(image, quality), image.shape)["jpeg_quality"] == quality


def test_jpeg_quality_of_a_table_of_another_encoder_lies_between():
    base = np.array(measure_table(50))
    assert jpeg_quality((base * 0.5 + 0.3 * (np.arange(64) % 2)).round().tolist()) == pytest.approx(
        75, abs=2
    )


def measure_table(quality: int) -> list[int]:
    from io import BytesIO

    return Image.open(BytesIO(jpeg(plain(1, 2, 3), quality))).quantization[0]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("flag", "expected"),
    [(0x111111, "4:4:4"), (0x211111, "4:2:2"), (0x221111, "4:2:0"), (0x411111, "4:1:1")],
)
def test_chroma_subsampling(flag, expected):
    image = plain(9, 90, 200)
    data = jpeg(image, 90, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, flag)
    assert measure_file(data, image.shape)["chroma_subsampling"] == expected


def test_a_grey_jpeg_has_no_chroma():
    data = cv2.imencode(".jpg", np.zeros((8, 8), np.uint8))[1].tobytes()
    assert measure_file(data, (8, 8))["chroma_subsampling"] == "grey"


def test_a_png_has_no_quality_and_a_size_a_pixel():
    image = plain(1, 2, 3, size=(50, 100))
    data = cv2.imencode(".png", image)[1].tobytes()
    found = measure_file(data, image.shape)
    assert found["file_format"] == "PNG"
    assert math.isnan(found["jpeg_quality"])
    assert found["chroma_subsampling"] == found["camera"] == ""
    assert found["bytes_per_pixel"] == len(data) / 5000
    assert found["aspect"] == 2


@pytest.mark.parametrize(
    ("maker", "model", "expected"),
    [
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("Apple", "iPhone  12\0", "Apple iPhone 12"),
        ("NIKON", "", "NIKON"),
    ],
)
def test_the_camera_is_maker_and_model(tmp_path, maker, model, expected):
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = maker, model
    Image.fromarray(plain(1, 2, 3)).save(tmp_path / "a.jpg", exif=exif)
    assert measure_file((tmp_path / "a.jpg").read_bytes(), (64, 96))["camera"] == expected


def test_metadata_that_can_not_be_read_loses_nothing_else():
    found = measure_file(b"\xff\xd8 something else", (10, 20))
    assert found["aspect"] == 2
    assert found["file_format"] == ""


# Each property under the changes that it should notice, on whole photographs

PHOTOGRAPHS = [photographs.procedural(seed) for seed in range(6)] + [
    photographs.of_the_demo(seed) for seed in range(6)
]
COLOUR = {"chroma_a", "chroma_b", "saturation", "grey", "border_chroma_a", "border_chroma_b"}
TONES = {"contrast", "luminance_p05", "luminance_p95"}
LIGHT = TONES | {"luminance_mean", "border_luminance"}
FINE = {"sharpness", "spectrum_slope", "detail_ratio", "noise"}
EDGE = {"border_width", "letterbox", "vignette"}
OTHER = {"blockiness", "periodic_peak"}
SPECKS = {"specks"}
ALL = COLOUR | LIGHT | FINE | EDGE | OTHER | SPECKS
UNIT = {
    **dict.fromkeys(LIGHT, 5),
    "specks": 0.01,
    "saturation": 0.05,
    "grey": 0.1,
    "chroma_a": 2,
    "chroma_b": 2,
    "border_chroma_a": 2,
    "border_chroma_b": 2,
    "sharpness": 0.15,
    "spectrum_slope": 0.4,
    "detail_ratio": 0.4,
    "noise": 1,
    "blockiness": 0.08,
    "periodic_peak": 0.25,
    "border_width": 0.01,
    "letterbox": 0.02,
    "vignette": 0.1,
}
"""Least difference that counts as a change: at most about a quarter of photographs' spread."""


def cast(image: np.ndarray) -> np.ndarray:
    return (image * np.array([1.15, 1.0, 0.85])).clip(0, 255).round().astype(np.uint8)


def hairy(image: np.ndarray) -> np.ndarray:
    """Twenty dark hairs, one pixel wide, across the picture."""
    found = image.copy()
    height, width = image.shape[:2]
    for number in range(20):
        ends = (number * width // 20, 0), ((7 * number % 20) * width // 20, height - 1)
        cv2.line(found, *ends, (15, 10, 10), 1)
    return found


def vignetted(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    down, across = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    return (image * (1 - 0.35 * (down**2 + across**2))[..., None]).astype(np.uint8)


def letterboxed(image: np.ndarray) -> np.ndarray:
    found = image.copy()
    found[:40] = found[-40:] = 0
    return found


CHANGES: list[tuple[str, Callable[[np.ndarray], np.ndarray], dict[str, int], set[str]]] = [
    ("JPEG 40", lambda x: recompressed(x, 40), {"blockiness": 1}, FINE),
    ("blur", lambda x: cv2.GaussianBlur(x, (0, 0), 1.5),
     {"sharpness": -1, "spectrum_slope": -1, "detail_ratio": -1},
     FINE | TONES | OTHER),
    ("noise", lambda x: noisy(x, 10), {"noise": 1}, FINE | COLOUR | OTHER),
    ("enlarged", lambda x: enlarged(x, 3), {"detail_ratio": -1},
     FINE | OTHER | TONES),
    ("hairs", hairy, {"specks": 1}, SPECKS | FINE | OTHER | LIGHT),
    ("cast", cast, {"chroma_a": 1, "chroma_b": 1, "border_chroma_b": 1}, COLOUR | LIGHT),
    ("grey", lambda x: np.repeat(cv2.cvtColor(x, cv2.COLOR_RGB2GRAY)[..., None], 3, 2),
     {}, COLOUR),
    ("brighter", lambda x: (x * 1.25).clip(0, 255).astype(np.uint8),
     {"luminance_mean": 1, "luminance_p95": 1}, LIGHT | FINE | COLOUR),
    ("flatter", lambda x: (128 + (x - 128.0) * 0.6).round().astype(np.uint8), {"contrast": -1},
     LIGHT | FINE | COLOUR | OTHER | {"vignette"}),
    ("frame", lambda x: framed(x, 0.06, (20, 20, 20)), {"border_width": 1, "border_luminance": -1},
     LIGHT | COLOUR | EDGE | {"noise"}),
    ("letterbox", letterboxed, {"letterbox": 1}, LIGHT | COLOUR | EDGE | {"noise"}),
    ("vignette", vignetted, {"vignette": -1}, LIGHT | COLOUR | FINE),
    ("stripes", lambda x: striped(x, 7, 12), {"periodic_peak": 1},
     {"periodic_peak", "sharpness", "spectrum_slope", "detail_ratio"}),
]  # fmt: skip
"""Name, change, properties that must change with their direction, and those that may change."""


@pytest.mark.parametrize(
    ("name", "change", "moves", "may"), CHANGES, ids=[change[0] for change in CHANGES]
)
def test_each_change_moves_its_own_properties_and_no_others(name, change, moves, may):
    before = pd.DataFrame([measure_pixels(image) for image in PHOTOGRAPHS])
    after = pd.DataFrame([measure_pixels(change(image)) for image in PHOTOGRAPHS])
    shift = (after - before) / pd.Series(UNIT)
    for each, direction in moves.items():
        assert (shift[each] * direction > 1).mean() >= 0.75, (each, shift[each].tolist())
    for each in sorted(ALL - may - set(moves)):
        assert shift[each].abs().median() < 1, (each, shift[each].tolist())


def test_a_grey_picture_is_grey_whatever_it_was():
    for image in PHOTOGRAPHS:
        grey = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
        found = measure_pixels(grey)
        assert found["grey"] == 1
        assert found["saturation"] == 0
        assert abs(found["chroma_a"]) < 0.5
        assert abs(found["chroma_b"]) < 0.5


def test_a_files_size_hardly_changes_what_is_measured_at_a_fixed_size():
    fixed = COLOUR | LIGHT | {"sharpness", "vignette"}
    for seed in range(4):
        large = photographs.procedural(seed, 800, 1000)
        half = cv2.resize(large, (500, 400), interpolation=cv2.INTER_AREA)
        shift = pd.Series(measure_pixels(large)) - pd.Series(measure_pixels(half))
        assert ((shift / pd.Series(UNIT)).abs()[sorted(fixed)] < 1).all()
