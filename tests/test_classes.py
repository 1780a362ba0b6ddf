"""The class of each label is found before the first job; labels that do not fit are named."""

import pandas as pd
import pytest

from conftest import COLOURS, paint
from convaudit.errors import AuditError
from planning import make_plan
from planning.settings import Settings


@pytest.fixture
def classes_of(toy_model, tmp_path):
    """Plan an audit of a model of two classes over folders, or over a list of labels."""

    def planned(
        *folders: str,
        table: list | None = None,
        names: list[str] | None = None,
        listed: str = "auto",
    ):
        for folder in folders:
            (tmp_path / "photos" / folder).mkdir(parents=True)
            if not folder.startswith("empty"):
                paint(tmp_path / "photos" / folder / "1.png", COLOURS["red"], 1)
        images = tmp_path / "photos"
        if table is not None:
            paint(tmp_path / "1.png", COLOURS["red"], 1)
            images = tmp_path / "table.parquet"
            paths = [f"{'./' * row}1.png" for row in range(len(table))]
            pd.DataFrame({"path": paths, "label": table}).to_parquet(images)
        if names:
            listed = str(tmp_path / "classes.txt")
            (tmp_path / "classes.txt").write_text("\n".join(names))
        settings = Settings(
            model=str(toy_model), images=str(images), classes=listed, results=str(tmp_path / "out")
        )
        return make_plan.make(settings, tmp_path / "index").plan.class_names

    return planned


def test_folders_are_the_classes_in_order_of_their_names(classes_of):
    assert classes_of("red", "blue/deep/deeper") == ["blue", "red"]


def test_a_file_orders_them_otherwise(classes_of):
    assert classes_of("red", "blue", "empty", names=["red", "blue"]) == ["red", "blue"]


@pytest.mark.parametrize("labels", [[0, 1], [0.0, None, 1.0], ["1", "0"], ["01", "00"]])
def test_whole_numbers_are_the_indices_themselves(classes_of, labels):
    assert classes_of(table=labels) is None


@pytest.mark.parametrize("labels", [["1", "2"], ["02", "01"], [2, 1]])
def test_numbers_from_one_on_are_names(classes_of, labels):
    assert classes_of(table=labels) == sorted(map(str, labels), key=int)


def test_numbers_sorted_as_keras_sorts_folders(classes_of):
    assert classes_of("2", "10", listed="alphanumeric") == ["10", "2"]


def test_without_labels_there_are_no_names(classes_of):
    assert classes_of(".") is None


@pytest.mark.parametrize(
    ("folders", "names", "message"),
    [
        (["a", "b", "empty1", "empty2"], None, "no image for the class 'empty1', 'empty2'"),
        (["a", "b", "c"], None, r"its labels \('a', 'b', 'c'\) are taken for the classes"),
        (
            ["train"],
            None,
            r"holds splits \('train'\), not classes: give one of them, images=\S+/train;",
        ),
        (["a"], None, "holds one folder, 'a', which can't be all classes: give images=\\S+/a;"),
        (["a", "b"], ["a", "b", "c"], "classes.txt has 3 names, but the model has 2 classes"),
        (["a", "b"], ["b", "c"], "no class is called 'a'; the 2 classes begin 'b', 'c'"),
        (["1", "3"], None, "no class is called '3'; the 2 classes begin 'class 0', 'class 1'"),
    ],
)
def test_what_does_not_fit_is_named(classes_of, folders, names, message):
    with pytest.raises(AuditError, match=message) as raised:
        classes_of(*folders, names=names)
    assert "\n" not in str(raised.value)
