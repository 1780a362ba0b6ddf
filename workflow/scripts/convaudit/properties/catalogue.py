"""The catalogue of image properties: name, unit, meaning and formula."""

from dataclasses import dataclass
from typing import Literal

Cue = Literal[
    "place",
    "patch",
    "border",
    "colour",
    "saturation",
    "brightness",
    "contrast",
    "sharpness",
    "noise",
    "compression",
    "resolution",
    "pattern",
    "size",
    "metadata",
    "context",
]
Kind = Literal["acquisition", "appearance", "metadata"]


@dataclass(frozen=True)
class Property:
    """One property of an image. Its column in ``predictions.parquet`` has the same name.

    Args:
        name: of the column.
        unit: unit of a number; "" for a dimensionless number; "text" for a text.
        cue: the cue that a model uses if it depends on this property.
        kind: ``acquisition`` (how the picture was made or stored), ``appearance`` (how it looks,
            which may belong to the class) or ``metadata`` (a model can't see it in the pixels).
        family: properties of one family measure nearly the same.
        description: meaning and formula, for the documentation and the report.
    """

    name: str
    unit: str
    cue: Cue
    kind: Kind
    family: str
    description: str

    @property
    def is_text(self) -> bool:
        """True for a text, False for a number."""
        return self.unit == "text"


FILE_PROPERTIES = (
    Property("file_format", "text", "metadata", "metadata", "format", "JPEG, PNG, WEBP and so on"),
    Property(
        *("bytes_per_pixel", "bytes", "compression", "acquisition", "compression"),
        "size of the file / (width x height)",
    ),
    Property(
        *("jpeg_quality", "1 to 100", "compression", "acquisition", "compression"),
        "libjpeg quality whose luminance table is the file's; for other tables q from "
        "S = 100 x sum(table) / sum(standard table), q = 100 - S / 2 for S <= 100, else 5000 / S; "
        "missing if the file is no JPEG",
    ),
    Property(
        *("chroma_subsampling", "text", "compression", "acquisition", "subsampling"),
        "4:4:4, 4:2:2, 4:2:0 and so on; grey for one component; empty if the file is no JPEG",
    ),
    Property(
        *("camera", "text", "metadata", "metadata", "camera"),
        "maker and model of the camera in EXIF; empty if it has none",
    ),
    Property("aspect", "", "size", "acquisition", "aspect", "width / height"),
)

SIZE_PROPERTIES = (
    Property("height", "pixels", "size", "acquisition", "size", "of the decoded image"),
    Property("width", "pixels", "size", "acquisition", "size", "of the decoded image"),
)
"""The decoder measures these."""

PIXEL_PROPERTIES = (
    Property(
        *("luminance_mean", "levels, 0 to 255", "brightness", "appearance", "brightness"),
        "mean luminance Y = 0.299 R + 0.587 G + 0.114 B",
    ),
    Property(
        *("luminance_p05", "levels, 0 to 255", "brightness", "appearance", "shadows"),
        "5 % of the pixels are at most as bright",
    ),
    Property(
        *("luminance_p95", "levels, 0 to 255", "brightness", "appearance", "lights"),
        "95 % of the pixels are at most as bright",
    ),
    Property(
        *("contrast", "levels", "contrast", "appearance", "contrast"),
        "standard deviation of the luminance (RMS contrast)",
    ),
    Property(
        *("chroma_a", "CIELAB", "colour", "appearance", "chroma_a"),
        "mean a*: green is negative, red positive",
    ),
    Property(
        *("chroma_b", "CIELAB", "colour", "appearance", "chroma_b"),
        "mean b*: blue is negative, yellow positive",
    ),
    Property(
        *("saturation", "0 to 1", "saturation", "appearance", "saturation"),
        "mean of (max - min) / max over R, G and B",
    ),
    Property(
        *("grey", "share", "saturation", "appearance", "saturation"),
        "share of the area whose R, G and B differ by at most 4 levels",
    ),
    Property(
        *("sharpness", "log10 levels²", "sharpness", "acquisition", "sharpness"),
        "log10(1 + variance of the Laplacian of Y)",
    ),
    Property(
        *("spectrum_slope", "", "sharpness", "acquisition", "sharpness"),
        "slope of log power against log frequency, from 1/16 to 1/2 cycle a pixel, of the middle "
        "128 x 128 pixels (Hann window, mean over directions): -3.7 to -1.8 for 90 % of "
        "photographs, lower where fine detail is missing, 0 for white noise",
    ),
    Property(
        *("periodic_peak", "log10 ratio", "pattern", "appearance", "pattern"),
        "log10 of the greatest power at one frequency / the geometric mean of the power at "
        "frequencies of the same length, over 1/20 cycle a pixel, of the spectrum of "
        "spectrum_slope: about 1.3 for noise",
    ),
    Property(
        *("detail_ratio", "octaves", "resolution", "acquisition", "resolution"),
        "log2(e1 / e2), with e1 the mean square of what the luminance loses when it is halved and "
        "enlarged again, of the middle 256 x 256 pixels, and e2 the same of the halved image: -1.3 "
        "to 0.6 for 90 % of photographs, below -1.5 where the file was enlarged from fewer pixels "
        "or is blurred",
    ),
    Property(
        *("blockiness", "log ratio", "compression", "acquisition", "blockiness"),
        "log of the step across every eighth line / the step across the lines between, at the "
        "phase where it is greatest (medians over the lines); mean of rows and columns",
    ),
    Property(
        *("noise", "levels", "noise", "acquisition", "noise"),
        "median |HH| / 0.6745, with HH the diagonal Haar coefficients of Y (Donoho 1994): the "
        "standard deviation of white noise",
    ),
    Property(
        *("specks", "share", "noise", "acquisition", "specks"),
        "share of the pixels that differ from the median of 5 x 5 pixels by at least 24 levels and "
        "4 times the mean difference in 15 x 15 pixels (at most 48 of each), in the flatter half "
        "of the blocks of 8 x 8 pixels: specks, dust, hairs, scratches, impulse noise",
    ),
    Property(
        *("border_width", "share of the side", "border", "acquisition", "border_width"),
        "width of a plain frame that is on all four sides: the smallest of the four / the shorter "
        "side; rows and columns belong to it while their mean step is at most 2 levels and their "
        "mean within 6 levels of the outermost one",
    ),
    Property(
        *("letterbox", "share of the side", "border", "acquisition", "letterbox"),
        "plain bars at top and bottom / height, or left and right / width, whichever is more; both "
        "bars of a pair count with the width of the narrower one",
    ),
    Property(
        *("border_luminance", "levels, 0 to 255", "border", "acquisition", "border_luminance"),
        "mean luminance of the outermost pixels, 1 % of the shorter side wide",
    ),
    Property(
        *("border_chroma_a", "CIELAB", "border", "acquisition", "border_chroma_a"),
        "mean a* of these pixels",
    ),
    Property(
        *("border_chroma_b", "CIELAB", "border", "acquisition", "border_chroma_b"),
        "mean b* of these pixels",
    ),
    Property(
        *("vignette", "log ratio", "border", "acquisition", "vignette"),
        "log of the mean luminance of the four corners / of the centre, each a quarter of the "
        "sides wide (1 level added to both)",
    ),
)

PROPERTIES = SIZE_PROPERTIES + FILE_PROPERTIES + PIXEL_PROPERTIES
"""All properties, in the order of their columns."""

BY_NAME = {each.name: each for each in PROPERTIES}
MEASURED = tuple(each.name for each in FILE_PROPERTIES + PIXEL_PROPERTIES)
"""Names of the values of ``measure_file`` and ``measure_pixels``, in this order."""
