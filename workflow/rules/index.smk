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
    # All jobs that read images wait for this one. If filters were drawn before it, too many
    # unreadable images would end the run late.
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
