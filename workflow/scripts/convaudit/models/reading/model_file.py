"""Read a model file without TensorFlow: format, layers, code; refuse what can't be audited."""

import json
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from convaudit.errors import AuditError
from convaudit.models.reading.bytecode import codes, of_this_python
from convaudit.models.reading.keras2 import modernise
from convaudit.models.reading.training import Training, of_compiled

Config = dict[str, Any]


class LayerRef(NamedTuple):
    """A layer by its path of names below the model and its Keras class."""

    name: str
    class_name: str


class ModelFile(NamedTuple):
    """The content of a model file.

    format: "keras", "h5" or "json" (an architecture without weights); keras_version: the version
        that wrote it; config: converted to Keras 3; compiled: the compile config or None.
    """

    format: str
    keras_version: str
    config: Config
    compiled: Config | None = None

    def training(self, output: str | None = None) -> Training:
        """The losses and metrics, of an output where there are several."""
        return of_compiled(self.compiled, output)

    @property
    def legacy(self) -> bool:
        """True if Keras 1 or 2 wrote the file."""
        return int(self.keras_version.partition(".")[0]) < 3


_HDF5 = b"\x89HDF\r\n\x1a\n"
_LFS = b"version https://git-lfs.github.com"
_CHOICES = "a .keras or .h5 file, a name of keras.applications such as VGG16, or 'demo'"


def is_application(source: str) -> bool:
    """True if the source is a name of keras.applications, not a file."""
    return bool(re.fullmatch(r"[A-Z][A-Za-z0-9]+", source)) and not Path(source).exists()


def is_architecture(source: str) -> bool:
    """True if the source is an architecture (.json), whose weights are in another file."""
    return source.lower().endswith(".json")


def read(path: Path) -> ModelFile:
    """Read a model file.

    Raises:
        AuditError: the file is missing, damaged, or of a format that can't be read; the message
            says what to do.
    """
    if path.is_dir():
        raise AuditError(_folder(path))
    try:
        return _read(path)
    except FileNotFoundError:
        raise AuditError(f"config: model: there is no file {path}: give {_CHOICES}") from None
    except (OSError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise AuditError(f"config: model: {path} is no readable Keras model: {reason}") from None


def _read(path: Path) -> ModelFile:
    """Detect the format by the content, because Keras 2 wrote HDF5 under any file name."""
    with path.open("rb") as file:
        beginning = file.read(len(_LFS))
    if beginning == _LFS:
        raise AuditError(
            f"config: model: {path} is a Git LFS pointer, not the model itself: get it with "
            "git lfs pull"
        )
    if beginning.startswith(_HDF5):
        return _read_h5(path)
    if zipfile.is_zipfile(path) or path.suffix.lower() == ".keras":
        return _read_zip(path)
    if is_architecture(str(path)):
        config = json.loads(path.read_text())
        return _described("json", config.get("keras_version", "3"), config)
    if path.suffix.lower() in (".h5", ".hdf5"):
        return _read_h5(path)
    raise AuditError(
        f"config: model: {path} is neither a .keras nor an .h5 file{_what(path, beginning)}: "
        f"give {_CHOICES}"
    )


_OTHERS = {
    ".tflite": "TensorFlow Lite",
    ".onnx": "ONNX",
    ".pt": "PyTorch",
    ".pth": "PyTorch",
    ".pb": "a TensorFlow graph",
    ".pkl": "a pickle",
    ".pickle": "a pickle",
    ".joblib": "a pickle",
    ".mlmodel": "Core ML",
}


def _what(path: Path, beginning: bytes) -> str:
    if not beginning:
        return " (it is empty)"
    found = _OTHERS.get(path.suffix.lower())
    return f" but {found}, which can't be read" if found else ""


def read_layers(path: Path) -> list[LayerRef]:
    """The layers of a model file. Names of nested layers are paths; repeated calls are "name#2".

    Raises:
        AuditError: as ``read``.
    """
    config = read(path).config
    return list(_numbered(_layers(config, "", 1, Counter())))


def read_head_units(path: Path) -> int | None:
    """Number of units of a model's only output, if the last layers state it; else None.

    Raises:
        AuditError: as ``read``.
    """
    return _units(read(path).config)


def refuse_code(path: Path, trust: bool = False) -> None:
    """Refuse a model that carries code.

    Raises:
        AuditError: the file has a Lambda layer or function, which would be executed; or, even with
            ``trust``, code that this Python can't execute.
    """
    config = read(path).config
    carriers = [name for entry in _entries(config) if (name := _carrier(entry))]
    if not carriers:
        return
    carrying = f"config: model: {path} carries Python code in its layer {carriers[0]!r} (a Lambda)"
    if not all(of_this_python(code) for code in codes(config)):
        raise AuditError(
            f"{carrying}, made by another Python than this one "
            f"({sys.version_info.major}.{sys.version_info.minor}), which can't run it: rebuild the "
            "layer as a Keras layer where the model was made, copy the weights and save that"
        )
    if not trust:
        raise AuditError(
            f"{carrying}, which would be executed: if you trust the file, set trust_model=true"
        )


def _carrier(entry: Config) -> str | None:
    """The name of a layer with code; "a function" if it has no name."""
    if entry.get("class_name") not in ("Lambda", "__lambda__"):
        return None
    config = entry.get("config")
    return config.get("name", "a function") if isinstance(config, dict) else "a function"


def _folder(path: Path) -> str:
    if (path / "saved_model.pb").exists():
        return (
            f"config: model: {path} is a SavedModel folder, which Keras 3 can't look into: convert "
            "it with the Keras that wrote it: keras.models.load_model(folder).save('model.h5')"
        )
    return f"config: model: {path} is a folder, not a .keras or .h5 file"


def _read_zip(path: Path) -> ModelFile:
    with zipfile.ZipFile(path) as archive:
        version = json.loads(archive.read("metadata.json"))["keras_version"]
        config = json.loads(archive.read("config.json"))
    return _described("keras", version, config, config.pop("compile_config", None))


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
        compiled = json.loads(file.attrs.get("training_config", "null"))
    version = version.decode() if isinstance(version, bytes) else version
    return _described("h5", version, config, compiled)


def _described(
    format: str, version: str, config: Config, compiled: Config | None = None
) -> ModelFile:
    if "layers" not in config["config"] and isinstance(config["config"], dict):
        raise AuditError(
            f"model: it is a subclass ({config['class_name']}) whose file holds no graph of its "
            "layers: rebuild it as a functional model around them, copy the weights and save that"
        )
    file = ModelFile(format, version, config, compiled)
    return file._replace(config=modernise(config)) if file.legacy else file


def _inner(entry: Config) -> list[Config]:
    """The layers of a nested model; none for other layers."""
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
    """The name that Keras gives to a layer without a name. (A custom layer need not store its
    name.)
    """
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
    entry, pooled = layers.get(_output_name(model)), False
    while entry is not None:
        if _inner(entry):
            return _units(entry)
        if entry["class_name"] == "Dense":
            return entry["config"].get("units")
        if entry["class_name"] == "Conv2D":
            # Without pooling the output is an image, as of an autoencoder.
            return entry["config"].get("filters") if pooled else None
        pooled = pooled or entry["class_name"].startswith("Global")
        if entry["class_name"] not in _SAME_UNITS:
            return None
        entry = layers.get(_name_before(entry, list(layers)))
    return None


def _output_name(model: Config) -> str | None:
    """Name of the layer that gives a model's only output."""
    outputs = model["config"].get("output_layers")
    if outputs is None:
        return _inner(model)[-1]["config"].get("name")
    while isinstance(outputs, list) and len(outputs) == 1:
        outputs = outputs[0]
    return outputs[0] if isinstance(outputs, list) and isinstance(outputs[0], str) else None


def _name_before(entry: Config, names: list[str]) -> str | None:
    """Name of the layer that gives a layer's only input; in a Sequential, the layer before it."""
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
    """All dictionaries in a config, at any depth."""
    if isinstance(item, dict):
        yield item
        for value in item.values():
            yield from _entries(value)
    elif isinstance(item, list):
        for value in item:
            yield from _entries(value)
