# Decode each image once and resize it to the model's size; list the files that can't be read.


rule preprocess:
    input:
        ledger_of,
        facts=rules.model.output.facts,
        images=demo_files,
    output:
        # Only predict reads these arrays: 150 kB an image, deleted when it has.
        pixels=temp("<results>/preprocess/{shard}.npy"),
        rows="<results>/preprocess/{shard}.parquet",
        quarantine="<results>/preprocess/{shard}.quarantine.csv",
    log:
        "<results>/logs/preprocess/{shard}.log",
    benchmark:
        "<results>/benchmarks/preprocess/{shard}.tsv"
    # All images of a dataset are read before other jobs begin, so that too many unreadable ones end
    # the run early. A large dataset would fill the disk with arrays: 16 shards have about 5 GB.
    priority: 2 if len(SHARDS) <= 16 else 0
    conda:
        "../../environment.yml"
    threads: SHARD_THREADS
    resources:
        mem_mb=3000,
    params:
        key=lambda wildcards: KEYS.preprocess(wildcards.shard),
        images=AUDIT.images,
        ledger=AUDIT.index / "ledger.parquet",
        digest=lambda wildcards: AUDIT.plan.shards[wildcards.shard][1],
        interpolation=SETTINGS.preprocess.interpolation,
    script:
        "../scripts/preprocess.py"


rule quarantine:
    input:
        shards=all_shards(rules.preprocess.output.quarantine),
    output:
        table=report(
            "<results>/quarantine.csv",
            caption="../report/quarantine.rst",
            category="3 Data",
            labels={"table": "files that were not audited"},
        ),
    log:
        "<results>/logs/quarantine.log",
    benchmark:
        "<results>/benchmarks/quarantine.tsv"
    priority: 3
    conda:
        "../../environment.yml"
    params:
        key=KEYS.quarantine,
        files=AUDIT.plan.files,
        max_quarantined=SETTINGS.max_quarantined,
    script:
        "../scripts/quarantine.py"
