"""Compare the demo's model with one that never saw the sticker: the corrected errors are named."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pandas as pd
import pytest

from conftest import Audit, copy_workflow

FEW = ("filters={count: 2, size: 16, steps: 2}", "activations={examples: 1}")
TRAINING = """
import sys
from pathlib import Path
sys.path.insert(0, "workflow/scripts")
from convaudit.demo import photographs
from jobs.tensorflow_job import start_tensorflow

photographs.STICKERED_GRAVEL = 0.0
photographs.write_training(Path("train"), seed=0)
start_tensorflow(threads=1)
from convaudit.demo.training import train

train(Path("train"), Path("clean.keras"), seed=0)
"""


@pytest.fixture(scope="module")
def audits(tmp_path_factory) -> Audit:
    """The demo audit (at ``demo``), one of the same images with a model that was trained without
    stickers (clean), and one of these images with a warm colour cast (cast).
    """
    folder = tmp_path_factory.mktemp("demos")
    copy_workflow(folder)
    Audit(folder, ("model=demo", "images=demo", "results=demo")).run()
    subprocess.run([sys.executable, "-c", TRAINING], cwd=folder, check=True)
    images = folder / "demo" / "demo" / "images"
    for path in sorted(images.rglob("*.jpg")):
        image = cv2.imread(str(path))
        if image is not None:
            warm = (image * [0.6, 0.95, 1.2]).clip(0, 255).astype("uint8")
            target = folder / "warm" / path.relative_to(images)
            target.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(target), warm)
    clean = Audit(folder, ("model=clean.keras", *FEW))
    clean.run(config=(f"images={images}", "results=clean"))
    clean.run(config=("images=warm", "results=cast", "shortcuts={enabled: false}"))
    return Audit(folder, ())


def compared(audits: Audit, first: str, second: str, results: str) -> tuple[dict, Path]:
    config = (f"compare=[{first}, {second}]", f"results={results}")
    done = audits.snakemake("compare", "--cores", "2", config=config)
    assert done.returncode == 0, done.stderr
    folder = audits.folder / results
    return json.loads((folder / "comparison.json").read_text()), folder / "comparison"


def test_the_model_without_the_sticker_is_better_and_mends_what_carries_it(audits):
    found, page = compared(audits, "demo", "clean", "models")
    assert found["kind"] == "models" and found["images_in_both"] == 240 and not found["doubts"]
    assert found["comparison"]["accuracy_difference_95_low"] > 0
    rows = pd.read_parquet(page / "images.parquet")
    truth = pd.read_csv(audits.folder / "demo" / "demo" / "truth.csv").set_index("path")
    mended = rows.loc[rows["flip"] == "mended", "path"]
    assert len(mended) > 20 and truth.loc[mended, "tagged"].mean() > 0.9
    assert (truth.loc[mended, "label"] == "brick").mean() > 0.9
    gravel = next(each for each in found["heat"] if each["class"] == "gravel")
    assert gravel["overlap"] < 0.9
    gone = [each for each in found["reliance"] if each["state"] == "gone"]
    assert ("place", "gravel") in {(each["cue"], each["class"]) for each in gone}
    assert {each["state"] for each in found["reliance"]} <= {"gone", "not in both"}
    assert "The accuracy is higher by" in (page / "index.html").read_text()


def test_a_warm_cast_is_what_differs_between_the_datasets(audits):
    found, _ = compared(audits, "clean", "cast", "datasets")
    assert found["kind"] == "datasets" and found["images_in_both"] == 0
    drifts = {drift["name"]: drift for drift in found["datasets"]["properties"]}
    assert drifts["chroma_b"]["ks"] > 0.9 and drifts["chroma_b"]["p_adjusted"] < 1e-6
    assert drifts["chroma_b"]["second_mean"] > drifts["chroma_b"]["first_mean"]
    assert drifts["width"]["ks"] == 0
    shift = found["datasets"]["label_shift"]
    assert shift["by"] == "labels" and shift["first"] == pytest.approx([0.5, 0.5])
