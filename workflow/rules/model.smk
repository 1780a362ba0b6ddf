# The facts of the model: its format, layers, head, target layer and scaling.


rule model:
    input:
        model_file,
    output:
        facts="<results>/model/model.json",
    log:
        "<results>/logs/model.log",
    benchmark:
        "<results>/benchmarks/model.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=4000,
    params:
        key=KEYS.model,
        model=AUDIT.model,
    script:
        "../scripts/model.py"


# It has no output, so it runs each time it is asked for.
rule inspect:
    input:
        facts=rules.model.output.facts,
        images=demo_files,
    log:
        "<results>/logs/inspect.log",
    conda:
        "../../environment.yml"
    threads: 2
    params:
        settings=SETTINGS,
        model=AUDIT.model,
        choices=AUDIT.choices,
        images=AUDIT.images,
        index=AUDIT.index,
        watched=AUDIT.watched_layers,
        filtered=list(FILTER_LAYERS.values()),
    script:
        "../scripts/inspect_audit.py"
