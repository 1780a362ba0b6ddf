# The demo's photographs and its classifier, which looks perfect and is not.


rule demo_images:
    output:
        training=directory("<results>/demo/train"),
        images=directory("<results>/demo/images"),
        truth="<results>/demo/truth.csv",
    log:
        "<results>/logs/demo_images.log",
    benchmark:
        "<results>/benchmarks/demo_images.tsv"
    conda:
        "../../environment.yml"
    params:
        key=KEYS.demo_images,
        seed=SETTINGS.seed,
    script:
        "../scripts/demo_images.py"


rule demo_model:
    input:
        rules.demo_images.output.truth,
        training=folder(rules.demo_images.output.training),
    output:
        model="<results>/demo/model.keras",
    log:
        "<results>/logs/demo_model.log",
    benchmark:
        "<results>/benchmarks/demo_model.tsv"
    conda:
        "../../environment.yml"
    resources:
        gpu=1,
        mem_mb=3000,
    params:
        key=KEYS.demo_model,
        seed=SETTINGS.seed,
    script:
        "../scripts/demo_model.py"
