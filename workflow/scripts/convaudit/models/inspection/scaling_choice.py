"""Find the scaling of a model's input: known from its file, or the best guess."""

import sys
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from convaudit.models.loading import Loaded, families
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS

_PROBES = np.array([64, 192], np.float32)
"""Grey levels of the images that show whether a model scales its input itself."""

_MEAN, _DEVIATION = 115.0, 65.0
"""Mean and deviation of the grey levels of photographs."""

_OWN_INPUTS = ("none", "unit", "tf")
"""Inputs that a model with its own scaling may expect, the most probable first."""

_PREFERRED, _CERTAIN = 0.5, 0.3
"""Least advantage (in the units of ``_off``) by which a less probable input is preferred, and by
which the best one counts as known."""

_SIGNATURES = (
    ("InceptionResNetV2", ("mixed_5b",)),
    ("InceptionV3", ("mixed0", "mixed1")),
    ("ResNet50V2", ("conv2_block1_preact_bn",)),
    ("DenseNet121", ("conv2_block1_concat",)),
    ("ResNet50", ("conv2_block1_1_conv",)),
    ("ResNet50", ("res2a_branch2a",)),
    ("Xception", ("block2_sepconv1", "block2_sepconv2")),
    ("MobileNetV2", ("Conv1", "block_1_expand")),
    ("MobileNet", ("conv_dw_1", "conv_pw_1")),
    ("NASNetMobile", ("stem_conv1", "adjust_conv_1_stem_1")),
    ("VGG16", ("block1_conv1", "block1_conv2", "block1_pool", "block2_conv1")),
)
"""Names of layers that identify a family of keras.applications, also if it is not a nested model.
"""


class ScalingChoice(NamedTuple):
    """A key of ``SCALINGS``, whether it is known or a guess, and the reason."""

    name: str
    known: bool
    why: str


def choose_scaling(loaded: Loaded, network: Network) -> ScalingChoice:
    """Find the scaling of a model's input.

    A model of keras.applications has the scaling of its family. If a model changes grey levels
    before its first weights (by Rescaling, Normalization, arithmetic or a custom layer), it expects
    that input of 0..255, 0..1 and -1..1 whose result is nearest to a usual network input. Otherwise
    the scaling is a guess: that of the family whose layers the model contains, or x/255.
    """
    if loaded.family:
        return ScalingChoice(family_scaling(loaded.family), True, f"that of {loaded.family}")
    if own := _own_scaling(network):
        return own
    if base := _base(network):
        return base
    return ScalingChoice("unit", False, "a guess: the file does not say")


def _own_scaling(network: Network) -> ScalingChoice | None:
    """The input that a model with its own scaling expects; None if it does not change the level of
    an even grey image.
    """
    first = next(
        (layer for layer in network.layers if layer.parameters and layer.kind != "Normalization"),
        network.layers[-1],
    )
    grey = np.broadcast_to(_PROBES[:, None, None, None], (len(_PROBES), *network.input_shape))
    changed = [
        name
        for name, tensor in _before(network, grey, first.name).items()
        if not np.allclose(_middle(tensor), _PROBES[:, None], atol=0.1)
    ]
    if not changed:
        return None
    noise = np.random.default_rng(0).normal(_MEAN, _DEVIATION, (1, *network.input_shape))
    noise = noise.clip(0, 255).astype(np.float32)
    off = {}
    for name in _OWN_INPUTS:
        found = _before(network, SCALINGS[name].apply(noise), first.name)
        off[name] = _off(list(found.values())[-1])
    best = "none"
    for name in _OWN_INPUTS[1:]:
        if off[name] < off[best] - _PREFERRED:
            best = name
    why = f"the model begins with its own scaling, {changed[0]!r}"
    if best != "none":
        why += f", which expects {'0..1' if best == 'unit' else '-1..1'}, not 0..255"
    known = all(off[name] > off[best] + _CERTAIN for name in _OWN_INPUTS if name != best)
    return ScalingChoice(best, known, why if known else f"a guess: {why}")


def _before(network: Network, x: np.ndarray, until: str) -> dict[str, np.ndarray]:
    """Outputs (B, h, w, C) by name of all layers before a given one, in order."""
    found: dict[str, np.ndarray] = {}

    def visit(name: str, tensor: Any) -> Any:
        if name != until and len(tensor.shape) == 4:
            found[name] = np.asarray(tensor, np.float32)
        return tensor

    network.run(tf.constant(np.asarray(x, np.float32)), visit, until=until)
    return found


def _middle(images: np.ndarray) -> np.ndarray:
    height, width = images.shape[1:3]
    return images[:, height // 2, width // 2]


def _off(images: np.ndarray) -> float:
    """Distance of images from a usual network input: |mean / d| + |ln(deviation / d)| with d = 1.

    Or, if that is less, 1 plus the same with d = 65, the deviation of photographs in 0..255
    (Caffe's scaling).
    """
    mean, deviation = float(images.mean()), max(float(images.std()), 1e-12)
    one, photographs = (
        abs(mean / usual) + abs(float(np.log(deviation / usual))) for usual in (1.0, _DEVIATION)
    )
    return min(one, photographs + 1)


def family_scaling(family: str) -> str:
    """The scaling that equals preprocess_input of a family of keras.applications."""
    pixels = np.random.default_rng(0).integers(0, 256, (1, 4, 4, 3)).astype(np.float32)
    own = sys.modules[families()[family].__module__].preprocess_input(pixels.copy())
    for name, scaling in SCALINGS.items():
        if np.allclose(scaling.apply(pixels), own, atol=1e-4):
            return name
    raise NotImplementedError(f"the scaling of {family} is none of {', '.join(SCALINGS)}")


def _base(network: Network) -> ScalingChoice | None:
    """The scaling of the family of keras.applications that a model contains, nested or flat."""
    paths = [layer.name.split("/") for layer in network.layers]
    for name in sorted({part for path in paths for part in path[:-1]}):
        plain = name.lower().replace("_", "").replace("-", "")
        for family in sorted(families(), key=len, reverse=True):
            if plain.startswith(family.lower()):
                return _of_base(family, f"it contains {name!r}")
    own = {path[-1] for path in paths}
    for family, names in _SIGNATURES:
        if own.issuperset(names):
            return _of_base(family, f"its layers are called as those of {family} ({names[0]!r})")
    return None


def _of_base(family: str, why: str) -> ScalingChoice:
    scaling = family_scaling(family)
    return ScalingChoice(scaling, False, f"a guess: {why}, whose own is {scaling!r}")
