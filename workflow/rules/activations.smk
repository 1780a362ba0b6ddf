# Channel statistics of the whole dataset, and every map of a few example images.


rule activations:
    input:
        model_file,
        predictions=rules.predictions.output.table,
        statistics=all_shards(rules.predict.output.statistics),
        rows=all_shards(rules.preprocess.output.rows),
        facts=rules.model.output.facts,
        images=demo_files,
    output:
        channels="<results>/channels.parquet",
        grids=directory("<results>/activations"),
    log:
        "<results>/logs/activations.log",
    benchmark:
        "<results>/benchmarks/activations.tsv"
    conda:
        "../../environment.yml"
    resources:
        gpu=1,
        mem_mb=6000,
    params:
        key=KEYS.activations,
        model=AUDIT.model,
        choices=AUDIT.choices,
        layers=AUDIT.watched_layers,
        examples=SETTINGS.activations.examples,
        images=AUDIT.images,
        interpolation=SETTINGS.preprocess.interpolation,
        per_row=SETTINGS.activations.per_row,
    script:
        "../scripts/activations.py"


# One channel of one image as a picture. It runs only if somebody asks for the picture by its path.
rule channel:
    input:
        model_file,
        rows=in_shard_of_image(rules.preprocess.output.rows),
        facts=rules.model.output.facts,
        images=demo_files,
    output:
        "<results>/channels/{image_id}/{layer}/{channel}.png",
    log:
        "<results>/logs/channels/{image_id}/{layer}/{channel}.log",
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=4000,
    params:
        key=lambda wildcards: KEYS.channel(AUDIT.shard_of(wildcards.image_id)),
        model=AUDIT.model,
        choices=AUDIT.choices,
        images=AUDIT.images,
        interpolation=SETTINGS.preprocess.interpolation,
    script:
        "../scripts/channel.py"
