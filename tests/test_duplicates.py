"""A photo that occurs twice is found; under two labels it is a finding."""

import pandas as pd

from convaudit.checks.duplicates import duplicates

COLUMNS = ["path", "label", "sha256"]


def test_groups_are_ordered_by_their_first_path():
    ledger = pd.DataFrame(
        [
            ("d", "cat", "two"),
            ("c", "dog", "one"),
            ("b", "cat", "two"),
            ("a", "cat", "one"),
            ("e", "cat", "alone"),
            ("f", "cat", None),
            ("g", "cat", None),
        ],
        columns=COLUMNS,
    )
    assert duplicates(ledger).to_numpy().tolist() == [
        [0, "a", "cat", True],
        [0, "c", "dog", True],
        [1, "b", "cat", False],
        [1, "d", "cat", False],
    ]


def test_without_labels_nothing_is_across_labels():
    ledger = pd.DataFrame([("a", None, "x"), ("b", None, "x")], columns=COLUMNS)
    found = duplicates(ledger)
    assert found["group"].tolist() == [0, 0]
    assert not found["across_labels"].any()


def test_none_found():
    ledger = pd.DataFrame([("a", "cat", "x"), ("b", "cat", "y")], columns=COLUMNS)
    found = duplicates(ledger)
    assert found.empty
    assert found.columns.tolist() == ["group", "path", "label", "across_labels"]
    assert duplicates(ledger[:0]).empty


def test_what_is_no_image_is_no_duplicate():
    rows = [("a.jpg", "cat", "x"), ("b.jpg", "dog", "x"), ("c.txt", "cat", "y"), ("=d", "dog", "y")]
    ledger = pd.DataFrame([*rows, ("e.jpg", "cat", "z")], columns=COLUMNS)
    found = duplicates(ledger, unreadable=["c.txt", "./=d"])
    assert found["path"].tolist() == ["a.jpg", "b.jpg"]
    assert duplicates(ledger)["path"].tolist() == ["=d", "c.txt", "a.jpg", "b.jpg"]
