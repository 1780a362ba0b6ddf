"""The plan of an audit: its shards, layers and classes, which are known before the first job.

The main process makes the plan at each start, from names, sizes and modification times. Jobs parse
the Snakefile too, maybe on another machine; they read the plan that the main process wrote.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

SAMPLED = 8
"""Greatest number of shards that a sample of images is taken from. With few, a new image seldom
changes the sample."""


@dataclass(frozen=True)
class Plan:
    """The data from which Snakemake's DAG is built. It is small, also for a large dataset."""

    shards: dict[str, tuple[int, str]]
    """For each shard the number of its files and a digest of their paths, labels and stamps."""
    class_names: list[str] | None
    """In index order; None if there are no labels, or the labels are the indices."""
    layers: list[tuple[str, str]]
    """Name and Keras class of each layer."""
    model: str
    """Identity of the model: a hash of its file, or name and weights."""
    other_files: dict[str, int] = field(default_factory=dict)
    """Number of files beside the images that are no images, by file ending."""
    notes: list[str] = field(default_factory=list)
    """Assumptions about the dataset, one sentence each."""
    finished: str = ""
    """A digest of the finished audits that are compared with this one, or with each other."""
    training: str = ""
    """A digest of the training images, if the config names them."""

    @property
    def sampled(self) -> list[str]:
        """A few shards, evenly spread, from which a sample of images is taken."""
        return list(self.shards)[:: max(1, -(-len(self.shards) // SAMPLED))]

    @property
    def files(self) -> int:
        return sum(count for count, _ in self.shards.values())


def load(folder: Path) -> Plan:
    """Read the plan that the main process wrote."""
    fields = json.loads((folder / "plan.json").read_text())
    shards = {shard: (count, digest) for shard, (count, digest) in fields.pop("shards").items()}
    layers = [(name, kind) for name, kind in fields.pop("layers")]
    return Plan(shards=shards, layers=layers, **fields)


def indexed(plan: Plan, folder: Path) -> frozenset[str]:
    """The shards whose present files are in the ledger already."""
    try:
        known = json.loads(pq.read_metadata(folder / "ledger.parquet").metadata[b"shards"])
    except (OSError, KeyError, ValueError):
        return frozenset()
    return frozenset(s for s, (_, digest) in plan.shards.items() if known.get(s) == digest)
