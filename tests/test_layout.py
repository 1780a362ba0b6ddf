"""Folders that are no classes are refused with the right folder; masks are mentioned."""

import pandas as pd
import pytest

from convaudit.dataset.exclusion import excluded
from convaudit.dataset.layout import mention_labels, mention_masks, refuse
from convaudit.errors import AuditError


def files(*folders: str) -> pd.Series:
    return pd.Series([f"{folder}/1.png".lstrip("/") for folder in folders])


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (
            ["train/a", "train/b", "test/a", "test/b"],
            "holds splits .* give one of them, images=in/test;",
        ),
        (["train/a", "val/a", "train/b"], "images=in/val;"),
        (["train", "test"], "images=in/test;"),
        (["training_set/a", "training_set/b", "test_set/a", "test_set/b"], "images=in/test_set;"),
        (["Training/a", "Training/b", "Testing/a", "Testing/b"], "images=in/Testing;"),
        (
            ["seg_train/seg_train/a", "seg_test/seg_test/a", "seg_test/seg_test/b"],
            "seg_test/seg_test;",
        ),
        (["data/train/a", "data/train/b", "data/val/a", "data/val/b"], "images=in/data/val;"),
        (["train/good", "test/good", "test/cut", "ground_truth/cut"], "images=in/test;"),
        (["train"], r"holds splits \('train'\)"),
        (
            ["pets/cats", "pets/dogs"],
            "one folder, 'pets', which can't be all classes: give images=in/pets;",
        ),
        (["pets"], "give images=in/pets;"),
        (["glioma", "notumor", "val/Mval", "val/gval"], "in/val lies among .* exclude='val'"),
        (["cats", "dogs", "validation"], "in/validation lies among"),
        (["cats", "dogs", "masks"], "in/masks lies among"),
        (["fold1/a", "fold1/b", "fold2/a", "fold2/b"], "same sub-folders .* images=in/fold1;"),
        (["40X/a", "40X/b", "100X/a", "100X/b", "100X/c"], "same sub-folders"),
        (["a/train", "a/test", "b/train", "b/test"], "lie splits .* exclude='train'"),
        (["images", "masks"], "which are no classes: give images=in/images;"),
        (["images/train", "images/val", "labels/train"], "give images=in/images/val;"),
    ],
)
def test_folders_that_are_no_classes_are_refused(folders, message):
    with pytest.raises(AuditError, match=message) as raised:
        refuse(files(*folders), "in/")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "folders",
    [
        ["cats", "dogs"],
        ["", ""],
        ["", "cats"],
        ["bus", "train", "car"],  # a train is a vehicle
        ["valid", "invalid"],
        ["mask", "no_mask"],
        ["n01/images", "n02/images"],
        ["a/images", "a/masks", "b/images", "b/masks"],
        ["a/2019", "a/2020", "b/2021", "b/2022"],
        ["tests_passed", "tests_failed"],
    ],
)
def test_classes_are_classes(folders):
    refuse(files(*folders), "in")


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["a/1.png", "a/1_mask.png", "b/2.png"], """1 of 3 .* exclude='["*_mask*"]'"""),
        (["a/1.png", "a/masks/1.png", "b/2.png"], """1 of 3 .* exclude='["masks"]'"""),
        (["x (1).png", "x (1)_mask.png", "x (1)_mask_1.png"], "2 of 3 files look like masks"),
    ],
)
def test_masks_are_mentioned(paths, message):
    (said,) = mention_masks(pd.Series(paths))
    start, _, end = message.partition(" .* ")
    assert said.startswith(start) and end in said


def test_a_mask_on_a_face_is_none():
    assert (
        mention_masks(pd.Series(["with_mask/1-with-mask.jpg", "without_mask/2_no_mask.jpg"])) == []
    )


def test_where_labels_may_be_is_mentioned():
    flat = pd.Series(["cat.0.jpg", "cat.1.jpg", "dog.0.jpg", "dog.1.jpg"])
    (said,) = mention_labels(flat, [])
    assert "their names begin with 'cat', 'dog'" in said
    assert "'labels.csv'" in mention_labels(flat, ["labels.csv"])[0]
    for none in (["a.jpg", "b.jpg"], ["IMG_1.jpg", "IMG_2.jpg"], ["cat1.jpg", "dog1.jpg"]):
        assert mention_labels(pd.Series(none), []) == []


def test_patterns():
    paths = pd.Series(["a/1.png", "a/1_mask.png", "a/masks/2.png", "val/a/3.png", "vala/4.png"])
    for patterns, left in (
        (["*_mask.png"], [0, 2, 3, 4]),
        (["masks", "*_mask.png"], [0, 3, 4]),
        (["val"], [0, 1, 2, 4]),
        (["val/*"], [0, 1, 2, 4]),
        (["a/m*"], [0, 1, 3, 4]),
        (["a/"], [4]),
        (["nothing"], [0, 1, 2, 3, 4]),
        (["[12].png"], [1, 3, 4]),
    ):
        out, said = excluded(paths, patterns)
        assert (~out).nonzero()[0].tolist() == left, patterns
        assert len(said) == len(patterns)
    assert said == ["exclude leaves out 2 files that match '[12].png'"]
