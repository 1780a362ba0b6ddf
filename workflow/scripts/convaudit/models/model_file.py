"""What a model file tells without TensorFlow: format, layers by name and class, what to refuse."""

import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from convaudit.errors import AuditError
from convaudit.models.keras2 import modernise

Config = dict[str, Any]


class LayerRef(NamedTuple):
    """A layer by its path of names below the model and its Keras class."""

    name: str
    class_name: str


class ModelFile(NamedTuple):
    """A model file's format ("keras" or "h5"), the Keras that wrote it, and its config.

    The config is in the words of Keras 3, whatever wrote it.
    """

    format: str
    keras_version: str
    config: Config

    @property
    def legacy(self) -> bool:
        return int(self.keras_version.partition(".")[0]) < 3


_HDF5 = b"\x89HDF\r\n\x1a\n"
_CHOICES = "a .keras or .h5 file, a name of keras.applications such as VGG16, or 'demo'"


def is_application(source: str) -> bool:
    """Is it a name of keras.applications rather than a file?"""
    return bool(re.fullmatch(r"[A-Z][A-Za-z0-9]+", source)) and not Path(source).exists()


def read(path: Path) -> ModelFile:
    """Read what a model file says of itself.

    Raises:
        AuditError: it is missing, broken, or of a format that can't be read; with the way out.
    """
    if path.is_dir():
        raise AuditError(_folder(path))
    if path.suffix.lower() not in (".keras", ".h5", ".hdf5"):
        raise AuditError(
            f"config: model: {path} is neither a .keras nor an .h5 file: give {_CHOICES}"
        )
    try:
        # By what is in it: Keras 2 could write HDF5 under any name.
        zipped = zipfile.is_zipfile(path) or (path.suffix == ".keras" and not _is_hdf5(path))
        return _read_zip(path) if zipped else _read_h5(path)
    except FileNotFoundError:
        raise AuditError(f"config: model: there is no file {path}: give {_CHOICES}") from None
    except (OSError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise AuditError(f"config: model: {path} is no readable Keras model: {reason}") from None


def read_layers(path: Path) -> list[LayerRef]:
    """The layers of a model file, nested ones by their path, repeated calls as "name#2".

    Raises:
        AuditError: as ``read``.
    """
    config = read(path).config
    return list(_numbered(_layers(config, "", 1, Counter())))


def read_head_units(path: Path) -> int | None:
    """Units of a model's only output, where the last layers say it plainly; else None.

    Raises:
        AuditError: as ``read``.
    """
    return _units(read(path).config)


def refuse_code(path: Path) -> None:
    """Refuse a model that carries code.

    Raises:
        AuditError: it has a Lambda layer or function, which would be executed.
    """
    for entry in _entries(read(path).config):
        if entry.get("class_name") in ("Lambda", "__lambda__"):
            name = entry["config"].get("name", "a function") if "config" in entry else "a function"
            raise AuditError(
                f"config: model: {path} carries Python code in its layer {name!r} (a Lambda), "
                "which would be executed: if you trust the file, set trust_model=true"
            )


def _folder(path: Path) -> str:
    if (path / "saved_model.pb").exists():
        return (
            f"config: model: {path} is a SavedModel folder, which Keras 3 can't look into: convert "
            "it with the Keras that wrote it: keras.models.load_model(folder).save('model.h5')"
        )
    return f"config: model: {path} is a folder, not a .keras or .h5 file"


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_HDF5)) == _HDF5


def _read_zip(path: Path) -> ModelFile:
    with zipfile.ZipFile(path) as archive:
        version = json.loads(archive.read("metadata.json"))["keras_version"]
        config = json.loads(archive.read("config.json"))
    return _described("keras", version, config)


def _read_h5(path: Path) -> ModelFile:
    import h5py

    with h5py.File(path) as file:
        if "model_config" not in file.attrs:
            raise ValueError(
                "it holds weights alone: save the whole model (model.save), or give it as "
                "weights=FILE of a keras.applications model"
            )
        config = json.loads(file.attrs["model_config"])
        stored = file.attrs if "keras_version" in file.attrs else file["model_weights"].attrs
        version = stored.get("keras_version", "1")
    return _described("h5", version.decode() if isinstance(version, bytes) else version, config)


def _described(format: str, version: str, config: Config) -> ModelFile:
    if "layers" not in config["config"] and isinstance(config["config"], dict):
        raise AuditError(
            f"model: it is a subclass ({config['class_name']}) whose file holds no graph of its "
            "layers: rebuild it as a functional model around them, copy the weights and save that"
        )
    file = ModelFile(format, version, config)
    return file._replace(config=modernise(config)) if file.legacy else file


def _inner(entry: Config) -> list[Config]:
    """The layers of a nested model; none for a plain layer."""
    config = entry.get("config")
    layers = config.get("layers", []) if isinstance(config, dict) else []
    return layers if entry["class_name"] not in ("StackedRNNCells", "Pipeline") else []


def _layers(model: Config, prefix: str, calls: int, unnamed: Counter[str]) -> Iterator[LayerRef]:
    for entry in _inner(model):
        kind = entry["class_name"].rpartition(">")[2]
        name = entry["config"].get("name") or entry.get("name") or _automatic(kind, unnamed)
        times = calls * max(1, len(entry.get("inbound_nodes", [])))
        if _inner(entry):
            yield from _layers(entry, f"{prefix}{name}/", times, unnamed)
        elif kind != "InputLayer":
            yield from [LayerRef(prefix + name, kind)] * times


def _automatic(kind: str, unnamed: Counter[str]) -> str:
    """The name that Keras gives to a layer without one; a custom layer need not store its own."""
    name = re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", kind)).lower()
    unnamed[name] += 1
    return name if unnamed[name] == 1 else f"{name}_{unnamed[name] - 1}"


def _numbered(layers: Iterator[LayerRef]) -> Iterator[LayerRef]:
    seen: Counter[str] = Counter()
    for name, class_name in layers:
        seen[name] += 1
        yield LayerRef(name if seen[name] == 1 else f"{name}#{seen[name]}", class_name)


_SAME_UNITS = (
    "Activation",
    "Softmax",
    "Sigmoid",
    "Dropout",
    "BatchNormalization",
    "ReLU",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
)


def _units(model: Config) -> int | None:
    layers = {entry["config"].get("name"): entry for entry in _inner(model)}
    entry = layers.get(_output_name(model))
    while entry is not None:
        if _inner(entry):
            return _units(entry)
        if entry["class_name"] == "Dense":
            return entry["config"].get("units")
        if entry["class_name"] == "Conv2D":
            return entry["config"].get("filters")
        if entry["class_name"] not in _SAME_UNITS:
            return None
        entry = layers.get(_name_before(entry, list(layers)))
    return None


def _output_name(model: Config) -> str | None:
    """The layer that a model's only output comes from."""
    outputs = model["config"].get("output_layers")
    if outputs is None:
        return _inner(model)[-1]["config"].get("name")
    while isinstance(outputs, list) and len(outputs) == 1:
        outputs = outputs[0]
    return outputs[0] if isinstance(outputs, list) and isinstance(outputs[0], str) else None


def _name_before(entry: Config, names: list[str]) -> str | None:
    """The layer that a layer with one input is called on; in a Sequential, the one before it."""
    if "inbound_nodes" not in entry:
        place = names.index(entry["config"].get("name"))
        return names[place - 1] if place else None
    for found in _entries(entry["inbound_nodes"]):
        if "keras_history" in found:
            return found["keras_history"][0]
    nodes = entry["inbound_nodes"]
    while isinstance(nodes, list) and nodes and not isinstance(nodes[0], str):
        nodes = nodes[0]
    return nodes[0] if isinstance(nodes, list) and nodes else None


def _entries(item: Any) -> Iterator[Config]:
    """Every dictionary in a config, however deep."""
    if isinstance(item, dict):
        yield item
        for value in item.values():
            yield from _entries(value)
    elif isinstance(item, list):
        for value in item:
            yield from _entries(value)
