"""The one pass: each image goes through the network once, and all that is asked comes of it."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from convaudit.cam import METHODS
from convaudit.network import Network
from convaudit.scaling import Scaling
from convaudit.scorecam import scorecam


class LayerStatistics(NamedTuple):
    """Of one layer, per image and channel (B, C), float32, over the positions of its map.

    Mean, mean of squares, maximum, the share of positions over zero, and where the maximum is: the
    centre of its row and of its column, 0 top or left, 1 bottom or right.
    """

    mean: np.ndarray
    square: np.ndarray
    maximum: np.ndarray
    active: np.ndarray
    y: np.ndarray
    x: np.ndarray


class Batch(NamedTuple):
    """What the pass finds out about B images.

    scores (B, units) before softmax or sigmoid; probabilities (B, classes); explained (B,), the
    class that each map explains; maps (B, h, w) at the target layer's resolution, float32, not
    normalised, never negative, all zero where nothing speaks for the class; layers: statistics
    by name; activations: the watched layers' outputs (B, ...), float32, by name, where asked for.
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
        target_layer: the layer whose maps are weighted.
        watched: names of the layers with channel statistics.
        method: a key of ``cam.METHODS``, or "scorecam".
        score: "logit" or "probability", what is differentiated.
        keep: give the watched layers' outputs themselves too.
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
        *found, layers, kept = self._compiled(pixels, classes)
        scores, probabilities, explained, maps = (tensor.numpy()[:count] for tensor in found)
        statistics = {
            name: LayerStatistics(*stacked.numpy()[:, :count]) for name, stacked in layers.items()
        }
        # One layer at a time is there twice: of VGG16, a batch of 32 has 2 GB.
        activations = {name: kept.pop(name).numpy()[:count] for name in list(kept)}
        return Batch(scores, probabilities, explained, maps, statistics, activations)

    def _run(self, pixels: tf.Tensor, classes: tf.Tensor) -> tuple:
        """One forward pass; gradients only from the score back to the target layer."""
        target: list[tf.Tensor] = []
        layers: dict[str, _Reductions] = {}
        kept: dict[str, tf.Tensor] = {}
        x = self._scaling.apply(tf.cast(pixels, tf.float32))
        with tf.GradientTape(watch_accessed_variables=False) as tape:

            def visit(name: str, tensor: tf.Tensor) -> tf.Tensor:
                if name in self._watched:
                    with tape.stop_recording():
                        layers[name] = _reductions(tensor)
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
        return scores, probabilities, explained, maps, _statistics(layers), kept

    def _score_of(self, inputs: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        scores = self._network.run(inputs)
        return self._own_score(scores, self._network.probabilities(scores), classes)

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


class _Reductions(NamedTuple):
    """What reads a layer's maps (B, h, w, C): each value is (B, C), over the positions of a map.

    Sum, Euclidean norm, maximum, number of positions over zero, and the row and the column with
    the maximum, as numbers from 0.
    """

    total: tf.Tensor
    norm: tf.Tensor
    maximum: tf.Tensor
    active: tf.Tensor
    row: tf.Tensor
    column: tf.Tensor
    shape: tuple[int, int, int]


def _reductions(activations: tf.Tensor) -> _Reductions:
    """Each is a reduction that reads the map once and writes no copy of it.

    The maps are large and all this is memory traffic. A product with ones is the fastest sum,
    pooling the fastest maximum, and the Euclidean norm the only sum of squares without a
    copy. Where the maximum is follows from the maxima of rows and of columns: ``tf.argmax`` over a
    whole map takes as long as all the rest together.
    """
    x = tf.cast(activations, tf.float32)
    _, height, width, channels = x.shape
    flat = tf.reshape(x, (-1, height * width, channels))
    ones = tf.ones((tf.shape(x)[0], 1, height * width))
    rows = tf.nn.max_pool2d(x, (1, width), (1, width), "VALID")[:, :, 0]
    columns = tf.nn.max_pool2d(x, (height, 1), (height, 1), "VALID")[:, 0]
    return _Reductions(
        tf.reshape(tf.matmul(ones, flat), (-1, channels)),
        tf.math.reduce_euclidean_norm(flat, axis=1),
        tf.reduce_max(rows, axis=1),
        _active(x),
        tf.argmax(rows, axis=1, output_type=tf.int32),
        tf.argmax(columns, axis=1, output_type=tf.int32),
        (height, width, channels),
    )


def _statistics(layers: dict[str, _Reductions]) -> dict[str, tf.Tensor]:
    """``LayerStatistics`` stacked, (6, B, C), by layer.

    The layers' channels are put side by side first: dozens of layers of small operations each
    would take longer to compile and to run than to read the maps.
    """
    if not layers:
        return {}
    *found, shapes = zip(*layers.values(), strict=True)
    total, norm, maximum, active, row, column = (
        tf.cast(tf.concat(parts, axis=1), tf.float32) for parts in found
    )
    heights, widths, channels = np.array(shapes).T
    height, width = (np.repeat(side, channels).astype(np.float32) for side in (heights, widths))
    size = height * width
    values = [total / size, norm**2 / size, maximum, active / size]
    places = [(row + 0.5) / height, (column + 0.5) / width]
    stacked = tf.stack(values + places)
    return dict(zip(layers, tf.split(stacked, channels, axis=2), strict=True))


def _active(x: tf.Tensor) -> tf.Tensor:
    """The number of positions over zero, (B, C).

    Where they fit, counts of a row are bytes, and eight channels' bytes are added as one integer.
    """
    _, height, width, channels = x.shape
    if width > 255 or channels % 8:
        return tf.reduce_sum(tf.cast(x > 0, tf.float32), axis=(1, 2))
    on = tf.reshape(tf.cast(x > 0, tf.uint8), (-1, height, width, channels // 8, 8))
    rows = tf.bitcast(tf.reduce_sum(tf.bitcast(on, tf.int64), axis=2), tf.uint8)
    counts = tf.reduce_sum(tf.cast(rows, tf.float32), axis=1)
    return tf.reshape(counts, (-1, channels))
