"""Every kind of convolution has kernel and gradient, or one line names the layer without them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import convaudit
from convaudit.errors import AuditError
from convaudit.feature_visualization import ascent
from convaudit.models import kernels
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS
from convaudit.onepass import OnePass

LIBRARY = Path(convaudit.__file__).parents[1]
PRESENT = {
    "dilated": lambda: layers.Conv2D(8, 3, dilation_rate=2),
    "dilated unevenly": lambda: layers.Conv2D(8, 3, dilation_rate=(2, 1), padding="same"),
    "grouped": lambda: layers.Conv2D(8, 3, groups=4),
    "grouped, strided": lambda: layers.Conv2D(8, 3, groups=4, strides=2),
    "grouped, dilated": lambda: layers.Conv2D(8, 3, groups=4, dilation_rate=2),
    "depthwise": lambda: layers.DepthwiseConv2D(3),
    "depthwise, strided unevenly": lambda: layers.DepthwiseConv2D(3, strides=(1, 2)),
    "depthwise, dilated": lambda: layers.DepthwiseConv2D(3, dilation_rate=2),
    "separable, dilated": lambda: layers.SeparableConv2D(8, 3, dilation_rate=2),
    "transposed": lambda: layers.Conv2DTranspose(8, 3, strides=2),
    "transposed, dilated": lambda: layers.Conv2DTranspose(8, 3, dilation_rate=2),
    "dilated, half precision": lambda: layers.Conv2D(8, 3, dilation_rate=2, dtype="mixed_float16"),
    "enlarging": lambda: layers.UpSampling2D(2, interpolation="bicubic"),
}


def network_with(layer: keras.layers.Layer) -> Network:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((20, 18, 3))
    x = layers.Conv2D(8, 3, activation="relu", name="before")(inputs)
    x = layers.Conv2D(4, 3, name="after")(layer(x))
    return Network(keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling2D()(x))))


@pytest.mark.parametrize("kind", PRESENT)
def test_the_pass_and_the_filters_go_through(kind: str) -> None:
    """The map at ``before`` and the pattern of ``after`` need a gradient through the layer."""
    network = network_with(PRESENT[kind]())
    pixels = np.random.default_rng(0).integers(0, 256, (2, 20, 18, 3), np.uint8)
    found = OnePass(network, SCALINGS["unit"], "before", ["after"], method="hirescam")(pixels)
    assert found.maps.max() > 0 and np.isfinite(found.maps).all()
    climbed = ascent.maximise(
        network, "after", np.arange(2), scaling=SCALINGS["unit"], size=20, steps=2
    )
    assert (climbed.end > climbed.start).any()
    assert kernels.missing(network) is None


@pytest.fixture
def without_gradient() -> Network:
    """TensorFlow has no gradient of its antialiased resizing."""
    return network_with(layers.Resizing(12, 12, interpolation="area", name="smaller"))


def test_the_pass_names_the_layer_without_a_gradient(without_gradient: Network) -> None:
    pixels = np.zeros((1, 20, 18, 3), np.uint8)
    message = (
        r"model: TensorFlow has no gradient of layer 'smaller' \(Resizing\) on this processor: "
        r".*ResizeArea.*: gradcam.method: scorecam needs no gradient"
    )
    with pytest.raises(AuditError, match=message):
        OnePass(without_gradient, SCALINGS["unit"], "before", [])(pixels)
    scored = OnePass(without_gradient, SCALINGS["unit"], "before", [], method="scorecam")(pixels)
    assert np.isfinite(scored.maps).all()
    after = OnePass(without_gradient, SCALINGS["unit"], "after", [])(pixels)
    assert np.isfinite(after.maps).all()


def test_the_filters_name_the_layer_without_a_gradient(without_gradient: Network) -> None:
    asked = {"scaling": SCALINGS["unit"], "size": 20, "steps": 1}
    with pytest.raises(AuditError, match=r"gradient of layer 'smaller'.*out of filters\.layers"):
        ascent.maximise(without_gradient, "after", np.arange(1), **asked)
    with pytest.raises(AuditError, match="gradient of layer 'smaller'"):
        ascent.estimate_seconds(without_gradient, {"after": 1}, scaling=SCALINGS["unit"], size=20)
    assert len(ascent.maximise(without_gradient, "before", np.arange(1), **asked).images) == 1


class Recurrent(layers.Layer):
    """A layer whose operation exists on GPUs only. A convolution in half precision is no example,
    because some processors have it.
    """

    def call(self, x: Any) -> Any:
        state, weights = tf.zeros((1, 1, 4)), tf.zeros(1000)
        found = tf.raw_ops.CudnnRNN(
            input=x[0], input_h=state, input_c=state, params=weights, rnn_mode="rnn_relu"
        )
        return x + tf.reduce_sum(found.output)


def test_a_layer_without_a_kernel_is_named_where_the_model_is_opened() -> None:
    with pytest.raises(AuditError, match=r"can't be run .*\(layer 'wider'\).*CudnnRNN"):
        network_with(Recurrent(name="wider"))


def test_an_error_that_is_no_layer_s_stays_what_it_is() -> None:
    network = network_with(layers.Conv2D(8, 3))
    with (
        pytest.raises(tf.errors.InvalidArgumentError, match="another"),
        kernels.naming_the_layer(network, "-"),
    ):
        raise tf.errors.InvalidArgumentError(None, None, "another")


def run(code: str, **environment: str) -> str:
    command = [sys.executable, "-c", code]
    variables = {**os.environ, "PYTHONPATH": str(LIBRARY), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        command, env=variables | environment, capture_output=True, text=True, check=True
    )
    return done.stderr + done.stdout


@pytest.mark.parametrize("given", ["", "0", "1"])
def test_the_kernels_do_not_depend_on_the_environment(given: str) -> None:
    code = (
        "import convaudit, tensorflow; "
        "from tensorflow.python.util import _pywrap_util_port as port; print(port.IsMklEnabled())"
    )
    assert run(code, TF_ENABLE_ONEDNN_OPTS=given).split()[-1] == "True"


def test_tensorflow_before_convaudit_is_warned_of() -> None:
    code = "import sys, types; sys.modules['tensorflow'] = types.ModuleType('tensorflow'); "
    warned = "import convaudit before TensorFlow"
    assert warned in run(code + "import convaudit", TF_ENABLE_ONEDNN_OPTS="0")
    assert warned not in run(code + "import convaudit", TF_ENABLE_ONEDNN_OPTS="1")
    assert warned not in run("import convaudit")
