"""Channel statistics of the whole dataset, and every map of a few example images."""

import logging
from pathlib import Path

import numpy as np

from convaudit.activations import summaries
from convaudit.activations.examples import choose_examples
from convaudit.drawing.encoding import encode_png
from convaudit.drawing.grids import activation_grid
from convaudit.models.facts import ModelChoices, ModelFacts, ModelSource
from convaudit.models.layers import layer_id
from convaudit.models.scaling import scaling_of
from convaudit.system.atomic import atomic, atomic_folder
from jobs.job import job
from jobs.tensorflow_job import open_network


def activations(
    *,
    model: ModelSource,
    facts: str,
    choices: ModelChoices,
    predictions: str,
    statistics: list[str],
    pixels: list[str],
    layers: list[str],
    examples: int | list[str],
    per_row: int,
    channels: str,
    grids: str,
) -> None:
    """Merge the shards' statistics, and draw every watched channel of the example images.

    Args:
        model: the model that the config names.
        facts: ``model.json``.
        choices: what the config sets about the model.
        predictions: ``predictions.parquet``.
        statistics: .npz of each shard, as ``predict`` wrote them.
        pixels: .npy of each shard with the images (n, H, W, 3), uint8 RGB.
        layers: names of the watched layers.
        examples: number of example images, or their paths.
        per_row: channels per row in a grid.
        channels: ``channels.parquet`` that is written: one row per channel.
        grids: folder that is written: ``{image_id}/{layer_id}.png``.
    """
    merged = summaries.merge_files([Path(path) for path in statistics])
    with atomic(channels) as temporary:
        summaries.channel_table(merged).to_parquet(temporary, index=False)

    _, network = open_network(model, threads=1)
    chosen = choose_examples(predictions, examples)
    scaling = scaling_of(ModelFacts.read(facts, choices))
    shards = {Path(path).stem: path for path in pixels}
    with atomic_folder(grids) as folder:
        for example in chosen.itertuples():
            image = np.load(shards[example.shard], mmap_mode="r")[example.row]
            maps = network.activations(scaling.apply(image[None].astype(np.float32)), layers)
            (folder / example.image_id).mkdir()
            for name, values in maps.items():
                picture = encode_png(activation_grid(values[0], per_row))
                (folder / example.image_id / f"{layer_id(name)}.png").write_bytes(picture)
            logging.info("%s: %d layers", example.path, len(maps))


if __name__ == "__main__":
    with job("activations", snakemake.log[0], snakemake.input):
        activations(
            model=snakemake.params.model,
            facts=snakemake.input.facts,
            choices=snakemake.params.choices,
            predictions=snakemake.input.predictions,
            statistics=snakemake.input.statistics,
            pixels=snakemake.input.pixels,
            layers=snakemake.params.layers,
            examples=snakemake.params.examples,
            per_row=snakemake.params.per_row,
            channels=snakemake.output.channels,
            grids=snakemake.output.grids,
        )
