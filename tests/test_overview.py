"""What `inspect` prints."""

from dataclasses import replace

import pandas as pd
import pytest

from convaudit.models.facts import LayerInfo, ModelChoices, ModelFacts
from convaudit.preview.text import (
    describe_check,
    describe_effort,
    describe_guess,
    describe_images,
    describe_layers,
    describe_model,
    describe_resizing,
)
from fabricated import FACTS


def layer(name: str) -> LayerInfo:
    return LayerInfo(name, name, "Conv2D", (None, 4, 8), 1234, True, True)


def facts(layers: int) -> ModelFacts:
    return replace(
        FACTS,
        format=".h5 of Keras 2.1.6",
        parameters=1_000_000,
        input=(150, 150, 3),
        input_open=True,
        head="binary",
        classes=2,
        target_layer="conv",
        target_why="the last",
        scaling_known=False,
        scaling_why="a guess: the file does not say",
        layers=tuple(layer(f"conv_{number}") for number in range(layers)),
    )


def test_a_layer_s_line_says_what_is_shown_of_it():
    lines = describe_layers(facts(2), ["conv_0", "conv_1"], ["conv_1"]).splitlines()
    assert lines[1].split() == ["conv_0", "Conv2D", "?", "×", "4", "×", "8", "1,234", "activations"]
    assert lines[2].endswith("activations, filters")


def test_the_model_in_six_lines_with_its_classes_in_index_order():
    printed = describe_model(facts(2), ["gravel", "brick"], "layercam")
    assert printed.splitlines() == [
        "model         .h5 of Keras 2.1.6, 1,000,000 parameters",
        "input         150 × 150 × 3; other sizes are possible",
        "head          one unit, positive for the second class",
        "classes       2 in index order: gravel, brick",
        "heat          layercam from conv: the last",
        "scaling       unit, A GUESS: the file does not say",
    ]
    unnamed = describe_model(facts(2), None, "gradcam")
    assert "classes       2 have no names: classes=FILE gives them" in unnamed
    known = facts(2).resolved(ModelChoices(scaling="unit"))
    assert "unit, known: as the config says" in describe_model(known, ["a", "b"], "gradcam")


@pytest.mark.parametrize("count", [13, 500])
def test_a_deep_model_of_many_classes_fits_on_a_screen(count):
    printed = describe_layers(facts(count), [], [])
    assert f"… {count - 12} more" in printed
    assert "conv_5 " in printed and f"conv_{count - 6} " in printed
    printed += describe_model(facts(count), ["a name without an end to it"] * 1000, "gradcam")
    assert "a name without an end to…" in printed and "and 990 more" in printed
    assert len(printed.splitlines()) <= 26
    assert max(map(len, printed.splitlines())) <= 120


def test_images_are_counted_by_label_and_look_alikes_by_size_and_name():
    files = pd.DataFrame(
        {
            "path": ["a/1.jpg", "a/2.jpg", "b/1.jpg", "b/3.jpg"],
            "label": ["a", "a", "b", None],
            "size": [500_000, 500_000, 0, 7],
            "fault": [None, None, None, "is a folder"],
        }
    )
    printed = describe_images(files, {}, [], "area")
    assert "the audit reads 4 files with 1 MB; 1 of them can't be opened" in printed
    assert "can't be opened" not in describe_images(files.assign(fault=None), {}, [], "area")
    assert "labels        3 labels have 1 to 2 images each: (no label) 1, a 2, b 1" in printed
    text = " ".join(printed.split())
    assert "copies 2 files may be copies, because another file has as many bytes" in text
    assert "2 files have the name of another file" in text


def test_without_labels_there_are_none():
    files = pd.DataFrame({"path": ["1.jpg"], "label": [None], "size": [1], "fault": [None]})
    assert "labels        the images have no labels" in describe_images(files, {}, [], "area")


def test_of_many_labels_ten_are_named():
    files = pd.DataFrame(
        {"path": [f"{n}.jpg" for n in range(15)], "label": [f"l{n:02}" for n in range(15)]}
    ).assign(size=1, fault=None)
    assert "l08 1, l09 1 and 5 more" in " ".join(describe_images(files, {}, [], "area").split())


def test_a_better_scaling_is_said_loudly():
    found = {"used": "unit", "images": 32, "accuracies": {"unit": 0.1, "torch": 0.75}}
    found |= {"accuracy": 0.75, "set": {"preprocess.scaling": "torch"}, "also": []}
    found["advice"] = "preprocess.scaling: torch"
    assert "BUT 75% are with preprocess.scaling: torch; if the model" in describe_check(found)
    found["advice"] += " and preprocess.channels: bgr"
    found["also"] = ["classes: FILE"]
    printed = " ".join(describe_check(found).split())
    assert (
        "with preprocess.scaling: torch and preprocess.channels: bgr (or classes: FILE" in printed
    )
    assert "no other is clearly better" in describe_check(found | {"set": {}})
    assert "no label" in describe_check(found | {"images": 0})


def test_a_guess_is_said_before_all_with_what_hangs_on_it():
    found = {"used": "unit", "images": 32, "changed": {"unit": 0.0, "tf": 0.41, "none": 0.5}}
    found |= {"likelier": "tf", "why": "the first layers' values lie where they should"}
    printed = " ".join(describe_guess(facts(2), found).split())
    assert printed.startswith("A GUESS the pixels are scaled as unit, which is a guess: the")
    assert "On 32 images another scaling changes this share of the predictions: 41%" in printed
    assert "41% with tf, 50% with none." in printed
    assert "TF FITS BETTER: the first" in printed
    alone = " ".join(describe_guess(facts(2), None).split())
    assert alone.endswith("Set preprocess.scaling to that of the training.")


def test_what_is_assumed_is_said():
    files = pd.DataFrame({"path": ["1.jpg"], "label": [None], "size": [1], "fault": [None]})
    printed = describe_images(files, {".txt": 2000, ".xml": 1}, ["masks are no photos"], "nearest")
    text = " ".join(printed.split())
    assert "2,001 other files beside them are not read (.txt 2,000, .xml 1)" in text
    assert "resizing nearest, as keras.utils.load_img" in text
    assert "ASSUMED masks are no photos" in text


def test_other_ways_to_resize_are_said():
    found = {"used": "area", "images": 32, "labelled": 30, "better": None}
    found |= {"changed": {"area": 0, "nearest": 0.25}, "accuracies": {"area": 0.5, "nearest": 0.9}}
    said = " ".join(describe_resizing(found).split())
    assert said == "50% are predicted right if they are resized by area; by other ways: nearest 90%"
    clearly = " ".join(describe_resizing(found | {"better": "nearest"}).split())
    assert "nearest IS CLEARLY BETTER" in clearly
    unlabelled = " ".join(describe_resizing(found | {"accuracies": {}}).split())
    assert "changes this share of the predictions: nearest 25%" in unlabelled


def test_the_forecast_adds_up():
    printed = describe_effort(90, 3600, {"a": 60, "b": 4}, 2.5e9, "3 ms to read")
    text = " ".join(printed.split())
    assert text.startswith("forecast the audit takes 1 h 01 min on this machine")
    assert "1 min 30 s for the images (3 ms to read each)" in text
    assert "1 h 00 min for 64 patterns of 2 layers; it needs 2.5 GB on the disk" in text
    small = " ".join(describe_effort(9, 0, {}, 7.4e6, "").split())
    assert small.endswith("it needs 7.4 MB on the disk")
