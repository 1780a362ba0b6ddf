# Do the heat maps pass their own tests on this model?


rule trust:
    input:
        model_file,
        facts=rules.model.output.facts,
        pixels=collect(str(rules.preprocess.output.pixels), shard=AUDIT.plan.sampled),
        rows=collect(str(rules.predict.output.rows), shard=AUDIT.plan.sampled),
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
    script:
        "../scripts/trust.py"
