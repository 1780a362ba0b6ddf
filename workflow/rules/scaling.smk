# Would the model be right more often with another scaling or way to resize? Tried on a sample of images.


rule scaling_check:
    input:
        model_file,
        facts=rules.model.output.facts,
        rows=collect(str(rules.preprocess.output.rows), shard=AUDIT.plan.sampled),
        images=demo_files,
    output:
        result="<results>/model/scaling.json",
    log:
        "<results>/logs/scaling_check.log",
    benchmark:
        "<results>/benchmarks/scaling_check.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=6000,
    params:
        key=KEYS.scaling_check,
        model=AUDIT.model,
        plan=AUDIT.index,
        choices=AUDIT.choices,
        images=AUDIT.images,
        interpolation=SETTINGS.preprocess.interpolation,
    script:
        "../scripts/scaling_check.py"
