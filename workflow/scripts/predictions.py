"""Join the predictions of all shards into one table."""

import pyarrow.parquet as pq

from convaudit.system.atomic import atomic
from jobs.job import job


def join(*, shards: list[str], table: str) -> None:
    """Write one row group for each shard; one shard is in memory at a time.

    Args:
        shards: .parquet of each shard, as ``predict`` wrote them.
        table: ``predictions.parquet`` that is written.
    """
    schema = pq.read_schema(shards[0])
    with atomic(table) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for shard in shards:
            writer.write_table(pq.read_table(shard, schema=schema))


if __name__ == "__main__":
    with job("predictions", snakemake.log[0], snakemake.input):
        join(shards=snakemake.input.shards, table=snakemake.output.table)
