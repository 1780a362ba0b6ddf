# One report that somebody can sign, and its numbers for machines.


rule report:
    input:
        ledger=rules.index.output.ledger,
        facts=rules.model.output.facts,
        scaling=rules.scaling_check.output.result,
        quarantine=rules.quarantine.output.table,
        predictions=rules.predictions.output.table,
        near_duplicates=rules.near_duplicates.output,
        trust=rules.trust.output.tests if SETTINGS.trust.enabled else [],
        channels=rules.activations.output.channels,
        activations=folder(rules.activations.output.grids),
        statistics=all_shards(rules.predict.output.statistics),
        devices=all_shards(rules.predict.output.device),
        maps=all_shards(rules.predict.output.maps),
        overlays=[folder(shard) for shard in all_shards(rules.gradcam.output.overlays)],
        sprites=[folder(shard) for shard in all_shards(rules.gradcam.output.sprites)],
        drawn=all_shards(rules.gradcam.output.drawn),
        filters=all_filters(),
        comparison=compared(),
        shortcuts=looked_for(rules.interventions.output.result),
        pairs=looked_for(folder(rules.interventions.output.pairs)),
        forecast=kept(rules.forecast.output.forecast),
        kept=all_shards(rules.predict.output.activations),
        metrics=rules.verdict.output.metrics,
        verdict=rules.verdict.output.verdict,
    output:
        page=report(
            directory("<results>/report"),
            htmlindex="index.html",
            caption="../report/page.rst",
            category="1 The audit",
            labels={"page": "1 the whole report"},
        ),
        summary=report(
            "<results>/summary.json",
            caption="../report/summary.rst",
            category="1 The audit",
            labels={"page": "2 numbers for machines"},
        ),
        manifest="<results>/manifest-sha256.txt",
        provenance=report(
            "<results>/provenance.json",
            caption="../report/provenance.rst",
            category="4 Provenance",
            labels={"table": "versions, settings and hashes"},
        ),
    log:
        "<results>/logs/report.log",
    benchmark:
        "<results>/benchmarks/report.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        mem_mb=4000,
    params:
        key=KEYS.report(list(FILTER_LAYERS)),
        images=AUDIT.images,
        model=AUDIT.model,
        choices=AUDIT.choices,
        settings=SETTINGS,
        layers=FILTER_LAYERS,
    script:
        "../scripts/report.py"


# The report and everything that its pages show in one zip. It runs only if it is asked for.
rule bundle:
    input:
        page=folder(rules.report.output.page),
        manifest=rules.report.output.manifest,
        predictions=rules.predictions.output.table,
    output:
        target="<results>/bundle.zip",
    log:
        "<results>/logs/bundle.log",
    conda:
        "../../environment.yml"
    params:
        key=KEYS.bundle(list(FILTER_LAYERS)),
        images=AUDIT.images,
    script:
        "../scripts/bundle.py"


# It has no output, so it runs each time it is asked for, and no input, so it repairs nothing.
rule verify:
    log:
        "<results>/logs/verify.log",
    conda:
        "../../environment.yml"
    threads: 2
    params:
        results=Path(SETTINGS.results),
        model=AUDIT.model.source,
        images=AUDIT.images,
        settings=SETTINGS,
    script:
        "../scripts/verify.py"
