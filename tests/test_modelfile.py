"""The facts that a model file gives without TensorFlow."""

import subprocess
import sys
from pathlib import Path

import pytest

from convaudit.errors import AuditError
from convaudit.models.layers import is_convolution, is_watched, layer_id, require_layer

HOSTILE = [
    "conv",
    "base/conv",
    "base.conv",
    "base-conv",
    "base conv",
    "base/conv#2",
    "../../etc/passwd",
    "..",
    ".hidden",
    "/conv",
    "<script>alert(1)</script>",
    "löwe",
    "lowe",
    "a\nb",
    "con'v\"",
    "{shard}",
    "x" * 300,
    "x" * 301,
]


def test_layer_ids_are_safe_and_never_two_alike():
    ids = [layer_id(name) for name in HOSTILE]
    assert len(set(ids)) == len(HOSTILE)
    for found in ids:
        assert found.isascii() and len(found) < 120
        assert found.replace("-", "").replace("_", "").replace(".", "").isalnum()
        assert not found.startswith(".")
    assert ids[:2] == ["conv", "base.conv"]


def test_which_layers_have_pictures():
    convolutions = ["Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose"]
    poolings = ["MaxPooling2D", "AveragePooling2D"]
    others = ["GlobalAveragePooling2D", "Dense", "Conv1D", "Activation", "MyConv2D"]
    assert all(is_convolution(kind) and is_watched(kind) for kind in convolutions)
    assert all(is_watched(kind) and not is_convolution(kind) for kind in poolings)
    assert not any(is_watched(kind) for kind in others)


def test_the_nearest_name_is_suggested():
    known = ["stem", "vgg16/block5_conv3", "vgg16/block5_pool"]
    require_layer("stem", known, key="config: gradcam.layer")
    with pytest.raises(AuditError) as refused:
        require_layer("block5_conv", known, key="config: gradcam.layer")
    assert str(refused.value) == (
        "config: gradcam.layer: the model has no layer 'block5_conv'; did you mean "
        "'vgg16/block5_conv3'?"
    )


def test_neither_tensorflow_nor_keras_is_needed():
    code = "import sys; from convaudit.models.reading import model_file; print(*sys.modules)"
    scripts = Path(__file__).parents[1] / "workflow" / "scripts"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=scripts, check=True, capture_output=True, text=True)
    assert not {"keras", "tensorflow"} & set(done.stdout.split())
