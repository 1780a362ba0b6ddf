"""The class that each map of a shard explains, for every gradcam.target, with maps by hand."""

import inspect
import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

import predict
from convaudit.attribution import map_statistics
from convaudit.errors import AuditError
from convaudit.models.facts import ModelChoices, ModelSource
from convaudit.models.inspection.inspection import inspect_model
from convaudit.models.loading import Loaded
from convaudit.models.network import Network

layers = keras.layers
COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "both": (255, 255, 0)}
NAMES = ["red", "green", "blue"]
# Scores are the mean colours times this: each colour speaks for its class, and red for green too.
WEIGHTS = np.array([[8, 1, -4], [-4, 8, -4], [-4, -4, 8]], np.float32)


def classifier(activation: str) -> keras.Model:
    inputs = keras.Input((4, 4, 3))
    maps = layers.Conv2D(3, 1, use_bias=False, name="maps")
    dense = layers.Dense(3, activation=activation)
    model = keras.Model(inputs, dense(layers.GlobalAveragePooling2D()(maps(inputs))))
    maps.set_weights([np.eye(3, dtype=np.float32)[None, None]])
    dense.set_weights([WEIGHTS, np.full(3, -2, np.float32)])
    return model


@pytest.fixture
def maps_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a shard of plain images; return the maps by (image, class), and those of true classes."""

    def looked(activation: str, target: str, shown: list[str], labelled: list[str | None]):
        model = classifier(activation)
        network = Network(model)
        monkeypatch.setattr(predict, "open_network", lambda _: (None, network))
        known = inspect_model(Loaded(model, "", "", None), network)
        (tmp_path / "facts.json").write_text(known.to_json())
        plan = {"shards": {}, "class_names": NAMES, "layers": [], "model": ""}
        (tmp_path / "plan.json").write_text(json.dumps(plan))
        pixels = np.array([np.full((4, 4, 3), COLOURS[colour]) for colour in shown], np.uint8)
        np.save(tmp_path / "pixels.npy", pixels)
        ids = [f"{number}-{colour}" for number, colour in enumerate(shown)]
        rows = {"image_id": ids, "path": ids, "label": labelled, "height": 4, "width": 4}
        pd.DataFrame(rows).to_parquet(tmp_path / "images.parquet")
        files = {"facts": "facts.json", "pixels": "pixels.npy", "maps": "maps.npz"}
        files |= {"scores": "scores.npy", "device": "device.json"}
        files |= {name: f"{name}.parquet" for name in ("images", "rows", "summary")}
        given = {name: str(tmp_path / file) for name, file in files.items()} | {
            "plan": tmp_path,
            "model": ModelSource("demo", ""),
            "choices": ModelChoices(scaling="unit", method="gradcam"),
            "shard": "0000",
            "layers": [],
            "batch_size": 2,
            "top": 1,
            "score": "logit",
            "target": target,
        }
        unasked = dict.fromkeys(inspect.signature(predict.predict).parameters.keys() - given.keys())
        predict.predict(**given, **unasked)
        with np.load(tmp_path / "maps.npz") as stored:
            return [_explained(stored, prefix, pixels) for prefix in ("", "true_")]

    return looked


def _explained(stored: dict, prefix: str, pixels: np.ndarray) -> list[tuple[str, str]]:
    """Image and class of each map, after a check of its numbers."""
    maps = map_statistics.unpack(stored[f"{prefix}maps"], stored[f"{prefix}scale"])
    pairs = list(zip(stored[f"{prefix}image_id"], stored[f"{prefix}class_index"], strict=True))
    for (image_id, index), found in zip(pairs, maps, strict=True):
        colour = pixels[int(image_id.partition("-")[0])] / 255
        # d score / d map is the weight over 16 positions; Grad-CAM is the mean of three channels.
        expected = np.maximum(colour @ WEIGHTS[:, index] / 16 / 3, 0)
        np.testing.assert_allclose(found, expected, rtol=1e-3)
    return [(str(image_id).partition("-")[2], NAMES[index]) for image_id, index in pairs]


SHOWN = ["red", "green", "blue", "red", "green"]
LABELLED = ["red", "red", "blue", "green", None]
"""Two are wrong: a green image called red, and a red one called green."""


def test_predicted_and_beside_it_what_is_true_of_the_errors(maps_of):
    explained, true = maps_of("softmax", "predicted", SHOWN, LABELLED)
    assert explained == [(colour, colour) for colour in SHOWN]
    assert true == [("green", "red"), ("red", "green")]


def test_true_is_the_label_and_the_predicted_class_without_one(maps_of):
    explained, true = maps_of("softmax", "true", SHOWN, LABELLED)
    named = ["red", "red", "blue", "green", "green"]
    assert explained == list(zip(SHOWN, named, strict=True))
    assert true == []


def test_both_explains_the_true_class_where_it_differs(maps_of):
    explained, true = maps_of("softmax", "both", SHOWN, LABELLED)
    assert explained[:5] == [(colour, colour) for colour in SHOWN]
    assert explained[5:] == [("green", "red"), ("red", "green")]
    assert true == []


def test_a_class_is_explained_for_every_image(maps_of):
    explained, _ = maps_of("softmax", "green", SHOWN, LABELLED)
    assert explained == [(colour, "green") for colour in SHOWN]
    with pytest.raises(AuditError, match="no class is called 'violet'"):
        maps_of("softmax", "violet", SHOWN, LABELLED)


def test_of_several_labels_every_class_over_its_threshold_is_explained(maps_of):
    """Red and green give red 8 - 4 - 2 = 2 and green 1 + 8 - 2 = 7, both over zero."""
    explained, _ = maps_of("sigmoid", "predicted", ["both", "blue", "red"], [None] * 3)
    assert explained == [("both", "green"), ("blue", "blue"), ("red", "red"), ("both", "red")]


def test_where_no_class_is_over_its_threshold_the_likeliest_is_explained(maps_of, monkeypatch):
    monkeypatch.setitem(COLOURS, "red", (40, 0, 0))
    explained, _ = maps_of("sigmoid", "predicted", ["red"], [None])
    assert explained == [("red", "red")]
