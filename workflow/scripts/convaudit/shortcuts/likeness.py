"""Measure how much of the difference between a class and the others a recipe explains."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from convaudit.properties.pixel_properties import measure_pixels
from convaudit.shortcuts.changes import recipes
from convaudit.shortcuts.changes.experiments import Blur, FineDetail, Whole
from convaudit.shortcuts.changes.focus import focus, shrunk
from convaudit.shortcuts.changes.plateaus import blocks
from convaudit.shortcuts.changes.specks import without_specks
from convaudit.shortcuts.sample import Sample

VECTOR = (
    *("luminance_mean", "luminance_p05", "luminance_p95", "contrast", "chroma_a", "chroma_b"),
    *("saturation", "sharpness", "spectrum_slope", "detail_ratio", "blockiness", "noise"),
)
"""Properties by which donors and images that a recipe changed are compared."""
_COMPARED = 14
"""Number of images that a recipe changes for its likeness."""
_FAR = 5.0
"""Greatest distance that counts, in standard deviations, so that a huge one does not outweigh all
others."""
_OWN: dict[str, Callable[[np.ndarray], float]] = {
    "blur": lambda image: focus(shrunk(image)),
    "coarse, nearest": lambda image: float(np.log(np.prod(blocks(image)))),
}
"""Looks that are judged by one measure. An object in focus before a blurred background keeps the
sharpness of the whole picture high; repeated pixels that were stored as JPEG have other steps than
those of a changed picture."""
_UNDONE = {"specks": without_specks}
"""Changes that remove a look. Its likeness is measured on the class's images without it: a recipe
that copies the donor's own pixels copies the roughest of its texture too."""


def likeness_of(
    sample: Sample, experiment: Whole | Blur | FineDetail, inside: np.ndarray, outside: np.ndarray
) -> float:
    """Share of the difference between class and others that the recipe removes from others, or, if
    the look can be undone, that undoing it removes from the class.

    1 - sum |after - class| / sum |before - class| over the compared properties, with medians in
    units of the standard deviation within both groups.

    Args:
        sample: the images with their properties.
        experiment: the recipe with its donors.
        inside: (m,) positions of carriers of the class.
        outside: (m,) positions of images of other classes.

    Returns:
        1 if the changed images look like the class, 0 or less if they are no nearer than before.
    """
    undo = _UNDONE.get(experiment.name)
    if undo:
        return _explained_by_removal(sample, undo, inside, outside)
    tried = outside[:_COMPARED]
    changed = [
        experiment.insert(sample.read(int(at)), recipes.seed_of(str(sample.ids[at]), "tried"))
        for at in tried
    ]
    own = _OWN.get(experiment.name)
    if own:
        class_like, before = (
            np.array([[own(sample.read(int(at)))] for at in group])
            for group in (experiment.donors, tried)
        )
        # Pictures without structure have no focus; they are compared as for any other recipe.
        if np.isfinite(class_like).any() or np.isfinite(before).any():
            after = np.array([[own(image)] for image in changed])
            return _explained(class_like, before, after)
    # The peak is compared for patterns alone: the limits were tuned on VECTOR.
    compared = (*VECTOR, "periodic_peak") if experiment.name == "pattern" else VECTOR
    names = [name for name in compared if name in sample.properties]
    table = sample.properties[names].to_numpy(float)
    after = pd.DataFrame([measure_pixels(image) for image in changed])[names].to_numpy(float)
    return _explained(table[inside], table[tried], after)


def _explained_by_removal(
    sample: Sample,
    undo: Callable[[np.ndarray], np.ndarray],
    inside: np.ndarray,
    outside: np.ndarray,
) -> float:
    names = [name for name in VECTOR if name in sample.properties]
    table = sample.properties[names].to_numpy(float)
    tried = inside[:_COMPARED]
    without = pd.DataFrame([measure_pixels(undo(sample.read(int(at)))) for at in tried])
    return _explained(table[outside], table[tried], without[names].to_numpy(float))


def _explained(class_like: np.ndarray, before: np.ndarray, after: np.ndarray) -> float:
    """The share from properties (images, p) of the class and of others before and after."""
    own, rest, changed = (pd.DataFrame(each) for each in (class_like, before, after))
    # pandas leaves out NaN.
    goal, usual = own.median(), rest.median()
    scale = pd.concat([own - goal, rest - usual]).std(ddof=0) + 1e-6
    start = ((usual - goal).abs() / scale).clip(upper=_FAR).to_numpy()
    end = ((changed.median() - goal).abs() / scale).clip(upper=_FAR).to_numpy()
    known = np.isfinite(start + end)
    removed = start[known].sum() - end[known].sum()
    # Less than one standard deviation in all is no difference that a recipe could explain.
    return float(removed / max(start[known].sum(), 1.0))
