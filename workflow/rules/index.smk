# Which image lives in which shard, with size, modification time and sha256.


def demo_folder(wildcards):
    """The demo's images as an input; a user's dataset is watched by the plan instead."""
    return settled(rules.demo_images.output.images) if SETTINGS.images == "demo" else []


rule index:
    input:
        demo_folder,
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
