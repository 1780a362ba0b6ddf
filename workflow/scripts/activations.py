"""Channel statistics of the whole dataset, and every map of a few example images."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from convaudit.activations import summaries
from convaudit.drawing.encoding import encode_png
from convaudit.drawing.grids import activation_grid
from convaudit.errors import AuditError
from convaudit.models.facts import ModelChoices, ModelFacts, ModelSource
from convaudit.models.layers import layer_id
from convaudit.models.scaling import SCALINGS
from convaudit.system.atomic import atomic, atomic_folder
from jobs.job import job
from jobs.tensorflow_job import open_network

COLUMNS = ["image_id", "path", "shard", "row", "probability", "predicted_index", "correct"]


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
    merged = summaries.merge_files([Path(path) for path in statistics])
    with atomic(channels) as temporary:
        summaries.channel_table(merged).to_parquet(temporary, index=False)

    _, network = open_network(model, threads=1)
    chosen = choose(predictions, examples)
    scaling = SCALINGS[ModelFacts.read(facts, choices).scaling]
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


def choose(predictions: str, examples: int | list[str]) -> pd.DataFrame:
    """The example images: those that were asked for, or a telling few.

    By number they are taken in turn from the most confident errors and from the most confident
    right (or unlabelled) images of each predicted class. The table is read a shard at a time.

    Raises:
        AuditError: a path that was asked for is not among the audited images.
    """
    table = pq.ParquetFile(predictions)
    shards = (
        table.read_row_group(group, columns=COLUMNS).to_pandas()
        for group in range(table.num_row_groups)
    )
    if isinstance(examples, list):
        named = pd.concat([rows[rows["path"].isin(examples)] for rows in shards])
        missing = sorted(set(examples) - set(named["path"]))
        if missing:
            raise AuditError(
                f"config: activations.examples: {missing[0]!r} is not among the audited images: "
                "give paths relative to the images"
            )
        return named.set_index("path", drop=False).loc[examples]
    found = pd.DataFrame(columns=COLUMNS)
    for rows in shards:
        found = _in_turn(pd.concat([found, rows]) if len(found) else rows)
        found = found[found["turn"] < examples]
    return found.head(examples)


def _in_turn(rows: pd.DataFrame) -> pd.DataFrame:
    """The best of each group, then the second of each, and so on; with that place as ``turn``."""
    ranked = rows.sort_values(["probability", "path"], ascending=[False, True])
    wrong = ranked["correct"].eq(False).fillna(False)
    group = ranked["predicted_index"].where(~wrong, -1)
    return ranked.assign(turn=ranked.groupby(group).cumcount()).sort_values("turn", kind="stable")


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
