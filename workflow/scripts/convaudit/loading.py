"""Interim."""
from typing import NamedTuple, Any
import keras

class Loaded(NamedTuple):
    model: Any
    format: str
    keras_version: str
    family: str | None

def load(source, *, weights="imagenet", trust=False, custom_modules=()):
    if source.endswith((".keras", ".h5")):
        return Loaded(keras.models.load_model(source, compile=False), "Keras 3", keras.__version__, None)
    return Loaded(getattr(keras.applications, source)(weights=None if weights == "none" else weights), "keras.applications", keras.__version__, source)
