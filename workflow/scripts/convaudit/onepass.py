"""The one pass: a forward pass and one gradient give scores, saliency maps and statistics."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from convaudit.activations.reductions import LayerStatistics, channel_statistics
from convaudit.attribution.cam import METHODS
from convaudit.attribution.scorecam import scorecam
from convaudit.models.kernels import naming_the_layer
from convaudit.models.network import Network
from convaudit.models.scaling import Scaling

_REMEDY = "gradcam.method: scorecam needs no gradient"


class Batch(NamedTuple):
    """The results of B images.

    Attributes:
        scores: (B, units) before softmax or sigmoid.
        probabilities: (B, classes).
        explained: (B,) index of the class that each map explains.
        maps: (B, h, w) float32 at the target layer's resolution, not negative, not normalised; all
            0 if nothing supports the class.
        layers: statistics of the watched layers by name.
        activations: outputs (B, ...) of the watched layers by name, float32; empty unless asked
            for.
    """

    scores: np.ndarray
    probabilities: np.ndarray
    explained: np.ndarray
    maps: np.ndarray
    layers: dict[str, LayerStatistics]
    activations: dict[str, np.ndarray]


class OnePass:
    """The pass as one compiled function over batches of a fixed size.

    Args:
        network: the classifier.
        scaling: how pixels become its input.
        target_layer: name of the layer whose activation maps are weighted.
        watched: names of the layers with channel statistics.
        method: a key of ``cam.METHODS``, or "scorecam".
        score: "logit" or "probability": the score that is differentiated.
        keep: return the outputs of the watched layers too.
        batch_size: images in a call; a smaller batch is padded, so that nothing is compiled twice.
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
        keep: bool = False,
        batch_size: int = 32,
    ) -> None:
        self._network = network
        self._scaling = scaling
        self._target_layer = target_layer
        self._watched = frozenset(watched)
        self._method = method
        self._score = score
        self._keep = keep
        self._batch_size = batch_size
        height, width, _ = network.input_shape
        pixels = tf.TensorSpec((batch_size, height, width, 3), tf.uint8)
        classes = tf.TensorSpec((batch_size,), tf.int32)
        self._compiled = tf.function(self._run, input_signature=(pixels, classes), autograph=False)

    def __call__(self, pixels: np.ndarray, classes: np.ndarray | None = None) -> Batch:
        """Run images through the network.

        Args:
            pixels: (B, H, W, 3) uint8 RGB at the network's size, B <= ``batch_size``.
            classes: (B,) the class to explain for each image; -1 (or None for all) stands for the
                predicted class.

        Raises:
            AuditError: TensorFlow lacks a kernel or a gradient of one of the layers.
        """
        count = len(pixels)
        if classes is None:
            classes = np.full(count, -1, np.int32)
        padding = self._batch_size - count
        pixels = np.concatenate([pixels, np.zeros((padding, *pixels.shape[1:]), np.uint8)])
        classes = np.concatenate([classes, np.full(padding, -1)]).astype(np.int32)
        with naming_the_layer(self._network, _REMEDY):
            *found, layers, kept = self._compiled(pixels, classes)
        scores, probabilities, explained, maps = (tensor.numpy()[:count] for tensor in found)
        statistics = {
            name: LayerStatistics(*stacked.numpy()[:, :count]) for name, stacked in layers.items()
        }
        # Converted one layer at a time, to save memory: a batch of 32 takes 2 GB with VGG16.
        activations = {name: kept.pop(name).numpy()[:count] for name in list(kept)}
        return Batch(scores, probabilities, explained, maps, statistics, activations)

    def _run(self, pixels: tf.Tensor, classes: tf.Tensor) -> tuple:
        """One forward pass; gradients only from the score back to the target layer."""
        target: list[tf.Tensor] = []
        layers: dict[str, tf.Tensor] = {}
        kept: dict[str, tf.Tensor] = {}
        x = self._scaling.apply(tf.cast(pixels, tf.float32))
        with tf.GradientTape(watch_accessed_variables=False) as tape:

            def visit(name: str, tensor: tf.Tensor) -> tf.Tensor:
                if name in self._watched:
                    with tape.stop_recording():
                        layers[name] = channel_statistics(tensor)
                        if self._keep:
                            kept[name] = tf.cast(tensor, tf.float32)
                if name == self._target_layer:
                    tape.watch(tensor)
                    target.append(tensor)
                return tensor

            scores = self._network.run(x, visit)
            probabilities = self._network.probabilities(scores)
            explained = tf.where(classes < 0, self._predicted(scores), classes)
            own = self._own_score(scores, probabilities, explained)
            # Float16 would round small gradients to zero; a power of two is taken back exactly.
            factor = 1024.0 if target[0].dtype == tf.float16 else 1.0
            enlarged = own * factor
        activations = tf.cast(target[0], tf.float32)
        if self._method == "scorecam":
            maps = scorecam(lambda masked: self._score_of(masked, explained), x, activations)
        else:
            gradients = tape.gradient(enlarged, target[0], unconnected_gradients="zero")
            maps = METHODS[self._method](activations, tf.cast(gradients, tf.float32) / factor)
        return scores, probabilities, explained, maps, layers, kept

    def _score_of(self, inputs: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        scores = self._network.run(inputs)
        return self._own_score(scores, self._network.probabilities(scores), classes)

    def _predicted(self, scores: tf.Tensor) -> tf.Tensor:
        if self._network.head == "binary":
            return tf.cast(scores[:, 0] > 0, tf.int32)
        return tf.argmax(scores, axis=1, output_type=tf.int32)

    def _own_score(self, scores: Any, probabilities: Any, explained: Any) -> tf.Tensor:
        """Each image's class score; for a single unit the first class has the negative score."""
        if self._score == "probability":
            return tf.gather(probabilities, explained, axis=1, batch_dims=1)
        if self._network.head == "binary":
            return scores[:, 0] * tf.cast(2 * explained - 1, tf.float32)
        return tf.gather(scores, explained, axis=1, batch_dims=1)
