"""Load the model, check that it can be audited, and write its facts."""

from convaudit.models.facts import ModelSource
from convaudit.system.atomic import atomic
from jobs.job import job
from jobs.tensorflow_job import open_network


def write_facts(*, model: ModelSource, facts: str) -> None:
    """Write the facts of the model without the config's choices.

    Args:
        model: the model that the config names.
        facts: ``model.json`` that is written: the ``ModelFacts`` as JSON.

    Raises:
        AuditError: the model can't be loaded, is no classifier, or has no layer with maps.
    """
    loaded, network = open_network(model, threads=1, on_gpu=False)
    from convaudit.models.inspection.inspection import inspect_model

    with atomic(facts) as temporary:
        temporary.write_text(inspect_model(loaded, network).to_json())


if __name__ == "__main__":
    with job("model", snakemake.log[0], snakemake.input):
        write_facts(model=snakemake.params.model, facts=snakemake.output.facts)
