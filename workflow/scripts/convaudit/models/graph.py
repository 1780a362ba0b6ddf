"""A Keras model, also with nested models, as one flat list of layer calls.

A nested model is replaced by its own layer calls, connected to the tensors that it is called on. So
a layer inside a base model is reached like any other, and gradients to it are never "disconnected".
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import keras
from keras import tree
from keras.src.models.functional import Functional

from convaudit.errors import AuditError


class Ref(NamedTuple):
    """A reference to a value that an earlier step computes."""

    value: int


class Step(NamedTuple):
    """One call of a layer; each ``Ref`` in its arguments is replaced by a value."""

    name: str
    layer: Any
    args: tuple
    kwargs: dict[str, Any]
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    shape: tuple[int | None, ...]


class Graph(NamedTuple):
    """Steps in topological order, the input value and the output values."""

    steps: list[Step]
    input: int
    input_shape: tuple[int | None, ...]
    outputs: list[int]


def flatten(model: keras.Model) -> Graph:
    """Flatten a Sequential or functional model.

    A step's name is the path of names below the model, joined with "/". A layer that is called
    again gets "#2", "#3" … behind its name.

    Raises:
        AuditError: the model has no graph of layers, or not exactly one input.
    """
    graph = _graph_of(model)
    if graph is None:
        raise AuditError(f"model: {_why_no_graph(model)}")
    if len(graph._inputs) != 1:
        raise AuditError(
            f"model: it has {len(graph._inputs)} inputs: convaudit audits classifiers of one image"
        )
    steps: list[Step] = []
    calls: Counter[str] = Counter()
    counter = itertools.count(1)

    def inline(inner: Functional, given: list[int], prefix: str) -> list[int]:
        values = {id(t): value for t, value in zip(inner._inputs, given, strict=True)}
        for depth in sorted(inner._nodes_by_depth, reverse=True):
            for node in inner._nodes_by_depth[depth]:
                if node.is_input:
                    continue
                name = prefix + node.operation.name
                reads = [values[id(t)] for t in node.input_tensors]
                nested = _graph_of(node.operation)
                if nested is not None:
                    written = inline(nested, reads, f"{name}/")
                else:
                    written = [next(counter) for _ in node.outputs]
                    args, kwargs = node.arguments.convert(
                        lambda x: Ref(values[id(x)]) if isinstance(x, keras.KerasTensor) else x
                    )
                    calls[name] += 1
                    steps.append(
                        Step(
                            name if calls[name] == 1 else f"{name}#{calls[name]}",
                            node.operation,
                            args,
                            kwargs,
                            tuple(reads),
                            tuple(written),
                            tuple(node.outputs[0].shape),
                        )
                    )
                values.update((id(t), v) for t, v in zip(node.outputs, written, strict=True))
        return [values[id(t)] for t in inner._outputs]

    outputs = inline(graph, [0], "")
    return Graph(steps, 0, tuple(graph._inputs[0].shape), outputs)


def ancestors(steps: list[Step], wanted: Iterable[int]) -> list[Step]:
    """The steps that compute the wanted values, in order."""
    needed = set(wanted)
    chosen = []
    for step in reversed(steps):
        if needed.intersection(step.writes):
            chosen.append(step)
            needed.update(step.reads)
    return chosen[::-1]


def independent(steps: list[Step], value: int) -> list[Step]:
    """The steps that do not depend on a value, in order, with the step that computes it."""
    tainted = {value}
    chosen = []
    for step in steps:
        if tainted.intersection(step.reads):
            tainted.update(step.writes)
        else:
            chosen.append(step)
    return chosen


def run(
    steps: list[Step], values: dict[int, Any], visit: Callable[[str, Any], Any] | None = None
) -> dict[int, Any]:
    """Run steps in inference mode.

    Args:
        steps: in an order in which they can run.
        values: the given values (the input); the steps' values are added to it, and it is returned.
        visit: called with name and first output of each step; its return value replaces that
            output.
    """
    for step in steps:
        outputs = call(step, values)
        if visit is not None:
            outputs[0] = visit(step.name, outputs[0])
        values.update(zip(step.writes, outputs, strict=True))
    return values


def call(step: Step, values: dict[int, Any]) -> list[Any]:
    """Compute the outputs of one step in inference mode; its inputs must be in ``values``.

    An error carries the layer's name as a note.
    """
    args, kwargs = _fill(step, values)
    if getattr(step.layer, "_call_has_training_arg", False):
        kwargs["training"] = False
    try:
        return tree.flatten(step.layer(*args, **kwargs))
    except Exception as error:
        error.add_note(f"layer {step.name!r}")
        raise


def _fill(step: Step, values: dict[int, Any]) -> tuple[tuple, dict[str, Any]]:
    def swap(item: Any) -> Any:
        if isinstance(item, Ref):
            return values[item.value]
        if isinstance(item, list | tuple):
            return type(item)(swap(part) for part in item)
        if isinstance(item, dict):
            return {key: swap(part) for key, part in item.items()}
        return item

    return swap(step.args), swap(step.kwargs)


def _graph_of(layer: Any) -> Functional | None:
    if isinstance(layer, keras.Sequential):
        return layer._functional
    return layer if isinstance(layer, Functional) else None


def _why_no_graph(model: keras.Model) -> str:
    if isinstance(model, keras.Sequential):
        return "it was never built, so its input is unknown: call it on one batch and save it again"
    return (
        f"it is a subclass ({type(model).__name__}) without a graph of layers: rebuild it as a "
        "functional model around the same layers, copy the weights and save that"
    )
