"""Find the facts of a loaded model: its head, its target layer, its scaling."""

import sys
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from convaudit.models.facts import ModelFacts
from convaudit.models.loading import Loaded, families
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS

_PROBES = np.array([64, 192], np.float32)
"""Grey levels that are sent into a model to see whether it changes them."""


class ScalingChoice(NamedTuple):
    """A key of ``SCALINGS``, whether it is known or a guess, and why it is that."""

    name: str
    known: bool
    why: str


def inspect_model(loaded: Loaded, network: Network) -> ModelFacts:
    """Find the facts of a model; nothing of the config is in them.

    Raises:
        AuditError: the model has no layer that could be a target.
    """
    target, why = network.target_layer
    choice = choose_scaling(loaded, network)
    return ModelFacts(
        format=loaded.format,
        keras_version=loaded.keras_version,
        family=loaded.family,
        input=(*network.input_shape[:2], 1 if network.grey else 3),
        input_open=network.open_input,
        outputs=network.outputs,
        classes=network.classes,
        head=network.head,
        target_layer=target,
        target_why=why,
        scaling=choice.name,
        scaling_known=choice.known,
        scaling_why=choice.why,
        parameters=loaded.model.count_params(),
        layers=tuple(network.layers),
    )


def choose_scaling(loaded: Loaded, network: Network) -> ScalingChoice:
    """Find how pixels become a model's input.

    The family's own for keras.applications; none where the model changes grey levels before its
    first weights, be it by Rescaling, Normalization, arithmetic or a layer of its own; else a
    guess, x/255.
    """
    if loaded.family:
        return ScalingChoice(family_scaling(loaded.family), True, f"that of {loaded.family}")
    if own := _own_scaling(network):
        return ScalingChoice("none", True, f"the model begins with its own scaling, {own!r}")
    return ScalingChoice("unit", False, "a guess: the file does not say" + _base_hint(network))


def _own_scaling(network: Network) -> str | None:
    """The first layer that gives an even grey image back with another level in its middle."""
    first = next(
        (layer for layer in network.layers if layer.parameters and layer.kind != "Normalization"),
        network.layers[-1],
    )
    changed: list[str] = []

    def visit(name: str, tensor: Any) -> Any:
        if name != first.name and len(tensor.shape) == 4 and not changed:
            height, width = tensor.shape[1:3]
            middle = np.asarray(tensor[:, height // 2, width // 2], np.float32)
            if not np.allclose(middle, _PROBES[:, None], atol=1):
                changed.append(name)
        return tensor

    grey = np.broadcast_to(_PROBES[:, None, None, None], (len(_PROBES), *network.input_shape))
    network.run(tf.constant(grey), visit, until=first.name)
    return changed[0] if changed else None


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
