"""The one pass over a shard: predictions, saliency maps and channel statistics."""

import json
import logging
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path

from convaudit import predictions
from convaudit.activations import summaries
from convaudit.dataset import labels
from convaudit.models.facts import ModelChoices, ModelFacts, ModelSource
from convaudit.models.scaling import scaling_of
from convaudit.system.atomic import atomic
from jobs.job import job
from jobs.stop import require_going
from jobs.tensorflow_job import open_network
from planning import plan as plans


def predict(
    *,
    model: ModelSource,
    facts: str,
    choices: ModelChoices,
    plan: Path,
    pixels: str,
    images: str,
    shard: str,
    layers: list[str],
    batch_size: int,
    top: int,
    score: str,
    target: str,
    rows: str,
    scores: str,
    summary: str,
    maps: str,
    kept: str | None,
    device: str,
) -> None:
    """Send every image of a shard through the network once.

    Args:
        model: the model that the config names.
        facts: ``model.json``.
        choices: what the config sets about the model.
        plan: folder with ``plan.json``.
        pixels: .npy, the images (n, H, W, 3) as ``preprocess`` wrote them, uint8 RGB.
        images: .parquet, one row per image: image_id, path, label, sha256, height, width.
        shard: number of the shard, such as "0000".
        layers: names of the layers with channel statistics.
        batch_size: images per batch; halved until a batch fits the memory.
        top: number of classes that are stored for each image, by falling probability.
        score, target: settings ``gradcam.score``, ``gradcam.target``.
        rows: .parquet that is written: one row per image, as in ``predictions.parquet``.
        scores: .npz that is written: the scores of some images (``ScoreSample.save``).
        summary: .npz that is written: sums of each watched channel (``summaries.save``).
        maps: .npz that is written: image_id, class_index, maps (float16) and scale of every map,
            and the same with the prefix ``true_`` for the true class of errors.
        kept: .h5 that is written: the activation maps of the watched layers; None writes none.
        device: .json that is written: the device that computed.

    Raises:
        AuditError: a layer or class of the config is not in the model.
    """
    require_going(Path(rows).parent.parent)
    _, network = open_network(model)
    from convaudit.onepass import OnePass
    from convaudit.system.devices import device as devices
    from convaudit.system.out_of_memory import within_memory

    known = ModelFacts.read(facts, choices)
    for name in layers:
        network.require_maps(name, "config: activations.layers")
    network.require_target(known.target_layer, "config: gradcam.layer")
    names = labels.of_model(plans.load(plan).class_names, network.classes)
    build = partial(
        OnePass, network, scaling_of(known), known.target_layer, method=known.method, score=score
    )
    with atomic(maps) as maps_file, atomic(kept) if kept else nullcontext() as kept_file:
        run = predictions.ShardPass(
            shard=predictions.Shard.read(shard, Path(pixels), Path(images), names),
            head=network.head,
            build=build,
            target=target,
            top=top,
            sides=known.layer(known.target_layer).sides,
            folder=maps_file.parent,
        )
        found = within_memory(partial(run.first, layers, kept_file), batch_size)
        more = within_memory(partial(run.second, found.further), batch_size)
        # If several classes of an image are explained, the config asks for all of its maps.
        if target == "both" or network.head == "sigmoid":
            predictions.save_maps(maps_file, [found.maps, more], [run.second(found.further[:0], 1)])
        else:
            predictions.save_maps(maps_file, [found.maps], [more])
    with atomic(rows) as temporary:
        found.predictions.to_parquet(temporary, index=False)
    with atomic(scores) as temporary:
        found.sample.save(temporary)
    with atomic(summary) as temporary:
        summaries.save(temporary, found.layers)
    with atomic(device) as temporary:
        temporary.write_text(json.dumps(asdict(devices.current())) + "\n")
    logging.info("%d images", len(found.predictions))


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
            batch_size=snakemake.params.batch_size,
            top=snakemake.params.top,
            score=snakemake.params.score,
            target=snakemake.params.target,
            rows=snakemake.output.rows,
            scores=snakemake.output.scores,
            summary=snakemake.output.statistics,
            maps=snakemake.output.maps,
            kept=snakemake.output.activations or None,
            device=snakemake.output.device,
        )
