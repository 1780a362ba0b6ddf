"""Models are loaded as they were saved; a fault of a file is one line."""

import json
import shutil
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

import toys
from convaudit.errors import AuditError
from convaudit.models.loading import families, load
from convaudit.models.network import Network
from convaudit.models.reading import model_file
from toys import layers

IMAGES = np.random.default_rng(1).uniform(0, 1, (3, toys.SIDE, toys.SIDE, 3)).astype(np.float32)


def refusal(source: Path | str, **options) -> str:
    with pytest.raises(AuditError) as refused:
        load(str(source), **options)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 700
    return str(refused.value)


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("name", toys.GRAPHS)
def test_models_come_back_as_they_were(name, ending, tmp_path):
    model = toys.randomised(toys.GRAPHS[name]())
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    path = tmp_path / f"model.{ending}"
    model.save(path)
    loaded = load(str(path))
    assert loaded.format == f".{ending} of Keras {keras.__version__}"
    expected, network = Network(model), Network(loaded.model)
    scores = expected.run(tf.constant(IMAGES))
    np.testing.assert_allclose(network.run(tf.constant(IMAGES)), scores, atol=1e-6)
    assert network.target_layer == expected.target_layer
    listed = [tuple(ref) for ref in model_file.read_layers(path)]
    found = [(info.name, info.kind) for info in network.layers]
    assert set(listed) == set(found)
    assert len(listed) == len(found)
    if name != "shared":
        assert listed == found


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_comes_back(policy, ending, tmp_path):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = toys.randomised(toys.transfer())
    finally:
        keras.config.set_dtype_policy(before)
    model.save(tmp_path / f"model.{ending}")
    loaded = load(str(tmp_path / f"model.{ending}")).model
    assert loaded.get_layer("head").compute_dtype == policy.removeprefix("mixed_")
    np.testing.assert_array_equal(loaded(IMAGES), model(IMAGES))
    assert Network(loaded).head == "softmax"


def test_a_sequential_that_was_never_called(tmp_path):
    model = toys.sequential()
    model.save(tmp_path / "model.keras")
    assert Network(load(str(tmp_path / "model.keras")).model).classes == 3


@pytest.mark.parametrize("name", toys.HEADS)
def test_classes_are_read_from_the_file_or_left_open(name, tmp_path):
    model = toys.HEADS[name][1]()
    model.save(tmp_path / "model.keras")
    units = model_file.read_head_units(tmp_path / "model.keras")
    reshaped = name in (
        "fully convolutional, reshaped",
        "softmax before a reshape",
        "flattened maps are the scores",
    )
    assert units == (None if reshaped else model.output_shape[-1])


@keras.saving.register_keras_serializable("tests")
class Doubled(layers.Layer):
    def call(self, x):
        return 2 * x


CUSTOM = """
import keras

@keras.saving.register_keras_serializable("zoo_ENDING")
class Scaled(keras.layers.Layer):
    def call(self, x):
        return 3 * x
"""


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_custom_layers_come_from_the_module_that_is_named(ending, tmp_path):
    module = tmp_path / "zoo.py"
    module.write_text(CUSTOM.replace("ENDING", ending))
    model = toys.with_head(Doubled(name="twice"), layers.Flatten(), layers.Dense(2))
    toys.randomised(model).save(tmp_path / f"model.{ending}")
    renamed = rewritten(
        tmp_path / f"model.{ending}",
        lambda text: text.replace("tests>Doubled", f"zoo_{ending}>Scaled").replace(
            '"Doubled"', '"Scaled"'
        ),
    )
    message = refusal(renamed)
    assert "Scaled': name the Python file" in message and "custom_modules" in message
    loaded = load(str(renamed), custom_modules=[str(module)])
    assert np.allclose(loaded.model.get_layer("twice")(np.ones(2)), 3)
    Network(loaded.model)
    (tmp_path / "broken.py").write_text("import nothing_of_that_name")
    message = refusal(renamed, custom_modules=[str(tmp_path / "broken.py")])
    assert "custom_modules" in message and "nothing_of_that_name" in message


def rewritten(path: Path, change) -> Path:
    """A copy of a model file with another config."""
    copy = path.with_stem("rewritten")
    if path.suffix == ".h5":
        shutil.copy(path, copy)
        with h5py.File(copy, "r+") as file:
            file.attrs["model_config"] = change(file.attrs["model_config"])
        return copy
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                content = change(content.decode()).encode()
            new.writestr(name, content)
    return copy


@keras.saving.register_keras_serializable("tests")
class Pupil(keras.Model):
    """A model class, such as one with its own training step."""


@keras.saving.register_keras_serializable("tests")
class MyPause(layers.Layer):
    """Without ``get_config``, so Keras does not store its name."""

    def call(self, x):
        return x


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_model_of_a_class_of_its_own_with_layers_that_store_no_name(ending, tmp_path):
    rest = [MyPause(), MyPause(), layers.Flatten(), layers.Dense(2)]
    inner = keras.Sequential([keras.Input((4, 4, 3)), layers.Conv2D(2, 1), *rest])
    inputs = keras.Input((4, 4, 3))
    Pupil(inputs, inner(inputs)).save(tmp_path / f"model.{ending}")
    keras.backend.clear_session()  # a job counts names from the first on
    model = load(str(tmp_path / f"model.{ending}")).model
    assert type(model).__name__ == "Pupil"
    found = [(layer.name, layer.kind) for layer in Network(model).layers]
    assert found == [tuple(ref) for ref in model_file.read_layers(tmp_path / f"model.{ending}")]
    assert found[2] == (f"{inner.name}/my_pause_1", "MyPause")


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_code_in_a_file_is_refused_unless_trusted(ending, tmp_path):
    model = toys.with_head(
        layers.Lambda(lambda x: 2 * x, name="secret"), layers.Flatten(), layers.Dense(2)
    )
    path = tmp_path / f"model.{ending}"
    toys.randomised(model).save(path)
    message = refusal(path)
    assert "'secret' (a Lambda)" in message and "trust_model=true" in message
    with pytest.raises(AuditError, match="trust_model=true"):
        model_file.refuse_code(path)
    loaded = load(str(path), trust=True)
    np.testing.assert_allclose(loaded.model(IMAGES), model(IMAGES), atol=1e-6)


def test_code_hidden_in_a_nested_config_is_refused(tmp_path):
    inner = keras.Sequential([keras.Input((14, 14, 4)), layers.Lambda(lambda x: x, name="deep")])
    toys.with_head(inner, layers.Flatten(), layers.Dense(2)).save(tmp_path / "model.keras")
    assert "'deep' (a Lambda)" in refusal(tmp_path / "model.keras")


def saved(path: Path) -> Path:
    toys.randomised(toys.transfer()).save(path)
    return path


def test_an_array_too_many_or_too_few_in_keras_is_noticed(tmp_path):
    path = saved(tmp_path / "model.keras")
    with zipfile.ZipFile(path) as archive:
        (tmp_path / "weights.h5").write_bytes(archive.read("model.weights.h5"))
        others = {n: archive.read(n) for n in archive.namelist() if n != "model.weights.h5"}

    def with_weights(name: str) -> Path:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.write(tmp_path / "weights.h5", "model.weights.h5")
            for other, content in others.items():
                archive.writestr(other, content)
        return tmp_path / name

    with h5py.File(tmp_path / "weights.h5", "r+") as file:
        file["layers/dense_7/vars/0"] = np.ones((2, 2), np.float32)
    assert "1 arrays in the file match no weight of the model, and 0 weights" in refusal(
        with_weights("more.keras")
    )
    with h5py.File(tmp_path / "weights.h5", "r+") as file:
        del file["layers/dense_7"], file["layers/dense"]
    assert "can't load" in refusal(with_weights("fewer.keras"))


def test_weights_in_another_order_in_h5_are_noticed(tmp_path):
    """Keras itself would silently put each layer's weights into the other one."""
    model = toys.randomised(
        toys.with_head(
            layers.Conv2D(4, 1, name="one"), layers.Conv2D(4, 1, name="two"), layers.Flatten()
        )
    )
    model.save(tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5", "r+") as file:
        names = list(file["model_weights"].attrs["layer_names"])
        one, two = names.index("one"), names.index("two")
        names[one], names[two] = names[two], names[one]
        file["model_weights"].attrs["layer_names"] = names
    message = refusal(tmp_path / "model.h5")
    assert (
        "2 arrays of layer 'one' in the file match no weight of the model, and 2 weights" in message
    )


def test_layers_without_weights_in_h5_are_noticed(tmp_path):
    path = saved(tmp_path / "model.h5")
    with h5py.File(path, "r+") as file:
        file["model_weights"].attrs["layer_names"] = [b"base"]
    assert "Layer count mismatch" in refusal(path)


@keras.saving.register_keras_serializable("tests")
class Subclass(keras.Model):
    def __init__(self, **rest):
        super().__init__(**rest)
        self.dense = layers.Dense(2)

    def call(self, x):
        return self.dense(x)


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_subclass_is_refused_before_keras_looks_for_its_class(ending, tmp_path):
    model = Subclass()
    model(np.zeros((1, 4)))
    model.save(tmp_path / f"model.{ending}")
    message = refusal(tmp_path / f"model.{ending}")
    assert "it is a subclass (Subclass) whose file holds no graph of its layers" in message
    with pytest.raises(AuditError, match="is a subclass"):
        model_file.read_layers(tmp_path / f"model.{ending}")


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_weight_that_two_layers_hold_is_stored_twice(ending, tmp_path):
    model = toys.randomised(
        toys.with_head(
            layers.SpectralNormalization(layers.Conv2D(4, 3), name="wrapped"), layers.Flatten()
        )
    )
    model.save(tmp_path / f"model.{ending}")
    loaded = load(str(tmp_path / f"model.{ending}")).model
    np.testing.assert_array_equal(loaded(IMAGES), model(IMAGES))


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_pipeline_of_layers_is_one_layer(ending, tmp_path):
    pipeline = layers.Pipeline([layers.RandomFlip(), layers.Rescaling(2)], name="both")
    toys.with_head(pipeline, layers.Flatten()).save(tmp_path / f"model.{ending}")
    found = Network(load(str(tmp_path / f"model.{ending}")).model).layers
    listed = model_file.read_layers(tmp_path / f"model.{ending}")
    assert [(info.name, info.kind) for info in found] == [tuple(ref) for ref in listed]
    assert [info.name for info in found][1] == "both"


def test_a_file_is_what_is_in_it_whatever_its_ending(tmp_path):
    """Keras 2 wrote HDF5 under any name."""
    model = toys.randomised(toys.transfer())
    for ending, other in {"keras": "H5", "h5": "keras"}.items():
        model.save(tmp_path / f"model.{ending}")
        (tmp_path / f"model.{ending}").rename(tmp_path / f"other.{other}")
        loaded = load(str(tmp_path / f"other.{other}"))
        assert loaded.format.startswith(f".{ending} of Keras")
        np.testing.assert_array_equal(loaded.model(IMAGES), model(IMAGES))


def test_files_that_are_no_models(tmp_path):
    (tmp_path / "text.keras").write_text("hello")
    (tmp_path / "text.h5").write_text("hello")
    (tmp_path / "model.pt").write_text("hello")
    toys.sequential().save_weights(tmp_path / "only.weights.h5")
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("config.json", json.dumps([]))
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").touch()
    expected = {
        "text.keras": "no readable Keras model",
        "text.h5": "no readable Keras model",
        "other.keras": "no readable Keras model",
        "model.pt": "neither a .keras nor an .h5 file",
        "only.weights.h5": "it holds weights alone",
        "saved": "a SavedModel folder, which Keras 3 can't look into: convert it",
        ".": "is a folder",
        "missing.keras": "there is no file",
    }
    for name, message in expected.items():
        assert message in refusal(tmp_path / name)


def test_a_file_that_ends_too_early(tmp_path):
    for ending in ("keras", "h5"):
        path = saved(tmp_path / f"model.{ending}")
        path.write_bytes(path.read_bytes()[:-2000])
        assert "model.keras" in refusal(path) or "model.h5" in refusal(path)


def test_a_name_of_keras_applications():
    loaded = load("MobileNet", weights="none")
    assert (loaded.family, loaded.format) == ("MobileNet", "keras.applications, weights none")
    assert len(families()) > 30
    message = refusal("MobilNetV2")
    assert "neither a file nor a name of keras.applications; did you mean 'MobileNetV2'?" in message


def test_weights_for_a_family_from_a_file(tmp_path):
    model = load("MobileNet", weights="none").model
    model.save_weights(tmp_path / "mine.weights.h5")
    again = load("MobileNet", weights=str(tmp_path / "mine.weights.h5")).model
    for mine, other in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    toys.sequential().save_weights(tmp_path / "other.weights.h5")
    assert "config: weights" in refusal("MobileNet", weights=str(tmp_path / "other.weights.h5"))
