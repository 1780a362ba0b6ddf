"""Several true labels per image: from the user's table to the numbers."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference

from convaudit.dataset.table_files import Columns, read
from convaudit.metrics.multilabel import multilabel


def test_numbers_are_scikit_learns():
    random = np.random.default_rng(0)
    truth = random.random((300, 4)) < (0.1, 0.3, 0.5, 0.7)
    scores = random.normal(size=(300, 4)) + 2 * truth - 1
    found = multilabel(scores, truth, list("abcd"))
    named = scores > 0
    assert found["exact_match"] == pytest.approx(reference.accuracy_score(truth, named))
    for name in ("macro", "micro"):
        wanted = reference.f1_score(truth, named, average=name)
        assert found[f"{name}_f1"] == pytest.approx(wanted)
    assert found["mean_average_precision"] == pytest.approx(
        reference.average_precision_score(truth, scores, average="macro")
    )
    rows = pd.DataFrame(found["per_class"])
    assert rows["recall"].tolist() == pytest.approx(
        reference.recall_score(truth, named, average=None).tolist()
    )
    assert rows["roc_auc"].tolist() == pytest.approx(
        reference.roc_auc_score(truth, scores, average=None).tolist()
    )
    assert rows["support"].tolist() == truth.sum(axis=0).tolist()


def test_a_class_that_no_image_has_is_in_no_mean():
    truth = np.array([[True, False], [True, False]])
    found = multilabel(np.array([[1.0, -1], [-1, -1]]), truth, ["a", "b"])
    assert [row["name"] for row in found["per_class"]] == ["a"]
    assert found["macro_f1"] == pytest.approx(2 / 3) and found["exact_match"] == 0.5
    assert found["mean_average_precision"] is None


def columns_of(path) -> dict[str, list]:
    table = read(path, Columns())
    assert table.rows["label"].isna().all()
    assert any("several labels per image" in note for note in table.notes)
    kept = table.rows.filter(like="meta_")
    return {name: kept[name].replace(np.nan, None).tolist() for name in kept}


def test_texts_with_bars_are_a_column_a_label(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("path,label,age\n1.png,Edema|Effusion,3\n2.png,Edema,4\n3.png,,5\n")
    assert columns_of(path) == {
        "meta_age": [3, 4, 5],
        "meta_Edema": [1, 1, None],
        "meta_Effusion": [1, 0, None],
    }


def test_lists_are_a_column_a_label(tmp_path):
    path = tmp_path / "table.parquet"
    rows = {"path": ["1.png", "2.png", "3.png"], "labels": [["cat", "dog"], [], None]}
    pd.DataFrame(rows).to_parquet(path)
    assert columns_of(path) == {"meta_cat": [1, 0, None], "meta_dog": [1, 0, None]}


def test_one_label_an_image_stays_a_label(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("path,label\n1.png,cat\n2.png,dog\n")
    assert read(path, Columns()).rows["label"].tolist() == ["cat", "dog"]
