"""The number of images in a shard.

It depends on the number of images alone, not on cores, so every machine divides a dataset alike.
"""

from typing import Literal

LASTING = 2048
"""Number of images in an automatic shard. Its three processes start in 5 s: 2.5 ms per image."""

MOST_SHARDS = 1000
"""Greatest number of automatic shards, because Snakemake plans several jobs for each."""


def images_a_shard(shard_size: int | Literal["auto"], images: int, *, first: bool) -> int:
    """The greatest number of images in a shard.

    Args:
        shard_size: the setting.
        images: number of images in the dataset.
        first: whether no image has a shard yet. Automatic shards are then made of equal size, so
            that 2,049 images are no full shard and one image. Later images, whose number is not
            known, fill the last shard and then new ones.
    """
    least = max(1, -(-images // MOST_SHARDS))
    if shard_size != "auto":
        return max(shard_size, least)
    if not first:
        return max(LASTING, least)
    shards = min(MOST_SHARDS, max(1, -(-images // LASTING)))
    return max(1, -(-images // shards))
