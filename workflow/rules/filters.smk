# The images that excite each channel of a layer most, by gradient ascent. One job per layer.


rule filters:
    input:
        model_file,
        facts=rules.model.output.facts,
    output:
        grid=report(
            "<results>/filters/{layer}.png",
            caption="../report/filters.rst",
            category="2 What it sees",
            labels={"layer": "{layer}", "figure": "patterns of its channels"},
        ),
        table="<results>/filters/{layer}.csv",
    log:
        "<results>/logs/filters/{layer}.log",
    benchmark:
        "<results>/benchmarks/filters/{layer}.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=6000,
    params:
        key=lambda wildcards: KEYS.filters(wildcards.layer),
        layer=lambda wildcards: FILTER_LAYERS[wildcards.layer],
        model=AUDIT.model,
        choices=AUDIT.choices,
        seed=SETTINGS.seed,
        filters=SETTINGS.filters.model_dump(exclude={"layers"}),
    script:
        "../scripts/filters.py"
