"""Channel statistics: merged shards equal the whole dataset, computed directly."""

from pathlib import Path

import numpy as np
import pytest

from convaudit.activations import summaries
from convaudit.activations.summaries import TOP, Summary


def dataset(count: int, channels: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Maps (n, 4, 5, C), a third of the values negative, and ids."""
    maps = np.random.default_rng(seed).normal(0.5, 1, (count, 4, 5, channels)).astype(np.float32)
    maps[..., -1] = -np.abs(maps[..., -1])
    return maps, np.array([f"image-{i:03d}" for i in range(count)])


def summary(maps: np.ndarray, ids: np.ndarray) -> Summary:
    positions = (1, 2)
    place = maps.reshape(len(maps), 20, maps.shape[-1]).argmax(axis=1)
    return summaries.summarise(
        maps.mean(positions),
        (maps**2).mean(positions),
        maps.max(positions),
        (maps > 0).mean(positions),
        (place // 5 + 0.5) / 4,
        (place % 5 + 0.5) / 5,
        images=ids,
        classes=np.array([int(name[-3:]) % 2 for name in ids], int),
        class_count=3,
    )


def shards(maps: np.ndarray, ids: np.ndarray, folder: Path, cuts: list[int]) -> list[Path]:
    files = []
    for part, names in zip(np.split(maps, cuts), np.split(ids, cuts), strict=True):
        files.append(folder / f"{len(files)}.npz")
        summaries.save(files[-1], {"a/conv": summary(part, names)})
    return files


@pytest.mark.parametrize("cuts", [[], [1], [7, 20], [0, 13, 13]])
def test_merged_shards_are_the_whole_dataset(tmp_path: Path, cuts: list[int]) -> None:
    maps, ids = dataset(31)
    merged = summaries.merge_files(shards(maps, ids, tmp_path, cuts))
    table = summaries.channel_table(merged)
    assert table["layer"].unique().tolist() == ["a/conv"]
    exact = maps.astype(np.float64)
    assert np.allclose(table["mean"], exact.mean((0, 1, 2)))
    assert np.allclose(table["std"], exact.std((0, 1, 2)))
    assert np.allclose(table["max"], exact.max((0, 1, 2)))
    assert np.allclose(table["active_fraction"], (exact > 0).mean((0, 1, 2)))
    assert table["dead"].tolist() == [False, False, True]
    best = exact.max((1, 2))
    for channel, row in table.iterrows():
        order = np.argsort(-best[:, channel])[:TOP]
        assert row["top_images"] == ids[order].tolist()
        assert np.allclose(row["top_values"], best[order, channel])
        place = maps[order, ..., channel].reshape(-1, 20).argmax(axis=1)
        assert np.allclose(row["top_y"], (place // 5 + 0.5) / 4)
        assert np.allclose(row["top_x"], (place % 5 + 0.5) / 5)
        assert sum(row["histogram"]) == 31 and row["histogram"][0] == (best[:, channel] <= 0).sum()
        means = [best[:, channel].clip(0)[first::2].mean() for first in (0, 1)]
        assert np.allclose(row["class_means"][:2], means) and np.isnan(row["class_means"][2])


def test_layers_side_by_side_are_the_layers_one_by_one(tmp_path: Path) -> None:
    maps, ids = dataset(31, channels=7)
    whole = summaries.merge(summary(maps[:20], ids[:20]), summary(maps[20:], ids[20:]))
    parts = summaries.split(whole, {"first": 3, "second": 4})
    for name, own in (("first", maps[..., :3]), ("second", maps[..., 3:])):
        alone = summaries.merge(summary(own[:20], ids[:20]), summary(own[20:], ids[20:]))
        summaries.save(tmp_path / "alone.npz", {name: alone})
        summaries.save(tmp_path / "part.npz", {name: parts[name]})
        assert (tmp_path / "part.npz").read_bytes() == (tmp_path / "alone.npz").read_bytes()


def test_images_that_tie_stand_in_the_order_of_the_dataset(tmp_path: Path) -> None:
    maps, ids = np.ones((12, 4, 5, 1), np.float32), dataset(12)[1]
    for cuts in ([], [2, 5]):
        merged = summaries.merge_files(shards(maps, ids, tmp_path, cuts))
        assert summaries.channel_table(merged)["top_images"][0] == ids[:TOP].tolist()


def test_few_images_give_short_lists(tmp_path: Path) -> None:
    maps, ids = dataset(3)
    table = summaries.channel_table(summaries.merge_files(shards(maps, ids, tmp_path, [1])))
    assert {len(names) for names in table["top_images"]} == {3}
    assert {len(values) for values in table["top_values"]} == {3}


def test_a_file_gives_back_what_was_saved_and_the_same_bytes_again(tmp_path: Path) -> None:
    maps, ids = dataset(5)
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    layers = {"b": summary(maps, ids), "a": summary(maps[..., :1], ids)}
    summaries.save(one, layers)
    summaries.save(two, layers)
    assert one.read_bytes() == two.read_bytes()
    loaded = summaries.load(one)
    assert list(loaded) == ["b", "a"]
    for name in layers:
        for key, value in vars(layers[name]).items():
            assert np.array_equal(value, getattr(loaded[name], key))


def plain(maxima: np.ndarray, classes: np.ndarray, class_count: int) -> Summary:
    ids = np.full(len(maxima), "x")
    parts = (maxima, maxima**2, maxima, maxima, maxima, maxima)
    return summaries.summarise(*parts, images=ids, classes=classes, class_count=class_count)


def test_selectivity_by_hand() -> None:
    """Two images of each of three classes; the third class has none."""
    maxima = np.array([[4, 1, -1], [2, 1, -2], [1, 1, 0], [1, 1, -5]], np.float32)
    table = summaries.channel_table({"conv": plain(maxima, np.array([0, 0, 1, 1]), 3)})
    # Class means 3 and 1; 1 and 1; nothing.
    assert table["selectivity"].tolist()[:2] == [0.5, 0]
    assert table["selective_for"].tolist()[:2] == [0, 0]
    assert table["selectivity"].isna().tolist() == [False, False, True]
    assert table["selective_for"].isna().tolist() == [False, False, True]


def test_of_one_class_or_of_too_many_nothing_is_selective() -> None:
    maxima = np.ones((3, 2), np.float32)
    for classes in (1, summaries.MOST_CLASSES + 1):
        part = plain(maxima, np.zeros(3, int), classes)
        assert summaries.channel_table({"conv": part})["selectivity"].isna().all()
    assert part.class_maximum.size == 0


def test_the_histogram_has_half_octaves() -> None:
    maxima = np.float32([-1, 0, 1e-9, 2**-10, 1, 1.3, 1.5, 2, 1e9])[:, None]
    counts = plain(maxima, np.zeros(9, int), 1).histogram[0]
    found = {int(place): int(counts[place]) for place in np.flatnonzero(counts)}
    assert found == {0: 2, 1: 2, 21: 2, 22: 1, 23: 1, summaries.BINS - 1: 1}


def test_sums_stay_exact_where_single_precision_would_not() -> None:
    # A million images of value 0.1: float32 sums drift by 1 %.
    value = np.full((1000, 1), 0.1, np.float32)
    part = plain(value, np.zeros(1000, int), 1)
    total = part
    for _ in range(999):
        total = summaries.merge(total, part)
    row = summaries.channel_table({"conv": total}).iloc[0]
    assert row["mean"] == pytest.approx(float(np.float32(0.1)), rel=1e-12)
    assert row["std"] == pytest.approx(0, abs=1e-4)
