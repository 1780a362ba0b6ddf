"""The size of a shard, from ten images to ten million."""

import pandas as pd
import pytest

from convaudit.dataset import ledger, scan
from planning.shards import LASTING, MOST_SHARDS, images_a_shard


@pytest.mark.parametrize(
    ("images", "size", "shards"),
    [
        (0, 1, 0),
        (10, 10, 1),
        (2_048, 2_048, 1),
        (2_049, 1_025, 2),
        (10_000, 2_000, 5),
        (100_000, 2_041, 49),
        (1_000_000, 2_045, 489),
        (2_048_000, 2_048, 1_000),
        (10_000_000, 10_000, 1_000),
    ],
)
def test_an_automatic_shard(images, size, shards):
    assert images_a_shard("auto", images, first=True) == size
    assert -(-images // size) == shards


def test_no_dataset_has_short_or_too_many_shards():
    for images in [*range(1, 20_000, 7), *range(20_000, 12_000_000, 99_991)]:
        size = images_a_shard("auto", images, first=True)
        shards = -(-images // size)
        assert shards <= MOST_SHARDS
        assert size <= LASTING or shards > 0.99 * MOST_SHARDS
        assert shards == 1 or size > LASTING / 2


def test_a_given_size_is_kept_until_there_are_a_thousand_shards():
    assert images_a_shard(8, 20, first=True) == images_a_shard(8, 20, first=False) == 8
    assert images_a_shard(512, 512_000, first=True) == 512
    assert images_a_shard(512, 1_000_000, first=False) == 1_000


def _assigned(count: int, previous: pd.DataFrame | None) -> pd.DataFrame:
    names = [f"{number:05d}.jpg" for number in range(count)]
    files = scan.listing([(name, None, 10, 1, None) for name in names])
    capacity = images_a_shard("auto", count, first=previous is None)
    return ledger.assign(files, previous, capacity, lambda path: None).assign(sha256=None)


def test_an_image_keeps_its_automatic_shard_when_others_come():
    first = _assigned(2_060, None)
    assert first["shard"].value_counts().to_dict() == {0: 1_030, 1: 1_030}
    grown = _assigned(4_000, first)
    assert grown["shard"][:2_060].tolist() == first["shard"].tolist()
    assert grown["shard"].value_counts().to_dict() == {0: 1_030, 1: 2_048, 2: 922}
    assert _assigned(4_000, grown)["shard"].tolist() == grown["shard"].tolist()
