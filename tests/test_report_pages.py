"""Nothing in a name, a label or a path can break out of the report."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest

from convaudit.report.gallery import _call
from convaudit.report.names import short
from convaudit.report.pages import write_report
from convaudit.report.summary import summarise
from convaudit.report.tables import Audit

HOSTILE = "</script><script>alert('x')</script>\u2028\"'`<img src=x onerror=alert(1)>"


@pytest.fixture
def audit(tmp_path) -> Audit:
    """Four images of two classes with hostile names; two are wrong, one map is empty."""
    cv2.imwrite(str(tmp_path / "0.jpg"), np.full((128, 16 * 128, 3), 99, np.uint8))
    maps = np.zeros((4, 3, 3), np.float16)
    maps[:3, 0, 0] = [4, 2, 1]
    predictions = pd.DataFrame(
        {
            "image_id": [f"id-{i}" for i in range(4)],
            "path": [f"{HOSTILE}/{i}.jpg" for i in range(4)],
            "label": [HOSTILE, HOSTILE, "b", "b"],
            "label_index": pd.array([0, 0, 1, 1], "Int32"),
            "predicted": [HOSTILE, "b", HOSTILE, "b"],
            "predicted_index": [0, 1, 0, 1],
            "probability": [0.9, 0.8, 0.7, 0.6],
            "logit": [2.0, 1.5, 1.0, 0.5],
            "true_probability": [0.9, 0.2, 0.3, 0.6],
            "correct": pd.array([True, False, False, True], "boolean"),
            "map_max": [4.0, 2.0, 1.0, 0.0],
            "map_empty": [False, False, False, True],
            "heat_concentration": [0.9, 0.9, 0.9, np.nan],
            "heat_border": [1.0, 1.0, 1.0, np.nan],
            "top_classes": [[HOSTILE, "b"], ["b", HOSTILE], [HOSTILE, "b"], ["b", HOSTILE]],
            "top_probabilities": [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]],
            "shard": "0000",
            "row": range(4),
            "height": 10,
            "width": 20,
        }
    )
    layer = {
        "name": HOSTILE,
        "id": "layer",
        "kind": "Conv2D",
        "shape": [3, 3, 1],
        "parameters": 9,
    }
    return Audit(
        facts={
            "format": ".keras",
            "family": None,
            "parameters": 9,
            "input": [6, 6, 3],
            "head": "softmax",
            "classes": 2,
            "target_layer": HOSTILE,
            "target_why": HOSTILE,
            "scaling": "unit",
            "scaling_known": False,
            "scaling_why": HOSTILE,
            "scaling_check": {"used": "unit", "images": 0, "accuracies": {}, "better": None},
            "layers": [layer],
        },
        class_names=[HOSTILE, "b"],
        predictions=predictions,
        rows=lambda shard: predictions,
        quarantine=pd.DataFrame({"path": [HOSTILE], "reason": [HOSTILE]}),
        duplicates=pd.DataFrame(
            {"group": [1], "path": [HOSTILE], "label": [HOSTILE], "across_labels": [True]}
        ),
        channels=pd.DataFrame(
            {
                "layer": [HOSTILE],
                "channel": [0],
                "mean": [1.0],
                "std": [1.0],
                "max": [2.0],
                "active_fraction": [0.5],
                "dead": [False],
                "top_images": [["id-0", "id-1"]],
                "top_values": [[2.0, 1.0]],
                "top_y": [[0.5, 0.1]],
                "top_x": [[0.25, 0.9]],
                "histogram": [[1, 0, 3]],
                "class_means": [[2.0, 1.0]],
                "selectivity": [1 / 3],
                "selective_for": pd.array([0], "Int32"),
            }
        ),
        maps=lambda shard: {
            "image_id": predictions["image_id"].to_numpy(str),
            "class_index": predictions["predicted_index"].to_numpy(),
            "maps": maps,
        },
        overlay=lambda shard, image_id: f"../{image_id}.jpg",
        sprites=lambda shard: "..",
        photos=None,
        filters={},
        activations={"id-1": {HOSTILE: "../grid.png"}},
        settings={
            "model": HOSTILE,
            "images": HOSTILE,
            "preprocess": {"interpolation": "area"},
            "filters": {"margin": 5, "size": 64},
            "gradcam": {"layer": "auto", "method": "gradcam", "score": "logit"},
        },
        command="snakemake",
        provenance={"commit": HOSTILE, "convaudit": "0.1.0"},
    )


def test_names_can_t_end_a_script_or_open_an_element(audit, tmp_path):
    report = tmp_path / "report"
    report.mkdir()
    write_report(report, audit, summarise(audit))
    pages = list(report.rglob("*.html"))
    assert {page.name for page in pages} >= {"index.html", "images.html", "layer.html", "1-0.html"}
    for path in pages:
        page = path.read_text()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    for path in report.glob("data/*.js"):
        text = path.read_text()
        assert "</" not in text and "\u2028" not in text


def test_a_dossier_marks_the_crop_and_names_the_class(audit, tmp_path):
    report = tmp_path / "report"
    report.mkdir()
    write_report(report, audit, summarise(audit))
    page = (report / "layers" / "layer.html").read_text()
    assert "--cx: 0.250; --cy: 0.500" in page and "--cx: 0.900; --cy: 0.100" in page
    assert "0.33 for" in page
    assert "1 images" in page and "3 images" in page


def test_data_scripts_give_back_what_went_in():
    text = _call("shard", "0000", {"paths": [HOSTILE]})
    arguments = text.removeprefix("convaudit.shard(").removesuffix(");\n")
    assert json.loads(f"[{arguments}]") == ["0000", {"paths": [HOSTILE]}]


def test_the_summary_counts(audit):
    summary = summarise(audit)
    assert summary["images_read"] == 5
    assert summary["images_audited"] + summary["images_quarantined"] == summary["images_read"]
    assert (summary["accuracy"], summary["errors"], summary["empty_maps"]) == (0.5, 2, 1)
    assert summary["duplicates_across_labels"] == 1
    json.dumps(summary, allow_nan=False)


def test_mean_heat_is_a_mean_of_shares(audit):
    count, mean = audit.heat.mean(predicted=1)
    assert count == 1
    assert mean[0, 0] == 1 and mean.sum() == 1
    assert np.isnan(audit.heat.regions[3]).all()


def test_a_synset_s_first_word_is_its_name():
    assert short("n02120505 grey fox, gray fox") == "grey fox"
    assert short("brick, red") == "brick, red"
