"""Load the model, check that it can be audited, and write down what there is to know of it."""

import json
from typing import Any

from convaudit.atomic import atomic
from job import job
from tensorflow_job import open_network


def describe(*, model: dict[str, Any], facts: str) -> None:
    loaded, network = open_network(model, threads=1, on_gpu=False)
    from convaudit import inspection

    with atomic(facts) as temporary:
        temporary.write_text(json.dumps(inspection.facts(loaded, network), indent=1))


if __name__ == "__main__":
    with job("model", snakemake.log[0], snakemake.input):
        describe(model=snakemake.params.model, facts=snakemake.output.facts)
