# Two finished audits side by side. It has no input but them, so no model and no images are needed.


rule compare:
    output:
        page=report(
            directory("<results>/comparison"),
            htmlindex="index.html",
            caption="../report/comparison.rst",
            category="1 The comparison",
            labels={"page": "1 the whole report"},
        ),
        numbers=report(
            "<results>/comparison.json",
            caption="../report/comparison.rst",
            category="1 The comparison",
            labels={"page": "2 numbers for machines"},
        ),
    log:
        "<results>/logs/compare.log",
    benchmark:
        "<results>/benchmarks/compare.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        mem_mb=4000,
    params:
        key=KEYS.compare,
        audits=SETTINGS.compare,
    script:
        "../scripts/compare.py"
