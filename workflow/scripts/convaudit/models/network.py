"""A classifier for the audit: layers by name, scores before softmax, a target layer."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from convaudit.errors import AuditError
from convaudit.models.facts import LayerInfo
from convaudit.models.graph import Step, ancestors, call, flatten, independent, run
from convaudit.models.head import Head, feature_ending, require_head
from convaudit.models.layers import is_convolution, is_watched, layer_id, require_layer

Visit = Callable[[str, Any], Any]

DEFAULT_SIDE = 224
"""Height or width of the images if the model leaves it open."""

_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)

_PASSING = (
    *("Dropout", "SpatialDropout2D", "AlphaDropout", "GaussianNoise", "GaussianDropout"),
    *("Identity", "ActivityRegularization"),
)


class Network:
    """A Keras image classifier, flattened.

    Attributes:
        input_shape: (height, width, 3) of the images; 224 where the model leaves a side open.
        grey: whether the model takes one channel. Its input is then the images' luminance with the
            weights of Pillow's "L", as in ``keras.utils.load_img(color_mode="grayscale")``.
        open_input: whether the model leaves a side open.
        outputs: names of the model's outputs.
        classes: number of classes; two for a single unit.
        head: ``softmax``, ``sigmoid`` (several labels per image), ``binary`` (one unit) or
            ``logits``.
        units: number of values per image in the audited output.
        ending: an ending of the network that no classifier has (``feature_ending``), or None.
        sigmoid: whether the output consists of one or several sigmoids.
        unit_length: whether the output vector for noise has length 1.
        layers: every layer, in the order in which they run.

    Args:
        model: a Sequential or functional model; anything may be nested in it.
        output: name of the output to audit, for a model with several.

    Raises:
        AuditError: the model is no image classifier, or can't be audited.
    """

    def __init__(self, model: keras.Model, output: str | None = None) -> None:
        graph = flatten(model)
        shape = _checked_shape(graph.input_shape, graph.steps)
        self.open_input = None in shape[1:3]
        self.grey = shape[3] == 1
        self.input_shape = (shape[1] or DEFAULT_SIDE, shape[2] or DEFAULT_SIDE, 3)
        self.outputs = _output_names(model)
        index = _output_index(self.outputs, output)
        self._input = graph.input
        self._steps = graph.steps
        self._by_name = {step.name: step for step in graph.steps}
        self._head = require_head(graph, graph.outputs[index])
        self.ending = feature_ending(graph, self._head)
        self._to_scores = ancestors(graph.steps, [self._head.scores])
        self._beside_scores = independent(graph.steps, self._head.scores)
        self._back: Callable[[Any], Any] | None = None
        shapes = self._verify(model, index)
        self.head = _head_kind(self._head, self._back)
        self.units = self._head.units
        self.sigmoid = self._head.activation == "sigmoid" or self._head.within_one
        self.classes = 2 if self._head.units == 1 else self._head.units
        self.layers = [_info(step, shapes.get(step.name, step.shape[1:])) for step in graph.steps]

    def require_maps(self, name: str, key: str) -> tuple[int | None, ...]:
        """The shape (h, w, channels) of a layer's output.

        Raises:
            AuditError: there is no such layer, or its output is no image.
        """
        require_layer(name, list(self._by_name), key=key)
        shape = next(layer.shape for layer in self.layers if layer.name == name)
        if len(shape) != 3:
            raise AuditError(f"{key}: the output of {name!r}, {shape}, is no image: leave it out")
        return shape

    def require_target(self, name: str, key: str) -> None:
        """Check that a layer can be the target of saliency maps.

        Raises:
            AuditError: there is no such layer, its output is no image, or the scores do not depend
                on it.
        """
        automatic = f"choose another, or auto, which is {self.target_layer[0]!r}"
        shape = self.require_maps(name, key)
        if max(side or 2 for side in shape[:2]) == 1:
            raise AuditError(f"{key}: the output of {name!r}, {shape}, is no image: {automatic}")
        if name not in {step.name for step in self._to_scores}:
            raise AuditError(f"{key}: no score depends on {name!r}: {automatic}")

    @property
    def target_layer(self) -> tuple[str, str]:
        """The last layer before the head whose output is an image, and the reason for it.

        Raises:
            AuditError: there is none.
        """
        shapes = {layer.name: layer.shape for layer in self.layers}
        for step in reversed(self._to_scores):
            shape = shapes[step.name]
            if (
                len(shape) == 3
                and max(side or 2 for side in shape[:2]) > 1
                and type(step.layer).__name__ not in _PASSING
            ):
                height, width, channels = shape
                return step.name, (
                    f"the last activation with a spatial side over 1: {height} x {width} with "
                    f"{channels} channels, after merges and activations" + self._beside(step)
                )
        raise AuditError("model: no layer has a spatial side over 1, so nothing can be located")

    @property
    def cuts(self) -> list[LayerInfo]:
        """Layers with an image as output that every path from input to scores passes, in running
        order.
        """
        by_name = {layer.name: layer for layer in self.layers}
        found = []
        for step in self._to_scores:
            layer = by_name[step.name]
            image = len(layer.shape) == 3 and min(layer.sides) > 1
            if image and type(step.layer).__name__ not in _PASSING and not self._beside(step):
                found.append(layer)
        return found

    def _beside(self, target: Step) -> str:
        """A remark if some paths from the input to the scores bypass the layer."""
        reached = {self._input}
        for step in self._to_scores:
            if step is not target and reached.intersection(step.reads):
                reached.update(step.writes)
        if self._head.scores not in reached:
            return ""
        return "; some paths to the scores bypass this layer, so its maps explain only part of them"

    def run(self, x: Any, visit: Visit | None = None, until: str | None = None) -> Any:
        """Run the network in inference mode. It may be called within a ``tf.function``.

        Args:
            x: (B, H, W, 3) in the units of the network's input.
            visit: called with name and output of each layer, also of those that the scores do not
                depend on; its return value replaces that output.
            until: stop after this layer and run only its inputs, so images of other sizes are
                possible.

        Returns:
            Scores (B, units) before softmax or sigmoid as float32, one column for ``binary``;
            with ``until``, the output of that layer.

        Raises:
            AuditError: ``until`` is no layer.
        """
        if until is not None:
            require_layer(until, list(self._by_name), key="layer")
            wanted = self._by_name[until].writes[0]
            steps = ancestors(self._steps, [wanted])
            return run(steps, {self._input: self._as_taken(x)}, visit)[wanted]
        steps = self._to_scores if visit is None else self._beside_scores
        with _linear(self._head.fused):
            scores = run(steps, {self._input: self._as_taken(x)}, visit)[self._head.scores]
        scores = keras.ops.reshape(keras.ops.cast(scores, "float32"), (-1, self._head.units))
        return self._back(scores) if self._back else scores

    @cached_property
    def traced(self) -> Callable[[Any], Any]:
        """``run`` without ``visit``, traced once for each shape of a batch: a third cheaper."""
        return tf.function(self.run, autograph=False)

    def layer(self, name: str) -> Any:
        """The Keras layer of that name."""
        return self._by_name[name].layer

    def given_to(self, name: str, x: Any) -> list[Any]:
        """The inputs of a layer, for inputs (B, H, W, 3) of the network."""
        reads = self._by_name[name].reads
        values = run(ancestors(self._steps, reads), {self._input: self._as_taken(x)})
        return [values[read] for read in reads]

    def one_by_one(self, x: Any) -> Iterator[tuple[Step, dict[int, Any]]]:
        """Yield each layer's call and its inputs, in order, for network inputs (B, H, W, 3).

        It ends before the first call that fails.
        """
        values = {self._input: self._as_taken(x)}
        for step in self._steps:
            yield step, {read: values[read] for read in step.reads}
            try:
                values.update(zip(step.writes, call(step, values), strict=True))
            except Exception:
                return

    def _as_taken(self, x: Any) -> Any:
        return keras.ops.tensordot(x, _LUMINANCE, 1)[..., None] if self.grey else x

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
        """Probabilities (B, classes) by softmax or sigmoid of scores (B, units); a binary head
        gives both classes.
        """
        if self.head == "binary":
            second = keras.ops.sigmoid(scores)
            return keras.ops.concatenate([1 - second, second], axis=-1)
        if self.head == "sigmoid":
            return keras.ops.sigmoid(scores)
        return keras.ops.softmax(scores, axis=-1)

    def _verify(self, model: keras.Model, index: int) -> dict[str, tuple[int, ...]]:
        """Check on noise that the scores reproduce the model's own output.

        An output that sums to one although no softmax ends the network (an average of several
        networks, for example) holds probabilities: the scores are their logarithms. For
        concatenated or averaged sigmoids the scores are the log odds.

        Returns:
            The shapes of the layers' outputs, without the batch.
        """
        exact = all(getattr(s.layer, "compute_dtype", "float32") == "float32" for s in self._steps)
        noise = np.random.default_rng(0).uniform(0, 1, (2, *self.input_shape)).astype(np.float32)
        if self.grey:
            noise[...] = noise[..., :1]
        # The noise is whole numbers, because a model may take integers; small ones, because half
        # precision may overflow.
        noise[0] = (noise[0] * (255 if exact else 1)).round()
        noise[1] = noise[1].round()
        shapes: dict[str, tuple[int, ...]] = {}

        def visit(name: str, tensor: Any) -> Any:
            shapes[name] = tuple(tensor.shape[1:])
            return tensor

        structure = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
        given = keras.tree.pack_sequence_as(structure, [noise[..., :1] if self.grey else noise])
        with _runnable():
            # This runs first, because its errors name the layer.
            scores = self.run(keras.ops.convert_to_tensor(noise), visit)
            said = _numpy(keras.tree.flatten(model(given, training=False))[index]).reshape(2, -1)
        ours = _numpy(_ACTIVATIONS[self._head.activation](scores))
        error = float(np.abs(ours - said).max() / max(1.0, np.abs(said).max()))
        if not error <= (1e-5 if exact else 2e-2):
            raise AuditError(
                f"model: its scores before {self._head.activation} do not give its own output "
                f"(difference {error:.1e}): convaudit does not support this kind of head, or the "
                "output is not finite"
            )
        self.unit_length = bool(np.allclose(np.linalg.norm(said, axis=1), 1, atol=1e-3))
        positive = self._head.activation == "linear" and self._head.units > 1 and said.min() >= 0
        if positive and np.allclose(said.sum(axis=1), 1, atol=1e-3):
            self._back = _logarithms
        elif self._head.within_one:
            self._back = _odds
        return shapes


_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "softmax": keras.ops.softmax,
    "log_softmax": keras.ops.log_softmax,
    "sigmoid": keras.ops.sigmoid,
    "linear": lambda scores: scores,
}


def _logarithms(probabilities: Any) -> Any:
    return keras.ops.log(keras.ops.maximum(probabilities, keras.config.epsilon()))


def _odds(probabilities: Any) -> Any:
    return _logarithms(probabilities) - _logarithms(1 - probabilities)


def _numpy(tensor: Any) -> np.ndarray:
    return keras.ops.convert_to_numpy(keras.ops.cast(tensor, "float32"))


def _checked_shape(shape: tuple[int | None, ...], steps: list[Step]) -> tuple[int | None, ...]:
    wanted = "convaudit audits classifiers of images, (height, width, 3 or 1)"
    if len(shape) != 4:
        recurrent = any(isinstance(step.layer, keras.layers.RNN) for step in steps)
        why = ", and it is recurrent" if recurrent else ""
        raise AuditError(f"model: its input {shape[1:]} is not an image{why}: {wanted}")
    first = [s.name for s in steps if getattr(s.layer, "data_format", "") == "channels_first"]
    if first or (shape[1] in (1, 3) and shape[3] not in (1, 3, 4)):
        where = f" (layer {first[0]!r})" if first else ""
        raise AuditError(
            f"model: its input {shape[1:]} is channels_first{where}: rebuild it with "
            "data_format='channels_last', copy the weights and save that"
        )
    if shape[3] not in (1, 3):
        raise AuditError(f"model: its input {shape[1:]} has {shape[3]} channels: {wanted}")
    return shape


def _output_names(model: keras.Model) -> list[str]:
    """Names of the outputs: the keys of a dictionary, else their layers' names, made unique."""
    if isinstance(model, keras.Sequential):
        return [model.layers[-1].name]
    if isinstance(model.output, dict):
        return sorted(model.output)
    names = model.output_names
    seen = [names[: place + 1].count(name) for place, name in enumerate(names)]
    return [
        name if count == 1 else f"{name}#{count}" for name, count in zip(names, seen, strict=True)
    ]


def _output_index(names: list[str], output: str | None) -> int:
    if output is None and len(names) == 1:
        return 0
    if output in names:
        return names.index(output)
    found = "has several outputs" if output is None else f"has no output {output!r}"
    raise AuditError(f"config: output: the model {found}; choose one of: {', '.join(names)}")


def _head_kind(head: Head, back: Callable[[Any], Any] | None) -> str:
    if head.units == 1:
        return "binary"
    if head.activation == "linear":
        return "softmax" if back is _logarithms else "sigmoid" if back is _odds else "logits"
    return head.activation.removeprefix("log_")


@contextmanager
def _runnable() -> Iterator[None]:
    """Convert Keras' error about a model that can't run to one line."""
    try:
        yield
    except Exception as error:
        text = re.sub(r"\x1b\[\d*m", "", str(error)).split("Arguments received")[0]
        lines = [line for line in text.splitlines() if line and "encountered when" not in line]
        where = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
        raise AuditError(
            f"model: it can't be run on two images of this size{where}: {' '.join(lines)[:300]}"
        ) from error


@contextmanager
def _linear(layer: Any) -> Iterator[None]:
    """Remove a layer's activation within the block."""
    if layer is None:
        yield
        return
    kept, layer.activation = layer.activation, keras.activations.linear
    try:
        yield
    finally:
        layer.activation = kept


def _info(step: Step, shape: tuple[int | None, ...]) -> LayerInfo:
    kind = type(step.layer).__name__
    weights = getattr(step.layer, "weights", ())
    return LayerInfo(
        step.name,
        layer_id(step.name),
        kind,
        shape,
        sum(int(np.prod(weight.shape)) for weight in weights),
        is_watched(kind),
        is_convolution(kind),
    )
