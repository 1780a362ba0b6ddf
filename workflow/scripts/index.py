"""Hash every file of the dataset and write the ledger."""

import json
import logging
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from convaudit.dataset import scan
from convaudit.dataset.image_ids import image_id
from convaudit.dataset.ledger import digests
from convaudit.dataset.table_files import META
from convaudit.system.atomic import atomic
from convaudit.system.checksums import sha256
from convaudit.system.ordered_map import in_order
from convaudit.system.progress import Progress
from jobs.job import job

SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("path", pa.string()),
        ("label", pa.string()),
        ("shard", pa.int32()),
        ("size", pa.int64()),
        ("mtime_ns", pa.int64()),
        ("sha256", pa.string()),
        ("stamp", pa.string()),
        ("fault", pa.string()),
    ]
)


def index(*, files: Path, images: Path, ledger: str, threads: int) -> None:
    """Write one row for each file of the dataset, one row group for each shard.

    Args:
        files: ``files.parquet`` of the plan: path, label, size, mtime_ns, stamp, fault, shard.
        images: the folder that the images' paths start from, or the table that lists them.
        ledger: ``ledger.parquet`` that is written (``SCHEMA``, and the shards' digests).
        threads: how many files are read at the same time.
    """
    top = scan.root(images)
    planned = pq.ParquetFile(files)
    shards: dict[str, str] = {}
    progress = Progress(planned.metadata.num_rows, "files")
    kept = [each for each in planned.schema_arrow if each.name.startswith(META)]
    schema = pa.schema([*SCHEMA, *kept])
    with atomic(ledger) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for group in range(planned.num_row_groups):
            rows = planned.read_row_group(group).to_pandas()
            hashed = []
            listed = zip((top / path for path in rows["path"]), rows["fault"], strict=True)
            for found in in_order(_sha256, listed, threads):
                hashed.append(found)
                progress.add()
            rows[["sha256", "fault"]] = hashed
            rows["image_id"] = [image_id(path) for path in rows["path"]]
            writer.write_table(
                pa.Table.from_pandas(rows[schema.names], schema, preserve_index=False)
            )
            shards |= {shard: digest for shard, (_, digest) in digests(rows).items()}
            logging.info("shard %04d: %d files", rows["shard"].iat[0], len(rows))
        writer.add_key_value_metadata({"shards": json.dumps(shards)})


def _sha256(file: tuple[Path, object]) -> tuple[str | None, str | None]:
    """The file's hash, or the reason why there is none. A file with a fault is not opened, because
    it may be a pipe.
    """
    path, fault = file
    if isinstance(fault, str):
        return None, fault
    try:
        return sha256(path), None
    except (OSError, ValueError) as error:
        return None, getattr(error, "strerror", None) or "can't be read"


if __name__ == "__main__":
    with job("index", snakemake.log[0]):
        index(
            files=snakemake.params.files,
            images=snakemake.params.images,
            ledger=snakemake.output.ledger,
            threads=snakemake.threads,
        )
