"""What `inspect` prints."""

import pandas as pd
import pytest

from convaudit.overview import describe_check, describe_images, describe_model


def layer(name: str) -> dict:
    return {"name": name, "kind": "Conv2D", "shape": [None, 4, 8], "parameters": 1234}


def facts(layers: int) -> dict:
    return {
        "format": ".h5 of Keras 2.1.6",
        "family": None,
        "parameters": 1_000_000,
        "input": [150, 150, 3],
        "head": "binary",
        "classes": 2,
        "target_layer": "conv",
        "target_why": "the last",
        "scaling": "unit",
        "scaling_known": False,
        "scaling_why": "a guess: the file does not say",
        "layers": [layer(f"conv_{number}") for number in range(layers)],
    }


def test_a_layer_s_line_says_what_is_shown_of_it():
    printed = describe_model(facts(2), ["conv_0", "conv_1"], ["conv_1"])
    lines = printed.splitlines()
    assert lines[0] == "model         .h5 of Keras 2.1.6, 1,000,000 parameters"
    assert lines[4] == "scaling       unit, A GUESS: the file does not say"
    assert lines[7].split() == ["conv_0", "Conv2D", "?", "×", "4", "×", "8", "1,234", "activations"]
    assert lines[8].endswith("activations, filters")


@pytest.mark.parametrize("count", [21, 500])
def test_a_deep_model_fits_on_a_screen(count):
    printed = describe_model(facts(count), [], [])
    assert len(printed.splitlines()) <= 30
    assert f"… {count - 20} more" in printed
    assert "conv_9 " in printed and f"conv_{count - 10} " in printed


def test_images_are_counted_by_label_and_look_alikes_by_size_and_name():
    files = pd.DataFrame(
        {
            "path": ["a/1.jpg", "a/2.jpg", "b/1.jpg", "b/3.jpg"],
            "label": ["a", "a", "b", None],
            "size": [500_000, 500_000, 0, 7],
            "fault": [None, None, None, "is a folder"],
        }
    )
    printed = describe_images(files)
    assert "4 files, 1 MB, 1 can't be opened" in printed
    assert "labels        3: (no label) 1, a 2, b 1" in printed
    assert "2 share their size in bytes with another, 2 their name" in printed


def test_of_many_labels_a_dozen_are_named():
    files = pd.DataFrame(
        {"path": [f"{n}.jpg" for n in range(15)], "label": [f"l{n:02}" for n in range(15)]}
    ).assign(size=1, fault=None)
    assert describe_images(files).splitlines()[1].endswith("l11 1 and 3 more")


def test_a_better_scaling_is_said_loudly():
    found = {"used": "unit", "images": 32, "accuracies": {"unit": 0.1, "torch": 0.75}}
    assert "BUT 75% with torch" in describe_check(found | {"better": "torch"})
    assert "no other is clearly better" in describe_check(found | {"better": None})
    assert "no label" in describe_check(found | {"images": 0})
