"""Recipes: give one image the look of another, and change it as much for a fair control.

A recipe changes one property of a file's picture until it equals the donor's. Its control changes
the picture as much, in another direction or in another way, so that a network which is merely
brittle reacts to both alike.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convaudit.properties.pixel_properties import measure_one
from convaudit.shortcuts.changes import operations
from convaudit.shortcuts.changes.grain import noise_like
from convaudit.shortcuts.changes.pattern import pattern_like, scrambled
from convaudit.shortcuts.changes.plateaus import blocks
from convaudit.shortcuts.changes.specks import specks_like
from convaudit.shortcuts.halves import hash_number

Change = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
"""(image, donor, seed) -> image: RGB uint8; the donor may have another size."""
Control = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
"""(image, changed image, donor, seed) -> image that differs as much as the changed one."""
_STEPS = 7
"""Number of halvings of a dose's range; the error is under 1 % of the range."""


@dataclass(frozen=True)
class Look:
    """A look of the whole picture that may be a cue.

    name: unique; cue: the report's word for it; properties: the look is a suspect if one of them
    goes with a class; lower: True if the class must have the smaller values, False if the larger
    ones, None if either.
    """

    name: str
    cue: str
    kind: str
    properties: tuple[str, ...]
    lower: bool | None


@dataclass(frozen=True)
class Recipe(Look):
    """One way to give an image the look of a donor; insert, control: see ``Change`` and
    ``Control``.
    """

    insert: Change
    control: Control


def _brightness(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    return operations.brightened(image, _mean(donor) - _mean(image))


def _other_brightness(
    image: np.ndarray, changed: np.ndarray, donor: np.ndarray, seed: int
) -> np.ndarray:
    return operations.brightened(image, _mean(image) - _mean(donor))


def _contrast(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    return operations.contrasted(image, _deviation(donor) / _deviation(image))


def _other_contrast(
    image: np.ndarray, changed: np.ndarray, donor: np.ndarray, seed: int
) -> np.ndarray:
    return operations.contrasted(image, min(4.0, _deviation(image) / _deviation(donor)))


def _tone(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    return operations.toned(image, _mean(donor), _deviation(donor) / _deviation(image))


def _other_tone(image: np.ndarray, changed: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    factor = min(4.0, _deviation(image) / _deviation(donor))
    return operations.toned(image, 2 * _mean(image) - _mean(donor), factor)


def _cast(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    return operations.tinted(image, *_chroma_step(image, donor))


def _other_cast(image: np.ndarray, changed: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    a, b = _chroma_step(image, donor)
    return operations.tinted(image, -b, a) if seed % 2 else operations.tinted(image, b, -a)


def _recolour(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    return operations.recoloured(image, donor)


def _other_colours(
    image: np.ndarray, changed: np.ndarray, donor: np.ndarray, seed: int
) -> np.ndarray:
    """Recolour by the donor with red, green and blue exchanged in turn."""
    return operations.recoloured(image, np.roll(donor, 1 if seed % 2 else -1, axis=2))


def _exposure(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    return operations.scaled(image, _mean(donor) / max(1.0, _mean(image)))


def _other_exposure(
    image: np.ndarray, changed: np.ndarray, donor: np.ndarray, seed: int
) -> np.ndarray:
    return operations.scaled(image, _mean(image) / max(1.0, _mean(donor)))


def _saturation(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    return operations.saturated(image, _saturation_factor(image, donor))


def _other_saturation(
    image: np.ndarray, changed: np.ndarray, donor: np.ndarray, seed: int
) -> np.ndarray:
    """Turn all hues so far that colours move as much as the change of saturation moves them."""
    angle = 2 * np.arcsin(min(1.0, abs(1 - _saturation_factor(image, donor)) / 2))
    return operations.hue_turned(image, angle if seed % 2 else -angle)


def _sharpen(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    fine = max(image.shape[:2]) / 150
    return _dosed(
        image, donor, "sharpness", lambda dose: operations.sharpened(image, 8 * dose, fine)
    )


def _as_blurred(image: np.ndarray, changed: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    return operations.as_far(image, changed, operations.blurred(image, max(image.shape[:2]) / 20))


def _as_sharp(image: np.ndarray, changed: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    return as_sharp(image, changed)


def as_sharp(image: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """The image sharpened until it differs as much as the changed one (root mean square)."""
    return operations.as_far(image, changed, operations.sharpened(image, 1.0))


def _noise(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    return noise_like(image, donor, seed)


def _clouds(image: np.ndarray, changed: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    return operations.as_far(image, changed, operations.cloudy(image, 20, seed))


def _compress(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    return _dosed(
        image,
        donor,
        "blockiness",
        lambda dose: image if dose <= 0 else operations.compressed(image, round(96 - 94 * dose)),
    )


def _recode(image: np.ndarray, changed: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    return operations.compressed(image, 95)


def _coarse(kernel: str) -> Change:
    def change(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
        def coarser(dose: float) -> np.ndarray:
            return operations.coarsened(image, 1 + 11 * dose, kernel)

        return _dosed(image, donor, "sharpness", coarser)

    return change


def _repeated(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    """Give the image as many blocks as the donor has, whatever the sizes of their files, because a
    network sees both at its own size.
    """
    return operations.repeated(image, *blocks(donor))


def _size(image: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    return operations.resampled(image, *donor.shape[:2])


def _own_size(image: np.ndarray, changed: np.ndarray, donor: np.ndarray, seed: int) -> np.ndarray:
    return image


BLUR = Look("blur", "sharpness", "acquisition", ("sharpness", "spectrum_slope"), True)
"""Its experiment is ``experiments.Blur``, which gives every image the same blur."""
FINE_DETAIL = Look("fine detail", "sharpness", "appearance", ("detail_ratio",), False)
"""Its experiment is ``experiments.FineDetail``, which moves the detail of other pictures."""
RECIPES = (
    # Some things are sharper than others: a person must say whether it is the thing itself.
    Recipe(
        *("sharpen", "sharpness", "appearance", ("sharpness",), False),
        *(_sharpen, _as_blurred),
    ),
    # Grain of several pixels shows in sharpness and spectrum, not in the finest differences.
    Recipe(
        *("noise", "noise", "acquisition", ("noise", "sharpness", "spectrum_slope"), False),
        *(_noise, _clouds),
    ),
    Recipe(
        *("specks", "noise", "acquisition", ("specks",), False),
        *(specks_like, _clouds),
    ),
    Recipe(
        *("jpeg", "compression", "acquisition", ("blockiness",), False),
        *(_compress, _recode),
    ),
    *(
        Recipe(
            *(f"coarse, {kernel}", "resolution", "acquisition", ("detail_ratio",)),
            *(True, _coarse(kernel), _as_sharp),
        )
        for kernel in operations.KERNELS
    ),
    Recipe(
        *("coarse, nearest", "resolution", "acquisition", ("periodic_peak", "blockiness"), False),
        *(_repeated, _as_sharp),
    ),
    Recipe("size", "size", "acquisition", ("height", "width", "aspect"), None, _size, _own_size),
    Recipe(
        *("cast", "colour", "appearance", ("chroma_a", "chroma_b"), None),
        *(_cast, _other_cast),
    ),
    Recipe(
        *("recolour", "colour", "appearance", ("chroma_a", "chroma_b", "saturation"), None),
        *(_recolour, _other_colours),
    ),
    Recipe(
        *("saturation", "saturation", "appearance", ("saturation", "grey"), None),
        *(_saturation, _other_saturation),
    ),
    Recipe(
        *("brightness", "brightness", "appearance"),
        *(("luminance_mean", "luminance_p05", "luminance_p95"), None),
        *(_brightness, _other_brightness),
    ),
    Recipe(
        *("exposure", "brightness", "appearance"),
        *(("luminance_mean", "luminance_p95"), None),
        *(_exposure, _other_exposure),
    ),
    Recipe("contrast", "contrast", "appearance", ("contrast",), None, _contrast, _other_contrast),
    Recipe("tone", "contrast", "appearance", ("contrast",), None, _tone, _other_tone),
    # Bricks and fences are periodic too: a person must say whether it is the thing itself.
    Recipe(
        *("pattern", "pattern", "appearance", ("periodic_peak",), False),
        *(pattern_like, scrambled),
    ),
)
BY_NAME = {recipe.name: recipe for recipe in RECIPES}
LOOKS: tuple[Look, ...] = (BLUR, *RECIPES, FINE_DETAIL)
_IMITATED = {each.name for each in LOOKS if each.kind == "acquisition"} | {"sharpen"}
DETAIL = _IMITATED | {FINE_DETAIL.name}
"""Looks whose recipes remove, add or move fine detail. Each changes the properties of the others
too."""
SECOND = {
    "recolour": {"cast"},
    "exposure": {"brightness"},
    "tone": {"contrast"},
    FINE_DETAIL.name: _IMITATED,
}
"""Looks that are tried where these others explain little: pictures that are mostly black or white,
such as drawings, take no cast and have nothing for a gamma curve to move, mist changes brightness
and contrast at once, and no recipe imitates the comb of interlaced video."""


def seed_of(image_id: str, purpose: str) -> int:
    """A seed below 2**32 from an image's id and a purpose."""
    return hash_number(image_id, purpose) % 2**32


def _dosed(
    image: np.ndarray, donor: np.ndarray, name: str, change: Callable[[float], np.ndarray]
) -> np.ndarray:
    """Change an image by the dose, 0 to 1, with which a property comes nearest to the donor's.

    The dose is found by bisection, because the property rises or falls with it. An image that is
    already beyond the donor is not changed.
    """
    goal, start = measure_one(donor, name), measure_one(image, name)
    end_image = change(1.0)
    end = measure_one(end_image, name)
    if not np.isfinite([goal, start, end]).all() or (goal - start) * (end - start) <= 0:
        return image
    if abs(goal - start) >= abs(end - start):
        return end_image
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        value = measure_one(change(middle), name)
        low, high = (middle, high) if abs(value - start) < abs(goal - start) else (low, middle)
    return change((low + high) / 2)


def _mean(image: np.ndarray) -> float:
    return float(operations.luminance(image).mean())


def _deviation(image: np.ndarray) -> float:
    return max(1.0, float(operations.luminance(image).std()))


def _chroma_step(image: np.ndarray, donor: np.ndarray) -> tuple[float, float]:
    own, other = operations.mean_chroma(image), operations.mean_chroma(donor)
    return other[0] - own[0], other[1] - own[1]


def _saturation_factor(image: np.ndarray, donor: np.ndarray) -> float:
    own, other = operations.colourfulness(image), operations.colourfulness(donor)
    return float(np.clip(other / max(own, 0.5), 0, 3))
