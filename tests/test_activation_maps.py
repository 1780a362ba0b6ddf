"""The activation maps of every image, if the config asks for them."""

import hashlib
import json
import shutil
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from conftest import SETTINGS, UNTRIED, Audit
from convaudit.activations import store
from convaudit.models.facts import LayerInfo
from convaudit.models.loading import load
from convaudit.models.network import Network
from convaudit.preview.text import describe_room
from convaudit.system.checksums import read_manifest

KEEP = "activations={keep: maps}"
BYTES = 4 * (16 * 16 * 2 + 8 * 8 * 2 + 8 * 8 * 4)
"""These belong to the toy's watched layers: colours, pool and mix."""


@pytest.fixture(scope="module")
def keeping(finished, tmp_path_factory) -> tuple[Audit, str]:
    """The finished audit, run again with ``activations.keep: maps``, and the output of that run."""
    folder = tmp_path_factory.mktemp("keeping") / "audit"
    shutil.copytree(finished.folder, folder, copy_function=shutil.copyfile)
    audit = Audit(folder, (*SETTINGS, *UNTRIED))
    return audit, audit.run("--notemp", config=(KEEP,))


def test_they_are_the_network_s_activations_of_each_image(keeping):
    folder = keeping[0].folder / "results"
    network = Network(load(str(keeping[0].folder / "toy.keras")).model)
    predictions = pd.read_parquet(folder / "predictions.parquet")
    files = sorted((folder / "activation_maps").iterdir())
    assert [file.name for file in files] == ["0000.h5", "0001.h5"]
    seen = []
    for file in files:
        pixels = np.load(folder / "preprocess" / f"{file.stem}.npy")
        expected = network.activations(pixels / np.float32(255), ["colours", "pool", "mix"])
        with h5py.File(file) as kept:
            seen += kept["image_id"].asstr()[:].tolist()
            assert set(kept["layers"]) == expected.keys()
            for name, maps in expected.items():
                stored = kept["layers"][name]
                assert stored.attrs["layer"] == name
                assert stored.dtype == np.float32 and stored.chunks == (1, *maps.shape[1:])
                assert np.allclose(stored[:], maps, atol=1e-6)
                assert np.ptp(maps) > 0.1
    assert seen == predictions["image_id"].tolist()


def test_the_room_is_forecast_before_the_first_is_written(keeping):
    audit, printed = keeping
    found = json.loads((audit.folder / "results" / "model" / "activation_maps.json").read_text())
    assert found == {"bytes_per_image": BYTES, "images": 20, "bytes": 20 * BYTES}
    said = " ".join(printed.split())
    assert "kept maps 20 images need up to 3.58 kB each, 71.7 kB in all, before " in said
    logs = audit.folder / "results" / "logs"
    said = (logs / "forecast.log").read_text().splitlines()[-1][:23]
    written = [(path.read_text().splitlines()[-1][:23]) for path in (logs / "predict").iterdir()]
    assert said < min(written)


def test_an_audit_that_may_not_fit_says_so():
    line = " ".join(describe_room(60 * 10**6, 10**6, 10**12).split())
    assert line.startswith("kept maps 1,000,000 images need up to 60 MB each, 60 TB in all, ")
    assert "1 TB are free. THIS MAY BE TOO LITTLE" in line
    assert "TOO LITTLE" not in describe_room(60 * 10**6, 10**3, 10**12)


def test_vgg16_takes_sixty_megabytes_an_image():
    sides = {224: (64, 64), 112: (64, 128, 128), 56: (128, 256, 256, 256)}
    sides |= {28: (256, 512, 512, 512), 14: (512, 512, 512, 512), 7: (512,)}
    shapes = [[side, side, channels] for side, each in sides.items() for channels in each]
    layers = [
        LayerInfo(str(number), str(number), "Conv2D", tuple(shape), 0, True, True)
        for number, shape in enumerate(shapes)
    ]
    names = [layer.name for layer in layers]
    assert len(names) == 18
    assert store.bytes_per_image(layers, names) == pytest.approx(60e6, rel=0.01)
    assert store.bytes_per_image(layers, names[:1]) == 224 * 224 * 64 * 4


def test_provenance_has_them(keeping):
    folder = keeping[0].folder / "results"
    hashes = read_manifest(folder / "manifest-sha256.txt")
    for path in ("model/activation_maps.json", "activation_maps/0001.h5"):
        assert hashes[path] == hashlib.sha256((folder / path).read_bytes()).hexdigest()


def test_the_other_results_are_what_they_are_without(keeping, finished):
    for path in ("predictions.parquet", "channels.parquet", "gradcam/maps/0001.npz"):
        ours, theirs = keeping[0].folder / "results" / path, finished.folder / "results" / path
        assert ours.read_bytes() == theirs.read_bytes()


def test_what_runs_again(keeping):
    audit, _ = keeping
    assert audit.plan(KEEP) == {}
    # The report runs again, because it shows the settings; the network does not.
    assert audit.plan() == {"report": 1}
    (audit.folder / "results" / "activation_maps" / "0001.h5").unlink()
    again = {"predict": 1, "gradcam": 1, "predictions": 1, "near_duplicates": 1}
    again |= {"activations": 1, "verdict": 1, "report": 1}
    assert audit.plan(KEEP) == again


def test_the_same_maps_are_the_same_bytes(tmp_path: Path):
    maps = np.random.default_rng(0).normal(size=(5, 3, 3, 2)).astype(np.float32).clip(0)
    files = []
    for size in (5, 2):
        files.append(tmp_path / f"{size}.h5")
        with store.writer(files[-1], np.array(list("abcde"))) as write:
            for start in range(0, 5, size):
                rows = np.arange(5)[start : start + size]
                write(rows, {"block/conv": maps[rows]})
        time.sleep(1.1)  # HDF5 stores times in seconds
    assert files[0].read_bytes() == files[1].read_bytes()
    with h5py.File(files[0]) as kept:
        assert np.array_equal(kept["layers/block.conv"][:], maps)


def test_a_shard_without_a_good_image_has_no_maps(tmp_path: Path):
    with store.writer(tmp_path / "empty.h5", np.array([], str)) as write:
        write(np.arange(0), {"conv": np.empty((0, 3, 3, 2), np.float32)})
    with h5py.File(tmp_path / "empty.h5") as kept:
        assert len(kept["image_id"]) == 0 and len(kept["layers"]) == 0
