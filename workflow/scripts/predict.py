"""The one pass over a shard: predictions, Grad-CAM maps and channel statistics."""

import logging
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from convaudit.activations import store, summaries
from convaudit.attribution import map_statistics, targets
from convaudit.dataset import labels
from convaudit.models.facts import ModelChoices, ModelFacts, ModelSource
from convaudit.models.scaling import SCALINGS
from convaudit.system import array_files
from convaudit.system.atomic import atomic
from convaudit.system.progress import Progress
from jobs.job import job
from jobs.tensorflow_job import open_network
from planning import plan as plans

if TYPE_CHECKING:
    from convaudit.models.network import Network
    from convaudit.onepass import Batch, OnePass

OWN = ("image_id", "path", "label", "height", "width")
"""Columns of an image that have their own place among the predictions; further ones follow."""


@dataclass(frozen=True)
class Shard:
    """Images to look at: the file of their pixels, a row of ``table`` and an id each, the indices
    of their classes (-1 where not known), and the names of all classes.
    """

    name: str
    pixels: str
    table: pd.DataFrame
    ids: np.ndarray
    truth: np.ndarray
    class_names: list[str]

    def batches(
        self, look: "OnePass", rows: np.ndarray, classes: np.ndarray, size: int
    ) -> Iterator[tuple[np.ndarray, "Batch"]]:
        """Look at rows, explaining a class of each; yields a batch's rows and what is found."""
        progress = Progress(len(rows), "images")
        for start in range(0, max(len(rows), 1), size):
            chosen = rows[start : start + size]
            yield (
                chosen,
                look(array_files.taken(self.pixels, chosen), classes[start : start + size]),
            )
            progress.add(len(chosen))


class Heats:
    """Maps on their way to disk, and of each the image, the class that it explains and the scale.

    Args:
        shard: whose maps they are.
        sides: height and width of a map.
        folder: where there is room for them.
    """

    def __init__(self, shard: Shard, sides: tuple[int, ...], folder: Path) -> None:
        self._ids = shard.ids
        self.spools = {
            "image_id": array_files.Spool((), shard.ids.dtype, folder),
            "class_index": array_files.Spool((), np.int32, folder),
            "maps": array_files.Spool(sides, np.float16, folder),
            "scale": array_files.Spool((), np.float32, folder),
        }

    def add(self, rows: np.ndarray, batch: "Batch") -> None:
        halves, scale = map_statistics.pack(batch.maps)
        found = self._ids[rows], batch.explained, halves, scale
        for spool, values in zip(self.spools.values(), found, strict=True):
            spool.append(values)


class Found(NamedTuple):
    """Of a shard: its rows of the predictions, pairs (row, class) that need a further map, its
    maps, and statistics by layer.
    """

    predictions: pd.DataFrame
    further: np.ndarray
    heats: Heats
    layers: dict[str, summaries.Summary]


def predict(
    *,
    model: ModelSource,
    facts: str,
    choices: ModelChoices,
    plan: str,
    pixels: str,
    images: str,
    shard: str,
    layers: list[str],
    settings: dict[str, Any],
    gradcam: dict[str, Any],
    rows: str,
    summary: str,
    maps: str,
    kept: str | None,
) -> None:
    """Memory holds a batch, and a few numbers of each image.

    Args:
        kept: where the watched layers' maps of every image are written, if anywhere.
    """
    _, network = open_network(model)
    from convaudit.onepass import OnePass
    from convaudit.system.out_of_memory import within_memory

    known = ModelFacts.read(facts, choices)
    for name in layers:
        network.require_maps(name, "config: activations.layers")
    table = pd.read_parquet(images)
    names = labels.of_model(plans.load(Path(plan)).class_names, network.classes)
    truth = labels.indices(table["label"], names)
    part = Shard(shard, pixels, table, table["image_id"].to_numpy(str), truth, names)
    target = gradcam["target"]
    network.require_target(known.target_layer, "config: gradcam.layer")
    sides = known.layer(known.target_layer).sides
    looking = partial(
        OnePass,
        network,
        SCALINGS[known.scaling],
        known.target_layer,
        method=gradcam["method"],
        score=gradcam["score"],
    )

    def no_heats() -> Heats:
        return Heats(part, sides, maps_file.parent)

    # Both are called anew, from their beginning, where memory runs out.
    def first(size: int) -> Found:
        look = looking(layers, keep=bool(kept), batch_size=size)
        wanted = targets.first(target, truth, names)
        batches = part.batches(look, np.arange(len(table)), wanted, size)
        with store.writer(kept_file, part.ids) as keep:
            return _gather(batches, part, network, target, settings["top"], no_heats(), keep)

    def second(pairs: np.ndarray, size: int) -> Heats:
        heats = no_heats()
        if len(pairs):
            look, (rows, classes) = looking([], batch_size=size), pairs.T
            for chosen, batch in part.batches(look, rows, classes, size):
                heats.add(chosen, batch)
        return heats

    with atomic(maps) as maps_file, atomic(kept) if kept else nullcontext() as kept_file:
        found = within_memory(first, settings["batch_size"])
        more = within_memory(partial(second, found.further), settings["batch_size"])
        all_asked = target == "both" or network.head == "sigmoid"
        asked = [found.heats, more] if all_asked else [found.heats]
        true = [no_heats()] if all_asked else [more]
        array_files.save(maps_file, _stored("", asked) | _stored("true_", true))
    with atomic(rows) as temporary:
        found.predictions.to_parquet(temporary, index=False)
    with atomic(summary) as temporary:
        summaries.save(temporary, found.layers)
    logging.info("%d images", len(table))


def _gather(
    batches: Iterator[tuple[np.ndarray, "Batch"]],
    shard: Shard,
    network: "Network",
    target: str,
    top: int,
    heats: Heats,
    keep: Callable[[np.ndarray, dict[str, np.ndarray]], None],
) -> Found:
    numbers, further = [], []
    summary: summaries.Summary | None = None
    channels: dict[str, int] = {}
    for rows, batch in batches:
        predicted, truth = targets.predicted(network.head, batch.scores), shard.truth[rows]
        numbers.append(_numbers(predicted, truth, batch, top))
        places, more = targets.further(
            target, network.head, batch.probabilities, predicted, truth
        ).T
        further.append(np.stack([rows[places], more], axis=1))
        heats.add(rows, batch)
        keep(rows, batch.activations)
        if batch.layers:
            classes = np.where(truth >= 0, truth, predicted)
            part = _summarised(batch, shard.ids[rows], classes, network.classes)
            summary = summaries.merge(summary, part) if summary else part
            channels = {name: values.mean.shape[1] for name, values in batch.layers.items()}
    layers = summaries.split(summary, channels) if summary else {}
    return Found(_table(shard, numbers), np.concatenate(further), heats, layers)


def _summarised(
    batch: "Batch", images: np.ndarray, classes: np.ndarray, class_count: int
) -> summaries.Summary:
    """All layers' channels side by side: layer by layer NumPy's calls outweigh what they add up."""
    values = (np.concatenate(each, axis=1) for each in zip(*batch.layers.values(), strict=True))
    return summaries.summarise(*values, images=images, classes=classes, class_count=class_count)


def _stored(prefix: str, parts: list[Heats]) -> dict[str, Any]:
    return {f"{prefix}{name}": [part.spools[name] for part in parts] for name in parts[0].spools}


def _numbers(
    predicted: np.ndarray, truth: np.ndarray, batch: "Batch", top: int
) -> dict[str, np.ndarray]:
    """Of each image: classes by their indices, probabilities, score, and its heat in numbers."""
    each = np.arange(len(predicted))
    probabilities = batch.probabilities
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    units = batch.scores.shape[1]
    logits = (
        batch.scores[:, 0] * (2 * predicted - 1) if units == 1 else batch.scores[each, predicted]
    )
    return {
        "predicted": predicted,
        "probability": probabilities[each, predicted],
        "logit": logits,
        "true_probability": probabilities[each, truth],
        "top_classes": best,
        "top_probabilities": np.take_along_axis(probabilities, best, 1),
        **map_statistics.measure(batch.maps),
    }


def _table(shard: Shard, batches: list[dict[str, np.ndarray]]) -> pd.DataFrame:
    found = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    classes = np.array(shard.class_names, dtype=object)
    predicted, truth = found.pop("predicted"), shard.truth
    known = truth >= 0
    return pd.DataFrame(
        {
            "image_id": shard.table["image_id"],
            "path": shard.table["path"],
            "label": pd.Series(classes[truth], dtype="str").where(known),
            "label_index": pd.Series(truth, dtype="Int32").where(known),
            "predicted": pd.array(classes[predicted], dtype="str"),
            "predicted_index": predicted.astype(np.int32),
            "probability": found.pop("probability"),
            "logit": found.pop("logit"),
            "true_probability": pd.Series(found.pop("true_probability")).where(known),
            "correct": pd.Series(truth == predicted, dtype="boolean").where(known),
            "top_classes": list(classes[found.pop("top_classes")]),
            "top_probabilities": list(found.pop("top_probabilities")),
            **found,
            "shard": shard.name,
            "row": np.arange(len(truth), dtype=np.int32),
            **shard.table.drop(columns=[*OWN, "sha256"], errors="ignore"),
        }
    )


if __name__ == "__main__":
    with job(f"predict shard {snakemake.wildcards.shard}", snakemake.log[0], snakemake.input):
        predict(
            model=snakemake.params.model,
            facts=snakemake.input.facts,
            choices=snakemake.params.choices,
            plan=snakemake.params.plan,
            pixels=snakemake.input.pixels,
            images=snakemake.input.rows,
            shard=snakemake.wildcards.shard,
            layers=snakemake.params.layers,
            settings=snakemake.params.predict,
            gradcam=snakemake.params.gradcam,
            rows=snakemake.output.rows,
            summary=snakemake.output.statistics,
            maps=snakemake.output.maps,
            kept=snakemake.output.activations or None,
        )
