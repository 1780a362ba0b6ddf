# Channel statistics of the whole dataset, and every map of a few example images.


rule activations:
    input:
        model_file,
        predictions=rules.predictions.output.table,
        statistics=all_shards(rules.predict.output.statistics),
        facts=rules.model.output.facts,
    output:
        channels="<results>/channels.parquet",
        grids=directory("<results>/activations"),
    log:
        "<results>/logs/activations.log",
    benchmark:
        "<results>/benchmarks/activations.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=6000,
    params:
        key=KEYS.activations,
        model=AUDIT.model,
        pixels=all_shards(rules.preprocess.output.pixels),
        scaling=SETTINGS.preprocess.scaling,
        layers=AUDIT.watched_layers,
        examples=SETTINGS.activations.examples,
        per_row=SETTINGS.activations.per_row,
    script:
        "../scripts/activations.py"
