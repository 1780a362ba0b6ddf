"""A Keras model as one flat list of layer calls, whatever is nested in it.

A nested model is not a step but its own steps, wired to the tensors it is called on. So a layer
deep inside a base model is reached like any other, and no graph is ever "disconnected".
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import keras
from keras import tree
from keras.src.models.functional import Functional

from convaudit.errors import AuditError


class Ref(NamedTuple):
    """Stands for a value that an earlier step computes."""

    value: int


class Step(NamedTuple):
    """One call of a layer; ``Ref`` in its arguments marks where values go."""

    name: str
    layer: Any
    args: tuple
    kwargs: dict[str, Any]
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    shape: tuple[int | None, ...]


class Graph(NamedTuple):
    """Steps in an order in which they can run, the input value and the output values."""

    steps: list[Step]
    input: int
    outputs: list[int]


def flatten(model: keras.Model) -> Graph:
    """Flatten a Sequential or functional model.

    A step's name is the path of names below the model, joined with "/". A layer that is called
    again gets "#2", "#3" … behind its name.

    Raises:
        AuditError: the model is subclassed, so it has no graph.
    """
    graph = _graph_of(model)
    if graph is None:
        raise AuditError(
            f"the model is a subclass ({type(model).__name__}) and has no graph of layers: rebuild "
            "it as a functional model around the same layers, copy the weights and save that"
        )
    steps: list[Step] = []
    seen: dict[str, int] = {}
    counter = iter(range(1 << 60))
    inputs = [next(counter) for _ in graph._inputs]

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
                    seen[name] = seen.get(name, 0) + 1
                    unique = name if seen[name] == 1 else f"{name}#{seen[name]}"
                    shape = tuple(node.outputs[0].shape)
                    layer = node.operation
                    steps.append(
                        Step(unique, layer, args, kwargs, tuple(reads), tuple(written), shape)
                    )
                values.update((id(t), v) for t, v in zip(node.outputs, written, strict=True))
        return [values[id(t)] for t in inner._outputs]

    outputs = inline(graph, inputs, "")
    if len(inputs) != 1:
        raise AuditError(
            f"the model has {len(inputs)} inputs: convaudit audits classifiers of one image"
        )
    return Graph(steps, inputs[0], outputs)


def ancestors(steps: list[Step], wanted: Iterable[int]) -> list[Step]:
    """The steps that are needed for the wanted values, in their order."""
    needed = set(wanted)
    chosen = []
    for step in reversed(steps):
        if needed.intersection(step.writes):
            chosen.append(step)
            needed.update(step.reads)
    return chosen[::-1]


def run(
    steps: list[Step], values: dict[int, Any], visit: Callable[[str, Any], Any] | None = None
) -> dict[int, Any]:
    """Run steps in inference mode.

    Args:
        steps: in an order in which they can run.
        values: what is known at first (the input); completed in place and returned.
        visit: sees each step's first output by name; what it returns is used further on.
    """
    for step in steps:
        args, kwargs = _fill(step, values)
        if getattr(step.layer, "_call_has_training_arg", False):
            kwargs["training"] = False
        outputs = tree.flatten(step.layer(*args, **kwargs))
        if visit is not None:
            outputs[0] = visit(step.name, outputs[0])
        values.update(zip(step.writes, outputs, strict=True))
    return values


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
