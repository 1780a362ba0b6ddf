"""The rows of the benchmarks' page, without measuring anything."""

import ast
import json
import sys

import pytest

from conftest import ROOT

sys.path.append(str(ROOT / "benchmarks"))

from figures import Figure, table
from page import PAGE, STORED, page


@pytest.mark.parametrize(
    ("value", "least", "reached"),
    [(1.5, True, True), (1.5, False, True), (1.49, True, False), (1.51, False, False)],
)
def test_a_bar_is_the_least_or_the_most(value, least, reached):
    assert Figure("a pass", value, 1.5, least, "a limit").reached is reached


def test_a_row_says_what_was_missed():
    row = Figure("a pass", 1.514, 1.5, False, "a limit").row()
    assert row == "| a pass | 1.51× | ≤ 1.5× | **missed** | a limit |\n"
    start = Figure("start", 29.6, 30, False, "TensorFlow", " s").row()
    assert start == "| start | 30 s | ≤ 30 s | reached | TensorFlow |\n"


def test_a_table_in_markdown():
    assert table(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | --: |\n| x | 1 |\n"


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda p: p.stem)
def test_the_kernels_are_chosen_before_keras_is_imported(path):
    """A script that imports TensorFlow or Keras imports convaudit before, maybe through bench."""
    imported: list[str] = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported.append(node.module or "")
    places = {name.split(".")[0]: place for place, name in reversed(list(enumerate(imported)))}
    heavy = [places[name] for name in ("keras", "tensorflow") if name in places]
    if heavy:
        chosen = [places[name] for name in ("bench", "convaudit") if name in places]
        assert min(chosen) < min(heavy)


def test_a_page_keeps_the_order_of_its_subjects_and_says_when_each_was_measured():
    part = dict.fromkeys(("machine", "minutes", "versions", "commit", "measured"), "x")
    walk = part | {"rows": "| walk |\n", "details": "## A walk\n", "measured": "2026-01-02"}
    cams = part | {"rows": "| maps |\n", "details": "## Maps\n", "measured": "2026-03-04"}
    written = page({"walk": walk, "cams": cams})
    assert written.index("| maps |\n| walk |\n") < written.index("## Maps\n\n## A walk\n")
    assert "| cams | 2026-03-04 |" in written and "| walk | 2026-01-02 |" in written


def test_the_page_is_what_was_stored():
    assert PAGE.read_text() == page(json.loads(STORED.read_text()))
