"""The demo's photographs, its model and the findings of its audit."""

import hashlib
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from conftest import Audit, copy_workflow
from convaudit.demo import photographs


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_photographs_are_the_same_each_time(tmp_path):
    for name in ("first", "second"):
        photographs.write_training(tmp_path / name / "train", 0)
        photographs.write_audit(tmp_path / name / "images", tmp_path / name / "truth.csv", 0)
    assert hashes(tmp_path / "first") == hashes(tmp_path / "second")
    files = [
        p.relative_to(tmp_path / "first/images") for p in (tmp_path / "first/images").glob("*/*")
    ]
    assert sorted(map(str, files)) == photographs.audit_files()
    assert len(list((tmp_path / "first/train").glob("*/*"))) == 600
    shutil.rmtree(tmp_path / "second")
    photographs.write_audit(tmp_path / "second" / "images", tmp_path / "other.csv", 1)
    assert hashes(tmp_path / "first/images") != hashes(tmp_path / "second/images")


def test_the_truth_table_says_where_the_sticker_is(tmp_path):
    photographs.write_audit(tmp_path / "images", tmp_path / "truth.csv", 0)
    truth = pd.read_csv(tmp_path / "truth.csv")
    assert (
        truth.groupby("label")["tagged"].agg(["size", "sum"]).to_numpy().tolist() == [[120, 36]] * 2
    )
    for row in truth.itertuples():
        image = cv2.imread(str(tmp_path / "images" / row.path)).astype(int)
        coloured = np.ptp(image, axis=2) > 60
        if row.tagged:
            x0, y0, x1, y1 = (int(v) for v in (row.x0, row.y0, row.x1, row.y1))
            assert coloured[y0:y1, x0:x1].mean() > 0.3
            coloured[y0:y1, x0:x1] = False
        assert not coloured.any()


@pytest.fixture(scope="module")
def audited(tmp_path_factory) -> Path:
    """The results of the whole demo."""
    folder = tmp_path_factory.mktemp("demo")
    copy_workflow(folder)
    Audit(folder, ("model=demo", "images=demo")).run()
    return folder / "results"


def test_the_model_looks_perfect_and_is_not(audited):
    predictions = pd.read_parquet(audited / "predictions.parquet")
    truth = pd.read_csv(audited / "demo" / "truth.csv")
    table = predictions.merge(truth[["path", "tagged", "x0", "y0", "x1", "y1"]], on="path")
    right = table["correct"].astype(bool)
    assert len(table) == 240
    assert right[~table["tagged"]].mean() >= 0.95
    assert right[table["tagged"] & (table["label"] == "gravel")].mean() >= 0.95
    assert right[table["tagged"] & (table["label"] == "brick")].mean() <= 0.2


def test_the_heat_is_on_the_sticker(audited):
    truth = pd.read_csv(audited / "demo" / "truth.csv").set_index("path")
    predictions = pd.read_parquet(audited / "predictions.parquet").set_index("image_id")
    ratios = []
    for path in sorted((audited / "gradcam" / "maps").glob("*.npz")):
        with np.load(path, allow_pickle=False) as stored:
            for image_id, heat in zip(stored["image_id"], stored["maps"], strict=True):
                row = truth.loc[predictions.at[image_id, "path"]]
                if not row["tagged"] or predictions.at[image_id, "predicted"] != "gravel":
                    continue
                x0, y0, x1, y1 = (int(row[side]) for side in ("x0", "y0", "x1", "y1"))
                full = cv2.resize(heat.astype(np.float32), (150, 150))
                share = full[y0:y1, x0:x1].sum() / full.sum()
                ratios.append(share / ((x1 - x0) * (y1 - y0) / 150**2))
    assert np.mean(ratios) >= 3


def test_the_report_is_light(audited):
    files = [path for path in (audited / "report").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 30e6


def test_the_report_says_so_in_words(audited):
    page = (audited / "report" / "index.html").read_text()
    assert "of their heat in the top left corner" in page
    assert "depends on a fixed mark at the top left" in page
    assert "<b>confirmed by experiment" in page
    # The page shows the six most confident errors and says how many there are. Their number depends
    # on the training, which depends on the processor.
    table = pd.read_parquet(audited / "predictions.parquet")
    errors = table[~table["correct"].astype(bool)]
    shown = errors.nlargest(6, "probability")["label"].value_counts()
    assert [page.count(f"true <b>{name}</b>") for name in shown.index] == shown.tolist()
    assert len(errors) > 6 and f"These are 6 of {len(errors)}" in page
    assert page.count("Their accuracy was not compared, because with “unit” the accuracy") == 2


def test_the_broken_files_are_in_quarantine(audited):
    quarantine = pd.read_csv(audited / "quarantine.csv")
    assert quarantine["path"].tolist() == sorted(photographs.BROKEN)


def test_it_fails_and_its_reason_stands_first(audited):
    summary = json.loads((audited / "summary.json").read_text())
    assert summary["slices_tried"] == len(summary["slices"]) > 0
    assert summary["verdict"]["result"] == "fail"
    assert summary["verdict"]["gates"][0]["name"] == "proven shortcuts"


def test_slices_that_echo_the_sticker_are_one_finding_with_it(audited):
    summary = json.loads((audited / "summary.json").read_text())
    sticker = summary["suspects"][0]
    (found,) = [each for each in summary["findings"] if each["kind"] == "slice"]
    assert found["link"] == sticker["link"]
    ties = [each["suspect"] for each in summary["slices"] if each["suspect"]]
    assert len(ties) > 1 and {each["id"] for each in ties} == {sticker["id"]}
    assert all(each["carriers"] == each["checked"] for each in ties)
    page = (audited / "report" / "index.html").read_text()
    carry, unchecked = (page.count(f"<span>{said}") for said in ("carries the", "was not checked"))
    assert carry > 0 and unchecked > 0 and carry + unchecked == 6
