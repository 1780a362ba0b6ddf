"""The plan of an audit: its shards, layers and classes, known before the first job.

The main process makes it at each start, from names, sizes and times alone. Jobs on other nodes
parse the Snakefile too; they read the plan that the main process wrote.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

SAMPLED = 8
"""From so many shards at most a sample of images is taken: a new image seldom touches one."""


@dataclass(frozen=True)
class Plan:
    """What the DAG is built from; all of it is small, whatever the size of the dataset."""

    shards: dict[str, tuple[int, str]]
    """For each shard its number of files and the digest of what it holds."""
    class_names: list[str] | None
    """In index order; None where labels, if any, are the indices themselves."""
    layers: list[tuple[str, str]]
    """Name and Keras class of each layer."""
    model: str
    """Identity of the model: a hash of its file, or name and weights."""
    other_files: dict[str, int] = field(default_factory=dict)
    """How many files beside the images are none, by their ending."""
    notes: list[str] = field(default_factory=list)
    """What was assumed of the dataset, a sentence each."""
    finished: str = ""
    """A digest of the finished audits that are compared with this one, or with each other."""
    training: str = ""
    """A digest of the training images, where the config names them."""

    @property
    def sampled(self) -> list[str]:
        """A few shards, evenly spread, that stand for all."""
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
    """The shards that the ledger knows as they are now."""
    try:
        known = json.loads(pq.read_metadata(folder / "ledger.parquet").metadata[b"shards"])
    except (OSError, KeyError, ValueError):
        return frozenset()
    return frozenset(s for s, (_, digest) in plan.shards.items() if known.get(s) == digest)
