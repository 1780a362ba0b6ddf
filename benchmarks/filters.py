"""Compare the time of one layer's filters with the least work, with one filter at a time and with
tf-keras-vis; compare the forecast for all filters of VGG16 with its measured time.

The least work is forward pass and input gradient of the model cut at the layer, at the same batch
size and for the same number of steps, without the compilation that ours includes. Ours can be
faster, because it computes only one channel per image of the last convolution. One at a time is the
same with batches of one image.

python benchmarks/filters.py
"""

import bench  # before TensorFlow, whose kernels it chooses

# isort: split

import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import figures
from convaudit.feature_visualization import ascent
from convaudit.feature_visualization.parameterization import Pixels
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS
from convaudit.provenance import THREADS
from peer import Peer

BATCH, CHANNELS, SIZE, STEPS = 16, 64, 64, 40
LAYERS = {"SqueezeNet": "conv2d_15", "VGG16": "block3_conv1"}
SINGLES = {"SqueezeNet": 8, "VGG16": 4}
"""Number of channels in the runs with one channel at a time; the times are per channel."""
PEERS = {"SqueezeNet": 64, "VGG16": 16}
"""Number of channels of tf-keras-vis in batches."""
REPEATS = {"SqueezeNet": 3, "VGG16": 2}
SLICE, SLICE_STEPS = 16, 10
NOTHING = SCALINGS["none"]
DETAILS = """## Filters

The table gives milliseconds per channel and step: {channels} channels, {steps} steps, images of
{size} pixels, batches of {batch}, {threads} threads; medians of rounds in which the programs take
turns. "Least" is the forward pass and the input gradient of the network that is cut at the layer;
"one at a time" is the same with one image per batch. Our time includes compiling, theirs does not.
We compute only each image's own channel of the last convolution, so our time can be below "least".
One image of a large convolution already keeps both cores busy, so batches can save little there.
tf-keras-vis {version} does the same ascent (no modifiers or regularisers, the gradient divided by
its root mean square, a step of 1) in its own batches, then one channel at a time. From the same
noise its final activations differ from ours by at most {off:.0e} of the largest.

{times}
VGG16's 13 convolutions have {total:,} channels. For {size} pixels and {steps} steps the forecast is
{hours:.1f} hours on this machine. A smaller job tests the forecast: for {slice} channels of each
convolution and {few} steps it was {forecast:.0f} s, and the job took {measured:.0f} s.
"""


def measure() -> figures.Part:
    found, times, off = [], [], 0.0
    models = bench.models()
    for name, model in models.items():
        ms, other, version = _compare(model, name)
        off = max(off, other)
        ours = ms["ours"]
        for side, bar, what, against in (
            ("least", 0.9, "least work / ours", "forward and input gradient of the cut network"),
            ("one at a time", 1.8, "one at a time / ours", "the cut network, one image at a time"),
            ("tf-keras-vis", 2, "tf-keras-vis / ours", "its batches"),
            ("tf-keras-vis singly", 2, "tf-keras-vis, one channel at a time / ours", "its loop"),
        ):
            title = f"filters of one layer, {name}: {what}"
            found.append(figures.Figure(title, ms[side] / ours, bar, True, against))
        times.append([f"{name} {LAYERS[name]}", *(f"{value:.2f}" for value in ms.values())])
    network = Network(models["VGG16"])
    counts = {x.name: x.shape[-1] or 0 for x in network.layers if x.convolution}
    measured, forecast = _slice(network, list(counts))
    how = {"scaling": NOTHING, "size": SIZE, "batch": BATCH}
    whole = ascent.estimate_seconds(network, counts, steps=STEPS, **how)
    off_by = max(measured / forecast, forecast / measured)
    made = f"forecast {forecast:.0f} s, measured {measured:.0f} s"
    found.append(figures.Figure("all filters of VGG16, forecast", off_by, 1.2, False, made))
    details = DETAILS.format(
        channels=CHANNELS,
        steps=STEPS,
        size=SIZE,
        batch=BATCH,
        threads=THREADS,
        version=version,
        off=off,
        times=figures.table(["layer", *ms], times),
        total=sum(counts.values()),
        hours=whole / 3600,
        slice=SLICE,
        few=SLICE_STEPS,
        forecast=forecast,
        measured=measured,
    )
    return figures.Part(found, details)


def _compare(model: keras.Model, name: str) -> tuple[dict[str, float], float, str]:
    """Milliseconds per channel and step by side; the largest difference of tf-keras-vis's final
    activations from ours; its version.
    """
    network, layer, singles, batched = Network(model), LAYERS[name], SINGLES[name], PEERS[name]
    free = _cut(model, layer)
    with tempfile.TemporaryDirectory() as created:
        folder = Path(created)
        free.save(folder / "model.keras")
        np.save(folder / "numbers.npy", np.arange(batched))
        np.save(folder / "inputs.npy", np.stack([_start(layer, at) for at in range(batched)]))
        given = {"folder": created, "layer": layer, "batch": BATCH, "threads": THREADS}
        peer = Peer("tf-keras-vis", given | {"steps": STEPS, "singles": singles})
        peer.ask("save filters")
        theirs = np.load(folder / "tf-keras-vis.npy")
        ours = _maximise(network, layer, BATCH, BATCH).end
        off = float(np.abs(theirs - ours).max() / ours.max())
        assert off < 1e-2, f"the activations differ by {off}"
        sides = {
            "ours": lambda: _maximise(network, layer, CHANNELS, BATCH),
            "least": _cut_steps(free, BATCH, CHANNELS),
            "one at a time": _cut_steps(free, 1, singles),
            "tf-keras-vis": lambda: peer.ask("filters in batches"),
            "tf-keras-vis singly": lambda: peer.ask("filters one by one"),
        }
        seconds = bench.medians(sides, REPEATS[name])
        version = peer.ask("version")
        peer.close()
    alone = dict.fromkeys(["one at a time", "tf-keras-vis singly"], singles)
    channels = dict.fromkeys(sides, CHANNELS) | {"tf-keras-vis": batched} | alone
    ms = {side: seconds[side] / channels[side] / STEPS * 1000 for side in sides}
    return ms, off, version


def _start(layer: str, channel: int) -> np.ndarray:
    """The noise that ``ascent.maximise`` starts from."""
    seeds = [0, zlib.crc32(layer.encode()), channel]
    return Pixels(NOTHING, SIZE).initial(np.random.default_rng(seeds))


def _maximise(network: Network, layer: str, channels: int, batch: int) -> ascent.Patterns:
    return ascent.maximise(
        network, layer, np.arange(channels), scaling=NOTHING, size=SIZE, steps=STEPS, batch=batch
    )


def _cut(model: keras.Model, layer: str) -> keras.Model:
    """The model up to the layer, for images of any size."""
    cut = keras.Model(model.input, model.get_layer(layer).output)
    free = keras.models.clone_model(cut, input_tensors=keras.Input((None, None, 3)))
    free.set_weights(cut.get_weights())
    return free


def _cut_steps(free: keras.Model, batch: int, channels: int) -> Callable[[], None]:
    """Make a function that runs forward pass and input gradient of the cut network as often as the
    ascent does.
    """

    @tf.function(autograph=False)
    def step(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            y = free(x, training=False)
        return tape.gradient(y, x)

    noise = np.random.default_rng(0).uniform(128, 148, (batch, SIZE, SIZE, 3))
    x = tf.constant(noise, tf.float32)

    def steps() -> None:
        for _ in range(STEPS * channels // batch):
            step(x).numpy()

    return steps


def _slice(network: Network, layers: list[str]) -> tuple[float, float]:
    """Seconds measured and forecast for a few channels of each layer and a few steps."""
    how = {"scaling": NOTHING, "size": SIZE, "steps": SLICE_STEPS, "batch": BATCH}
    forecast = ascent.estimate_seconds(network, dict.fromkeys(layers, SLICE), **how)
    began = time.perf_counter()
    for layer in layers:
        ascent.maximise(network, layer, np.arange(SLICE), **how)
    return time.perf_counter() - began, forecast


if __name__ == "__main__":
    figures.show(measure())
