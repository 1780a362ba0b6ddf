"""Peers on the same data, written from their published formulas without their code.

A peer is not blamed for what it cannot name: a property that goes with all labels together names no
class, and slices and components name no cue. The page says which scores allow for this.
"""

import time
from collections.abc import Callable, Iterator

import keras
import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import cross_val_predict, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from convaudit.report.regions import REGIONS, region_shares
from planted.audited import Audited
from planted.finding import Answer, Finding
from planted.simple_properties import WORDS, cleanvision, deepchecks

_FLAGGED = 0.3
"""Cleanlab's threshold: a score below it is an issue."""
_PREDICTIVE = 0.8
"""deepchecks' threshold of the predictive power score."""
_COMPONENTS = 8


def answers(audited: Audited) -> Iterator[Answer]:
    """Yield the findings of each peer for an audit."""
    for name, method in METHODS.items():
        began = time.perf_counter()
        findings = tuple(method(audited))
        yield Answer(name, findings, time.perf_counter() - began)


def cleanlab(audited: Audited, mended: bool = False) -> list[Finding]:
    """Spurious correlations of Cleanlab's Datalab.

    Score = (1 - accuracy of Gaussian naive Bayes on one property) / (1 - baseline), five folds. In
    the released version the baseline is the *index* of the commonest label divided by n
    (``argmax``); ``mended`` takes the share of the commonest label.
    """
    counts = np.bincount(audited.labels)
    baseline = (counts.max() if mended else counts.argmax()) / len(audited.labels)
    table = [cleanvision(picture) for picture in audited.pictures]
    scores = {}
    for name in table[0]:
        values = np.array([[row[name]] for row in table])
        accuracy = cross_val_score(GaussianNB(), values, audited.labels, cv=_folds(audited)).mean()
        scores[name] = min(1.0, (1 - accuracy) / (1 - baseline + 1e-8))
    flagged = sorted((score, name) for name, score in scores.items() if score < _FLAGGED)
    return [Finding(WORDS[name], "", severity="block") for _, name in flagged]


def predictive_power(audited: Audited) -> list[Finding]:
    """deepchecks' property-label correlation: the predictive power score of a decision tree.

    PPS = (F1 - F0) / (1 - F0) with the F1 score F0 of the better of two naive guesses; F1 scores
    are weighted by class size, four folds.
    """
    table = [deepchecks(picture) for picture in audited.pictures]
    naive = max(
        _weighted(DummyClassifier(strategy="most_frequent"), table, "area", audited),
        _weighted(DummyClassifier(strategy="stratified", random_state=0), table, "area", audited),
    )
    scores = {
        name: (_weighted(DecisionTreeClassifier(random_state=0), table, name, audited) - naive)
        / (1 - naive)
        for name in table[0]
    }
    flagged = sorted((-score, name) for name, score in scores.items() if score >= _PREDICTIVE)
    return [Finding(WORDS[name], "", severity="block") for _, name in flagged]


def _weighted(model: object, table: list[dict[str, float]], name: str, audited: Audited) -> float:
    values = np.array([[row[name]] for row in table])
    guessed = cross_val_predict(model, values, audited.labels, cv=min(4, _folds(audited)))
    return float(f1_score(audited.labels, guessed, average="weighted"))


def _folds(audited: Audited) -> int:
    return int(min(5, np.bincount(audited.labels).min()))


def confusion_cells(audited: Audited) -> list[Finding]:
    """Slices are the cells of the confusion matrix off its diagonal, the most crowded first."""
    found = []
    for truth in range(len(audited.truth.classes)):
        for said in range(len(audited.truth.classes)):
            inside = np.flatnonzero((audited.labels == truth) & (audited.predicted == said))
            if truth != said and len(inside):
                sure = inside[np.argsort(-audited.probabilities[inside, said], kind="stable")]
                names = tuple(audited.names[at] for at in sure)
                found.append((len(inside), Finding((), audited.truth.classes[said], images=names)))
    return [finding for _, finding in sorted(found, key=lambda each: -each[0])]


def neural_pca(audited: Audited) -> list[Finding]:
    """Class-wise principal components of features times the head's weights, without the person who
    would look at them.

    alpha_l = (1 . v_l) (psi . v_l) with psi = w_k * phi, centred within the predicted class. Of
    each class the eight components of most variance; the largest share of variance comes first.
    """
    features, weights = _head(audited)
    weights = np.hstack([-weights, weights]) if weights.shape[1] == 1 else weights
    found = []
    for index, name in enumerate(audited.truth.classes):
        called = np.flatnonzero(audited.predicted == index)
        if len(called) < _COMPONENTS:
            continue
        psi = features[called] * weights[:, index]
        psi = psi - psi.mean(0)
        _, spread, axes = np.linalg.svd(psi, full_matrices=False)
        for share, axis in zip(spread[:_COMPONENTS] ** 2 / (spread**2).sum(), axes, strict=False):
            order = called[np.argsort(-(axis.sum() * (psi @ axis)), kind="stable")]
            images = tuple(audited.names[at] for at in order)
            found.append((float(share), Finding((), name, images=images)))
    return [finding for _, finding in sorted(found, key=lambda each: -each[0])]


def _head(audited: Audited) -> tuple[np.ndarray, np.ndarray]:
    """The pooled input (n, d) of the last layer with weights, and its weights (d, units)."""
    layers = audited.model.layers
    last = next(each for each in reversed(layers) if each.weights)
    before = keras.Model(audited.model.inputs, last.input)
    features = np.asarray(before.predict(audited.inputs, batch_size=128, verbose=0))
    weights = np.asarray(last.kernel)
    if features.ndim == 4:  # SqueezeNet: a 1 x 1 convolution to the classes, then their means
        return features.mean((1, 2)), weights[0, 0]
    return features, weights


def ninths(audited: Audited) -> list[Finding]:
    """The finding of convaudit 0.1.0: a class has its heat in one ninth of the picture.

    Its mean share there is over 2/9 and over 1.5 times that of images predicted as other classes.
    """
    from convaudit.models.network import Network
    from convaudit.models.scaling import SCALINGS
    from convaudit.onepass import OnePass

    network = Network(audited.model)
    layer = network.target_layer[0]
    look = OnePass(network, SCALINGS[audited.truth.scaling], layer, [], batch_size=64)
    pixels = (audited.inputs * 255).round().astype(np.uint8)
    maps = np.concatenate([look(pixels[i : i + 64]).maps for i in range(0, len(pixels), 64)])
    shares = region_shares(maps)
    warm = ~np.isnan(shares[:, 0])
    found = []
    for index, name in enumerate(audited.truth.classes):
        called = warm & (audited.predicted == index)
        rest = warm & (audited.predicted != index)
        if called.sum() < 20 or not rest.any():
            continue
        mean, other = shares[called].mean(0), shares[rest].mean(0)
        for region in np.flatnonzero((mean > 2 / 9) & (mean > 1.5 * other)):
            if REGIONS[region] != "centre":
                x, y = region % 3 / 3, region // 3 / 3
                hot = np.flatnonzero(called)
                hot = hot[np.argsort(-shares[hot, region], kind="stable")]
                images = tuple(audited.names[at] for at in hot)
                box = (x, y, x + 1 / 3, y + 1 / 3)
                one = Finding(("place",), name, severity="block", images=images, box=box)
                found.append((float(mean[region]), one))
    return [finding for _, finding in sorted(found, key=lambda each: -each[0])]


def _mended(audited: Audited) -> list[Finding]:
    return cleanlab(audited, mended=True)


METHODS: dict[str, Callable[[Audited], list[Finding]]] = {
    "Cleanlab as released": cleanlab,
    "Cleanlab, baseline mended": _mended,
    "deepchecks, PPS ≥ 0.8": predictive_power,
    "confusion cells": confusion_cells,
    "neural PCA, top 8": neural_pca,
    "convaudit 0.1.0, ninths": ninths,
}
