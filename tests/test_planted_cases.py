"""Four cases of the benchmark, made, audited and scored; in full it takes hours."""

import sys
import time
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from planted import page, running, scoring
from planted.truth import Specification

PLANTED = [
    Specification("L1", 100, "B", "flat", 4),
    Specification("G5", 95, "B", "squeeze", 4),
]
CLEAN = [
    Specification(None, 0, "B", "mobile", 4, "clean"),
    Specification("B1", 95, "B", "flat", 4, "N6"),
]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    file = folder / "rows.jsonl"
    running.run(PLANTED + CLEAN, folder, file, deadline=time.time() + 3600, peers=False, keep=False)
    raw = running.read(file)
    page.write(raw, folder / "planted.md")
    assert "## Every row" in (folder / "planted.md").read_text()
    assert not [row for row in raw if "failed" in row]
    return scoring.rows(raw, "convaudit")


@pytest.mark.parametrize("specification", PLANTED, ids=lambda each: each.name)
def test_a_planted_cue_is_named_and_confirmed(rows, specification):
    (same,) = [r for r in rows if r.specification == specification and r.audit == "same"]
    assert same.relies
    assert scoring.is_named(same, 3)
    assert scoring.is_confirmed(same)


@pytest.mark.parametrize("specification", CLEAN, ids=lambda each: each.name)
def test_a_clean_model_is_not_blocked(rows, specification):
    (row,) = [r for r in rows if r.specification == specification]
    assert row.clean
    assert not scoring.is_alarm(row, "block")
