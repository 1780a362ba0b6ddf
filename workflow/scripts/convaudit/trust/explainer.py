"""Maps and scores of a network for the tests of its maps, also with shuffled weights."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf

from convaudit.models.network import Network
from convaudit.models.scaling import Scaling
from convaudit.onepass import OnePass


class Explainer:
    """Maps and scores of a network, in batches of a fixed size.

    Args:
        network: the classifier.
        scaling: how pixels become its input.
        target_layer: the layer whose maps are weighted.
        method: a key of ``cam.METHODS``, or "scorecam".
        score: "logit" or "probability": the score that is differentiated.
        batch_size: images per call.

    Attributes:
        passes: number of images that went through the network so far.
    """

    def __init__(
        self,
        network: Network,
        scaling: Scaling,
        target_layer: str,
        *,
        method: str = "gradcam",
        score: str = "logit",
        batch_size: int = 32,
    ) -> None:
        self.passes = 0
        self._network = network
        self._scaling = scaling
        self._target_layer = target_layer
        self._batch_size = batch_size
        self._explain = OnePass(
            network, scaling, target_layer, [], method=method, score=score, batch_size=batch_size
        )
        height, width, _ = network.input_shape
        pixels = tf.TensorSpec((batch_size, height, width, 3), tf.uint8)
        classes = tf.TensorSpec((batch_size,), tf.int32)
        signature = pixels, classes
        self._scores = tf.function(self._own_score, input_signature=signature, autograph=False)
        self._parts = tf.function(self._sum_of_parts, input_signature=signature, autograph=False)

    def maps(self, pixels: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """The map (n, h, w) of each image's class (n,), for ``pixels`` (n, H, W, 3) uint8."""
        return self._batched(lambda p, c: (self._explain(p, c).maps,), pixels, classes)[0]

    def scores(self, pixels: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """The score (n,) of each image's class (n,), before softmax or sigmoid."""
        return self._batched(self._padded(self._scores), pixels, classes)[0]

    def incompleteness(self, pixels: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """(n,): relative error of the score as a sum over the positions of the target layer.

        |z - z0 - sum(A dz/dA)| / |z - z0| with the target layer's activations A and the score z0
        for A = 0. It is 0 if the layers behind are linear, such as a global average, and NaN if
        z = z0.
        """
        score, without, parts = self._batched(self._padded(self._parts), pixels, classes)
        difference = score - without
        off = np.abs(difference - parts)
        return np.divide(
            off, np.abs(difference), out=np.full_like(off, np.nan), where=difference != 0
        )

    @contextmanager
    def randomised(self) -> Iterator[list[str]]:
        """Shuffle the weights behind the target layer within the block; yield the layers' names.

        If no layer behind it has weights, the last layer with weights before it is shuffled: its
        channels are then the classes' scores. A weight's value stays, its position changes.
        """
        names = [layer.name for layer in self._network.layers]
        at = names.index(self._target_layer) + 1
        chosen = [name for name in names[at:] if self._network.layer(name).weights]
        chosen = chosen or [name for name in names[:at] if self._network.layer(name).weights][-1:]
        kept = {}
        random = np.random.default_rng(0)
        for name in chosen:
            for place, weight in enumerate(self._network.layer(name).weights):
                values = np.array(weight)
                kept[name, place] = values
                weight.assign(random.permutation(values.ravel()).reshape(values.shape))
        try:
            yield chosen
        finally:
            for (name, place), values in kept.items():
                self._network.layer(name).weights[place].assign(values)

    def _own_score(self, pixels: tf.Tensor, classes: tf.Tensor) -> tuple[tf.Tensor]:
        return (self._of_class(self._network.run(self._input(pixels)), classes),)

    def _sum_of_parts(self, pixels: tf.Tensor, classes: tf.Tensor) -> tuple[tf.Tensor, ...]:
        found: list[tf.Tensor] = []
        with tf.GradientTape(watch_accessed_variables=False) as tape:

            def watch(name: str, tensor: tf.Tensor) -> tf.Tensor:
                if name == self._target_layer:
                    tape.watch(tensor)
                    found.append(tensor)
                return tensor

            score = self._of_class(self._network.run(self._input(pixels), watch), classes)
        gradients = tape.gradient(score, found[0], unconnected_gradients="zero")
        parts = tf.reduce_sum(tf.cast(gradients * found[0], tf.float32), axis=(1, 2, 3))

        def silence(name: str, tensor: tf.Tensor) -> tf.Tensor:
            return tf.zeros_like(tensor) if name == self._target_layer else tensor

        without = self._of_class(self._network.run(self._input(pixels), silence), classes)
        return score, without, parts

    def _input(self, pixels: tf.Tensor) -> Any:
        return self._scaling.apply(tf.cast(pixels, tf.float32))

    def _of_class(self, scores: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        if self._network.head == "binary":
            return scores[:, 0] * tf.cast(2 * classes - 1, tf.float32)
        return tf.gather(scores, classes, axis=1, batch_dims=1)

    def _padded(self, function: Callable) -> Callable:
        """Make a compiled function accept batches that are smaller than its batch size."""

        def call(pixels: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, ...]:
            more = self._batch_size - len(pixels)
            pixels = np.pad(pixels, ((0, more), (0, 0), (0, 0), (0, 0)))
            found = function(pixels, np.pad(classes, (0, more)).astype(np.int32))
            return tuple(tensor.numpy()[: len(pixels) - more] for tensor in found)

        return call

    def _batched(
        self, function: Callable, pixels: np.ndarray, classes: np.ndarray
    ) -> list[np.ndarray]:
        self.passes += len(pixels)
        starts = range(0, len(pixels), self._batch_size)
        found = [
            function(
                pixels[start : start + self._batch_size], classes[start : start + self._batch_size]
            )
            for start in starts
        ]
        return [np.concatenate(each) for each in zip(*found, strict=True)]
