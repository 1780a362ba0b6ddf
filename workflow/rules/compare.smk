# Two audits side by side: two finished ones, or the reference and this one.


# The inputs are results of this audit. Two finished audits need none of them, no model and no images.
rule compare:
    input:
        ledger=own_results(rules.index.output.ledger),
        facts=own_results(rules.model.output.facts),
        scaling=own_results(rules.scaling_check.output.result),
        predictions=own_results(rules.predictions.output.table),
        interventions=own_results(looked_for(rules.interventions.output.result)),
        maps=all_shards(rules.predict.output.maps),
        drawn=all_shards(rules.gradcam.output.drawn),
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
        settings=SETTINGS,
    script:
        "../scripts/compare.py"
