"""Files of Keras 2.0 to 2.15: their predictions are computed anew in plain numpy."""

import numpy as np
import pytest
import tensorflow as tf
from numpy.lib.stride_tricks import sliding_window_view

from convaudit.errors import AuditError
from convaudit.models.loading import load
from convaudit.models.network import Network
from convaudit.models.reading import model_file
from keras2 import entry, functional, layer, operation, write_h5, write_keras

DRAW = np.random.default_rng(0)
IMAGES = DRAW.uniform(0, 255, (2, 10, 10, 3)).astype(np.float32)


def drawn(*shape: int) -> np.ndarray:
    return DRAW.uniform(-0.4, 0.5, shape).astype(np.float32)


def convolved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """(B, H, W, C) with (h, w, C, D), no padding."""
    windows = sliding_window_view(x, kernel.shape[:2], axis=(1, 2))
    return np.einsum("bijchw,hwcd->bijd", windows, kernel) + bias


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def pooled(x: np.ndarray) -> np.ndarray:
    b, h, w, c = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, c).max(axis=(2, 4))


KERNEL, BIAS = drawn(3, 3, 3, 4), drawn(4)
DENSE = drawn(4 * 4 * 4, 1), drawn(1)
LISTED = [
    {
        "class_name": "Conv2D",
        "config": {
            "name": "conv2d_1",
            "trainable": True,
            "batch_input_shape": [None, 10, 10, 3],
            "dtype": "float32",
            "filters": 4,
            "kernel_size": [3, 3],
            "strides": [1, 1],
            "padding": "valid",
            "data_format": "channels_last",
            "dilation_rate": [1, 1],
            "activation": "relu",
            "use_bias": True,
            "kernel_initializer": {
                "class_name": "VarianceScaling",
                "config": {
                    "scale": 1.0,
                    "mode": "fan_avg",
                    "distribution": "uniform",
                    "seed": None,
                },
            },
            "bias_initializer": {"class_name": "Zeros", "config": {}},
            "kernel_regularizer": None,
            "bias_regularizer": None,
            "activity_regularizer": None,
            "kernel_constraint": None,
            "bias_constraint": None,
        },
    },
    {
        "class_name": "MaxPooling2D",
        "config": {
            "name": "max_pooling2d_1",
            "trainable": True,
            "pool_size": [2, 2],
            "padding": "valid",
            "strides": [2, 2],
            "data_format": "channels_last",
        },
    },
    {"class_name": "Flatten", "config": {"name": "flatten_1", "trainable": True}},
    {"class_name": "Dropout", "config": {"name": "dropout_1", "trainable": True, "rate": 0.5}},
    {
        "class_name": "Dense",
        "config": {"name": "dense_1", "units": 1, "activation": "sigmoid", "use_bias": True},
    },
]
LISTED_WEIGHTS = {
    "conv2d_1": {"conv2d_1/kernel:0": KERNEL, "conv2d_1/bias:0": BIAS},
    "max_pooling2d_1": {},
    "flatten_1": {},
    "dropout_1": {},
    "dense_1": {"dense_1/kernel:0": DENSE[0], "dense_1/bias:0": DENSE[1]},
}


@pytest.mark.parametrize("version", ["2.0.8", "2.1.6", "2.2.2"])
def test_a_sequential_that_is_a_list_of_layers(version, tmp_path):
    config = {"class_name": "Sequential", "config": LISTED}
    path = write_h5(tmp_path / "cats.h5", version, config, LISTED_WEIGHTS)
    loaded = load(str(path))
    assert loaded.format == f".h5 of Keras {version}, read as Keras 3"
    network = Network(loaded.model)
    features = pooled(relu(convolved(IMAGES / 255, KERNEL, BIAS)))
    logits = features.reshape(2, -1) @ DENSE[0] + DENSE[1]
    np.testing.assert_allclose(network.run(tf.constant(IMAGES / 255)), logits, atol=1e-5)
    assert (network.head, network.input_shape) == ("binary", (10, 10, 3))
    assert network.target_layer[0] == "max_pooling2d_1"
    assert model_file.read_head_units(path) == 1


def test_a_list_around_a_functional_model_of_that_time(tmp_path):
    base = functional(
        "vgg",
        [
            entry("input_1", 10),
            layer(
                "Conv2D",
                "c",
                "input_1",
                filters=4,
                kernel_size=[3, 3],
                activation="relu",
                batch_input_shape=None,
            ),
        ],
        "Model",
    )
    flatten = {"class_name": "Flatten", "config": {"name": "flatten_1"}}
    dense = {
        "class_name": "Dense",
        "config": {"name": "dense_1", "units": 2, "activation": "softmax"},
    }
    kernel, bias = drawn(8 * 8 * 4, 2), drawn(2)
    path = write_h5(
        tmp_path / "nested.h5",
        "2.2.4",
        {"class_name": "Sequential", "config": [base, flatten, dense]},
        {
            "vgg": {"c/kernel:0": KERNEL, "c/bias:0": BIAS},
            "flatten_1": {},
            "dense_1": {"dense_1/kernel:0": kernel, "dense_1/bias:0": bias},
        },
    )
    network = Network(load(str(path)).model)
    logits = relu(convolved(IMAGES / 255, KERNEL, BIAS)).reshape(2, -1) @ kernel + bias
    np.testing.assert_allclose(network.run(tf.constant(IMAGES / 255)), logits, atol=1e-5)
    assert network.target_layer[0] == "vgg/c"


HEAD = drawn(4, 3), drawn(3)
SCALE, SHIFT, MEAN, VARIANCE = drawn(4), drawn(4), drawn(4), DRAW.uniform(0.5, 2, 4)


def tutorial(scaling: list) -> dict:
    """The model of TensorFlow's tutorial: augmentation, preprocess_input, frozen base, new head."""
    base = functional(
        "densenet",
        [
            entry("input_2", 10),
            layer("Conv2D", "conv1/conv", "input_2", filters=4, kernel_size=[3, 3], groups=1),
            layer("BatchNormalization", "conv1/bn", "conv1/conv", axis=[3], epsilon=0.001),
            layer("Activation", "conv1/relu", "conv1/bn", activation="relu"),
        ],
    )
    return functional(
        "model",
        [
            entry("input_1", 10),
            layer("RandomFlip", "random_flip", "input_1", mode="horizontal", rng_type="stateful"),
            *scaling,
            {**base, "name": "densenet", "inbound_nodes": [[[scaling[-1]["name"], 0, 0, {}]]]},
            layer("GlobalAveragePooling2D", "average", ["densenet", 1, 0, {}], keepdims=False),
            layer("Dropout", "dropout", "average", rate=0.2),
            layer("Dense", "dense", "dropout", units=3, activation="linear"),
        ],
    )


TUTORIAL_WEIGHTS = {
    "densenet": {
        "conv1/conv/kernel:0": KERNEL,
        "conv1/conv/bias:0": BIAS,
        "conv1/bn/gamma:0": SCALE,
        "conv1/bn/beta:0": SHIFT,
        "conv1/bn/moving_mean:0": MEAN,
        "conv1/bn/moving_variance:0": VARIANCE.astype(np.float32),
    },
    "dense": {"dense/kernel:0": HEAD[0], "dense/bias:0": HEAD[1]},
}
TUTORIAL_ARRAYS = {
    "layers/functional/layers/conv2d/vars/0": KERNEL,
    "layers/functional/layers/conv2d/vars/1": BIAS,
    "layers/functional/layers/batch_normalization/vars/0": SCALE,
    "layers/functional/layers/batch_normalization/vars/1": SHIFT,
    "layers/functional/layers/batch_normalization/vars/2": MEAN,
    "layers/functional/layers/batch_normalization/vars/3": VARIANCE.astype(np.float32),
    "layers/dense/vars/0": HEAD[0],
    "layers/dense/vars/1": HEAD[1],
    "optimizer/vars/0": np.array(7.0, np.float32),
    "metrics/mean/vars/0": np.array(1.0, np.float32),
}


def tutorial_logits(x: np.ndarray) -> np.ndarray:
    x = convolved(x, KERNEL, BIAS)
    x = relu((x - MEAN) / np.sqrt(VARIANCE + 0.001) * SCALE + SHIFT)
    return x.mean(axis=(1, 2)) @ HEAD[0] + HEAD[1]


TF_SCALING = [
    operation("math.truediv", "tf.math.truediv", "random_flip", y=127.5),
    operation("math.subtract", "tf.math.subtract", "tf.math.truediv", y=1),
]


@pytest.mark.parametrize("ending", ["h5", "keras"])
def test_the_tutorials_transfer_learning_model(ending, tmp_path):
    path = tmp_path / f"model.{ending}"
    if ending == "h5":
        write_h5(path, "2.15.0", tutorial(TF_SCALING), TUTORIAL_WEIGHTS)
    else:
        write_keras(path, "2.15.0", tutorial(TF_SCALING), TUTORIAL_ARRAYS)
    loaded = load(str(path))
    network = Network(loaded.model)
    scores = network.run(tf.constant(IMAGES))
    np.testing.assert_allclose(scores, tutorial_logits(IMAGES / 127.5 - 1), atol=1e-5)
    assert network.target_layer[0] == "densenet/conv1_relu"
    expected = [(info.name, info.kind) for info in network.layers]
    assert [tuple(ref) for ref in model_file.read_layers(path)] == expected


def test_a_channel_order_that_the_model_turns_itself(tmp_path):
    turned = operation("__operators__.getitem", "tf.getitem", "random_flip")
    turned["class_name"] = "SlicingOpLambda"
    backwards = [{"class_name": "__ellipsis__"}, {"start": None, "stop": None, "step": -1}]
    turned["inbound_nodes"][0][3]["slice_spec"] = backwards
    mean = [-103.939, -116.779, -123.68]
    shifted = operation("nn.bias_add", "tf.nn.bias_add", "tf.getitem", bias=mean)
    path = write_h5(tmp_path / "m.h5", "2.9.0", tutorial([turned, shifted]), TUTORIAL_WEIGHTS)
    scores = Network(load(str(path)).model).run(tf.constant(IMAGES))
    expected = tutorial_logits(IMAGES[..., ::-1] + np.float32(mean))
    np.testing.assert_allclose(scores, expected, rtol=1e-4)


def test_a_constant_before_the_tensor_and_two_tensors(tmp_path):
    turned = operation("math.subtract", "negative", "random_flip")
    turned["inbound_nodes"] = [["_CONSTANT_VALUE", -1, 255.0, {"y": ["random_flip", 0, 0]}]]
    summed = operation("__operators__.add", "sum", "negative", y=["random_flip", 0, 0])
    path = write_h5(tmp_path / "m.h5", "2.9.0", tutorial([turned, summed]), TUTORIAL_WEIGHTS)
    scores = Network(load(str(path)).model).run(tf.constant(IMAGES))
    np.testing.assert_allclose(scores, tutorial_logits(np.full_like(IMAGES, 255)), rtol=1e-4)


def test_layers_whose_arguments_are_gone(tmp_path):
    given = {"depth_multiplier": 1, "groups": 1, "kernel_size": [3, 3]}
    config = functional(
        "m",
        [
            entry("in", 10),
            layer("DepthwiseConv2D", "depth", "in", **given),
            layer(
                "SeparableConv2D",
                "separable",
                "depth",
                **given,
                filters=2,
                kernel_initializer={"class_name": "Zeros", "config": {}},
            ),
            layer("LeakyReLU", "leaky", "separable", alpha=0.25),
            layer(
                "Conv2DTranspose",
                "up",
                "leaky",
                filters=2,
                kernel_size=[2, 2],
                groups=1,
                dtype={"class_name": "Policy", "config": {"name": "float32"}},
            ),
            layer("GlobalAveragePooling2D", "average", "up"),
        ],
    )
    depth, separable, point, up = (
        drawn(3, 3, 3, 1),
        drawn(3, 3, 3, 1),
        drawn(1, 1, 3, 2),
        drawn(2, 2, 2, 2),
    )
    weights = {
        "depth": {"depth/depthwise_kernel:0": depth, "depth/bias:0": np.zeros(3, np.float32)},
        "separable": {
            "separable/depthwise_kernel:0": separable,
            "separable/pointwise_kernel:0": point,
            "separable/bias:0": np.zeros(2, np.float32),
        },
        "up": {"up/kernel:0": up, "up/bias:0": np.zeros(2, np.float32)},
    }
    path = write_h5(tmp_path / "m.h5", "2.12.0", config, weights)
    network = Network(load(str(path)).model)

    def by_channel(x, kernel):
        return np.einsum("bijchw,hwc->bijc", sliding_window_view(x, (3, 3), (1, 2)), kernel[..., 0])

    x = by_channel(by_channel(IMAGES / 255, depth), separable) @ point[0, 0]
    x = np.where(x > 0, x, 0.25 * x)
    # The mean of a transposed convolution: each input pixel adds its kernel once to the 7 x 7 map.
    expected = np.einsum("bc,hwdc->bd", x.sum(axis=(1, 2)), up) / 49
    np.testing.assert_allclose(network.run(tf.constant(IMAGES / 255)), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("scaling", "message"),
    [
        (
            [operation("image.resize", "tf.image.resize", "random_flip", size=[10, 10])],
            "its operation tf.image.resize was saved by Keras 2",
        ),
        (
            [layer("Activation", "odd", "random_flip", activation="hard_sigmoid")],
            "layer 'odd' uses hard_sigmoid, which Keras 3 computes differently",
        ),
    ],
)
def test_what_would_be_computed_differently_is_refused(scaling, message, tmp_path):
    path = write_h5(tmp_path / "m.h5", "2.15.0", tutorial(scaling), TUTORIAL_WEIGHTS)
    with pytest.raises(AuditError, match=message) as refusal:
        load(str(path))
    assert "\n" not in str(refusal.value)
