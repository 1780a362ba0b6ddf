"""Convert configs of models that Keras 1.2 to 2 wrote to Keras 3.

Keras 3 can hardly read any of them: a Sequential was a list of layers, the first layer held the
input's shape, layers had arguments and names that Keras 3 refuses, and arithmetic on tensors (``x /
127.5 - 1``) was saved as ``TFOpLambda`` layers.
"""

import re
from collections.abc import Iterator
from typing import Any

from convaudit.errors import AuditError
from convaudit.models.reading.tensorflow_ops import keras_operation

Config = dict[str, Any]

_MODELS = {"Model": "Functional", "Functional": "Functional", "Sequential": "Sequential"}
_MODULES = {"Functional": "keras.src.models.functional", "Sequential": "keras.models"}
_RENAMED = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}
_WITHOUT_GROUPS = re.compile(r"^(DepthwiseConv2D|SeparableConv2D|Conv2DTranspose)$")
_WITHOUT_KERNEL = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")

# Function of TFOpLambda: module and class of the Keras 3 operation, names of its tensor arguments,
# and names of the arguments that go into the operation's config.
_BINARY = (("x", "y"), ())
_UNARY = (("x",), ())
_OPERATIONS: dict[str, tuple[str, str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    **{
        f"{group}.{function}": ("numpy", operation, _BINARY)
        for group in ("math", "__operators__")
        for function, operation in {
            "add": "Add",
            "subtract": "Subtract",
            "sub": "Subtract",
            "multiply": "Multiply",
            "mul": "Multiply",
            "truediv": "TrueDivide",
            "divide": "TrueDivide",
        }.items()
    },
    "nn.bias_add": ("numpy", "Add", (("value", "bias"), ())),
    "math.reduce_mean": ("numpy", "Mean", (("input_tensor",), ("axis", "keepdims"))),
    "nn.relu": ("nn", "Relu", _UNARY),
    "nn.relu6": ("nn", "Relu6", _UNARY),
    "nn.silu": ("nn", "Silu", _UNARY),
    "nn.softmax": ("nn", "Softmax", _UNARY),
    "math.sigmoid": ("nn", "Sigmoid", _UNARY),
    "nn.sigmoid": ("nn", "Sigmoid", _UNARY),
    "cast": ("core", "Cast", (("x",), ("dtype",))),
}


def modernise(entry: Config) -> Config:
    """Convert the config of a model, or of a layer in it, to Keras 3.

    Args:
        entry: a mapping with ``class_name`` and ``config``, as in a file of Keras 2.

    Raises:
        AuditError: Keras 3 can't compute a part of it, or computes it differently.
    """
    kind = entry["class_name"]
    if kind in _MODELS:
        return _model(entry, _MODELS[kind])
    if kind in ("TFOpLambda", "SlicingOpLambda"):
        return _operation(entry)
    if kind == "TensorFlowOpLayer":
        return _tensorflow_operation(entry)
    if kind in _BINARY_LAYERS and _constant(entry):
        return _merge_with_constant(entry)
    if old := sorted(_KERAS_1.intersection([kind, *entry["config"]])):
        raise AuditError(
            f"model: it was written by Keras 1 (its layer {_named(entry)} has {old[0]!r}), which "
            "Keras 3 can't read: load it with Keras 2.0 to 2.3, which reads both, and save it again"
        )
    return _layer({**entry, "class_name": _RENAMED.get(kind, kind)})


_KERAS_1 = frozenset(
    {
        *("Convolution2D", "MaxoutDense", "Merge", "Highway", "AtrousConvolution2D"),
        *("nb_filter", "nb_row", "output_dim", "border_mode", "dim_ordering", "W_regularizer"),
    }
)
"""Classes and arguments that Keras 2 renamed. (Embedding, which also has output_dim, is in no image
classifier.)"""

_BINARY_LAYERS = ("Add", "Subtract", "Multiply")


def _named(entry: Config) -> str:
    config = entry["config"]
    return repr(config.get("name", entry["class_name"]) if isinstance(config, dict) else "?")


def _constant(entry: Config) -> bool:
    """True if one of a layer's inputs is a number."""
    return any(ref[0] == "_CONSTANT_VALUE" for ref in _references(entry.get("inbound_nodes")))


def _merge_with_constant(entry: Config) -> Config:
    """Convert a merge layer of a tensor and a number to the Keras 3 operation."""
    nodes = []
    for node in entry["inbound_nodes"]:
        given = list(_references(node))
        if len(given) != 2:
            raise AuditError(
                f"model: its layer {_named(entry)} merges {len(given)} inputs, one of them a "
                "number, which Keras 3 can't read: use Rescaling, copy the weights and save that"
            )
        nodes.append({"args": [_tensor(reference) for reference in given], "kwargs": {}})
    config = {"name": _name(entry["config"]["name"])}
    return _operation_entry(entry, "keras.src.ops.numpy", entry["class_name"], config, nodes)


def _tensorflow_operation(entry: Config) -> Config:
    module, kind, settings, arguments = keras_operation(entry)
    nodes = []
    for node in entry["inbound_nodes"]:
        given = [_tensor(reference) for reference in _references(node)]
        args = [
            given[each["input"]] if isinstance(each, dict) and "input" in each else _number(each)
            for each in arguments
        ]
        nodes.append({"args": args, "kwargs": {}})
    config = {"name": _name(entry["name"]), **settings}
    return _operation_entry(entry, f"keras.src.ops.{module}", kind, config, nodes)


def _number(value: Any) -> Any:
    """Convert a constant argument: numbers to an array; slices stay as they are."""
    plain = isinstance(value, list) and all(isinstance(part, int | float) for part in value)
    return _tensor(value) if plain else value


def _model(entry: Config, kind: str) -> Config:
    config = entry["config"]
    if isinstance(config, list):
        config = {"name": entry.get("name", "sequential"), "layers": config}
    config = dict(config)
    layers = [modernise(layer) for layer in config["layers"]]
    first = config["layers"][0]
    given = first["config"]
    if kind == "Sequential" and first["class_name"] != "InputLayer" and isinstance(given, dict):
        shape = given.get("batch_input_shape")
        if shape:
            name = f"{_name(given['name'])}_input"
            fields = {"batch_shape": shape, "name": name, "dtype": _dtype(given.get("dtype"))}
            layers.insert(0, _entry("InputLayer", fields, {}, "module" in first))
    config["layers"] = layers
    for key in ("input_layers", "output_layers"):
        if key in config:
            config[key] = _unwrapped(_renamed_references(config[key]))
    _renumber_calls(config)
    config.pop("batch_input_shape", None)
    if "name" in config:
        config["name"] = _name(config["name"])
    return _entry(kind, config, entry, "module" in entry)


def _unwrapped(tensors: Any) -> Any:
    """Keras 2 stored a single tensor as a list of one, but the layer takes the tensor itself."""
    return tensors[0] if len(tensors) == 1 and _is_reference(tensors[0]) else tensors


def _renumber_calls(model: Config) -> None:
    """Number the calls of nested models from 0. (In Keras 2, call 0 was the one that built it.)"""
    references = list(_references([layer.get("inbound_nodes") for layer in model["layers"]]))
    outputs = list(_references(model.get("output_layers")))
    for layer in model["layers"]:
        if layer["class_name"] in _MODELS and "inbound_nodes" in layer:
            own = [ref for ref in references if ref[0] == layer["name"]]
            # Keras 3 still counts from 1 if a functional model is the output.
            if layer["class_name"] == "Sequential":
                own += [ref for ref in outputs if ref[0] == layer["name"]]
            if any(ref[1] >= len(layer["inbound_nodes"]) for ref in own):
                for ref in own:
                    ref[1] -= 1


def _references(item: Any) -> Iterator[list[Any]]:
    """All references to tensors in a structure, to be changed in place."""
    if _is_reference(item):
        yield item
    elif isinstance(item, list | dict):
        for part in item.values() if isinstance(item, dict) else item:
            yield from _references(part)


def _layer(entry: Config) -> Config:
    kind, config = entry["class_name"], dict(entry["config"])
    shape = config.pop("batch_input_shape", None)
    if kind == "InputLayer" and shape:
        config["batch_shape"] = shape
    if "name" in config:
        config["name"] = _name(config["name"])
    if "dtype" in config:
        config["dtype"] = _dtype(config["dtype"])
    if kind.startswith("Random"):
        config.pop("rng_type", None)
    if _WITHOUT_GROUPS.match(kind) and config.get("groups", 1) == 1:
        config.pop("groups", None)
    if kind == "SeparableConv2D":
        for key in _WITHOUT_KERNEL:
            config.pop(key, None)
    axis = config.get("axis")
    if isinstance(axis, list) and len(axis) == 1:
        config["axis"] = axis[0]
    if config.get("activation") == "hard_sigmoid":
        raise AuditError(
            f"model: layer {config.get('name')!r} uses hard_sigmoid, which Keras 3 computes "
            "differently from Keras 2, which wrote the file: its predictions would change"
        )
    return _entry(kind, config, entry, "module" in entry)


def _entry(kind: str, config: Config, before: Config, modular: bool) -> Config:
    """A copy of a layer's entry ``before`` with another class and config.

    ``modular`` files (.keras) name the module of each class; in those of Keras 2 the modules are
    outdated.
    """
    entry = {**before, "class_name": kind, "config": config}
    if "name" in before:
        entry["name"] = _name(before["name"])
    if "inbound_nodes" in before:
        entry["inbound_nodes"] = _renamed_references(before["inbound_nodes"])
    entry.pop("build_config", None)
    if modular and "keras" in str(before.get("module", "keras")).partition(".")[0]:
        entry["module"] = _MODULES.get(kind, "keras.layers")
        entry["registered_name"] = None
    return entry


def _name(name: str) -> str:
    """Replace "/" in a name, which Keras 3 refuses, by "_", as keras.applications does."""
    return name.replace("/", "_")


def _dtype(dtype: Any) -> str:
    return dtype["config"]["name"] if isinstance(dtype, dict) else dtype or "float32"


def _is_reference(item: Any) -> bool:
    return isinstance(item, list) and len(item) in (3, 4) and isinstance(item[0], str)


def _renamed_references(item: Any) -> Any:
    """Rename layers in all references to tensors, [layer's name, call, output], in a structure."""
    if _is_reference(item):
        return [_name(item[0]), *item[1:]]
    if isinstance(item, dict):
        return {key: _renamed_references(value) for key, value in item.items()}
    return [_renamed_references(part) for part in item] if isinstance(item, list) else item


def _operation(entry: Config) -> Config:
    """Convert arithmetic that was saved as a layer to the Keras 3 operation."""
    function = entry["config"]["function"]
    if function == "__operators__.getitem":
        return _slicing(entry)
    if function not in _OPERATIONS:
        raise AuditError(
            f"model: its operation tf.{function} was saved by Keras 2 as a TFOpLambda layer, which "
            "Keras 3 can't read: use a Keras layer instead, copy the weights and save that"
        )
    module, kind, (tensors, settings) = _OPERATIONS[function]
    config = {"name": _name(entry["config"]["name"])}
    nodes = []
    for node in entry["inbound_nodes"]:
        first, given = _first_and_arguments(node)
        values = [first, *(given[name] for name in tensors[1:])]
        config |= {name: given[name] for name in settings if name in given}
        nodes.append({"args": [_tensor(value) for value in values], "kwargs": {}})
    return _operation_entry(entry, f"keras.src.ops.{module}", kind, config, nodes)


def _slicing(entry: Config) -> Config:
    nodes = []
    for node in entry["inbound_nodes"]:
        first, given = _first_and_arguments(node)
        key = [_slice(part) for part in given["slice_spec"]]
        nodes.append({"args": [_tensor(first), key], "kwargs": {}})
    config = {"name": _name(entry["config"]["name"])}
    return _operation_entry(entry, "keras.src.ops.numpy", "GetItem", config, nodes)


def _operation_entry(
    entry: Config, module: str, kind: str, config: Config, nodes: list[Config]
) -> Config:
    return {
        "module": module,
        "class_name": kind,
        "config": config,
        "registered_name": kind,
        "name": _name(entry["name"]),
        "inbound_nodes": nodes,
    }


def _first_and_arguments(node: list[Any]) -> tuple[list[Any], Config]:
    """A node's first tensor and its named arguments; the node is [reference with arguments] or the
    reference alone.
    """
    reference = node if _is_reference(node) else node[0]
    return reference, reference[3] if len(reference) == 4 else {}


def _tensor(value: Any) -> Any:
    """Convert a reference to a tensor to Keras 3's form; a number stays a number."""
    if isinstance(value, list) and not _is_reference(value):
        return {"class_name": "__numpy__", "config": {"value": value, "dtype": "float32"}}
    if not isinstance(value, list):
        return value
    if value[0] == "_CONSTANT_VALUE":
        return value[2]
    history = [_name(value[0]), value[1], value[2]]
    fields = {"shape": [None], "dtype": "float32", "keras_history": history}
    return {"class_name": "__keras_tensor__", "config": fields}


def _slice(part: Any) -> Any:
    if isinstance(part, dict) and "class_name" not in part:
        return {"class_name": "__slice__", "config": part}
    return {**part, "config": {}} if isinstance(part, dict) else part
