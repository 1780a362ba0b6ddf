# Checks of the audit itself: near duplicates, training images, saliency maps.


# The hashes can replace the training images in another audit: training_images: training_hashes.parquet
rule training_hashes:
    output:
        table="<results>/training_hashes.parquet",
    log:
        "<results>/logs/training_hashes.log",
    benchmark:
        "<results>/benchmarks/training_hashes.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        mem_mb=3000,
    params:
        key=KEYS.training_hashes,
        source=AUDIT.training,
    script:
        "../scripts/training_hashes.py"


rule near_duplicates:
    input:
        shards=all_shards(rules.preprocess.output.rows),
        predictions=rules.predictions.output.table,
        training=rules.training_hashes.output.table if SETTINGS.training_images else [],
    output:
        table="<results>/duplicates.parquet",
        numbers="<results>/near_duplicates.json",
    log:
        "<results>/logs/near_duplicates.log",
    benchmark:
        "<results>/benchmarks/near_duplicates.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=4000,
    params:
        key=KEYS.near_duplicates,
    script:
        "../scripts/near_duplicates.py"


# Are the saliency maps of this model reliable?
rule trust:
    input:
        model_file,
        facts=rules.model.output.facts,
        listed=collect(str(rules.preprocess.output.rows), shard=AUDIT.plan.sampled),
        rows=collect(str(rules.predict.output.rows), shard=AUDIT.plan.sampled),
        source=demo_files,
    output:
        tests="<results>/trust/trust.json",
    log:
        "<results>/logs/trust.log",
    benchmark:
        "<results>/benchmarks/trust.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=6000,
    params:
        key=KEYS.trust,
        model=AUDIT.model,
        choices=AUDIT.choices,
        gradcam=SETTINGS.gradcam.model_dump(include={"method", "score"}),
        images=SETTINGS.trust.images,
        source=AUDIT.images,
        interpolation=SETTINGS.preprocess.interpolation,
    script:
        "../scripts/trust.py"
