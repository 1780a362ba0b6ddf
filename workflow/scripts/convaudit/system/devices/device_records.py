"""Read the records of the devices that computed the shards."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any


def read(folder: Path, shards: Collection[str]) -> list[dict[str, Any]]:
    """The devices of an audit's shards; the one with most shards comes first.

    Args:
        folder: folder with a file ``{shard}.json`` per shard that holds a ``device.Device`` as
            JSON.
        shards: numbers of the audit's shards.

    Returns:
        Each device as a dictionary with the numbers of its ``shards``.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for shard in sorted(shards):
        path = folder / f"{shard}.json"
        if path.is_file():
            found[path.read_text(encoding="utf-8")].append(shard)
    by_size = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return [{**json.loads(text), "shards": names} for text, names in by_size]


def mixture(devices: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence for the report if the shards were computed on different devices."""
    if len(devices) < 2:
        return []
    parts = (
        f"{device['name']} ({device['kind'].upper()}) {len(device['shards'])}: "
        + ", ".join(device["shards"][:5])
        + ", …" * (len(device["shards"]) > 5)
        for device in devices
    )
    return [
        "The shards were computed on different devices, so numbers may differ in their last "
        f"digits from shard to shard: {'; '.join(parts)}."
    ]
