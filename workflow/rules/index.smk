# Which image lives in which shard, with size, modification time and sha256.


def demo_files(wildcards):
    """The demo's images as an input; a user's dataset is watched by the plan instead."""
    made = rules.demo_images.output
    return [folder(made.images), made.truth] if SETTINGS.images == "demo" else []


def ledger_of(wildcards):
    """The ledger, where it does not know the shard yet.

    The shards that it knows are left alone when it is written again for the others' sake.
    """
    return [] if wildcards.shard in AUDIT.indexed else rules.index.output.ledger


rule index:
    input:
        demo_files,
    output:
        ledger="<results>/index/ledger.parquet",
    params:
        key=KEYS.index,
        images=AUDIT.images,
        files=str(AUDIT.index / "files.parquet"),
    threads: 4
    resources:
        mem_mb=2000,
    log:
        "<results>/logs/index.log",
    benchmark:
        "<results>/benchmarks/index.tsv"
    conda:
        "../../environment.yml"
    script:
        "../scripts/index.py"
