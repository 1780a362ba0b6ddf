# Draw the saliency map of every photo over the photo, at the photo's own size.


rule gradcam:
    input:
        maps=rules.predict.output.maps,
        predictions=rules.predict.output.rows,
        rows=rules.preprocess.output.rows,
        facts=rules.model.output.facts,
        images=demo_files,
    output:
        overlays=directory("<results>/gradcam/overlays/{shard}"),
        sprites=directory("<results>/gradcam/sprites/{shard}"),
        # The report depends on the time of this file, because a folder's time is not reliable.
        drawn=touch("<results>/gradcam/sprites/{shard}.drawn"),
    log:
        "<results>/logs/gradcam/{shard}.log",
    benchmark:
        "<results>/benchmarks/gradcam/{shard}.tsv"
    conda:
        "../../environment.yml"
    threads: SHARD_THREADS
    resources:
        mem_mb=3000,
    params:
        key=lambda wildcards: KEYS.gradcam(wildcards.shard),
        images=AUDIT.images,
        overlays=SETTINGS.overlays,
        alpha=SETTINGS.gradcam.alpha,
        colormap=SETTINGS.gradcam.colormap,
        blend=SETTINGS.gradcam.blend,
        interpolation=SETTINGS.preprocess.interpolation,
    script:
        "../scripts/gradcam.py"
