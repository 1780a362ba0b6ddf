"""Load a Keras classifier: a file of any Keras version, or a name of keras.applications."""

import difflib
import hashlib
import importlib.util
import io
import json
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import keras
import numpy as np
from keras.src import ops
from keras.src.legacy.saving import legacy_h5_format, saving_utils
from keras.src.legacy.saving.saving_options import keras_option_scope
from keras.src.saving import saving_lib
from keras.src.saving.serialization_lib import SafeModeScope

from convaudit.errors import AuditError
from convaudit.models.reading import keras2_weights, model_file
from convaudit.models.reading.model_file import ModelFile
from convaudit.models.reading.training import Training, of_compiled

_OPERATIONS = (ops.nn, ops.numpy, ops.core, ops.image, ops.math, ops.linalg)
_TOP = "top_level_model_weights"


class Loaded(NamedTuple):
    """A loaded model, its format in words, the version of Keras that wrote it, its name in
    keras.applications, and its compile config.
    """

    model: keras.Model
    format: str
    keras_version: str
    family: str | None
    compiled: dict[str, Any] | None = None

    def training(self, output: str | None = None) -> Training:
        """The losses and metrics, of an output where there are several."""
        return of_compiled(self.compiled, output)


def load(
    source: str,
    *,
    weights: str = "imagenet",
    trust: bool = False,
    custom_modules: Sequence[str] = (),
) -> Loaded:
    """Load a model, without its optimiser.

    Args:
        source: path of a .keras or .h5 file or of an architecture (.json), or a name of
            keras.applications.
        weights: for a name of keras.applications: "imagenet", "none" (random) or the path of a
            file; for an architecture the path of its weights.
        trust: whether code in the file (Lambda layers) may run.
        custom_modules: Python files that register custom layers.

    Raises:
        AuditError: the model can't be loaded, an array of the file matches no weight, or a weight
            has no array.
    """
    if model_file.is_application(source):
        return _application(source, weights)
    path = Path(source)
    file = model_file.read(path)
    model_file.refuse_code(path, trust)
    for module in custom_modules:
        _import(Path(module))
    with _one_line(f"config: model: Keras can't load {path}"):
        if file.format == "json":
            model = _load_architecture(path, file, Path(weights), not trust)
        else:
            read = _load_zip if file.format == "keras" else _load_h5
            model = read(path, file, not trust)
            _check_weights(path, file, model)
    return Loaded(model, _format(file), file.keras_version, None, file.compiled)


def families() -> dict[str, Callable[..., keras.Model]]:
    """The models of keras.applications by name."""
    found = vars(keras.applications)
    return {name: found[name] for name in sorted(found) if name[0].isupper()}


def _application(name: str, weights: str) -> Loaded:
    known = families()
    if name not in known:
        near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)
        raise AuditError(
            f"config: model: {name!r} is neither a file nor a name of keras.applications; did you "
            f"mean {near[0]!r}?"
        )
    given = None if weights == "none" else weights
    with _one_line(f"config: weights: Keras can't load {weights!r} into {name}"):
        model = known[name](weights=given)
        if weights not in ("imagenet", "none"):
            _match(Path(weights), list(_arrays(Path(weights).read_bytes())), model.weights, "")
    compiled = {"loss": "categorical_crossentropy"}
    text = f"keras.applications, weights {weights}"
    return Loaded(model, text, keras.__version__, name, compiled)


def _load_zip(path: Path, file: ModelFile, safe: bool) -> keras.Model:
    if not file.legacy:
        with path.open("rb") as opened:
            return saving_lib.load_model(opened, compile=False, safe_mode=safe)
    renewed = io.BytesIO()
    with SafeModeScope(safe):
        # Pass a copy, because Keras changes the config that it reads.
        blank = keras.saving.deserialize_keras_object(json.loads(json.dumps(file.config)))
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(renewed, "w") as new:
        for name in old.namelist():
            content: bytes | str = old.read(name)
            if name == "config.json":
                content = json.dumps(file.config)
            if name == "model.weights.h5":
                content = keras2_weights.renamed(old.read(name), blank)
            new.writestr(name, content)
    renewed.name = str(path)
    return saving_lib.load_model(renewed, compile=False, safe_mode=safe)


def _load_h5(path: Path, file: ModelFile, safe: bool) -> keras.Model:
    _place_operations(file.config)
    _place_subclass(file.config)
    with keras_option_scope(use_legacy_config=True), SafeModeScope(safe):
        model = saving_utils.model_from_config(file.config)
        with h5py.File(path) as stored:
            legacy_h5_format.load_weights_from_hdf5_group(stored["model_weights"], model)
    return model


def _load_architecture(path: Path, file: ModelFile, weights: Path, safe: bool) -> keras.Model:
    if not weights.is_file():
        raise AuditError(
            f"config: weights: {path} is an architecture without weights: give the file of its "
            "weights with weights=FILE"
        )
    _place_operations(file.config)
    with keras_option_scope(use_legacy_config=True), SafeModeScope(safe):
        model = saving_utils.model_from_config(file.config)
    with h5py.File(weights) as stored:
        ordered = "layer_names" in stored.attrs or "model_weights" in stored
        if ordered:  # as Keras 2 wrote them
            group = stored.get("model_weights", stored)
            legacy_h5_format.load_weights_from_hdf5_group(group, model)
    if not ordered:
        saving_lib.load_weights_only(model, str(weights))
    _match(weights, list(_arrays(weights.read_bytes())), model.weights, "")
    return model


def _place_operations(model: dict[str, Any]) -> None:
    """Add the module of operations on tensors, which .h5 leaves out and Keras 3 needs.

    The config of an operation is only a name; a layer of the same class has settings.
    """
    for entry in model["config"]["layers"]:
        if "layers" in entry["config"]:
            _place_operations(entry)
        elif "module" not in entry and "trainable" not in entry["config"]:
            kind = entry["class_name"]
            for module in _OPERATIONS:
                if hasattr(module, kind):
                    entry |= {"module": module.__name__, "registered_name": kind}


def _place_subclass(model: dict[str, Any]) -> None:
    """Add the package of a custom model class, which .h5 leaves out."""
    registered = [
        name
        for name in keras.saving.get_custom_objects()
        if name.rpartition(">")[2] == model["class_name"]
    ]
    if len(registered) == 1:
        model["class_name"] = registered[0]


def _format(file: ModelFile) -> str:
    kind = f".{file.format} of Keras {file.keras_version}"
    return f"{kind}, read as Keras 3" if file.legacy else kind


@contextmanager
def _one_line(where: str) -> Iterator[None]:
    """Convert errors of Keras to one line, and suppress its warnings."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Skipping nested container")
            yield
    except AuditError:
        raise
    except Exception as error:
        raise AuditError(f"{where}: {_reason(error)}") from error


_UNKNOWN = {
    "layer class": r"(?:Could not locate class|Unknown layer:) '([^']*)'",
    "function": r"(?:Could not locate function|Unknown \w+ function:?) '([^']*)'",
}


def _reason(error: Exception) -> str:
    """The reason in an error of Keras, without the configs that it prints first."""
    text = " ".join(re.sub(r"\x1b\[\d*m", "", str(error)).split()) or type(error).__name__
    for what, pattern in _UNKNOWN.items():
        if unknown := re.search(pattern, text):
            return (
                f"it does not know the {what} {unknown[1]!r}: name the Python file that registers "
                "it (@keras.saving.register_keras_serializable()) in custom_modules"
            )
    if "allow_pickle" in text:
        return "it contains pickled data, which could run code when it is loaded: it was not loaded"
    last = text.rpartition("Exception encountered: ")[2]
    last = re.sub(r"\bconfig=\{.*\}\.?", "", last).strip() or text
    return last if len(last) <= _LONGEST else f"… {last[-_LONGEST:]}"


_LONGEST = 400


def _import(path: Path) -> None:
    """Run a Python file, so that it registers its layers."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    with _one_line(f"config: custom_modules: {path}"):
        if spec is None or spec.loader is None:
            raise ValueError("it is no Python file")
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def _check_weights(path: Path, file: ModelFile, model: keras.Model) -> None:
    """Check that the arrays of the file and the weights of the model match one to one.

    Raises:
        AuditError: an array matches no weight, or a weight has no array.
    """
    stored = _stored(path, file)
    held = {"": model.weights}
    if file.format == "h5":
        own = model._trainable_variables + model._non_trainable_variables
        held = {layer.name: layer.weights for layer in model.layers} | {_TOP: own}
    _match(path, list(chain(*stored.values())), list(chain(*held.values())), "")
    # Keras assigns arrays of .h5 by order only, so comparing names is a check of its own.
    for name in sorted(stored.keys() & held.keys()):
        _match(path, stored[name], held[name], f" of layer {name!r}")


def _match(path: Path, arrays: list[np.ndarray], weights: list[Any], where: str) -> None:
    given, taken = Counter(map(_digest, arrays)), Counter(map(_digest, weights))
    # A weight of two layers (SpectralNormalization and the layer in it) is stored twice.
    left = sum(count for digest, count in given.items() if digest not in taken)
    missing = (taken - given).total()
    if left or missing:
        raise AuditError(
            f"config: model: {path}: {left} arrays{where} in the file match no weight of the "
            f"model, and {missing} weights have no array: layers and weights do not fit together"
        )


def _stored(path: Path, file: ModelFile) -> dict[str, list[np.ndarray]]:
    """The arrays of a file, by top-level layer if the file names it."""
    if file.format == "keras":
        with zipfile.ZipFile(path) as archive:
            return {"": list(_arrays(archive.read("model.weights.h5")))}
    with h5py.File(path) as opened:
        group = opened["model_weights"]
        names = legacy_h5_format.load_attributes_from_hdf5_group(group, "layer_names")
        return {
            name.replace("/", "_"): legacy_h5_format.load_subset_weights_from_hdf5_group(
                group[name]
            )
            for name in [*names, *({_TOP} & group.keys())]
        }


def _arrays(content: bytes) -> Iterator[np.ndarray]:
    """The arrays in an HDF5 file's content, without those that only training needs."""
    found: list[np.ndarray] = []

    def collect(name: str, item: Any) -> None:
        training = re.match(r"_?optimizer|metrics[/\\]", name) or "seed_generator" in name
        if isinstance(item, h5py.Dataset) and not training:
            found.append(item[()])

    with h5py.File(io.BytesIO(content)) as stored:
        stored.visititems(collect)
    yield from found


def _digest(weight: Any) -> bytes:
    """A hash of a weight's shape and values."""
    values = np.asarray(weight, np.float32)
    return hashlib.sha256(repr(values.shape).encode() + values.tobytes()).digest()
