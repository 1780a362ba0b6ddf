"""Convert TensorFlow operations that TF 2.0 to 2.3 saved as TensorFlowOpLayer to Keras 3."""

from typing import Any

from convaudit.errors import AuditError

Config = dict[str, Any]

_BINARY = {"Add": "Add", "AddV2": "Add", "Sub": "Subtract", "Mul": "Multiply"}
_BINARY |= {"RealDiv": "TrueDivide", "BiasAdd": "Add"}
_UNARY = {"Relu": "Relu", "Relu6": "Relu6", "Sigmoid": "Sigmoid", "Softmax": "Softmax"}


def keras_operation(entry: Config) -> tuple[str, str, Config, list[Any]]:
    """Read a TensorFlowOpLayer.

    Args:
        entry: the layer's entry; its config has the operation (``node_def``) and its ``constants``,
            by position among the arguments.

    Returns:
        Module and class of the Keras 3 operation, its config without the name, and its arguments:
        each is a constant, or the number of one of the layer's inputs, as {"input": 0}.

    Raises:
        AuditError: Keras 3 has no such operation, or the file does not name it.
    """
    config = entry["config"]
    node = config["node_def"]
    name = entry.get("name") or config["name"]
    operation = node.get("op") if isinstance(node, dict) else None
    constants = {int(place): value for place, value in config.get("constants", {}).items()}
    if operation in _BINARY:
        return "numpy", _BINARY[operation], {}, _arguments(constants, 2)
    if operation in _UNARY:
        return "nn", _UNARY[operation], {}, _arguments(constants, 1)
    attributes = node.get("attr", {}) if isinstance(node, dict) else {}
    if operation == "Mean" and 1 in constants:
        keepdims = attributes.get("keep_dims", {}).get("b", False)
        return "numpy", "Mean", {"axis": constants[1], "keepdims": keepdims}, [{"input": 0}]
    if operation == "StridedSlice" and constants.keys() == {1, 2, 3}:
        return "numpy", "GetItem", {}, [{"input": 0}, _slices(constants, attributes)]
    raise AuditError(
        f"model: its layer {name!r} is the operation {operation or 'of an unknown kind'} of "
        "TensorFlow, saved as a TensorFlowOpLayer, which Keras 3 can't read: use a Keras layer "
        "instead, copy the weights and save that"
    )


def _arguments(constants: dict[int, Any], count: int) -> list[Any]:
    inputs = iter(range(count))
    return [
        constants[place] if place in constants else {"input": next(inputs)}
        for place in range(count)
    ]


def _slices(constants: dict[int, Any], attributes: Config) -> list[Any]:
    """The key of x[key], as Keras 3 writes it."""
    masks = {
        name: int(attributes.get(f"{name}_mask", {}).get("i", 0))
        for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    key: list[Any] = []
    bounds = zip(*(constants[at] for at in (1, 2, 3)), strict=True)
    for place, (begin, end, step) in enumerate(bounds):
        given = {name: bool(mask >> place & 1) for name, mask in masks.items()}
        if given["ellipsis"]:
            key.append({"class_name": "__ellipsis__", "config": {}})
        elif given["new_axis"]:
            key.append(None)
        elif given["shrink_axis"]:
            key.append(begin)
        else:
            start = None if given["begin"] else begin
            stop = None if given["end"] else end
            config = {"start": start, "stop": stop, "step": step}
            key.append({"class_name": "__slice__", "config": config})
    return key
