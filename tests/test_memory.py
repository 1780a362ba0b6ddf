"""The memory of a shard's jobs does not depend on the number of its images.

The toy network has wide maps, so that 1,024 images in memory at once would show: 48 kB of pixels
and 96 kB of channel statistics each, 150 MB together.
"""

import os
import shutil
from pathlib import Path

import cv2
import h5py
import keras
import numpy as np
import pandas as pd
import pytest

from conftest import COLOURS
from test_scale import measure

SHORT, LONG = 64, 1024
ALLOWED = 25 * 2**20
"""Allowed bytes for 960 further images; their ids, paths and predictions are 2 kB each."""

MODEL = 'ModelSource("demo", "wide.keras")'
IMPORTS = "from convaudit.models.facts import ModelChoices, ModelSource"
PLAN = """
import index
from planning import make_plan
from planning.settings import Settings

settings = Settings(model="wide.keras", images="photos", shard_size=8000)
make_plan.make(settings, Path("index")).write()
files = Path("index/files.parquet")
index.index(files=files, images=Path("photos"), ledger="index/ledger.parquet", threads=2)
"""
FACTS = f"""
import model
{IMPORTS}
model.write_facts(model={MODEL}, facts="model.json")
"""
PREPROCESS = """
import preprocess
from planning import plan
digest = plan.load(Path("index")).shards["0000"][1]
preprocess.preprocess(
    ledger=Path("index/ledger.parquet"), facts="model.json", shard="0000", digest=digest,
    source=Path("photos"), interpolation="area", pixels="pixels.npy", rows="rows.parquet",
    quarantine="quarantine.csv", threads=2,
)
"""
PREDICT = f"""
import predict
{IMPORTS}
predict.predict(
    model={MODEL}, facts="model.json", plan=Path("index"), pixels="pixels.npy",
    images="rows.parquet",
    shard="0000", choices=ModelChoices(scaling="unit"), layers=["wide"],
    batch_size=16, top=2, score="logit", target="both",
    rows="predicted.parquet", summary="statistics.npz", scores="scores.npz",
    maps="maps.npz", kept="kept.h5", device="device.json",
)
"""
GRADCAM = """
import gradcam
gradcam.draw(
    maps="maps.npz", predictions="predicted.parquet", rows="rows.parquet",
    facts="model.json", source=Path("photos"), shown="all",
    alpha=0.4, interpolation="area", colormap="jet", blend="over", folder="overlays",
    sheets="sprites", threads=2,
)
"""


def save_wide_model(path: Path) -> None:
    """4,096 channels of 4 x 4; the classes are the means of the first two."""
    inputs = keras.Input((128, 128, 3))
    wide = keras.layers.Conv2D(4096, 1, strides=32, name="wide")(inputs)
    x = keras.layers.GlobalAveragePooling2D()(wide)
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))
    kernel = np.ones((1, 1, 3, 4096), np.float32)
    kernel[..., :2] = [[-1, 1], [0, 0], [1, -1]]
    model.get_layer("wide").set_weights([kernel, np.zeros(4096, np.float32)])
    head = np.zeros((4096, 2), np.float32)
    head[:2] = np.eye(2)
    model.layers[-1].set_weights([head, np.zeros(2, np.float32)])
    model.save(path)


def make_photos(folder: Path, count: int) -> None:
    """Write ``count`` names for two pictures, one of each colour, and an unreadable file."""
    for label, colour in COLOURS.items():
        noise = np.random.default_rng(0).integers(-30, 30, (160, 200, 3))
        first = folder / label / "0000.png"
        first.parent.mkdir(parents=True)
        cv2.imwrite(str(first), (np.array(colour) + noise).clip(0, 255)[:, :, ::-1])
        for other in range(1, count // 2):
            os.link(first, first.with_name(f"{other:04d}.png"))
    (folder / "blue" / "broken.png").write_bytes(b"")


@pytest.fixture(scope="module")
def audits(tmp_path_factory) -> dict[int, Path]:
    """A shard of each length, about to be preprocessed."""
    folders = {}
    model = tmp_path_factory.mktemp("wide") / "wide.keras"
    save_wide_model(model)
    for count in (SHORT, LONG):
        folder = folders[count] = tmp_path_factory.mktemp(f"shard{count}")
        shutil.copy(model, folder)
        make_photos(folder / "photos", count)
        measure(folder, PLAN)
    measure(folders[SHORT], FACTS)
    shutil.copy(folders[SHORT] / "model.json", folders[LONG])
    return folders


def test_a_job_s_memory_does_not_grow_with_its_shard(audits):
    used = {
        count: {
            name: measure(folder, code).memory
            for name, code in {
                "preprocess": PREPROCESS,
                "predict": PREDICT,
                "gradcam": GRADCAM,
            }.items()
        }
        for count, folder in audits.items()
    }
    for count, folder in audits.items():
        predicted = pd.read_parquet(folder / "predicted.parquet")
        assert np.load(folder / "pixels.npy", mmap_mode="r").shape == (count, 128, 128, 3)
        assert len(predicted) == len(list((folder / "overlays").iterdir())) == count
        assert predicted["correct"].all()
        with h5py.File(folder / "kept.h5") as kept:
            assert kept["layers/wide"].shape == (count, 4, 4, 4096)
    growth = {name: used[LONG][name] - used[SHORT][name] for name in used[SHORT]}
    assert max(growth.values()) < ALLOWED, growth
