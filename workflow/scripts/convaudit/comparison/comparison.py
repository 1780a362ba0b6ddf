"""Compare two finished audits; all results are one typed object."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from convaudit.comparison import datasets, heat_maps, paired_answers, reliance
from convaudit.comparison.alignment import Kind, Pairs, doubts, kind_of, pair
from convaudit.comparison.datasets import Correlation, Drift, LabelShift
from convaudit.comparison.heat_maps import ClassHeat
from convaudit.comparison.paired_answers import Answers, Group
from convaudit.comparison.reliance import Reliance
from convaudit.comparison.results_folders import Finished
from convaudit.metrics import paired
from convaudit.metrics.intervals import Interval, wilson


@dataclass(frozen=True)
class Models:
    """Two models on the same images.

    whole: all labelled images, None without labels; overlap: (m,) overlap of both audits' maps, NaN
    if the answer changed or a map is empty; spearman: (m,) rank correlation instead of overlap.
    """

    answers: Answers
    whole: Group | None
    per_class: list[Group]
    slices: list[Group]
    overlap: np.ndarray
    spearman: np.ndarray

    @property
    def moved(self) -> np.ndarray:
        """(m,) bool: the answer is the same and the map moved."""
        return self.overlap < heat_maps.MOVED


@dataclass(frozen=True)
class Datasets:
    """One model on two datasets."""

    outputs: list[Drift]
    properties: list[Drift]
    correlations: list[Correlation]
    shift: LabelShift | None


@dataclass(frozen=True)
class Comparison:
    """The comparison of two audits; either ``models`` or ``datasets`` is None."""

    kind: Kind
    first: Finished
    second: Finished
    pairs: Pairs
    doubts: list[str]
    accuracy: tuple[Interval | None, Interval | None]
    """Accuracy of each audit on its labelled images; for models, on the images in both."""
    accuracy_difference: Interval | None
    """Second minus first."""
    calibration: tuple[float | None, float | None]
    heat: list[ClassHeat]
    """Mean heat of the classes that both audits predict, the least overlap first."""
    reliance: list[Reliance] | None
    models: Models | None
    datasets: Datasets | None

    @property
    def new_shortcuts(self) -> int | None:
        """Number of shortcuts that are proven only in the second audit; None without
        experiments.
        """
        if self.reliance is None:
            return None
        return sum(each.state == "new" for each in self.reliance)


def compare(first: Finished, second: Finished) -> Comparison:
    """Compare two finished audits.

    Raises:
        AuditError: the audits have neither the images nor the model in common.
    """
    pairs = pair(first, second)
    if kind_of(first, second, pairs) == "models":
        return _two_models(first, second, pairs)
    return _two_datasets(first, second, pairs)


def _two_models(first: Finished, second: Finished, pairs: Pairs) -> Comparison:
    answers = paired_answers.align(first, second, pairs)
    size = heat_maps.common_size(first.map_size, second.map_size)
    heat, overlap, rank = heat_maps.paired(first, second, pairs, answers, size)
    models = Models(
        answers=answers,
        whole=paired_answers.whole(answers) if answers.known.any() else None,
        per_class=paired_answers.per_class(answers),
        slices=paired_answers.slices(answers, first.images["path"].iloc[pairs.first]),
        overlap=overlap,
        spearman=rank,
    )
    suspects = reliance.compare(first.suspects(), second.suspects())
    known = answers.known
    right = answers.first == answers.label, answers.second == answers.label
    return Comparison(
        kind="models",
        first=first,
        second=second,
        pairs=pairs,
        doubts=doubts(first, second, "models"),
        accuracy=(_accuracy(right[0], known), _accuracy(right[1], known)),
        accuracy_difference=models.whole.difference if models.whole else None,
        calibration=(
            _calibration(answers.first_probability, right[0], known),
            _calibration(answers.second_probability, right[1], known),
        ),
        heat=heat,
        reliance=suspects
        and [_with_carriers(each, first, second, pairs, answers) for each in suspects],
        models=models,
        datasets=None,
    )


def _two_datasets(first: Finished, second: Finished, pairs: Pairs) -> Comparison:
    tables = first.properties(), second.properties()
    accuracy = _accuracy(first.right, first.known), _accuracy(second.right, second.known)
    size = heat_maps.common_size(first.map_size, second.map_size)
    return Comparison(
        kind="datasets",
        first=first,
        second=second,
        pairs=pairs,
        doubts=doubts(first, second, "datasets"),
        accuracy=accuracy,
        accuracy_difference=paired.difference_of(accuracy[1], accuracy[0])
        if accuracy[0] and accuracy[1]
        else None,
        calibration=(
            _calibration(first.probability, first.right, first.known),
            _calibration(second.probability, second.right, second.known),
        ),
        heat=heat_maps.of_classes(first, second, size),
        reliance=reliance.compare(first.suspects(), second.suspects()),
        models=None,
        datasets=Datasets(
            datasets.output_drift(first, second),
            datasets.property_drift(*tables),
            datasets.correlations(first, second, *tables),
            datasets.label_shift(first, second),
        ),
    )


def facts(found: Comparison) -> dict[str, Any]:
    """The content of ``comparison.json``; docs/comparison.md explains the fields."""
    return {
        "schema_version": 1,
        "kind": found.kind,
        "audits": [_audit(found.first), _audit(found.second)],
        "images_in_both": len(found.pairs.first),
        "doubts": found.doubts,
        "comparison": headline(found),
        "reliance": None if found.reliance is None else [_plain(each) for each in found.reliance],
        "heat": [
            {"class": each.name, "overlap": each.overlap, "images": list(each.images)}
            for each in found.heat
        ],
        "models": found.models and _models(found.models),
        "datasets": found.datasets and _datasets(found),
    }


def headline(found: Comparison) -> dict[str, Any]:
    """The numbers that a policy's gates may use as ``comparison.NAME``; None if not known.

    The ends of an interval have the names NAME_95_low and NAME_95_high.
    """
    accuracy, flips, mended, moved = found.accuracy_difference, None, None, None
    stayed = None
    if found.models is not None:
        answers = found.models.answers
        known = int(answers.known.sum())
        if known:
            flips = wilson(int(answers.only_first.sum()), known)
            mended = wilson(int(answers.only_second.sum()), known)
        if len(answers.label):
            stayed = wilson(int(answers.stayed.sum()), len(answers.label))
        seen = int((~np.isnan(found.models.overlap)).sum())
        moved = wilson(int(found.models.moved.sum()), seen) if seen else None
    return {
        "images": len(found.pairs.first) if found.models else len(found.second.images),
        **_interval("accuracy_first", found.accuracy[0]),
        **_interval("accuracy_second", found.accuracy[1]),
        **_interval("accuracy_difference", accuracy),
        **_interval("negative_flips", flips),
        **_interval("mended", mended),
        **_interval("same_answers", stayed),
        **_interval("maps_moved", moved),
        "calibration_error_first": found.calibration[0],
        "calibration_error_second": found.calibration[1],
        "new_shortcuts": found.new_shortcuts,
    }


def table(found: Comparison) -> pd.DataFrame:
    """One row per image that is in both audits: its ids, both answers, and what changed."""
    assert found.models is not None
    first = found.first.images.iloc[found.pairs.first]
    second = found.second.images.iloc[found.pairs.second]
    answers, names = found.models.answers, np.array([*found.models.answers.names, None])
    flip = np.select(
        [answers.only_first, answers.only_second, ~answers.stayed],
        ["negative", "mended", "other"],
        "none",
    )
    return pd.DataFrame(
        {
            "path": first["path"].to_numpy(),
            "first_image_id": first["image_id"].to_numpy(),
            "second_image_id": second["image_id"].to_numpy(),
            "label": names[answers.label],
            "first_predicted": names[answers.first],
            "second_predicted": names[answers.second],
            "first_probability": answers.first_probability,
            "second_probability": answers.second_probability,
            "flip": flip,
            "map_overlap": found.models.overlap,
            "map_spearman": found.models.spearman,
        }
    )


def _accuracy(right: np.ndarray, known: np.ndarray) -> Interval | None:
    count = int(known.sum())
    return wilson(int(right[known].sum()), count) if count else None


def _calibration(sure: np.ndarray, right: np.ndarray, known: np.ndarray) -> float | None:
    if not known.any():
        return None
    return paired_answers.calibration_error(sure[known], right[known])


def _with_carriers(
    each: Reliance, first: Finished, second: Finished, pairs: Pairs, answers: Answers
) -> Reliance:
    if each.of not in answers.names:
        return each
    sides = [(first, pairs.first, answers.first), (second, pairs.second, answers.second)]
    # If the first audit named the suspect, the images are those that it lists.
    (owner, rows, named_by), (_, _, other) = sides if each.first_status else sides[::-1]
    carries = owner.images["image_id"].iloc[rows].isin(each.images).to_numpy(bool)
    of = answers.names.index(each.of)
    carriers = reliance.on_carriers(carries, answers.label, named_by, other, of)
    return replace(each, carriers=carriers)


def _interval(name: str, found: Interval | None) -> dict[str, float | None]:
    value, low, high = found or (None, None, None)
    return {name: value, f"{name}_95_low": low, f"{name}_95_high": high}


def _audit(audit: Finished) -> dict[str, Any]:
    return {
        "results": audit.name,
        "model": audit.model,
        "images": len(audit.images),
        "predictions_sha256": audit.predictions_sha256,
    }


def _models(models: Models) -> dict[str, Any]:
    seen = ~np.isnan(models.overlap)
    return {
        "relabelled": models.answers.relabelled,
        "mcnemar_p": models.whole and models.whole.p,
        "per_class": [_plain(group) for group in models.per_class],
        "slices": [_plain(group) for group in models.slices],
        "maps": {
            "compared": int(seen.sum()),
            "moved": int(models.moved.sum()),
            "overlap_median": _median(models.overlap),
            "spearman_median": _median(models.spearman),
        },
    }


def _datasets(found: Comparison) -> dict[str, Any]:
    each = found.datasets
    assert each is not None
    return {
        "outputs": [asdict(drift) for drift in each.outputs],
        "properties": [asdict(drift) for drift in each.properties],
        "correlations": [_plain(one) for one in each.correlations],
        "label_shift": each.shift and asdict(each.shift),
    }


def _plain(value: Group | Reliance | Correlation) -> dict[str, Any]:
    """Convert to JSON: an interval becomes value, low and high; ``of`` is the class's name."""
    plain = {
        {"of": "class"}.get(name, name): inner._asdict() if isinstance(inner, Interval) else inner
        for name, inner in vars(value).items()
    }
    if isinstance(value, Reliance):
        del plain["images"]
        plain["carriers"] = value.carriers and asdict(value.carriers)
    return plain


def _median(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else None
