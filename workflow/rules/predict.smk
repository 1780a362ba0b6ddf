# The one pass through the network: predictions, Grad-CAM maps and channel statistics.


# With activations.keep: maps. It prints how much space the maps need before the first is written.
rule forecast:
    input:
        facts=rules.model.output.facts,
    output:
        forecast="<results>/model/activation_maps.json",
    log:
        "<results>/logs/forecast.log",
    benchmark:
        "<results>/benchmarks/forecast.tsv"
    priority: 1
    localrule: True
    conda:
        "../../environment.yml"
    params:
        key=KEYS.forecast,
        layers=AUDIT.watched_layers,
        files=AUDIT.plan.files,
    script:
        "../scripts/forecast.py"


# The setting activations.keep is in no key: it changes no other file, and Snakemake makes the files
# with activation maps if they are missing.
rule predict:
    input:
        model_file,
        pixels=rules.preprocess.output.pixels,
        rows=rules.preprocess.output.rows,
        facts=rules.model.output.facts,
    output:
        rows="<results>/predict/{shard}.parquet",
        scores="<results>/predict/{shard}.scores.npz",
        statistics="<results>/predict/{shard}.npz",
        maps="<results>/gradcam/maps/{shard}.npz",
        activations=kept("<results>/activation_maps/{shard}.h5"),
        device="<results>/devices/{shard}.json",
    log:
        "<results>/logs/predict/{shard}.log",
    benchmark:
        "<results>/benchmarks/predict/{shard}.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=6000,
    params:
        key=lambda wildcards: KEYS.predict(wildcards.shard),
        model=AUDIT.model,
        plan=AUDIT.index,
        choices=AUDIT.choices,
        layers=AUDIT.watched_layers,
        batch_size=SETTINGS.predict.batch_size,
        top=SETTINGS.predict.top,
        score=SETTINGS.gradcam.score,
        target=SETTINGS.gradcam.target,
    script:
        "../scripts/predict.py"


rule predictions:
    input:
        shards=all_shards(rules.predict.output.rows),
    output:
        table="<results>/predictions.parquet",
    log:
        "<results>/logs/predictions.log",
    benchmark:
        "<results>/benchmarks/predictions.tsv"
    conda:
        "../../environment.yml"
    params:
        key=KEYS.predictions,
    script:
        "../scripts/predictions.py"
