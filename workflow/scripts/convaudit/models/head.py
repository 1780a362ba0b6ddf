"""The end of a classifier: which value holds the scores, and what turns them into probabilities."""

from typing import Any, NamedTuple

from convaudit.models.graph import Graph, Step


class Head(NamedTuple):
    """Where a network's scores are.

    Attributes:
        scores: the value before softmax or sigmoid.
        units: scores per image.
        activation: "softmax", "log_softmax", "sigmoid" or "linear": what leads from them to the
            output.
        fused: the layer that computes the scores and applies the activation in one call, and so
            must be run without it; None where the activation is a step of its own, or none.
        within_one: whether what is called scores, for want of an activation that ends the network,
            lies in 0..1 all the same: sigmoids put together, say. They are probabilities then.
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


def find_head(graph: Graph, value: int) -> Head | None:
    """Walk back from an output over steps that change no number, to the last activation.

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
    """What a network ends with that no classifier's scores come from, in words; None where they
    may be scores.
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
        return None  # scores at each place
    return _FEATURES.get(kind)


def _within_one(makers: dict[int, Step], value: int) -> bool:
    """Is it probabilities, whatever was done to put them together?"""
    step = makers.get(value)
    if step is None:
        return False
    activation = _activation(step)
    if activation in ("softmax", "sigmoid", "hard_sigmoid"):
        return True
    merged = type(step.layer).__name__ in _MERGING or _changes_nothing(step, activation)
    return merged and all(_within_one(makers, read) for read in step.reads)


def _activation(step: Step) -> str | None:
    """The name of a step's activation, be it a layer, an operation or an argument of a layer."""
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
    """Numbers per image, if they all lie along the last axis: (None, 1, 1, 1000) has 1000."""
    *others, last = shape[1:] or (None,)
    return last if all(side == 1 for side in others) else None
