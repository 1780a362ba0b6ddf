"""The one pass over a shard: predictions, Grad-CAM maps and channel statistics."""

import json
import logging
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from convaudit import heat, labels, statistics
from convaudit.atomic import atomic
from convaudit.scaling import SCALINGS
from job import job
from planning import plan as planning
from tensorflow_job import open_network

if TYPE_CHECKING:
    from convaudit.network import Network
    from convaudit.onepass import Batch, OnePass


def predict(
    *,
    model: dict[str, Any],
    facts: str,
    plan: str,
    pixels: str,
    images: str,
    shard: str,
    scaling: str,
    layers: list[str],
    settings: dict[str, Any],
    gradcam: dict[str, Any],
    rows: str,
    summary: str,
    maps: str,
) -> None:
    _, network = open_network(model)
    from convaudit.batches import within_memory
    from convaudit.onepass import OnePass

    known = json.loads(Path(facts).read_text())
    for name in layers:
        network.require_maps(name, "config: activations.layers")
    table = pd.read_parquet(images)
    stack = np.load(pixels, mmap_mode="r")
    names = labels.of_model(planning.load(Path(plan)).class_names, network.classes)
    truth = labels.indices(table["label"], names)
    if gradcam["layer"] != "auto":
        network.require_target(gradcam["layer"], "config: gradcam.layer")

    def run(watched: list[str], stack: np.ndarray, classes: np.ndarray, size: int) -> "Batch":
        look = OnePass(
            network,
            SCALINGS[known["scaling"] if scaling == "auto" else scaling],
            known["target_layer"] if gradcam["layer"] == "auto" else gradcam["layer"],
            watched,
            method=gradcam["method"],
            score=gradcam["score"],
            batch_size=size,
        )
        return _run(look, stack, classes, size)

    first = _wanted(gradcam["target"], truth, names)
    batch = within_memory(partial(run, layers, stack, first), settings["batch_size"])
    predicted = _predicted(network, batch.scores)
    heats, explained, shown = batch.maps, batch.explained, np.arange(len(table))
    again = _further(gradcam["target"], network, batch, truth, predicted)
    if len(again):
        rest = partial(run, [], stack[again[:, 0]], again[:, 1])
        more = within_memory(rest, settings["batch_size"])
        heats = np.concatenate([heats, more.maps])
        explained = np.concatenate([explained, again[:, 1]])
        shown = np.concatenate([shown, again[:, 0]])
    ids = table["image_id"].to_numpy(str)
    all_asked = gradcam["target"] == "both" or network.head == "sigmoid"
    asked = len(shown) if all_asked else len(table)
    with atomic(maps) as temporary:
        np.savez_compressed(
            temporary,
            **_stored("", ids[shown[:asked]], explained[:asked], heats[:asked]),
            **_stored("true_", ids[shown[asked:]], explained[asked:], heats[asked:]),
        )
    with atomic(rows) as temporary:
        _table(table, names, truth, predicted, batch, settings["top"], shard).to_parquet(
            temporary, index=False
        )
    with atomic(summary) as temporary:
        statistics.save(
            temporary,
            {
                name: statistics.summarise(
                    *parts,
                    images=ids,
                    classes=np.where(truth >= 0, truth, predicted),
                    class_count=network.classes,
                )
                for name, parts in batch.layers.items()
            },
        )


def _stored(
    prefix: str, image_ids: np.ndarray, classes: np.ndarray, maps: np.ndarray
) -> dict[str, Any]:
    halves, scale = heat.pack(maps)
    return {
        f"{prefix}image_id": image_ids,
        f"{prefix}class_index": classes.astype(np.int32),
        f"{prefix}maps": halves,
        f"{prefix}scale": scale,
    }


def _run(look: "OnePass", stack: np.ndarray, classes: np.ndarray, size: int) -> "Batch":
    from convaudit.onepass import Batch, join

    began = time.monotonic()
    found: list[Batch] = []
    for start in range(0, max(len(stack), 1), size):
        found.append(look(stack[start : start + size], classes[start : start + size]))
        done = min(start + size, len(stack))
        speed = done / (time.monotonic() - began)
        logging.info("%d of %d images, %.1f a second", done, len(stack), speed)
    return join(found)


def _wanted(target: str, truth: np.ndarray, names: list[str]) -> np.ndarray:
    """The class to explain for each image, -1 for the predicted one."""
    if target in {"predicted", "both"}:
        return np.full(len(truth), -1)
    if target == "true":
        return truth
    return np.full(len(truth), labels.resolve([target], names)[0])


def _predicted(network: "Network", scores: np.ndarray) -> np.ndarray:
    if network.head == "binary":
        return (scores[:, 0] > 0).astype(np.int64)
    return scores.argmax(axis=1)


def _further(
    target: str, network: "Network", batch: "Batch", truth: np.ndarray, predicted: np.ndarray
) -> np.ndarray:
    """Pairs (row, class) that need a map beside the first one.

    Errors need one of what is true even where only the predicted class is asked for: the report
    shows them side by side.
    """
    if network.head == "sigmoid" and target == "predicted":
        over = batch.probabilities > 0.5
        over[np.arange(len(over)), predicted] = False
        return np.argwhere(over)
    if target in {"both", "predicted"}:
        rows = np.flatnonzero((truth >= 0) & (truth != predicted))
        return np.stack([rows, truth[rows]], axis=1)
    return np.empty((0, 2), np.int64)


def _table(
    images: pd.DataFrame,
    names: list[str],
    truth: np.ndarray,
    predicted: np.ndarray,
    batch: "Batch",
    top: int,
    shard: str,
) -> pd.DataFrame:
    each = np.arange(len(images))
    probabilities = batch.probabilities
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    units = batch.scores.shape[1]
    logits = (
        batch.scores[:, 0] * (2 * predicted - 1) if units == 1 else batch.scores[each, predicted]
    )
    classes = np.array(names, dtype=object)
    known = truth >= 0
    heats = heat.measure(batch.maps)
    return pd.DataFrame(
        {
            "image_id": images["image_id"],
            "path": images["path"],
            "label": pd.Series(classes[truth], dtype="str").where(known),
            "label_index": pd.Series(truth, dtype="Int32").where(known),
            "predicted": pd.array(classes[predicted], dtype="str"),
            "predicted_index": predicted.astype(np.int32),
            "probability": probabilities[each, predicted],
            "logit": logits,
            "correct": pd.Series(truth == predicted, dtype="boolean").where(known),
            "top_classes": list(classes[best]),
            "top_probabilities": list(np.take_along_axis(probabilities, best, 1)),
            **heats,
            "shard": shard,
            "row": each.astype(np.int32),
            "height": images["height"],
            "width": images["width"],
        }
    )


if __name__ == "__main__":
    with job(f"predict shard {snakemake.wildcards.shard}", snakemake.log[0], snakemake.input):
        predict(
            model=snakemake.params.model,
            facts=snakemake.input.facts,
            plan=snakemake.params.plan,
            pixels=snakemake.input.pixels,
            images=snakemake.input.rows,
            shard=snakemake.wildcards.shard,
            scaling=snakemake.params.scaling,
            layers=snakemake.params.layers,
            settings=snakemake.params.predict,
            gradcam=snakemake.params.gradcam,
            rows=snakemake.output.rows,
            summary=snakemake.output.statistics,
            maps=snakemake.output.maps,
        )
