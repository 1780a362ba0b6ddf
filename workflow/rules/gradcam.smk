# Draw where the network looked over every photo, at the photo's own size.


rule gradcam:
    input:
        maps=settled(rules.predict.output.maps),
        rows=settled(rules.preprocess.output.rows),
        pixels=settled(rules.preprocess.output.pixels),
        images=demo_folder,
    output:
        overlays=directory("<results>/gradcam/overlays/{shard}"),
        sprite="<results>/gradcam/sprites/{shard}.jpg",
    params:
        key=lambda wildcards: KEYS.gradcam(wildcards.shard),
        images=AUDIT.images,
        alpha=SETTINGS.gradcam.alpha,
        colormap=SETTINGS.gradcam.colormap,
    threads: 2
    resources:
        mem_mb=3000,
    log:
        "<results>/logs/gradcam/{shard}.log",
    benchmark:
        "<results>/benchmarks/gradcam/{shard}.tsv"
    conda:
        "../../environment.yml"
    script:
        "../scripts/gradcam.py"
