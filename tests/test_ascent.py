"""Gradient ascent: a linear channel by hand, the notebook's loop, and planted patterns."""

import time
import zlib
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from convaudit.errors import AuditError
from convaudit.feature_visualization import ascent
from convaudit.feature_visualization.ascent import Patterns, maximise
from convaudit.feature_visualization.parameterization import Pixels
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS


def network_of(*stack: keras.Layer, shape: tuple[int | None, ...] = (32, 32, 3)) -> Network:
    keras.utils.set_random_seed(0)
    x = y = keras.Input(shape)
    for layer in stack:
        y = layer(y)
    return Network(keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(y))))


def set_kernel(layer: keras.Layer, kernel: np.ndarray, bias: float = 0) -> None:
    layer.set_weights([kernel.astype(np.float32), np.full(kernel.shape[-1], bias, np.float32)])


def noise(layer: str, channel: int, size: int) -> np.ndarray:
    generator = np.random.default_rng([0, zlib.crc32(layer.encode()), channel])
    return generator.uniform(128, 148, (size, size, 3)).astype(np.float32)


@pytest.mark.parametrize("name", SCALINGS)
def test_a_linear_channel_rises_as_worked_out(name: str) -> None:
    # Mean activation = mean over positions of w.x; its gradient is w/HW everywhere, of root mean
    # square |w|/sqrt(3)/HW. So a step of p adds p*sqrt(3)*w/|w| to each pixel, and p*sqrt(3)*|w|
    # to the activation. Large weights make the 1e-5 in the denominator vanish.
    conv = layers.Conv2D(2, 1, name="conv")
    network = network_of(conv)
    w = np.array([[300.0, -400.0], [0, 0], [0, 200.0]])
    set_kernel(conv, w[None, None])
    scaling = SCALINGS[name]
    found = maximise(network, "conv", np.arange(2), scaling=scaling, size=8, steps=5, step_size=2)
    for channel in range(2):
        length = np.linalg.norm(w[:, channel])
        start = noise("conv", channel, 8)
        x = start if scaling.grey_level == 1 else scaling.apply(start)
        assert found.start[channel] == pytest.approx((x @ w[:, channel]).mean(), rel=1e-4)
        rise = 5 * 2 * scaling.grey_level * np.sqrt(3) * length
        assert found.end[channel] - found.start[channel] == pytest.approx(rise, rel=1e-3)
    assert not found.dead.any()


def notebook_pattern(model: keras.Model, layer: str, channel: int, size: int, steps: int):
    """Listings 5-37 and 5-38 for one filter, from the same noise."""
    cut = keras.Model(model.input, model.get_layer(layer).output)
    x = noise(layer, channel, size)[None]
    for _ in range(steps):
        with tf.GradientTape() as tape:
            variable = tf.constant(x)
            tape.watch(variable)
            loss = tf.reduce_mean(cut(variable)[:, :, :, channel])
        grads = tape.gradient(loss, variable).numpy()
        x = x + grads / (np.sqrt(np.mean(np.square(grads))) + 1e-5)
    end = float(tf.reduce_mean(cut(x)[..., channel]))
    x = x[0] - x.mean()
    x = x / (x.std() + 1e-5) * 0.1 + 0.5
    return (np.clip(x, 0, 1) * 255).astype(np.uint8), end


def deep() -> keras.Model:
    keras.utils.set_random_seed(3)
    x = keras.Input((None, None, 3))
    y = layers.Conv2D(8, 3, activation="relu", name="first")(x)
    y = layers.MaxPooling2D(name="pool")(y)
    y = layers.Conv2D(10, 3, activation="relu", padding="same", name="second")(y)
    return keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(y)))


@pytest.mark.parametrize("layer", ["first", "pool", "second"])
def test_the_notebooks_loop_one_filter_at_a_time(layer: str) -> None:
    model = deep()
    channels = np.arange(8)
    found = maximise(
        Network(model), layer, channels, scaling=SCALINGS["none"], size=24, steps=12, batch=3
    )
    for channel in channels:
        image, end = notebook_pattern(model, layer, channel, 24, 12)
        assert found.end[channel] == pytest.approx(end, rel=1e-4)
        difference = np.abs(found.images[channel].astype(int) - image)
        assert difference.max() <= 1
        assert difference.mean() < 0.01


def test_a_channel_does_not_depend_on_its_company() -> None:
    network = Network(deep())
    every = maximise(network, "second", np.arange(10), scaling=SCALINGS["tf"], size=16, steps=5)
    two = maximise(
        network, "second", np.array([9, 4]), scaling=SCALINGS["tf"], size=16, steps=5, batch=2
    )
    assert np.allclose(two.end, every.end[[9, 4]], rtol=1e-4)
    assert np.abs(two.images.astype(int) - every.images[[9, 4]]).max() <= 1
    again = maximise(network, "second", np.arange(10), scaling=SCALINGS["tf"], size=16, steps=5)
    assert all(np.array_equal(a, b) for a, b in zip(every, again, strict=True))


def test_planted_stripes_are_found() -> None:
    # The filter is a wave of period 4 along a row, so the rows of its pattern must be one too.
    conv = layers.Conv2D(1, (1, 8), padding="same", activation="relu", name="stripes")
    network = network_of(conv)
    wave = np.cos(2 * np.pi * np.arange(8) / 4)[None, :, None, None] * np.ones((1, 1, 3, 1))
    set_kernel(conv, wave)
    found = maximise(network, "stripes", np.array([0]), scaling=SCALINGS["none"], size=64)
    rows = found.images[0].mean(-1)
    spectrum = np.abs(np.fft.rfft(rows - rows.mean(1, keepdims=True)))
    assert spectrum.mean(0).argmax() == 64 / 4


@pytest.mark.parametrize(("name", "brightest"), [("none", 0), ("caffe", 2), ("torch", 0)])
def test_the_first_input_channel_is_blue_where_the_network_takes_bgr(name, brightest) -> None:
    conv = layers.Conv2D(1, 1, name="conv")
    network = network_of(conv)
    set_kernel(conv, np.array([100.0, 0, 0]).reshape(1, 1, 3, 1))
    found = maximise(network, "conv", np.array([0]), scaling=SCALINGS[name], size=8)
    assert found.images[0].mean((0, 1)).argmax() == brightest


def test_a_channel_that_cannot_fire_is_dead_and_still_the_noise() -> None:
    conv = layers.Conv2D(2, 3, activation="relu", name="conv")
    network = network_of(conv)
    set_kernel(conv, np.ones((3, 3, 3, 2)))
    kernel, _ = conv.get_weights()
    conv.set_weights([kernel, np.array([0, -1e6], np.float32)])
    found = maximise(network, "conv", np.arange(2), scaling=SCALINGS["none"], size=16, steps=3)
    assert found.dead.tolist() == [False, True]
    assert found.start[1] == found.end[1] == 0
    still = noise("conv", 1, 16)
    expected = (still - still.mean()) / still.std() * 0.1 + 0.5
    assert np.abs(found.images[1] / 255 - expected).max() < 1 / 254


def test_a_layer_that_needs_more_pixels_gets_the_fewest_that_do() -> None:
    # Three 5x5 convolutions and a pooling by 2: ((s-4)/2-4)-4 is 1 from s = 22 on.
    stack = [layers.Conv2D(4, 5), layers.MaxPooling2D(), layers.Conv2D(4, 5)]
    network = network_of(*stack, layers.Conv2D(4, 5, name="deep"))
    found = maximise(network, "deep", np.array([1]), scaling=SCALINGS["unit"], size=8, steps=2)
    assert found.images.shape == (1, 22, 22, 3)


def test_a_layer_that_takes_no_square_image_is_refused_in_one_line() -> None:
    fixed = [layers.Flatten(), layers.Dense(48), layers.Reshape((4, 4, 3))]
    network = network_of(*fixed, layers.Conv2D(2, 3, name="conv"), shape=(8, 16, 3))
    with pytest.raises(AuditError, match=r"layer conv accepts no images of 64 x 64"):
        maximise(network, "conv", np.array([0]), scaling=SCALINGS["unit"])


@pytest.mark.parametrize(
    "layer",
    [
        layers.DepthwiseConv2D(3, depth_multiplier=2, name="it"),
        layers.SeparableConv2D(6, 3, name="it"),
        layers.Conv2DTranspose(6, 3, strides=2, name="it"),
        layers.AveragePooling2D(2, name="it"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_every_kind_of_layer(layer: keras.Layer) -> None:
    network = network_of(layers.Conv2D(6, 3), layer)
    found = maximise(network, "it", np.arange(4), scaling=SCALINGS["unit"], size=16, steps=3)
    assert (found.end > found.start).all()


def test_half_precision_climbs_too() -> None:
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = deep()
    finally:
        keras.mixed_precision.set_global_policy("float32")
    half = maximise(Network(model), "second", np.arange(4), scaling=SCALINGS["unit"], size=32)
    full = maximise(Network(deep()), "second", np.arange(4), scaling=SCALINGS["unit"], size=32)
    assert half.end.dtype == np.float32
    assert np.allclose(half.end, full.end, rtol=0.03)


@pytest.mark.parametrize("name", SCALINGS)
def test_fourier_climbs_with_every_scaling(name: str) -> None:
    found = maximise(
        Network(deep()), "second", np.arange(4), scaling=SCALINGS[name], start="fourier", size=21
    )
    assert (found.end > found.start).all()


def test_fourier_climbs_further_towards_what_is_coarse() -> None:
    # A wave of period 16: noise contains little of it, and forty grey levels add little.
    conv = layers.Conv2D(1, (1, 32), padding="same", activation="relu", name="wave")
    network = network_of(conv)
    wave = np.cos(2 * np.pi * np.arange(32) / 16)[None, :, None, None] * np.ones((1, 1, 3, 1))
    set_kernel(conv, wave)
    one = np.array([0])
    noisy, coarse = (
        maximise(network, "wave", one, scaling=SCALINGS["none"], start=start)
        for start in ("noise", "fourier")
    )
    assert coarse.end[0] > 1.5 * noisy.end[0]
    rows = coarse.images[0].mean(-1)
    spectrum = np.abs(np.fft.rfft(rows - rows.mean(1, keepdims=True)))
    assert spectrum.mean(0).argmax() == 64 / 16


def test_fourier_shows_blue_where_the_network_takes_bgr() -> None:
    conv = layers.Conv2D(1, 1, name="conv")
    network = network_of(conv)
    set_kernel(conv, np.array([100.0, -50, -50]).reshape(1, 1, 3, 1))
    one = np.array([0])
    for name, brightest in (("none", 0), ("caffe", 2)):
        found = maximise(network, "conv", one, scaling=SCALINGS[name], start="fourier", size=16)
        assert found.images[0].mean((0, 1)).argmax() == brightest


def test_fourier_wakes_a_silent_channel_and_calls_a_dead_one_dead() -> None:
    # Red minus blue, over a threshold far above every start; and one that no image reaches.
    conv = layers.Conv2D(2, 3, activation="relu", name="conv")
    network = network_of(conv)
    set_kernel(conv, np.ones((3, 3, 1, 1)) * np.array([1.0, 0, -1])[:, None] * np.ones((1, 2)))
    kernel, _ = conv.get_weights()
    conv.set_weights([kernel, np.array([-800, -1e6], np.float32)])
    both = np.arange(2)
    noisy = maximise(network, "conv", both, scaling=SCALINGS["none"], size=16)
    assert noisy.dead.all()
    found = maximise(network, "conv", both, scaling=SCALINGS["none"], start="fourier", size=16)
    assert found.dead.tolist() == [False, True]
    assert found.start.tolist() == [0, 0]
    assert found.end[0] > 0


def test_fourier_follows_the_seed_alone() -> None:
    network = Network(deep())

    def drawn(channels: list[int], **options: int) -> Patterns:
        return maximise(
            network,
            "second",
            np.array(channels),
            scaling=SCALINGS["tf"],
            start="fourier",
            size=16,
            steps=6,
            **options,
        )

    every = drawn([*range(10)])
    assert all(np.array_equal(a, b) for a, b in zip(every, drawn([*range(10)]), strict=True))
    for few in (drawn([9, 4], batch=2), drawn([9, 4], batch=1)):
        assert np.allclose(few.end, every.end[[9, 4]], rtol=1e-4)
        assert np.abs(few.images.astype(int) - every.images[[9, 4]]).max() <= 1
    other = drawn([*range(10)], seed=1)
    assert (np.abs(other.images.astype(int) - every.images).mean((1, 2, 3)) > 5).all()


@pytest.fixture
def tried(monkeypatch) -> list[int]:
    """The batch sizes for which functions are compiled; more than 4 images do not fit."""
    sizes: list[int] = []
    compile_one = ascent._compiled_step

    def pretended(*arguments: Any) -> Any:
        sizes.append(arguments[-1])
        rise = compile_one(*arguments)

        def run(x: tf.Tensor, *rest: Any) -> Any:
            if len(x) > 4:
                raise tf.errors.ResourceExhaustedError(None, None, "pretended")
            return rise(x, *rest)

        return run

    monkeypatch.setattr(ascent, "_compiled_step", pretended)
    return sizes


@pytest.mark.parametrize("start", ["noise", "fourier"])
def test_a_batch_that_does_not_fit_is_halved_with_the_same_result(start: str, tried) -> None:
    def drawn(batch: int) -> Patterns:
        return maximise(
            Network(deep()),
            "second",
            np.arange(7),
            scaling=SCALINGS["unit"],
            start=start,
            size=16,
            steps=4,
            batch=batch,
        )

    halved = drawn(16)
    assert tried == [16, 8, 4]
    assert all(np.array_equal(a, b) for a, b in zip(halved, drawn(4), strict=True))


@pytest.mark.parametrize(("size", "batch"), [(64, 16), (128, 16), (256, 4), (512, 1), (1024, 1)])
def test_large_images_are_few_at_a_time(size: int, batch: int, monkeypatch) -> None:
    # The pixels in a batch, and so memory, are constant: 16 images of 128 pixels, 1 of 512.
    monkeypatch.setattr(ascent, "_smallest_fitting", lambda *arguments: arguments)
    monkeypatch.setattr(ascent, "_optimise", lambda climb, *rest: climb)
    network = Network(deep())
    found = maximise(network, "second", np.arange(1), scaling=SCALINGS["unit"], size=size)
    assert found[-2] == batch


def test_fourier_climbs_for_a_network_of_grey_images() -> None:
    conv = layers.Conv2D(1, 3, activation="relu", name="conv")
    network = network_of(conv, shape=(16, 16, 1))
    # Bright in the middle, dark around: dots.
    kernel = -np.ones((3, 3, 1, 1))
    kernel[1, 1] = 8
    set_kernel(conv, kernel)
    found = maximise(
        network, "conv", np.array([0]), scaling=SCALINGS["none"], start="fourier", size=32
    )
    assert found.end[0] > 3 * found.start[0] > 0


def test_a_forecast_adds_up_what_was_measured_on_a_few_layers(monkeypatch) -> None:
    # Layer n takes n milliseconds a step and thirty to compile; 6 of the 11 are measured.
    parameterization = Pixels(SCALINGS["unit"], 8)
    prepared = []

    def fitting(network, layer, scaling, start, batch, size) -> Any:
        prepared.append(layer)
        time.sleep(0.03)

        def rise(x: tf.Tensor, *rest: Any) -> Any:
            time.sleep(int(layer) / 1000)
            return None, x

        return ascent._Ascent(batch, size, parameterization, rise)

    monkeypatch.setattr(ascent, "_smallest_fitting", fitting)
    counts = {str(layer): 40 for layer in range(1, 12)}
    found = ascent.estimate_seconds(None, counts, scaling=SCALINGS["unit"], size=8, steps=99)
    assert prepared == ["1", "3", "5", "7", "9", "11"]
    step = sum(range(1, 12)) / 1000
    expected = 11 * 0.03 + step + 3 * 100 * step  # 40 channels are 3 batches of 16
    assert 1 <= found / expected < 1.3
