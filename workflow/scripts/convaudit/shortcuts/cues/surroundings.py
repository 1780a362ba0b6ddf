"""Measure whether a class can be recognised by the outer part of its pictures."""

from itertools import pairwise

import cv2
import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from convaudit.shortcuts.cues.places import SIDE

_FOLDS = 5
_BLURS = (1.0, 2.0, 4.0)
"""Standard deviations of Gaussian blurs, in small pixels; their differences are the detail."""


def outer() -> np.ndarray:
    """(SIDE, SIDE) booleans: the outer half of the picture. Its middle has 70 % of the sides."""
    margin = round(SIDE * (1 - 0.5**0.5) / 2)
    mask = np.ones((SIDE, SIDE), bool)
    mask[margin:-margin, margin:-margin] = False
    return mask


def surroundings(pictures: np.ndarray) -> np.ndarray:
    """Describe the outer half of pictures by mean colours, their variances and detail by size.

    Args:
        pictures: (n, SIDE, SIDE, 3) CIELAB, as ``places.small`` makes them.

    Returns:
        (n, 18) numbers.
    """
    mask = outer()
    return np.array([_described(picture, mask) for picture in pictures])


def _described(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    inside = picture[mask]
    across, down = (
        np.abs(cv2.Sobel(picture[..., 0], cv2.CV_32F, *step, ksize=3))[mask]
        for step in ((1, 0), (0, 1))
    )
    levels = [picture, *(cv2.GaussianBlur(picture, (0, 0), sigma) for sigma in _BLURS)]
    detail = [
        np.log(((fine - coarse)[mask] ** 2).mean(axis=0) + 0.1) for fine, coarse in pairwise(levels)
    ]
    slant = np.log((across.mean() + 1) / (down.mean() + 1))
    return np.concatenate(
        [
            inside.mean(axis=0),
            np.log(inside.var(axis=0) + 1),
            *detail,
            [slant, np.log(across.mean() + down.mean() + 1)],
            [np.median(inside[:, 0])],
        ]
    )


def told_by_surroundings(described: np.ndarray, member: np.ndarray) -> np.ndarray:
    """How much each picture's surroundings look like the class's.

    Fisher's linear discriminant with Ledoit and Wolf's shrinkage (2004). Each fifth of the pictures
    is judged by a discriminant of the other four, so that chance gives an AUC of 0.5.

    Args:
        described: (n, d) as ``surroundings`` gives them.
        member: (n,) booleans: the class; at least 10 of either.

    Returns:
        (n,) decision values, over 0 where the surroundings are the class's.
    """
    judge = make_pipeline(
        StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    )
    folds = StratifiedKFold(_FOLDS)
    return np.asarray(
        cross_val_predict(judge, described, member, cv=folds, method="decision_function")
    )
