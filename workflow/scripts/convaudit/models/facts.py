"""The facts of a model (``model.json``), the config's choices for it, and where to load it from.

Nothing here needs TensorFlow, so every script can read it.
"""

import json
from dataclasses import asdict, dataclass, replace
from math import prod
from pathlib import Path

from convaudit.errors import AuditError
from convaudit.models.channels import called, channels_of
from convaudit.system.checksums import sha256

AUTO = "auto"
LAST = "last"
"""Stands for the last layer with maps in the place of a layer's name."""

TOO_COARSE = 4
"""Maps with fewer cells per side can't locate anything: at 2 x 2 and 3 x 3 the rank correlation
with occlusion was 0.15 to 0.47 for all methods, at 4 x 4 it was 0.56 to 0.81 (``docs/methods.md``).
"""

_BY_CONFIG = "as the config says"


@dataclass(frozen=True)
class LayerInfo:
    """One layer of the flattened network.

    Attributes:
        name: unique name, with the names of the models it is nested in: "base/block1_conv".
        id: the name as part of a file name (``layers.layer_id``).
        kind: Keras class, such as "Conv2D".
        shape: shape of the output without the batch; None is a side that the model leaves open.
        parameters: number of weights.
        watched: whether the layer gets channel statistics and activation grids.
        convolution: whether its filters are drawn.
    """

    name: str
    id: str
    kind: str
    shape: tuple[int | None, ...]
    parameters: int
    watched: bool
    convolution: bool

    @property
    def channels(self) -> int:
        """Size of the last axis of the output."""
        return self.shape[-1] or 0

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width of the output if it is an image."""
        return self.shape[0] or 0, self.shape[1] or 0

    @property
    def values(self) -> int:
        """Numbers in the output of one image."""
        return prod(side or 0 for side in self.shape)


@dataclass(frozen=True)
class ModelChoices:
    """The config's choices for the model; "auto" takes the model's own facts.

    Attributes:
        scaling: a key of ``scaling.SCALINGS``.
        channels: "rgb" or "bgr"; "auto" is the scaling's own order.
        target_layer: name of the layer whose activation maps explain the prediction, or "last".
        method: a key of ``cam.METHODS``, or "scorecam".
    """

    scaling: str = AUTO
    channels: str = AUTO
    target_layer: str = AUTO
    method: str = AUTO


@dataclass(frozen=True)
class ModelFacts:
    """Everything that the audit needs to know about a model; the content of ``model.json``.

    Attributes:
        format: file format in words, with the Keras version that wrote it.
        keras_version: that version.
        family: name in keras.applications, or None.
        input: height, width and channels (1 or 3) of the network's input.
        input_open: whether the model leaves height or width open.
        outputs: names of the outputs.
        classes: number of classes; two for a single output unit.
        head: "softmax", "sigmoid" (several labels per image), "binary" (one unit) or "logits".
        target_layer: name of the layer whose activation maps explain the prediction.
        target_why: why it is that layer.
        last_layer: name of the last layer with maps.
        scaling: key of ``scaling.SCALINGS``: how pixels become the network's input.
        channels: "rgb" or "bgr": the order of colours in the network's input.
        scaling_known: False if the scaling is a guess.
        scaling_why: where the scaling comes from.
        parameters: number of weights.
        layers: every layer in the order in which they run.
        method: class activation method; "auto" until ``resolved`` applies the config's choices.
    """

    format: str
    keras_version: str
    family: str | None
    input: tuple[int, int, int]
    input_open: bool
    outputs: list[str]
    classes: int
    head: str
    target_layer: str
    target_why: str
    last_layer: str
    scaling: str
    channels: str
    scaling_known: bool
    scaling_why: str
    parameters: int
    layers: tuple[LayerInfo, ...]
    method: str = AUTO

    @classmethod
    def read(cls, path: Path | str, choices: ModelChoices | None = None) -> "ModelFacts":
        """Read ``model.json`` and apply the config's choices."""
        facts = cls.from_json(Path(path).read_text(encoding="utf-8"))
        return facts.resolved(choices or ModelChoices())

    @classmethod
    def from_json(cls, text: str) -> "ModelFacts":
        """The inverse of ``to_json``."""
        fields = json.loads(text)
        layers = tuple(
            LayerInfo(**{**layer, "shape": tuple(layer["shape"])}) for layer in fields["layers"]
        )
        return cls(**{**fields, "input": tuple(fields["input"]), "layers": layers})

    def to_json(self) -> str:
        """One JSON object; its keys are the names of the attributes."""
        return json.dumps(asdict(self), indent=1)

    def resolved(self, choices: ModelChoices) -> "ModelFacts":
        """Apply the config's choices. This is the only place that resolves "auto"."""
        facts = self
        if choices.scaling != AUTO:
            facts = replace(
                facts,
                scaling=choices.scaling,
                channels=channels_of(choices.scaling),
                scaling_known=True,
                scaling_why=_BY_CONFIG,
            )
        if choices.channels != AUTO:
            facts = replace(facts, channels=choices.channels)
        if choices.target_layer != AUTO:
            last = choices.target_layer == LAST
            layer = facts.last_layer if last else choices.target_layer
            facts = replace(facts, target_layer=layer, target_why=_BY_CONFIG)
        method = choices.method
        if method == AUTO:
            method = "gradcam" if facts.coarse else "hirescam"
        return replace(facts, method=method)

    @property
    def coarse(self) -> bool:
        """Are the saliency maps too coarse to say where in an image something is?"""
        found = next((layer for layer in self.layers if layer.name == self.target_layer), None)
        return found is not None and len(found.shape) == 3 and min(found.sides) < TOO_COARSE

    @property
    def scaling_name(self) -> str:
        """Scaling and channels in one text, as "unit, BGR"."""
        return called(self.scaling, self.channels)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the network's input, in pixels."""
        return self.input[:2]

    def layer(self, name: str) -> LayerInfo:
        """The layer of that name.

        Raises:
            KeyError: there is none.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(name)


@dataclass(frozen=True)
class ModelSource:
    """Location of the model that the config names, and the arguments to load it.

    Attributes:
        identity: hashes of the model's file and modules, or name and weights; "demo" for the demo.
        source: path of a .keras or .h5 file, or a name of keras.applications.
        weights: for a model of keras.applications: "imagenet", "none" (random) or the path of a
            file.
        output: name of the output to audit; None if the model has one output.
        task: "auto", or "classification" where the model need not look like a classifier.
        trust: whether code that the file carries (a Lambda layer) may run.
        custom_modules: paths of Python files that register the model's own layers.
        seed: seed of random weights.
    """

    identity: str
    source: str
    weights: str = "imagenet"
    output: str | None = None
    task: str = AUTO
    trust: bool = False
    custom_modules: tuple[str, ...] = ()
    seed: int = 0

    def require_unchanged(self) -> None:
        """Compare the files with the hashes in ``identity``; call it after they were read.

        Models of keras.applications and the demo's model have no file of the user to compare.

        Raises:
            AuditError: a file is gone, or its content is not what it was when the audit began.
        """
        if self.identity == "demo":
            return
        for name in (self.source, self.weights, *self.custom_modules):
            path = Path(name)
            named = path.suffix or (name == self.source and path.is_file())
            if named and not (path.is_file() and sha256(path) in self.identity):
                raise AuditError(f"{name} was replaced while the audit ran: run it again")
