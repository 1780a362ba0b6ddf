"""Measure all properties of an image, and make the table for many images."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from convaudit.properties.catalogue import BY_NAME, MEASURED
from convaudit.properties.difference_hash import difference_hash
from convaudit.properties.file_properties import measure_file
from convaudit.properties.pixel_properties import measure_pixels, working_luminance

HASH = "dhash"
"""The column of the difference hash."""


def measure(data: bytes, image: np.ndarray) -> dict[str, float | str]:
    """Measure ``catalogue.MEASURED`` and the difference hash of a file and its decoded pixels (h,
    w, 3).
    """
    looks = difference_hash(working_luminance(image))
    return {**measure_file(data, image.shape), **measure_pixels(image), HASH: looks}


def table(measured: Sequence[dict[str, float | str]]) -> pd.DataFrame:
    """A table with one row per image: texts, and numbers as float32. The types do not depend on the
    values.
    """
    kinds = {name: "str" if BY_NAME[name].is_text else "float32" for name in MEASURED}
    kinds[HASH] = "str"
    return pd.DataFrame(list(measured), columns=list(kinds)).astype(kinds)
