# What there is to know of the model: its format, layers, head, target layer and scaling.


def model_file(wildcards):
    """The demo's model as an input; the content of a user's is part of every key instead."""
    return rules.demo_model.output.model if SETTINGS.model == "demo" else []


rule model:
    input:
        model_file,
    output:
        facts="<results>/model/model.json",
    params:
        key=KEYS.model,
        model=AUDIT.model,
    threads: 2
    resources:
        mem_mb=4000,
    log:
        "<results>/logs/model.log",
    benchmark:
        "<results>/benchmarks/model.tsv"
    conda:
        "../../environment.yml"
    script:
        "../scripts/model.py"


# Has no output, so it is printed each time it is asked for.
rule inspect:
    input:
        facts=rules.model.output.facts,
        images=demo_files,
    params:
        settings=SETTINGS.model_dump(),
        model=AUDIT.model,
        images=AUDIT.images,
        index=str(AUDIT.index),
        watched=AUDIT.watched_layers,
        filtered=list(FILTER_LAYERS.values()),
    threads: 2
    log:
        "<results>/logs/inspect.log",
    conda:
        "../../environment.yml"
    script:
        "../scripts/inspect_audit.py"
