"""The toy audit from end to end, and the errors for impossible configs."""

import json
import re
import zipfile

import numpy as np
import pandas as pd
import pytest

import toys
from conftest import ROOT
from convaudit.models.facts import ModelFacts
from convaudit.preview import disk_space
from faults import results


def test_every_file_is_audited_or_in_quarantine(finished):
    folder = finished.folder / "results"
    predictions = pd.read_parquet(folder / "predictions.parquet")
    quarantine = pd.read_csv(folder / "quarantine.csv")
    summary = json.loads((folder / "summary.json").read_text())
    files = [path for path in (finished.folder / "photos").rglob("*") if path.is_file()]
    assert len(predictions) + len(quarantine) == len(files) == summary["images_read"] == 20
    assert quarantine["path"].tolist() == ["red/broken.jpg"]
    assert quarantine["reason"].tolist() == ["the file is empty (0 bytes)"]


@pytest.mark.parametrize(("shard_size", "threads"), [(12, 1), (20, 2)])
def test_of_an_only_shard_the_images_are_spread(fresh, shard_size, threads):
    audit = fresh()
    done = audit.forked("--dry-run", "--cores", "2", config=(f"shard_size={shard_size}",))
    jobs = re.split(r"^rule ", done.stdout + done.stderr, flags=re.MULTILINE)
    for rule in ("preprocess", "gradcam"):
        own = [job for job in jobs if job.startswith(f"{rule}:")]
        asked = {found[1] if (found := re.search(r"threads: (\d+)", job)) else "1" for job in own}
        assert asked == {str(threads)}


def test_predictions_are_the_colours(finished):
    predictions = pd.read_parquet(finished.folder / "results" / "predictions.parquet")
    wrong = predictions[~predictions["correct"].astype(bool)]
    assert wrong["path"].tolist() == ["blue/odd.png"]
    assert wrong["predicted"].tolist() == ["red"]
    assert (predictions["probability"] > 0.5).all()
    assert np.isclose(predictions["top_probabilities"].map(sum), 1, atol=1e-5).all()


def test_the_scaling_is_checked_on_the_labelled_images(finished):
    found = json.loads((finished.folder / "results" / "model" / "scaling.json").read_text())
    resizing, guess = found.pop("resizing"), found.pop("guess")
    assert (guess["used"], guess["changed"]["unit"]) == ("unit", 0)
    assert (resizing["used"], resizing["images"], resizing["labelled"]) == ("area", 19, 19)
    assert resizing["accuracies"]["nearest"] > 0.9 and resizing["better"] is None
    assert found == {
        "used": "unit",
        "images": 19,
        "accuracies": {"unit": 18 / 19},
        "better": None,
        "in_order": None,
        "order": None,
        "set": {},
        "advice": "",
        "accuracy": 18 / 19,
        "also": [],
    }


def test_maps_have_one_row_an_image_and_agree_with_the_table(finished):
    folder = finished.folder / "results"
    predictions = pd.read_parquet(folder / "predictions.parquet").set_index("image_id")
    for path in (folder / "gradcam" / "maps").glob("*.npz"):
        with np.load(path, allow_pickle=False) as stored:
            assert stored["maps"].dtype == np.float16
            peaks = stored["maps"].max(axis=(1, 2))
            assert np.allclose(peaks, predictions.loc[stored["image_id"], "map_max"], rtol=1e-3)
            wrong = predictions[~predictions["correct"] & (predictions["shard"] == path.stem)]
            assert stored["true_image_id"].tolist() == wrong.index.tolist()
            assert stored["true_class_index"].tolist() == wrong["label_index"].tolist()
            assert stored["true_maps"].shape[1:] == stored["maps"].shape[1:]


def test_an_overlay_has_the_photo_s_own_size(finished):
    import cv2

    folder = finished.folder / "results"
    predictions = pd.read_parquet(folder / "predictions.parquet")
    for row in predictions.itertuples():
        picture = cv2.imread(str(folder / "gradcam/overlays" / row.shard / f"{row.image_id}.jpg"))
        assert picture.shape[:2] == (row.height, row.width)


def test_each_layer_has_its_grids_and_tables(finished):
    folder = finished.folder / "results"
    assert {path.stem for path in (folder / "filters").glob("*.png")} == {"colours", "mix"}
    examples = [path for path in (folder / "activations").iterdir() if path.is_dir()]
    assert len(examples) == 8
    assert {path.stem for path in examples[0].iterdir()} == {"colours", "pool", "mix"}
    channels = pd.read_parquet(folder / "channels.parquet")
    assert channels.groupby("layer").size().to_dict() == {"colours": 2, "mix": 4, "pool": 2}
    dead = channels[channels["dead"]]
    assert (dead["layer"] + dead["channel"].astype(str)).tolist() == ["mix3"]


def test_one_core_or_two_give_the_same_bytes(finished, twin):
    other = twin()
    other.run("--cores", "1", config=("results=elsewhere",))
    ours, theirs = results(finished.folder / "results"), results(other.folder / "elsewhere")
    assert ours.keys() == theirs.keys()
    assert [path for path in ours if ours[path] != theirs[path]] == []


def test_inspect_prints_the_model_and_runs_nothing_else(clone):
    printed = clone.run("inspect", config=("gradcam={layer: pool, method: hirescam}",))
    assert "head          one class per image, softmax" in printed
    assert "classes       2 in index order: blue, red" in printed
    assert "heat          hirescam from pool: as the config says" in printed
    assert "scaling       unit, A GUESS: the file does not say" in printed
    assert "colours" in printed and "blue 10, red 10" in printed and "forecast" in printed
    # odd.png is red in the folder of blue
    assert "95% of 19 labelled images are predicted right with the scaling unit" in printed


def test_the_forecast_of_the_disk_is_that_of_the_finished_audit(finished):
    folder = finished.folder / "results"
    facts = ModelFacts.read(folder / "model" / "model.json")
    taken = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    overlays = [path.stat().st_size for path in folder.glob("gradcam/overlays/*/*.jpg")]
    settings = {"activations": {"examples": 8}, "filters": {"size": 16, "margin": 5}}
    forecast = disk_space.disk(
        facts,
        settings,
        watched=["colours", "pool", "mix"],
        patterns=6,
        images=20,
        each=16 * 16 * 3 + np.mean(overlays),
        shards=2,
    )
    assert taken / 1.5 < forecast < taken * 1.5


def test_a_single_channel_as_a_picture(clone):
    import cv2

    predictions = pd.read_parquet(clone.folder / "results" / "predictions.parquet")
    image_id = predictions.loc[predictions["path"] == "red/0.png", "image_id"].item()
    target = f"results/channels/{image_id}/mix/1.png"
    clone.run(target)
    assert cv2.imread(str(clone.folder / target)).shape == (512, 512, 3)
    done = clone.snakemake("--cores", "1", f"results/channels/{image_id}/mix/4.png")
    assert done.returncode != 0 and "mix has the channels 0 to 3" in done.stderr


def test_verify_finds_what_was_changed(clone):
    assert "verified" in clone.run("verify")
    (clone.folder / "results" / "channels.parquet").write_bytes(b"tampered")
    (clone.folder / "results" / "gradcam" / "sprites" / "0000" / "0.jpg").write_bytes(b"tampered")
    done = clone.snakemake("verify", "--cores", "1")
    assert done.returncode != 0
    assert "changed: channels.parquet" in done.stdout


def test_snakemake_s_own_report(finished):
    done = finished.snakemake("--report", "report.zip")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(finished.folder / "report.zip") as archive:
        (page,) = (name for name in archive.namelist() if name.endswith("/report.html"))
        text = archive.read(page).decode()
    order = ["1 The audit", "2 What it sees", "3 Data", "4 Provenance"]
    assert sorted(set(re.findall(r'"(\d [A-Z][a-z ]+)"', text))) == order
    assert "by 3 steps of gradient ascent from noise" in text


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("modle=x", "config: modle: unknown key; did you mean 'model'?"),
        ("filters={count: eight}", "config: filters.count: must be a valid integer"),
        ("gradcam={alpha: 2}", "config: gradcam.alpha: must be less than or equal to 1"),
        ("model=gone.keras", "config: model: there is no file"),
        (
            "model=vgg16",
            "there is no file vgg16: give a .keras or .h5 file, a name",
        ),
        ("model=saved", "saved is a SavedModel folder, which Keras 3 can't look into: convert"),
        ("model=lambda.keras", "carries Python code in its layer 'shift' (a Lambda)"),
        ("images=nowhere", "images: there is no folder or table nowhere"),
        ("images=empty", "images: empty has no file"),
        ("results=photos/out", "config: results: photos/out is inside the images (photos)"),
        ("images=.", "config: results: results is inside the images (.)"),
        ("model=config/config.yaml", "config/config.yaml"),
        (
            "classes=three.txt",
            "config: classes: three.txt has 3 names, but the model has 2 classes",
        ),
        (
            "gradcam={layer: mixx}",
            "gradcam.layer: the model has no layer 'mixx'; did you mean 'mix'?",
        ),
        ("filters={layers: [colour]}", "did you mean 'colours'?"),
        (
            "gradcam={target: violet}",
            "config: gradcam.target: 'violet' is neither predicted, true, both nor a class: "
            "the 2 classes are 'blue', 'red'",
        ),
    ],
)
def test_a_config_that_can_t_be_is_one_line(finished, config, message):
    (finished.folder / "empty").mkdir(exist_ok=True)
    (finished.folder / "three.txt").write_text("blue\nred\ngreen\n")
    (finished.folder / "saved").mkdir(exist_ok=True)
    (finished.folder / "saved" / "saved_model.pb").write_bytes(b"")
    toys.with_lambda().save(finished.folder / "lambda.keras")
    done = finished.forked("--cores", "1", config=(config,))
    assert done.returncode != 0
    assert message in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_too_many_unreadable_images_end_the_run_before_the_work(fresh):
    audit = fresh()
    for number in range(6):
        (audit.folder / "photos" / "red" / f"bad{number}.jpg").write_text("not a picture")
    done = audit.snakemake("--cores", "2")
    assert done.returncode != 0
    assert "7 of 26 files can't be audited" in done.stderr
    assert "6 ×" in done.stderr
    assert list((audit.folder / "results").glob("predict/*")) == []
    assert list((audit.folder / "results").glob("filters/*")) == []


def test_the_columns_are_the_documented_ones(finished):
    documented: dict[str, list[str]] = {}
    for line in (ROOT / "docs" / "results.md").read_text().splitlines():
        if line.startswith("## "):
            columns = documented.setdefault(line[3:], [])
        elif line.startswith("| `"):
            columns += re.findall(r"`(\w+)`", line.split("|")[1])
    folder = finished.folder / "results"
    channels = pd.read_parquet(folder / "channels.parquet").columns.tolist()
    assert channels == documented["channels.parquet"]
    columns = pd.read_parquet(folder / "predictions.parquet").columns.tolist()
    named = documented["predictions.parquet"]
    # The properties have a table of their own, which names height, width and aspect again.
    assert columns[: columns.index("height")] == named[: named.index("height")]
    assert set(columns) == set(named)
    (table, *_) = (folder / "filters").glob("*.csv")
    assert pd.read_csv(table).columns.tolist() == documented["filters/{layer}.csv"]
