"""Near duplicates: hashes by hand, an exact search, groups, and the effect of leaked images."""

import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

import photographs
from convaudit.checks.hamming import LARGEST, close_pairs
from convaudit.checks.near_duplicates import near_duplicates
from convaudit.checks.radius import RADIUS, radius_by_chance
from convaudit.checks.training_hashes import training_hashes
from convaudit.dataset import training_images
from convaudit.properties.difference_hash import MISSING, difference_hash, parse
from convaudit.properties.pixel_properties import working_luminance
from photographs import jpeg, recompressed


def hash_of(image: np.ndarray) -> str:
    return difference_hash(working_luminance(np.ascontiguousarray(image)))


def distance(a: str, b: str) -> int:
    return (int(a, 16) ^ int(b, 16)).bit_count()


def test_a_hash_by_hand():
    rising = np.tile(np.arange(9, dtype=np.uint8) * 20, (4, 1))
    zigzag = np.tile(np.array([0, 9] * 4 + [0], np.uint8) * 20, (4, 1))
    cells = np.concatenate([rising, zigzag])
    assert difference_hash(cells) == "ffffffff" + "aaaaaaaa"
    large = cells.repeat(10, 0).repeat(10, 1)
    assert difference_hash(large) == "ffffffffaaaaaaaa"
    assert parse(np.array(["ffffffffaaaaaaaa"])).tolist() == [0xFFFFFFFFAAAAAAAA]


@pytest.mark.parametrize("picture", [np.full((40, 40), 7), np.tile(np.arange(90), (40, 1))])
def test_a_plain_picture_and_a_gradient_have_no_hash(picture):
    assert difference_hash(picture.astype(np.uint8)) == MISSING


def brute(hashes: np.ndarray, others: np.ndarray, radius: int) -> np.ndarray:
    return np.argwhere(np.bitwise_count(hashes[:, None] ^ others[None]) <= radius)


@pytest.mark.parametrize("radius", [0, 1, 4, LARGEST])
def test_the_search_finds_what_comparing_all_pairs_finds(radius):
    random = np.random.default_rng(0)
    base = random.integers(0, 2**63, 120, dtype=np.uint64) * np.uint64(2)
    near = []
    for value in base:
        for flips in range(9):
            bits = random.choice(64, flips, replace=False).astype(np.uint64)
            near.append(value ^ np.bitwise_or.reduce(np.uint64(1) << bits, initial=np.uint64(0)))
    hashes = np.unique(np.array(near))
    every = brute(hashes, hashes, radius)
    expected = every[every[:, 0] < every[:, 1]]
    assert close_pairs(hashes, radius).tolist() == expected.tolist()
    some = hashes[::3]
    assert close_pairs(some, radius, hashes).tolist() == brute(some, hashes, radius).tolist()


def test_the_search_works_in_pieces(monkeypatch):
    hashes = np.unique(np.random.default_rng(1).integers(0, 2**20, 3000, dtype=np.uint64))
    whole = close_pairs(hashes, 4)
    monkeypatch.setattr("convaudit.checks.hamming.AT_ONCE", 1000)
    assert close_pairs(hashes, 4).tolist() == whole.tolist()
    assert len(whole) > 1000


def test_a_radius_that_could_miss_pairs_is_refused():
    with pytest.raises(ValueError, match="radius 8"):
        close_pairs(np.array([1, 2], np.uint64), 8)


SCENES = [photographs.procedural(seed) for seed in range(24)] + [
    photographs.of_the_demo(seed) for seed in range(8)
]
COPIES = {
    "resized": lambda x: cv2.resize(x, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "squeezed": lambda x: cv2.resize(x, (224, 224), interpolation=cv2.INTER_AREA),
    "recompressed": lambda x: recompressed(x, 40),
    "both": lambda x: recompressed(cv2.resize(x, (200, 150), interpolation=cv2.INTER_AREA), 60),
    "brighter": lambda x: (x * 1.15).clip(0, 255).astype(np.uint8),
    "cropped by 1 %": lambda x: x[3:, 4:],
}


@pytest.mark.parametrize("copy", COPIES)
def test_copies_are_found(copy):
    near = [distance(hash_of(x), hash_of(COPIES[copy](x))) <= RADIUS for x in SCENES]
    assert np.mean(near) >= 0.85


def test_different_pictures_and_flipped_ones_are_not():
    hashes = [hash_of(x) for x in SCENES]
    for at, image in enumerate(SCENES):
        others = [*hashes[:at], *hashes[at + 1 :], hash_of(image[:, ::-1])]
        assert min(distance(hashes[at], other) for other in others) > RADIUS


DIGITS = datasets.load_digits().images.astype(np.float32) * 15.9
"""1,797 handwritten digits of 8 x 8 pixels: many different ones have nearly the same hash."""


def hashes_of_digits(count: int) -> np.ndarray:
    pictures = [cv2.resize(each, (28, 28), interpolation=cv2.INTER_CUBIC) for each in DIGITS]
    texts = [difference_hash(each.clip(0, 255).astype(np.uint8)) for each in pictures[:count]]
    return parse(np.array([text for text in texts if text != MISSING]))


def random_hashes(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**63, count, dtype=np.uint64) * np.uint64(2)


def test_the_radius_is_smaller_where_different_pictures_look_alike():
    assert radius_by_chance(random_hashes(1000)) == RADIUS
    assert radius_by_chance(hashes_of_digits(800)) == 0
    assert radius_by_chance(hashes_of_digits(29)) == RADIUS
    assert radius_by_chance(random_hashes(1000), random_hashes(40, 1)) == RADIUS
    assert radius_by_chance(hashes_of_digits(800), hashes_of_digits(700)) == 0
    # Forty times as many training images: each digit has seven with an equal hash.
    assert radius_by_chance(hashes_of_digits(800), np.tile(hashes_of_digits(1797), 40)) is None


def test_the_radius_follows_from_the_distances_of_random_pairs():
    """The distance of two hashes of 24 random bits has a mean of 12 and a deviation of 2.45: up to
    6 bits have a normal probability of 1.2 %, up to 4 0.11 %, up to 3 0.026 %.
    """
    hashes = np.random.default_rng(2).integers(0, 2**24, 1000, dtype=np.uint64)
    assert radius_by_chance(hashes[:35]) == RADIUS  # 35 * 1.2 % < 0.5
    assert radius_by_chance(hashes) == 3  # 1000 * 0.026 % < 0.5 < 1000 * 0.11 %


def test_copies_do_not_make_the_radius_smaller():
    once = random_hashes(60)
    assert radius_by_chance(np.repeat(once, 10)) == RADIUS
    assert radius_by_chance(once, once) == RADIUS


def test_different_digits_are_not_one_group():
    hashes = hashes_of_digits(800)
    rows = [(f"{at:04}", "digit", f"{value:016x}", True) for at, value in enumerate(hashes)]
    found = near_duplicates(table(*rows))
    assert found.radius == 0
    assert found.table["group"].value_counts().max() <= 10
    equal = pd.Series(hashes).duplicated(keep=False).sum()
    assert found.images == equal < 100


def test_without_a_radius_only_equal_files_are_training_images():
    hashes = hashes_of_digits(400)
    rows = [(f"{at:04}", "digit", f"{value:016x}", True) for at, value in enumerate(hashes)]
    training = pd.DataFrame(
        {
            "sha256": ["sha-0003", *(f"other-{at}" for at in range(40 * len(hashes) - 1))],
            "dhash": [f"{value:016x}" for value in np.tile(hashes, 40)],
        }
    )
    found = near_duplicates(table(*rows), training)
    assert found.training is not None and found.training.images == found.training.exact == 1


def table(*rows: tuple[str, str | None, str, bool | None]) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=["path", "label", "dhash", "correct"])
    found["correct"] = found["correct"].astype("boolean")
    return found.assign(image_id=found["path"], sha256=[f"sha-{path}" for path in found["path"]])


A, NEAR_A, CHAIN, B = "00ff00ff00ff00ff", "00ff00ff00ff000f", "00ff00ff00ff0000", "f0f0f0f0f0f0f0f0"


def test_groups_are_connected_and_name_crossed_labels():
    found = near_duplicates(
        table(
            ("z", "cat", A, True),
            ("b", "cat", B, True),
            ("c", "dog", CHAIN, False),
            ("d", "cat", NEAR_A, True),
            ("e", None, MISSING, None),
            ("f", None, MISSING, None),
            ("g", "cat", B, True),
            ("h", "cat", "0123456789abcdef", True),
        )
    )
    columns = ["group", "path", "across_labels"]
    assert found.table[columns].to_numpy().tolist() == [
        [0, "b", False],
        [0, "g", False],
        [1, "c", True],
        [1, "d", True],
        [1, "z", True],
    ]
    assert (found.groups, found.images, found.across_labels, found.plain) == (2, 5, 3, 2)
    assert found.training is None
    assert found.summary()["training"] is None


def test_images_that_the_model_was_trained_on_and_the_accuracy_without_them():
    images = table(
        ("same", "cat", A, True),
        ("near", "cat", NEAR_A, True),
        ("plain", "cat", MISSING, True),
        ("new", "dog", B, False),
        ("other", "dog", "0123456789abcdef", True),
        ("unlabelled", None, "3c3c3c3c3c3c3c3c", None),
    )
    training = pd.DataFrame(
        {"sha256": ["sha-same", "sha-plain", "x"], "dhash": [A, MISSING, "ff00ff00ff00ff0f"]}
    )
    found = near_duplicates(images, training)
    assert dict(zip(found.table["path"], found.table["training"], strict=True)) == {
        "same": "exact",
        "near": "near",
        "plain": "exact",
    }
    leak = found.training
    assert leak is not None
    assert (leak.files, leak.exact, leak.images, leak.share) == (3, 2, 3, 0.5)
    assert (leak.labelled_among, leak.accuracy_among) == (3, 1.0)
    assert (leak.labelled_without, leak.accuracy_without) == (2, 0.5)


def test_without_any_pair_there_is_an_empty_table_of_the_same_types():
    one = near_duplicates(table(("a", "cat", A, True)))
    two = near_duplicates(table(("a", "cat", A, True), ("b", "cat", A, True)))
    assert len(one.table) == 0
    assert one.table.dtypes.equals(two.table.dtypes)


def test_training_images_are_hashed_from_a_folder_and_read_from_saved_hashes(tmp_path):
    folder = tmp_path / "train"
    (folder / "cat").mkdir(parents=True)
    image = photographs.procedural(1)
    (folder / "cat" / "a.jpg").write_bytes(jpeg(image, 90))
    (folder / "cat" / "broken.jpg").write_bytes(jpeg(image, 90)[:1000])
    found = training_hashes(folder, threads=2)
    assert found["path"].tolist() == ["cat/a.jpg"]
    assert found["dhash"].tolist() == [hash_of(recompressed(image, 90))]
    saved = tmp_path / "hashes.parquet"
    found.to_parquet(saved)
    pd.testing.assert_frame_equal(training_hashes(saved, threads=1), found)
    assert training_images.digest(saved) != training_images.digest(folder)
    before = training_images.digest(folder)
    (folder / "cat" / "b.jpg").write_bytes(jpeg(image, 80))
    assert training_images.digest(folder) != before
