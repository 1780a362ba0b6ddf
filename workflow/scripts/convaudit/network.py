"""A classifier as the audit needs it: layers by name, scores before softmax, a target layer."""

from collections.abc import Callable
from contextlib import contextmanager
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np

from convaudit.errors import AuditError
from convaudit.graph import Step, ancestors, flatten, run
from convaudit.modelfile import is_convolution, is_watched, layer_id, require_layer

Visit = Callable[[str, Any], Any]


class LayerInfo(NamedTuple):
    """A layer: its name, file-name id, Keras class, output shape without batch, parameters."""

    name: str
    id: str
    kind: str
    shape: tuple[int | None, ...]
    parameters: int
    watched: bool
    convolution: bool


class Network:
    """A Keras image classifier, flattened.

    Attributes:
        input_shape: (height, width, 3) of the images; 224 where the model leaves a side open.
        classes: number of classes; two for a single unit.
        head: ``softmax``, ``sigmoid`` (several labels an image), ``binary`` (one unit) or
            ``logits``.
        layers: every layer, in order.
    """

    def __init__(self, model: keras.Model, output: str | None = None) -> None:
        graph = flatten(model)
        shape = tuple(model.inputs[0].shape)
        self.input_shape = _image_shape(shape)
        value = graph.outputs[_output_index(model, output)]
        self._input = graph.input
        self._steps = ancestors(graph.steps, [value])
        self._by_name = {step.name: step for step in graph.steps}
        scores, self._head_layer, activation = _find_head(self._steps, value)
        self._scores = scores
        self._to_scores = ancestors(self._steps, [scores])
        units = next(step.shape[-1] for step in self._to_scores if scores in step.writes)
        self.head = _head_kind(activation, units)
        self.classes = 2 if units == 1 else units
        self.layers = [_info(step) for step in self._steps]
        self._check(model, output)

    @property
    def target_layer(self) -> tuple[str, str]:
        """The last layer before the head whose output is still an image, and why it is that."""
        for step in reversed(self._to_scores):
            if len(step.shape) == 4 and max(side or 2 for side in step.shape[1:3]) > 1:
                return step.name, "the last 4-D activation with a spatial side over 1"
        raise AuditError("the model has no layer with a spatial side over 1: it is no convnet")

    def run(self, x: Any, visit: Visit | None = None, until: str | None = None) -> Any:
        """Run the network in inference mode; usable within a ``tf.function``.

        Args:
            x: (B, H, W, 3) in the units of the network's input.
            visit: called with name and output of each layer; what it returns is used further on.
            until: stop after this layer, running only what it needs, so other sizes are fine.

        Returns:
            Scores (B, classes) before softmax or sigmoid as float32, one column for ``binary``;
            with ``until``, the output of that layer.
        """
        if until is not None:
            require_layer(until, list(self._by_name), key="layer")
            wanted, steps = self._by_name[until].writes[0], None
            steps = ancestors(self._steps, [wanted])
            return run(steps, {self._input: x}, visit)[wanted]
        with _linear(self._head_layer):
            scores = run(self._to_scores, {self._input: x}, visit)[self._scores]
        scores = keras.ops.cast(scores, "float32")
        return keras.ops.reshape(scores, (-1, scores.shape[-1]))

    def activations(self, x: Any, layers: list[str]) -> dict[str, np.ndarray]:
        """The outputs of layers, as float32 arrays by name, for inputs (B, H, W, 3)."""
        found: dict[str, np.ndarray] = {}

        def visit(name: str, tensor: Any) -> Any:
            if name in layers:
                found[name] = keras.ops.convert_to_numpy(keras.ops.cast(tensor, "float32"))
            return tensor

        self.run(x, visit)
        return found

    def probabilities(self, scores: Any) -> Any:
        """Softmax or sigmoid of scores (B, units), as (B, classes); binary gives both classes."""
        if self.head == "binary":
            second = keras.ops.sigmoid(scores)
            return keras.ops.concatenate([1 - second, second], axis=-1)
        if self.head == "sigmoid":
            return keras.ops.sigmoid(scores)
        return keras.ops.softmax(scores, axis=-1)

    def _check(self, model: keras.Model, output: str | None) -> None:
        """The scores must lead to what the model itself says."""
        noise = np.random.default_rng(0).uniform(-1, 1, (2, *self.input_shape)).astype(np.float32)
        said = keras.tree.flatten(model(noise, training=False))[_output_index(model, output)]
        said = keras.ops.convert_to_numpy(keras.ops.cast(said, "float32")).reshape(2, -1)
        scores = self.run(noise)
        if self.head != "logits":
            scores = self.probabilities(scores)
        ours = keras.ops.convert_to_numpy(scores)[:, -said.shape[1] :]
        tolerance = 1e-5 if model.compute_dtype == "float32" else 1e-2
        if not np.allclose(ours, said, atol=tolerance):
            raise AuditError(
                f"the scores before {self.head} do not lead to the model's own output "
                f"(off by {np.abs(ours - said).max():.1e}): its head is of a kind not known here"
            )


def _image_shape(shape: tuple[int | None, ...]) -> tuple[int, int, int]:
    if len(shape) != 4 or shape[-1] != 3:
        raise AuditError(
            f"the model's input is {shape[1:]}, not (height, width, 3): convaudit audits "
            "classifiers of RGB images, channels last"
        )
    return (shape[1] or 224, shape[2] or 224, 3)


def _output_index(model: keras.Model, output: str | None) -> int:
    names = list(getattr(model, "output_names", ["output"]))
    if output is None and len(names) == 1:
        return 0
    if output in names:
        return names.index(output)
    raise AuditError(f"config: output: the model has the outputs {', '.join(names)}: choose one")


_ACTIVATIONS = ("softmax", "sigmoid")
_SHAPERS = ("Flatten", "Reshape", "Dropout", "Identity", "Squeeze")


def _find_head(steps: list[Step], value: int) -> tuple[int, Any, str]:
    """Walk back from the output over layers that only reshape, to the final activation.

    Returns:
        The value that holds the scores, the layer whose activation must be made linear (or None
        where the activation is a layer of its own and is left out), and the activation's name.
    """
    while True:
        step = next(step for step in steps if value in step.writes)
        kind = type(step.layer).__name__
        activation = getattr(getattr(step.layer, "activation", None), "__name__", None)
        if kind == "Softmax":
            return step.reads[0], None, "softmax"
        if kind == "Activation" and activation in _ACTIVATIONS:
            return step.reads[0], None, activation
        if activation in _ACTIVATIONS:
            return value, step.layer, activation
        if kind in _SHAPERS or (kind == "Activation" and activation == "linear"):
            value = step.reads[0]
            continue
        return value, None, "linear"


def _head_kind(activation: str, units: int) -> str:
    if units == 1:
        return "binary"
    return "logits" if activation == "linear" else activation


@contextmanager
def _linear(layer: Any) -> Iterator[None]:
    """Give a layer no activation for a while."""
    if layer is None:
        yield
        return
    kept, layer.activation = layer.activation, keras.activations.linear
    try:
        yield
    finally:
        layer.activation = kept


def _info(step: Step) -> LayerInfo:
    kind = type(step.layer).__name__
    count = getattr(step.layer, "count_params", None)
    return LayerInfo(
        step.name,
        layer_id(step.name),
        kind,
        step.shape[1:],
        count() if count else 0,
        is_watched(kind) and len(step.shape) == 4,
        is_convolution(kind) and len(step.shape) == 4,
    )
