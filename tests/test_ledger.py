import pandas as pd

from convaudit.dataset import ledger, scan


def entries(*paths: str, size: int = 10, mtime: int = 1) -> pd.DataFrame:
    return scan.listing([(path, None, size, mtime, None) for path in paths])


def names(count: int, prefix: str = "a") -> list[str]:
    return [f"{prefix}{i:06d}.jpg" for i in range(count)]


def hashed(assigned: pd.DataFrame) -> pd.DataFrame:
    return assigned.assign(sha256=["h:" + path for path in assigned["path"]])


def unread(path: str) -> str | None:
    raise AssertionError(f"{path} should not be read")


def changed_shards(before: pd.DataFrame, after: pd.DataFrame) -> set[str]:
    old, new = ledger.digests(before), ledger.digests(after)
    return {shard for shard in old.keys() | new.keys() if old.get(shard) != new.get(shard)}


def test_the_first_time_shards_are_filled_in_order():
    assigned = ledger.assign(entries(*names(10)), None, 4, unread)
    assert assigned["shard"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
    assert [count for count, _ in ledger.digests(assigned).values()] == [4, 4, 2]


def test_new_images_touch_the_last_shard_and_a_new_one():
    first = ledger.assign(entries(*names(10)), None, 4, unread)
    grown = entries(*names(10), *names(4, prefix="0"))
    second = ledger.assign(grown, hashed(first), 4, unread)
    kept = second.set_index("path").loc[first["path"], "shard"]
    assert kept.tolist() == first["shard"].tolist()
    assert changed_shards(first, second) == {"0002", "0003"}


def test_a_hundred_new_among_a_hundred_thousand_touch_one_or_two_shards():
    first = ledger.assign(entries(*names(100_000)), None, 512, unread)
    grown = entries(*names(100_000), *names(100, prefix="0"))
    second = ledger.assign(grown, hashed(first), 512, unread)
    assert 1 <= len(changed_shards(first, second)) <= 2


def test_a_deleted_image_touches_its_own_shard():
    first = ledger.assign(entries(*names(10)), None, 4, unread)
    second = ledger.assign(entries(*names(10)[:5], *names(10)[6:]), hashed(first), 4, unread)
    assert changed_shards(first, second) == {"0001"}


def test_a_renamed_image_keeps_its_shard():
    before = entries(*names(10))
    before.loc[5, "mtime_ns"] = 77
    first = ledger.assign(before, None, 4, unread)
    after = before.assign(path=before["path"].where(before.index != 5, "zzz.jpg"))
    second = ledger.assign(after, hashed(first), 4, unread)
    assert changed_shards(first, second) == {"0001"}


def test_a_replaced_image_touches_its_own_shard_even_with_the_same_size():
    first = ledger.assign(entries(*names(10)), None, 4, unread)
    after = entries(*names(10))
    after.loc[5, "mtime_ns"] = 2
    second = ledger.assign(after, hashed(first), 4, lambda path: "other content")
    assert changed_shards(first, second) == {"0001"}


def test_a_touched_image_with_the_same_content_touches_nothing():
    first = ledger.assign(entries(*names(10)), None, 4, unread)
    after = entries(*names(10), mtime=99)
    read = []
    second = ledger.assign(after, hashed(first), 4, lambda path: read.append(path) or "h:" + path)
    assert changed_shards(first, second) == set()
    assert len(read) == 10


def test_no_file_is_read_where_nothing_changed():
    first = ledger.assign(entries(*names(10)), None, 4, unread)
    second = ledger.assign(entries(*names(10)), hashed(first), 4, unread)
    pd.testing.assert_frame_equal(first, second, check_dtype=False)


def test_another_label_is_another_content():
    first = ledger.assign(entries(*names(8)), None, 4, unread)
    relabelled = entries(*names(8))
    relabelled.loc[7, "label"] = "cat"
    second = ledger.assign(relabelled, hashed(first), 4, unread)
    assert changed_shards(first, second) == {"0001"}
