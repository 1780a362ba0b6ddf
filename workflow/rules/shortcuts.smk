# Shortcuts of the model: suspects are named on half of the images and tested on the other half.


rule suspects:
    input:
        predictions=rules.predictions.output.table,
        scores=all_shards(rules.predict.output.scores),
        ledger=rules.index.output.ledger,
        duplicates=ancient(rules.near_duplicates.output.table),
        facts=rules.model.output.facts,
        images=demo_files,
    output:
        suspects="<results>/shortcuts/suspects.json",
    log:
        "<results>/logs/suspects.log",
    benchmark:
        "<results>/benchmarks/suspects.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        mem_mb=6000,
    params:
        key=KEYS.suspects,
        images=AUDIT.images,
        plan=AUDIT.index,
        choices=AUDIT.choices,
        shortcuts=SETTINGS.shortcuts,
    script:
        "../scripts/suspects.py"


rule interventions:
    input:
        model_file,
        suspects=rules.suspects.output.suspects,
        predictions=rules.predictions.output.table,
        scores=all_shards(rules.predict.output.scores),
        ledger=rules.index.output.ledger,
        duplicates=ancient(rules.near_duplicates.output.table),
        facts=rules.model.output.facts,
        images=demo_files,
    output:
        result="<results>/shortcuts/interventions.json",
        pairs=directory("<results>/shortcuts/pairs"),
    log:
        "<results>/logs/interventions.log",
    benchmark:
        "<results>/benchmarks/interventions.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=6000,
    params:
        key=KEYS.interventions,
        model=AUDIT.model,
        images=AUDIT.images,
        plan=AUDIT.index,
        choices=AUDIT.choices,
        interpolation=SETTINGS.preprocess.interpolation,
        shortcuts=SETTINGS.shortcuts,
    script:
        "../scripts/interventions.py"
