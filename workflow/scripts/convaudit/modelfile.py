"""What a model file tells without TensorFlow: its layers, by name and class."""

import difflib
import json
import re
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

from convaudit.errors import AuditError


class LayerRef(NamedTuple):
    """A layer by its path of names below the model and its Keras class."""

    name: str
    class_name: str


_CONVOLUTIONS = re.compile(r"^(Depthwise|Separable)?Conv2D(Transpose)?$")
_POOLINGS = re.compile(r"^(Max|Average|AdaptiveMax|AdaptiveAverage)Pooling2D$")


def is_convolution(class_name: str) -> bool:
    return bool(_CONVOLUTIONS.match(class_name))


def is_watched(class_name: str) -> bool:
    """Convolutions and poolings, the layers whose channels are worth a picture."""
    return is_convolution(class_name) or bool(_POOLINGS.match(class_name))


def layer_id(name: str) -> str:
    """A layer's name for use in a file name."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", name.replace("/", "."))


def require_layer(name: str, known: list[str], key: str) -> None:
    """Raise an AuditError that suggests the nearest name, unless the layer is known."""
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise AuditError(f"{key}: the model has no layer {name!r}{hint}")


def is_application(source: str) -> bool:
    """Is it a name of keras.applications rather than a file?"""
    return bool(re.fullmatch(r"[A-Z][A-Za-z0-9]+", source)) and not Path(source).exists()


def read_layers(path: Path) -> list[LayerRef]:
    config = _config(path)
    return list(_layers(config, ""))


def read_head_units(path: Path) -> int | None:
    for entry in reversed(_entries(_config(path))):
        units = entry["config"].get("units")
        if units:
            return units
        if entry["class_name"] not in {"Activation", "Softmax", "Dropout"}:
            return None
    return None


def _config(path: Path) -> dict[str, Any]:
    try:
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                return json.loads(archive.read("config.json"))
        import h5py

        with h5py.File(path) as file:
            return json.loads(file.attrs["model_config"])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise AuditError(f"config: model: {path} is no readable Keras model: {error}") from None


def _entries(config: dict[str, Any]) -> list[dict[str, Any]]:
    inner = config["config"]
    return inner if isinstance(inner, list) else inner["layers"]


def _layers(config: dict[str, Any], prefix: str) -> Any:
    for entry in _entries(config):
        name = entry["config"].get("name", entry.get("name"))
        if isinstance(entry["config"], list) or "layers" in entry["config"]:
            yield from _layers(entry, f"{prefix}{name}/")
        elif entry["class_name"] != "InputLayer":
            yield LayerRef(prefix + name, entry["class_name"])
