"""Labels find their class by name, synset id or index, or the first wrong ones are named."""

import unicodedata

import pandas as pd
import pytest

from convaudit.dataset.labels import indices, of_model, resolve
from convaudit.errors import AuditError

SYNSETS = [
    "n01440764 tench, Tinca tinca",
    "n01443537 goldfish, Carassius auratus",
    "n01484850 shark",
]
ACCENTED = "Été à Nîmes"


def complaint(labels, classes) -> str:
    with pytest.raises(AuditError) as caught:
        resolve(labels, classes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_names_are_found_whatever_the_order():
    assert resolve(["cat", "dog", "cat"], ["dog", "cat", "eel"]) == [1, 0, 1]
    assert resolve([], ["dog"]) == []


def test_synset_ids_are_the_first_word():
    assert resolve(["n01484850", "n01440764"], SYNSETS) == [2, 0]
    assert resolve(SYNSETS[::-1], SYNSETS) == [2, 1, 0]


def test_integers_are_indices():
    assert resolve([2, 0], SYNSETS) == [2, 0]
    assert resolve(["2", "0", "01"], SYNSETS) == [2, 0, 1]
    assert resolve(["2.0", "0.0"], SYNSETS) == [2, 0]


def test_case_and_underscores_are_the_last_thing_that_counts():
    breeds = ["Golden Retriever", "Pug", "pug"]
    assert resolve(["golden_retriever"], breeds) == [0]
    assert resolve(["Pug", "pug"], breeds) == [1, 2]
    assert resolve(["GOLDEN-RETRIEVER", "pug"], breeds[:2]) == [0, 1]
    assert "no class is called 'PUG'" in complaint(["PUG"], breeds)  # it may be either


def test_digits_that_are_names_are_names():
    digits = ["3", "1", "0", "2"]
    assert resolve(["0", "3"], digits) == [2, 0]


def test_ways_are_not_mixed():
    assert "'0'" in complaint(["1", "cat", "0"], ["1", "cat"])


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("other", ["NFC", "NFD"])
def test_accents_match_in_both_forms(form, other):
    classes = ["Nice", unicodedata.normalize(form, ACCENTED)]
    assert resolve([unicodedata.normalize(other, ACCENTED)], classes) == [1]


def test_the_first_offenders_are_named():
    message = complaint(["cat", "cow", "hen", "hen"], ["cat", "dog"])
    assert "'cow', 'hen';" in message
    assert "'cat', 'dog'" in message
    many = complaint([f"x{i}" for i in range(8)], ["cat", "dog"])
    assert "'x0', 'x1', 'x2', 'x3', 'x4' and 3 more;" in many


@pytest.mark.parametrize("label", ["3", "-1", "1.5", "1e0", "", "nan", "٣", "9" * 30])
def test_no_index(label):
    assert repr(label) in complaint(["0", label], SYNSETS)


def test_hostile_labels_are_shown_in_one_line():
    assert r"'a\nb'" in complaint(["a\nb", "<script>"], ["cat"])


def test_a_name_that_two_classes_have_is_refused_only_where_it_is_used():
    cranes = ["crane", "cat", "crane"]
    assert resolve(["cat"], cranes) == [1]
    assert "several classes fit 'crane'" in complaint(["cat", "crane"], cranes)
    assert resolve(["0", "2"], cranes) == [0, 2]


def test_an_image_without_a_label_has_no_class():
    found = pd.Series(["cat", None, "dog", "cat"])
    assert indices(found, ["dog", "cat"]).tolist() == [1, -1, 0, 1]


def test_classes_without_names_are_numbered():
    assert of_model(None, 2) == ["class 0", "class 1"]
    with pytest.raises(AuditError, match="3 names, but the model has 2 classes"):
        of_model(["a", "b", "c"], 2)
