"""The one pass: each image goes through the network once, and all that is asked comes of it."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from convaudit.cam import METHODS
from convaudit.network import Network
from convaudit.scaling import Scaling


class LayerStatistics(NamedTuple):
    """Of one layer, per image and channel (B, C), float32."""

    mean: np.ndarray
    square: np.ndarray
    maximum: np.ndarray
    active: np.ndarray


class Batch(NamedTuple):
    """What the pass finds out about B images.

    scores (B, units) before softmax or sigmoid; probabilities (B, classes); explained (B,), the
    class that each map explains; maps (B, h, w) at the target layer's resolution, float32, not
    normalised, never negative; layers: statistics by name.
    """

    scores: np.ndarray
    probabilities: np.ndarray
    explained: np.ndarray
    maps: np.ndarray
    layers: dict[str, LayerStatistics]


class OnePass:
    """The pass as one compiled function over batches of a fixed size.

    Args:
        network: the classifier.
        scaling: how pixels become its input.
        target_layer: the layer whose maps are weighted.
        watched: names of the layers with channel statistics.
        method: a key of ``cam.METHODS``.
        score: "logit" or "probability", what is differentiated.
        batch_size: images a call; fewer are padded, so nothing is compiled twice.
    """

    def __init__(
        self,
        network: Network,
        scaling: Scaling,
        target_layer: str,
        watched: list[str],
        *,
        method: str = "gradcam",
        score: str = "logit",
        batch_size: int = 32,
    ) -> None:
        self._network = network
        self._scaling = scaling
        self._target_layer = target_layer
        self._watched = frozenset(watched)
        self._method = METHODS[method]
        self._score = score
        self._batch_size = batch_size
        height, width, _ = network.input_shape
        pixels = tf.TensorSpec((batch_size, height, width, 3), tf.uint8)
        classes = tf.TensorSpec((batch_size,), tf.int32)
        self._compiled = tf.function(self._run, input_signature=(pixels, classes), autograph=False)

    def __call__(self, pixels: np.ndarray, classes: np.ndarray | None = None) -> Batch:
        """Look at images.

        Args:
            pixels: (B, H, W, 3) uint8 RGB at the network's size; B at most ``batch_size``.
            classes: (B,) the class to explain for each; -1, or None for all, means the predicted.
        """
        count = len(pixels)
        if classes is None:
            classes = np.full(count, -1, np.int32)
        padding = self._batch_size - count
        pixels = np.concatenate([pixels, np.zeros((padding, *pixels.shape[1:]), np.uint8)])
        classes = np.concatenate([classes, np.full(padding, -1)]).astype(np.int32)
        found = tf.nest.map_structure(
            lambda tensor: tensor.numpy()[:count], self._compiled(pixels, classes)
        )
        scores, probabilities, explained, maps, layers = found
        statistics = {name: LayerStatistics(*parts) for name, parts in layers.items()}
        return Batch(scores, probabilities, explained, maps, statistics)

    def _run(self, pixels: tf.Tensor, classes: tf.Tensor) -> tuple:
        target: list[tf.Tensor] = []
        layers: dict[str, tuple[tf.Tensor, ...]] = {}
        x = self._scaling.apply(tf.cast(pixels, tf.float32))
        with tf.GradientTape(watch_accessed_variables=False) as tape:

            def visit(name: str, tensor: tf.Tensor) -> tf.Tensor:
                if name in self._watched:
                    with tape.stop_recording():
                        layers[name] = _statistics(tensor)
                if name == self._target_layer:
                    tape.watch(tensor)
                    target.append(tensor)
                return tensor

            scores = self._network.run(x, visit)
            probabilities = self._network.probabilities(scores)
            explained = tf.where(classes < 0, self._predicted(scores), classes)
            own = self._own_score(scores, probabilities, explained)
        gradients = tape.gradient(own, target[0], unconnected_gradients="zero")
        maps = self._method(tf.cast(target[0], tf.float32), tf.cast(gradients, tf.float32))
        return scores, probabilities, explained, maps, layers

    def _predicted(self, scores: tf.Tensor) -> tf.Tensor:
        if self._network.head == "binary":
            return tf.cast(scores[:, 0] > 0, tf.int32)
        return tf.argmax(scores, axis=1, output_type=tf.int32)

    def _own_score(self, scores: Any, probabilities: Any, explained: Any) -> tf.Tensor:
        """Each image's score of its own class; a single unit speaks against the first class."""
        if self._score == "probability":
            return tf.gather(probabilities, explained, axis=1, batch_dims=1)
        if self._network.head == "binary":
            return scores[:, 0] * tf.cast(2 * explained - 1, tf.float32)
        return tf.gather(scores, explained, axis=1, batch_dims=1)


def _statistics(activations: tf.Tensor) -> tuple[tf.Tensor, ...]:
    x = tf.cast(activations, tf.float32)
    return (
        tf.reduce_mean(x, axis=(1, 2)),
        tf.reduce_mean(tf.square(x), axis=(1, 2)),
        tf.reduce_max(x, axis=(1, 2)),
        tf.reduce_mean(tf.cast(x > 0, tf.float32), axis=(1, 2)),
    )


def join(batches: list[Batch]) -> Batch:
    """The batches' images as one batch."""
    first = batches[0]
    arrays = [np.concatenate(parts) for parts in list(zip(*batches, strict=True))[:4]]
    layers = {
        name: LayerStatistics(
            *(np.concatenate(p) for p in zip(*(b.layers[name] for b in batches), strict=True))
        )
        for name in first.layers
    }
    return Batch(*arrays, layers)
