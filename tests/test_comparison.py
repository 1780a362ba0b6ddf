"""Comparisons by hand: alignment, refusals, counts, and what is new or gone."""

import json

import numpy as np
import pandas as pd
import pytest

import folders
from convaudit.comparison import (
    alignment,
    datasets,
    heat_maps,
    paired_answers,
    reliance,
    results_folders,
)
from convaudit.comparison.comparison import compare, facts, headline, table
from convaudit.errors import AuditError

CLASSES = ["cat", "dog"]
FOUR = [("a", "cat", "cat"), ("b", "cat", "dog"), ("c", "dog", "dog"), ("d", "dog", "cat")]


def audit(folder, rows, **settings):
    settings.setdefault("classes", CLASSES)
    found = folders.answers(rows) if isinstance(rows, list) else rows
    return results_folders.read(folders.results(folder, found, **settings))


def suspect(name: str, status: str, flips: int = 0, control: int = 0, **more) -> dict:
    share = (flips - control) / 100
    insert = {"pairs": 100, "flips": flips, "control_flips": control}
    return {
        "id": f"s-{name}",
        "cue": "place",
        "class": "dog",
        "title": f"“dog” and {name}",
        "status": status,
        "insert": insert | {"low": share - 0.05, "high": share + 0.05},
        "images": [],
    } | more


def test_images_are_aligned_by_content_whatever_their_paths(tmp_path):
    first = audit(tmp_path / "a", FOUR)
    moved = folders.answers([*FOUR[2:], *FOUR[:2], ("e", "dog", "dog")])
    moved["path"] = "elsewhere/" + moved["path"]
    second = audit(tmp_path / "b", moved, model="model-b")
    pairs = alignment.pair(first, second)
    assert pairs.first.tolist() == [0, 1, 2, 3]
    assert pairs.second.tolist() == [2, 3, 0, 1]


def test_copies_of_a_file_are_paired_one_to_one(tmp_path):
    rows = [("a", "cat", "cat"), ("a", "dog", "cat"), ("b", "cat", "cat")]
    first = audit(tmp_path / "a", rows)
    second = audit(tmp_path / "b", [rows[1], rows[0]], model="model-b")
    pairs = alignment.pair(first, second)
    assert list(zip(pairs.first, pairs.second, strict=True)) == [(0, 1), (1, 0)]


def test_the_kind_of_comparison(tmp_path):
    first = audit(tmp_path / "a", FOUR)
    other_model = audit(tmp_path / "b", FOUR, model="model-b")
    other_images = audit(tmp_path / "c", [("x", "cat", "cat"), ("y", "dog", "dog")])
    more_images = audit(tmp_path / "d", [*FOUR, ("x", "cat", "cat")])
    kinds = {
        name: alignment.kind_of(first, other, alignment.pair(first, other))
        for name, other in (("images", other_images), ("more", more_images))
    }
    assert kinds == {"images": "datasets", "more": "datasets"}
    with pytest.raises(AuditError, match="hold the same predictions: there is nothing to compare"):
        alignment.kind_of(first, other_model, alignment.pair(first, other_model))
    changed = audit(tmp_path / "e", [*FOUR[:3], ("d", "dog", "dog")], model="model-b")
    assert alignment.kind_of(first, changed, alignment.pair(first, changed)) == "models"
    neither = audit(tmp_path / "f", [(name, "cat", "cat") for name in "axyz"], model="model-b")
    some = alignment.pair(first, neither)
    with pytest.raises(AuditError, match="of different models and have 1 images in common") as one:
        alignment.kind_of(first, neither, some)
    assert "\n" not in str(one.value)


def test_models_without_a_common_class_are_refused(tmp_path):
    first = audit(tmp_path / "a", FOUR)
    rows = [(content, "car", "car") for content, _, _ in FOUR]
    second = audit(tmp_path / "b", rows, classes=["car", "bus"], model="model-b")
    with pytest.raises(AuditError, match=r"have no class in common: 'cat', .* and 'car'"):
        compare(first, second)


def test_a_folder_without_an_audit_is_refused(tmp_path):
    with pytest.raises(AuditError, match=r"config: compare: .* holds no finished audit") as one:
        results_folders.read(tmp_path)
    assert "\n" not in str(one.value)


def test_flips_of_a_model_whose_classes_stand_in_another_order(tmp_path):
    """a stays right, b becomes right, c becomes wrong, d stays wrong."""
    first = audit(tmp_path / "a", FOUR)
    now = [("a", "cat", "cat"), ("b", "cat", "cat"), ("c", "dog", "cat"), ("d", "dog", "cat")]
    second = audit(tmp_path / "b", now, model="model-b", classes=["dog", "cat"])
    found = compare(first, second)
    assert found.kind == "models"
    answers = found.models.answers
    assert answers.only_first.tolist() == [False, False, True, False]
    assert answers.only_second.tolist() == [False, True, False, False]
    by_class = {group.name: group for group in found.models.per_class}
    assert (by_class["cat"].only_first, by_class["cat"].only_second) == (0, 1)
    assert (by_class["dog"].first_right, by_class["dog"].second_right) == (1, 0)
    assert found.accuracy_difference.value == 0
    assert headline(found)["negative_flips"] == 0.25
    assert table(found)["flip"].tolist() == ["none", "mended", "negative", "none"]
    assert table(found)["second_predicted"].tolist() == ["cat", "cat", "cat", "cat"]


def test_images_with_another_label_count_for_no_accuracy(tmp_path):
    first = audit(tmp_path / "a", FOUR)
    now = folders.answers(FOUR)
    now.loc[0, "label"] = "dog"
    second = audit(tmp_path / "b", now, model="model-b")
    found = compare(first, second)
    assert found.models.answers.relabelled == 1
    assert found.models.whole.images == 3


def test_without_labels_answers_and_maps_are_compared_all_the_same(tmp_path):
    first = audit(tmp_path / "a", [(content, None, said) for content, _, said in FOUR])
    now = [("a", None, "cat"), ("b", None, "cat"), ("c", None, "dog"), ("d", None, "cat")]
    found = compare(first, audit(tmp_path / "b", now, model="model-b"))
    assert found.models.whole is None and found.models.per_class == []
    numbers = headline(found)
    assert numbers["same_answers"] == 0.75 and numbers["accuracy_difference"] is None
    json.dumps(facts(found), allow_nan=False)


def test_scaling_and_class_order_of_both_come_first(tmp_path):
    swapped = [(str(n), CLASSES[n % 2], CLASSES[1 - n % 2]) for n in range(40)]
    first = audit(tmp_path / "a", swapped, scaling={"better": "caffe"})
    right = [(str(n), CLASSES[n % 2], CLASSES[n % 2]) for n in range(40)]
    found = compare(first, audit(tmp_path / "b", right, model="model-b"))
    assert len(found.doubts) == 2
    assert "as caffe than as unit" in found.doubts[0]
    assert "another order" in found.doubts[1]


def test_classes_are_corrected_for_their_number(tmp_path):
    """10 cats become wrong and no dog: exact McNemar 2/1024, corrected for two classes 4/1024."""
    before = [(str(n), CLASSES[n % 2], CLASSES[n % 2]) for n in range(60)]
    now = [(name, label, "dog" if int(name) < 20 else said) for name, label, said in before]
    first, second = audit(tmp_path / "a", before), audit(tmp_path / "b", now, model="model-b")
    found = compare(first, second)
    cat, dog = found.models.per_class
    assert (cat.only_first, dog.only_first) == (10, 0)
    assert cat.p == pytest.approx(2 / 1024) and cat.p_adjusted == pytest.approx(4 / 1024)
    assert dog.p == dog.p_adjusted == 1


def test_folders_are_slices_where_they_say_more_than_the_class():
    paths = pd.Series(["north/cat/1.jpg", "south/cat/2.jpg", "south/dog/3.jpg", "north/dog/4.jpg"])
    label = np.array([0, 0, 1, 1])
    answers = paired_answers.Answers(
        CLASSES, label, label, np.array([0, 1, 0, 1]), np.ones(4), np.ones(4), 0
    )
    groups = paired_answers.slices(answers, paths)
    assert [(group.name, group.only_first) for group in groups] == [
        ("folder 1 = north", 0),
        ("folder 1 = south", 2),
    ]


def test_calibration_by_hand():
    """Two at 0.95, one right: gap 0.45 each; one at 0.55 and right: gap 0.45. Mean 0.45."""
    found = paired_answers.calibration_error(np.array([0.95, 0.95, 0.55]), np.array([1, 0, 1]))
    assert found == pytest.approx(0.45)


def test_maps_are_compared_at_the_coarser_size(tmp_path):
    """The first map stays, the second moves to the other corner, the third becomes empty."""
    rows = FOUR[:3]
    before, now = np.zeros((3, 4, 4)), np.zeros((3, 2, 2))
    before[:, :2, :2] = 1
    now[0, 0, 0], now[1, 1, 1] = 7, 7
    first = audit(tmp_path / "a", rows, maps=before)
    second = audit(tmp_path / "b", rows, maps=now, model="model-b")
    found = compare(first, second)
    assert found.models.overlap.tolist()[:2] == [1, 0] and np.isnan(found.models.overlap[2])
    assert found.models.moved.tolist() == [False, True, False]
    np.testing.assert_allclose(found.models.spearman[:2], [1, -1 / 3])
    by_class = {each.name: each for each in found.heat}
    assert by_class["dog"].images == (2, 1) and by_class["dog"].overlap == 0


def test_overlap_by_hand():
    maps = heat_maps.shares(np.array([[[1.0, 3.0]], [[2.0, 2.0]], [[0.0, 0.0]]]), (1, 2))
    np.testing.assert_allclose(maps[:2], [[[0.25, 0.75]], [[0.5, 0.5]]])
    np.testing.assert_allclose(heat_maps.overlap(maps[:1], maps[1:2]), [0.75])
    assert np.isnan(heat_maps.overlap(maps[:1], maps[2:])).all()


def test_where_the_answer_changed_maps_are_not_compared(tmp_path):
    first = audit(tmp_path / "a", FOUR)
    second = audit(tmp_path / "b", [*FOUR[:3], ("d", "dog", "dog")], model="model-b")
    overlap = compare(first, second).models.overlap
    assert np.isnan(overlap).tolist() == [False, False, False, True]


def test_a_shortcut_that_is_gone_that_stays_and_that_is_new():
    first = [suspect("sticker", "confirmed", 95, 3), suspect("frame", "confirmed", 60)]
    second = [suspect("sticker", "refuted", 4, 3), suspect("frame", "confirmed", 50)]
    second.append(suspect("tag", "confirmed", 80, cue="border"))
    found = {each.title: each for each in reliance.compare(first, second)}
    assert {title: each.state for title, each in found.items()} == {
        "“dog” and sticker": "gone",
        "“dog” and frame": "stays",
        "“dog” and tag": "new",
    }
    gone = found["“dog” and sticker"].difference
    half = np.hypot(0.05, 0.05)
    assert gone == pytest.approx((-0.91, -0.91 - half, -0.91 + half))


def tried(first_image: int, with_cue: list[bool], control: int = 0) -> dict:
    names = [f"image-{first_image + at}" for at in range(len(with_cue))]
    turned = [at < control for at in range(len(with_cue))]
    return {"images": names, "with_cue": with_cue, "with_control": turned}


def test_the_difference_of_an_effect_is_that_of_the_images_that_both_audits_tried():
    """Both audits tried 50 images: the cue turns 45 in the first, and 20 of these in the second.

    In the first audit the control turns one of the 20 too, so its effect rises from 0 to 1.
    """
    before = suspect("sticker", "confirmed", 95, 3)
    after = suspect("sticker", "confirmed", 44, 3)
    before["trial"] = tried(10, [at < 45 for at in range(50)], control=1)
    after["trial"] = tried(0, [False] * 10 + [at < 20 for at in range(50)], control=0)
    found = reliance.compare([before], [after])[0]
    assert found.in_both == 50
    change = np.array([1.0] + [0.0] * 19 + [-1.0] * 25 + [0.0] * 5)
    half = 1.96 * change.std() / np.sqrt(50)
    assert found.difference == pytest.approx(
        (change.mean(), change.mean() - half, change.mean() + half), abs=0.025
    )
    assert found.difference.value == change.mean() == -0.48


def test_a_suspect_that_no_image_could_be_given_has_no_difference():
    before, after = suspect("tag", "undecided", 0), suspect("tag", "confirmed", 90)
    before["insert"] = None
    before["trial"], after["trial"] = tried(0, []), tried(0, [True] * 40)
    found = reliance.compare([before], [after])[0]
    assert (found.in_both, found.difference) == (0, None)


def test_few_images_in_both_audits_give_the_interval_of_independent_ones():
    before, after = suspect("tag", "confirmed", 95), suspect("tag", "refuted", 4)
    before["trial"], after["trial"] = tried(0, [True] * 40), tried(20, [False] * 40)
    found = reliance.compare([before], [after])[0]
    assert found.in_both == 20
    half = np.hypot(0.05, 0.05)
    assert found.difference == pytest.approx((-0.91, -0.91 - half, -0.91 + half))


def test_a_suspect_is_matched_by_cue_and_class_where_its_id_is_another():
    first = [suspect("left", "confirmed", 90)]
    second = [suspect("middle", "data_only", 1, cue="colour"), suspect("right", "refuted", 2)]
    matched = reliance.compare(first, second)[0]
    assert matched.second_status == "refuted" and matched.state == "gone"


def test_without_experiments_nothing_is_said_of_reliance(tmp_path):
    first = audit(tmp_path / "a", FOUR, suspects=[suspect("sticker", "confirmed", 90)])
    second = audit(tmp_path / "b", [*FOUR[:3], ("d", "dog", "dog")], model="model-b")
    found = compare(first, second)
    assert found.reliance is None and headline(found)["new_shortcuts"] is None


def test_errors_that_go_with_a_cue_are_looked_up_in_the_other_model(tmp_path):
    """b and d carry the cue of dog; b is a cat that was predicted as dog and now is as cat."""
    images = ["id-cat/b.jpg", "id-dog/d.jpg"]
    named = [suspect("sticker", "confirmed", 90, images=images)]
    first = audit(tmp_path / "a", FOUR, suspects=named)
    now = [("a", "cat", "cat"), ("b", "cat", "cat"), ("c", "dog", "dog"), ("d", "dog", "dog")]
    found = compare(first, audit(tmp_path / "b", now, model="model-b", suspects=[]))
    assert found.reliance[0].state == "gone" and found.reliance[0].second_status is None
    assert found.reliance[0].carriers == reliance.Carriers(images=1, still=0)
    assert headline(found)["new_shortcuts"] == 0


def two_datasets(tmp_path, first_properties=None, second_properties=None, labels=True):
    """80 images each: first half are cats, all right; then three quarters, 20 of them wrong."""
    before = [(f"a{n}", CLASSES[n % 2], CLASSES[n % 2]) for n in range(80)]
    now = [
        (f"b{n}", CLASSES[n % 4 == 0] if labels else None, CLASSES[n % 4 in (0, 1)])
        for n in range(80)
    ]
    first = audit(tmp_path / "a", before, properties=first_properties)
    return first, audit(tmp_path / "b", now, properties=second_properties)


def test_the_accuracy_that_other_shares_of_the_classes_would_bring(tmp_path):
    first, second = two_datasets(tmp_path)
    found = compare(first, second)
    assert found.kind == "datasets"
    assert found.accuracy[1].value == 0.75 and found.accuracy_difference.value == -0.25
    shift = found.datasets.shift
    assert (shift.by, shift.second, shift.expected) == ("labels", [0.75, 0.25], 1.0)


def test_without_labels_the_shares_are_estimated_from_the_predictions(tmp_path):
    first, second = two_datasets(tmp_path, labels=False)
    found = compare(first, second)
    assert found.accuracy_difference is None
    assert found.datasets.shift.by == "predictions"
    assert found.datasets.shift.second == pytest.approx([0.5, 0.5])


def test_a_score_that_moved_is_the_farthest_apart(tmp_path):
    rows = [(f"a{n}", "cat", "cat") for n in range(50)]
    first = audit(tmp_path / "a", rows)
    sure = folders.answers([(f"b{n}", "cat", "cat") for n in range(50)], probability=0.6)
    found = datasets.output_drift(first, audit(tmp_path / "b", sure))
    assert {drift.name for drift in found} == {"confidence", "cat", "dog"}
    cat = next(drift for drift in found if drift.name == "cat")
    assert cat.ks == 1 and cat.auc == 0 and cat.p_adjusted < 1e-9
    assert (cat.first_mean, cat.second_mean) == pytest.approx((0.9, 0.6))


def test_properties_that_go_with_a_class_in_one_dataset_alone(tmp_path):
    even = np.arange(80) % 2
    quarter = np.arange(80) % 4 == 0
    noise = np.random.default_rng(0).normal(size=80)
    before = pd.DataFrame({"warm": even * 1.0, "noise": noise, "size": even + noise / 9})
    now = pd.DataFrame({"warm": noise, "noise": noise[::-1].copy(), "size": quarter + noise / 9})
    first, second = two_datasets(tmp_path, before, now)
    found = compare(first, second).datasets
    assert {(each.property, each.state) for each in found.correlations} == {("warm", "gone")}
    assert found.properties[0].name == "warm"
    assert len(found.properties) == 3


def test_another_scaling_of_the_same_model_is_a_doubt(tmp_path):
    first = audit(tmp_path / "a", FOUR)
    second = audit(tmp_path / "b", [("x", "cat", "dog")], scaling={"used": "tf"})
    assert any("scaled as unit in" in doubt for doubt in compare(first, second).doubts)
