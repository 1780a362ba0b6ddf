"""Find a classifier's scores and the activation that turns them into probabilities."""

from typing import Any, NamedTuple

from convaudit.errors import AuditError
from convaudit.models.graph import Graph, Step


class Head(NamedTuple):
    """The place of a network's scores.

    Attributes:
        scores: the value before softmax or sigmoid.
        units: scores per image.
        activation: activation between scores and output: "softmax", "log_softmax", "sigmoid" or
            "linear".
        fused: the layer that computes the scores and applies the activation in one call, so that it
            must be run without its activation; None if the activation is a step of its own or there
            is none.
        within_one: True if the scores are probabilities although no softmax or sigmoid ends the
            network (for example, a concatenation of sigmoids).
    """

    scores: int
    units: int
    activation: str
    fused: Any
    within_one: bool = False


_RESHAPING = ("Flatten", "Reshape", "Squeeze", "Dropout", "Identity", "Cast")
_OPERATIONS = {"Softmax": "softmax", "Sigmoid": "sigmoid", "LogSoftmax": "log_softmax"}
_MERGING = (
    *("Concatenate", "Average", "Maximum", "Minimum", "Multiply", "Mean", "Stack", "GetItem"),
    *("GlobalAveragePooling2D", "GlobalMaxPooling2D"),
)


def require_head(graph: Graph, value: int) -> Head:
    """The head of an output.

    Raises:
        AuditError: the output is not one row of scores per image.
    """
    head = find_head(graph, value)
    if head is None:
        shape = next(step.shape for step in graph.steps if value in step.writes)[1:]
        image = len(shape) == 3 and shape[:2] == graph.input_shape[1:3]
        raise AuditError(
            f"model: its output {shape} is "
            + ("an image of the size of its input" if image else "not one row of scores per image")
            + ": convaudit audits classifiers, not segmentation, detection or autoencoders"
        )
    if head.units == 1 and head.activation == "softmax":
        raise AuditError("model: its softmax over a single unit always says 1: use a sigmoid")
    return head


def find_head(graph: Graph, value: int) -> Head | None:
    """Walk back from an output over steps that change no value, such as Reshape, to the last
    activation.

    Returns:
        None if the output is not one row of numbers per image.
    """
    makers = {written: step for step in graph.steps for written in step.writes}
    units = _units(makers[value].shape) if value in makers else None
    if units is None:
        return None
    while True:
        step = makers[value]
        activation = _activation(step)
        if activation is not None and activation in _OPERATIONS.values():
            if type(step.layer).__name__ in ("Activation", *_OPERATIONS):
                return Head(step.reads[0], units, activation, None)
            return Head(value, units, activation, step.layer)
        before = makers.get(step.reads[0]) if _changes_nothing(step, activation) else None
        if before is None or _units(before.shape) != units:
            return Head(value, units, "linear", None, _within_one(makers, value))
        value = step.reads[0]


_FEATURES = {
    "GlobalAveragePooling2D": "a pooling of features",
    "GlobalMaxPooling2D": "a pooling of features",
    "Flatten": "flattened features",
    "BatchNormalization": "a normalisation",
    "LayerNormalization": "a normalisation",
    "UnitNormalization": "a normalisation to length 1",
}


def feature_ending(graph: Graph, head: Head) -> str | None:
    """Describe an ending that no classifier has, such as a normalisation to length 1; None if the
    output may be scores.
    """
    makers = {written: step for step in graph.steps for written in step.writes}
    step = makers.get(head.scores)
    if step is None or head.activation != "linear" or head.within_one:
        return None
    kind, activation = type(step.layer).__name__, _activation(step)
    if kind in ("ReLU", "LeakyReLU", "ELU", "PReLU") or activation not in (None, "linear"):
        return f"the activation {activation or kind}"
    before = makers.get(step.reads[0])
    places = kind.startswith("Global") or kind == "Flatten"
    if places and before is not None and _activation(before) == "linear":
        return None  # one score per position
    return _FEATURES.get(kind)


def _within_one(makers: dict[int, Step], value: int) -> bool:
    """True if the value consists of probabilities that were concatenated, averaged or the like."""
    step = makers.get(value)
    if step is None:
        return False
    activation = _activation(step)
    if activation in ("softmax", "sigmoid", "hard_sigmoid"):
        return True
    merged = type(step.layer).__name__ in _MERGING or _changes_nothing(step, activation)
    return merged and all(_within_one(makers, read) for read in step.reads)


def _activation(step: Step) -> str | None:
    """The name of a step's activation, which is a layer, an operation or a layer's argument."""
    kind = type(step.layer).__name__
    if kind in _OPERATIONS:
        return _OPERATIONS[kind]
    function = getattr(step.layer, "activation", None)
    name = getattr(function, "__name__", None) or type(function).__name__
    return name.lower() if function is not None else None


def _changes_nothing(step: Step, activation: str | None) -> bool:
    kind = type(step.layer).__name__
    return kind in _RESHAPING or (kind == "Activation" and activation == "linear")


def _units(shape: tuple[int | None, ...]) -> int | None:
    """Number of values per image if only the last axis is longer than 1: (None, 1, 1, 1000) has
    1000.
    """
    *others, last = shape[1:] or (None,)
    return last if all(side == 1 for side in others) else None
