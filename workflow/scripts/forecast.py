"""Estimate the disk space of all activation maps, before the first is written."""

import json
import shutil
import sys
from pathlib import Path

from convaudit.activations.store import bytes_per_image
from convaudit.models.facts import ModelFacts
from convaudit.preview.text import describe_room
from convaudit.system.atomic import atomic
from jobs.job import job


def foretell(*, facts: str, layers: list[str], files: int, result: str) -> None:
    """Print how much space the activation maps need and how much is free, and store the numbers.

    Args:
        facts: ``model.json``.
        layers: names of the watched layers, whose maps are kept.
        files: number of files in the dataset.
        result: JSON that is written: bytes_per_image, images, and bytes of all maps uncompressed.
    """
    each = bytes_per_image(ModelFacts.read(facts).layers, layers)
    free = shutil.disk_usage(Path(result).parent).free
    print(describe_room(each, files, free), file=sys.stderr)
    found = {"bytes_per_image": each, "images": files, "bytes": each * files}
    with atomic(result) as temporary:
        temporary.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    with job("forecast", snakemake.log[0], snakemake.input):
        foretell(
            facts=snakemake.input.facts,
            layers=snakemake.params.layers,
            files=snakemake.params.files,
            result=snakemake.output.forecast,
        )
