"""`snakemake compare` on real audits of the toy model: another model, and other images."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from conftest import UNTRIED, Audit, copy_workflow

BRIEF = (*UNTRIED, "filters={count: 1, size: 16, steps: 1, layers: [mix]}")
"""The jobs of an audit that a comparison does not read are left out or made short."""


def compare(audits: Audit, *folders: str, results: str = "out", target: str = "compare"):
    named = f"compare=[{', '.join(folders)}]"
    config = (named, f"results={results}")
    return Audit(audits.folder, ()).forked(target, "--cores", "2", config=config)


def numbers(audits: Audit, results: str) -> dict:
    return json.loads((audits.folder / results / "comparison.json").read_text())


@pytest.fixture(scope="module")
def audits(finished, shared) -> Audit:
    """The finished audit (a), one of a model that never predicts red (b), and one of bluish images
    (c), all in one folder.
    """

    def fill(folder: Path) -> None:
        copy_workflow(folder)
        shutil.copytree(finished.folder / "results", folder / "a")
        shutil.copytree(finished.folder / "photos", folder / "photos")
        shutil.copy(finished.folder / "toy.keras", folder)
        _never_red(folder / "toy.keras", folder / "never_red.keras")
        for path in sorted((folder / "photos").rglob("*.png")):
            image = cv2.imread(str(path)).astype(float) * [1.25, 1.0, 0.7]
            target = folder / "bluish" / path.relative_to(folder / "photos")
            target.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(target), image.clip(0, 255).astype(np.uint8))
        run = Audit(folder)
        run.run(config=("model=never_red.keras", "results=b", *BRIEF))
        run.run(config=("images=bluish", "results=c", *BRIEF))

    return Audit(shared("compared", fill))


def _never_red(source: Path, target: Path) -> None:
    import keras

    model = keras.models.load_model(source)
    weights, bias = model.get_layer("head").get_weights()
    model.get_layer("head").set_weights([weights, bias + np.array([1000, 0], np.float32)])
    model.save(target)


def test_two_models_on_the_same_images(audits):
    """One of 10 images of blue is red, all 9 of red were right. Now all are predicted as blue."""
    done = compare(audits, "a", "b", results="models")
    assert done.returncode == 0, done.stderr
    found = numbers(audits, "models")
    assert found["kind"] == "models" and found["images_in_both"] == 19
    shown = found["comparison"]
    assert shown["accuracy_first"] == pytest.approx(18 / 19)
    assert shown["accuracy_difference"] == pytest.approx(-8 / 19)
    assert shown["negative_flips"] == pytest.approx(9 / 19)
    assert shown["mended"] == pytest.approx(1 / 19)
    rows = pd.read_parquet(audits.folder / "models" / "comparison" / "images.parquet")
    assert rows.loc[rows["flip"] == "mended", "path"].tolist() == ["blue/odd.png"]
    assert set(rows.loc[rows["flip"] == "negative", "label"]) == {"red"}
    page = (audits.folder / "models" / "comparison" / "index.html").read_text()
    assert page.count('<figure class="card">') == 10
    assert 'href="../../a/report/images.html#image=' in page
    assert "models/comparison/index.html: 19 images, accuracy -42.1 points" in done.stderr


def test_a_comparison_is_not_made_again_unless_an_audit_changed(audits):
    assert compare(audits, "a", "b", results="again").returncode == 0
    assert "Nothing to be done" in compare(audits, "a", "b", results="again").stderr
    with (audits.folder / "b" / "provenance.json").open("a") as file:
        file.write(" ")
    assert "Nothing to be done" not in compare(audits, "a", "b", results="again").stderr


def test_one_model_on_two_datasets(audits):
    done = compare(audits, "a", "c", results="datasets")
    assert done.returncode == 0, done.stderr
    found = numbers(audits, "datasets")
    assert found["kind"] == "datasets" and found["images_in_both"] == 0
    assert found["models"] is None and found["comparison"]["negative_flips"] is None
    outputs = {drift["name"]: drift for drift in found["datasets"]["outputs"]}
    assert outputs["blue"]["second_mean"] > outputs["blue"]["first_mean"]
    assert (audits.folder / "datasets" / "comparison" / "index.html").exists()


@pytest.mark.parametrize(
    ("folders", "results", "target", "message"),
    [
        (("a", "a"), "x", "compare", "hold the same predictions: there is nothing to compare"),
        (("b", "c"), "x", "compare", "of different models and have 0 images in common"),
        (("a", "photos"), "x", "compare", "photos holds no finished audit"),
        (("a",), "x", "compare", "config: compare: must name two results folders"),
        (("a", "b"), "a", "compare", "config: results: a holds an audit"),
        (("a", "b"), "x", "report", "config: compare: names two finished audits, which are not"),
        ((), "x", "compare", "config: compare: names no results folders: snakemake compare"),
    ],
)
def test_anything_else_is_refused_in_one_line(audits, folders, results, target, message):
    done = compare(audits, *folders, results=results, target=target)
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if message in line]
    assert len(lines) == 1 and "Traceback" not in done.stderr


def test_an_audit_is_compared_with_its_reference(audits):
    """Of 19 images 8 fewer are right, so the verdict says that b is worse than a."""
    config = ("model=never_red.keras", "results=b", "reference=a", *BRIEF)
    done = Audit(audits.folder).snakemake("report", "--cores", "2", config=config)
    assert done.returncode == 0, done.stderr
    inside = numbers(audits, "b")
    assert inside["comparison"]["negative_flips"] == pytest.approx(9 / 19)
    assert [audit["results"] for audit in inside["audits"]] == ["a", "b"]
    verdict = json.loads((audits.folder / "b" / "verdict.json").read_text())
    gate = next(gate for gate in verdict["gates"] if gate["name"] == "not worse")
    assert gate["result"] == "fail" and gate["value"] == pytest.approx(-8 / 19)
    page = (audits.folder / "b" / "report" / "index.html").read_text()
    assert 'Compared with <a href="../comparison/index.html">a</a>' in page
