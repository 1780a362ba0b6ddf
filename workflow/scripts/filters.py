"""Find and draw, for one layer, the pattern that excites each channel most."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from convaudit.models.facts import ModelChoices, ModelFacts, ModelSource
from convaudit.models.scaling import scaling_of
from convaudit.system.atomic import atomic
from jobs.job import job
from jobs.stop import require_going
from jobs.tensorflow_job import open_network


def draw(
    *,
    model: ModelSource,
    facts: str,
    choices: ModelChoices,
    layer: str,
    seed: int,
    filters: dict[str, Any],
    grid: str,
    table: str,
) -> None:
    """Draw the patterns of one layer.

    Args:
        model: the model that the config names.
        facts: ``model.json``.
        choices: what the config sets about the model.
        layer: name of the layer.
        seed: seed of start and transforms.
        filters: the section ``filters`` of the config.
        grid: PNG that is written: the patterns, eight in a row.
        table: .csv that is written: channel, activation_start, activation_end, dead, restart.

    Raises:
        AuditError: the layer's output is no image, or the layer accepts no image.
    """
    require_going(Path(table).parent.parent)
    _, network = open_network(model)
    from convaudit.dataset.images import as_grey
    from convaudit.drawing.encoding import encode_png
    from convaudit.drawing.grids import filter_grid
    from convaudit.feature_visualization.restarts import maximise_with_restarts

    channels = network.require_maps(layer, "config: filters.layers")[-1]
    drawn = np.arange(min(filters["count"], channels))
    patterns, attempts = maximise_with_restarts(
        network,
        layer,
        drawn,
        scaling=scaling_of(ModelFacts.read(facts, choices)),
        restarts=filters["restarts"],
        start=filters["start"],
        size=filters["size"],
        steps=filters["steps"],
        step_size=filters["step_size"],
        seed=seed,
    )
    with atomic(grid) as temporary:
        images = as_grey(patterns.images) if network.grey else patterns.images
        picture = filter_grid(images, margin=filters["margin"], dead=patterns.dead)
        temporary.write_bytes(encode_png(picture))
    with atomic(table) as temporary:
        pd.DataFrame(
            {
                "channel": drawn,
                "activation_start": patterns.start,
                "activation_end": patterns.end,
                "dead": patterns.dead,
                "restart": attempts,
            }
        ).to_csv(temporary, index=False)
    logging.info("%s: %d channels, %d dead", layer, len(drawn), patterns.dead.sum())


if __name__ == "__main__":
    with job(f"filters layer {snakemake.params.layer}", snakemake.log[0], snakemake.input):
        draw(
            model=snakemake.params.model,
            facts=snakemake.input.facts,
            choices=snakemake.params.choices,
            layer=snakemake.params.layer,
            seed=snakemake.params.seed,
            filters=snakemake.params.filters,
            grid=snakemake.output.grid,
            table=snakemake.output.table,
        )
