"""The choice of the example images whose channels are drawn."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from convaudit.activations.examples import choose_examples
from convaudit.errors import AuditError


@pytest.fixture
def predictions(tmp_path) -> str:
    """Ten images of two classes in three row groups; two are wrong."""
    table = pd.DataFrame(
        {
            "image_id": [f"i{n}" for n in range(10)],
            "path": [f"{n}.jpg" for n in range(10)],
            "shard": "0000",
            "row": range(10),
            "probability": [0.90, 0.80, 0.99, 0.70, 0.60, 0.95, 0.50, 0.85, 0.97, 0.55],
            "predicted_index": [0, 0, 0, 0, 1, 1, 1, 1, 0, 1],
            "correct": [True, False, True, True, True, True, None, True, True, False],
        }
    ).astype({"correct": "boolean"})
    path = tmp_path / "predictions.parquet"
    pq.write_table(pa.Table.from_pandas(table), path, row_group_size=4)
    return str(path)


def test_the_best_of_errors_and_of_each_class_come_in_turn(predictions):
    chosen = choose_examples(predictions, 5)["path"].tolist()
    assert chosen == ["2.jpg", "5.jpg", "1.jpg", "8.jpg", "7.jpg"]


def test_more_than_there_are_is_all(predictions):
    assert sorted(choose_examples(predictions, 99)["row"]) == list(range(10))


def test_none_is_none(predictions):
    assert choose_examples(predictions, 0).empty


def test_named_images_come_as_named(predictions):
    assert choose_examples(predictions, ["7.jpg", "2.jpg"])["row"].tolist() == [7, 2]
    with pytest.raises(AuditError, match=r"'10\.jpg' is not among the audited images"):
        choose_examples(predictions, ["7.jpg", "10.jpg"])
