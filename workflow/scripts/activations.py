"""Channel statistics of the whole dataset, and every map of a few example images."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from convaudit.activations import summaries
from convaudit.activations.examples import choose_examples
from convaudit.dataset import scan
from convaudit.dataset.prepared import prepared
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
    rows: list[str],
    source: Path,
    interpolation: str,
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
        rows: .parquet of each shard with path and sha256, as ``preprocess`` wrote them.
        source: the folder that the images' paths start from, or the table that lists them.
        interpolation: setting ``preprocess.interpolation``.
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
    known, top = ModelFacts.read(facts, choices), scan.root(source)
    scaling = scaling_of(known)
    shards = {Path(path).stem: path for path in rows}
    with atomic_folder(grids) as folder:
        for example in chosen.itertuples():
            listed = pd.read_parquet(shards[example.shard], columns=["path", "sha256"])
            image = prepared(top, [listed.iloc[example.row]], known.size, interpolation)
            maps = network.activations(scaling.apply(image.astype(np.float32)), layers)
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
            rows=snakemake.input.rows,
            source=snakemake.params.images,
            interpolation=snakemake.params.interpolation,
            layers=snakemake.params.layers,
            examples=snakemake.params.examples,
            per_row=snakemake.params.per_row,
            channels=snakemake.output.channels,
            grids=snakemake.output.grids,
        )
