"""What there is to know of a model before a run: its head, its target layer, its scaling."""

import sys
from typing import Any, NamedTuple

import numpy as np

from convaudit.loading import Loaded, families
from convaudit.network import Network
from convaudit.scaling import SCALINGS

_BEFORE_SCALING = ("Resizing", "CenterCrop", "Cast", "Identity", "Pipeline", "Dropout")
_SCALING_LAYERS = ("Rescaling", "Normalization")
_SCALING_OPERATIONS = ("TrueDivide", "Divide", "Subtract", "Multiply", "Add", "GetItem")


class ScalingChoice(NamedTuple):
    """A key of ``SCALINGS``, whether it is known or a guess, and why it is that."""

    name: str
    known: bool
    why: str


def facts(loaded: Loaded, network: Network) -> dict[str, Any]:
    """All of it as JSON: format, input, head, classes, target layer, scaling, layers.

    Raises:
        AuditError: the model has no layer that could be a target.
    """
    target, why = network.target_layer
    choice = choose_scaling(loaded, network)
    return {
        "format": loaded.format,
        "keras_version": loaded.keras_version,
        "family": loaded.family,
        "input": [*network.input_shape[:2], 1 if network.grey else 3],
        "input_open": network.open_input,
        "outputs": network.outputs,
        "classes": network.classes,
        "head": network.head,
        "target_layer": target,
        "target_why": why,
        "scaling": choice.name,
        "scaling_known": choice.known,
        "scaling_why": choice.why,
        "parameters": loaded.model.count_params(),
        "layers": [{**layer._asdict(), "shape": list(layer.shape)} for layer in network.layers],
    }


def choose_scaling(loaded: Loaded, network: Network) -> ScalingChoice:
    """Find how pixels become a model's input.

    The family's own for keras.applications; none where the model begins with its own Rescaling,
    Normalization or arithmetic; else a guess, x/255.
    """
    if loaded.family:
        return ScalingChoice(family_scaling(loaded.family), True, f"that of {loaded.family}")
    for layer in network.layers:
        if layer.kind in _SCALING_LAYERS + _SCALING_OPERATIONS:
            why = f"the model begins with its own scaling, {layer.name!r}"
            return ScalingChoice("none", True, why)
        if layer.kind not in _BEFORE_SCALING and not layer.kind.startswith("Random"):
            break
    return ScalingChoice("unit", False, "a guess: the file does not say" + _base_hint(network))


def family_scaling(family: str) -> str:
    """The scaling that a keras.applications family's own preprocess_input amounts to."""
    pixels = np.random.default_rng(0).integers(0, 256, (1, 4, 4, 3)).astype(np.float32)
    own = sys.modules[families()[family].__module__].preprocess_input(pixels.copy())
    for name, scaling in SCALINGS.items():
        if np.allclose(scaling.apply(pixels), own, atol=1e-4):
            return name
    raise NotImplementedError(f"the scaling of {family} is none of {', '.join(SCALINGS)}")


def _base_hint(network: Network) -> str:
    """The scaling that a nested model from keras.applications was made for, if there is one."""
    names = {layer.name.rpartition("/")[0].rpartition("/")[2] for layer in network.layers}
    plain = {name.lower().replace("_", "").replace("-", ""): name for name in sorted(names)}
    for family in sorted(families(), key=len, reverse=True):
        for key, name in plain.items():
            if key.startswith(family.lower()):
                return f"; it contains {name!r}, whose own is {family_scaling(family)!r}"
    return ""
