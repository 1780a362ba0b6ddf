# One report that somebody can sign, and its numbers for machines.


rule report:
    input:
        ledger=ancient(rules.index.output.ledger),
        facts=ancient(rules.model.output.facts),
        quarantine=ancient(rules.quarantine.output.table),
        predictions=ancient(rules.predictions.output.table),
        channels=ancient(rules.activations.output.channels),
        activations=ancient(rules.activations.output.grids),
        statistics=ancient(collect(rules.predict.output.statistics, shard=SHARDS)),
        maps=ancient(collect(rules.predict.output.maps, shard=SHARDS)),
        overlays=ancient(collect(rules.gradcam.output.overlays, shard=SHARDS)),
        sprites=ancient(collect(rules.gradcam.output.sprite, shard=SHARDS)),
        filters=ancient(all_filters()),
    output:
        page=report(
            directory("<results>/report"),
            htmlindex="index.html",
            caption="../report/page.rst",
            category="1 The audit",
            labels={"page": "the whole report"},
        ),
        summary=report(
            "<results>/summary.json",
            caption="../report/summary.rst",
            category="1 The audit",
            labels={"page": "summary for machines"},
        ),
        provenance="<results>/provenance.json",
    params:
        key=KEYS.report(list(FILTER_LAYERS)),
        results=SETTINGS.results,
        index=str(AUDIT.index),
        images=AUDIT.images,
        model=AUDIT.model,
        settings=SETTINGS.model_dump(),
        layers=FILTER_LAYERS,
    resources:
        mem_mb=4000,
    log:
        "<results>/logs/report.log",
    benchmark:
        "<results>/benchmarks/report.tsv"
    conda:
        "../../environment.yml"
    script:
        "../scripts/report.py"
