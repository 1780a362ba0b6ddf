# The ledger: shard, size, modification time and SHA-256 of every file.


rule index:
    input:
        demo_files,
    output:
        ledger="<results>/index/ledger.parquet",
    log:
        "<results>/logs/index.log",
    benchmark:
        "<results>/benchmarks/index.tsv"
    # What reads the images waits for it; without this the filters of a model may come first.
    priority: 3
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        mem_mb=2000,
    params:
        key=KEYS.index,
        images=AUDIT.images,
        files=AUDIT.index / "files.parquet",
    script:
        "../scripts/index.py"
