"""Model files as people have them give the same numbers as before, or are refused in one line."""

import base64
import io
import json
import marshal
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

import toys
from convaudit.errors import AuditError
from convaudit.models.loading import load
from convaudit.models.network import Network
from convaudit.models.reading import model_file
from convaudit.models.reading.bytecode import of_this_python
from keras2 import entry, functional, layer, write_h5
from toys import layers

DRAW = np.random.default_rng(0)
IMAGES = DRAW.uniform(0, 1, (2, 16, 16, 3)).astype(np.float32)


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(AuditError) as caught:
        Network(load(str(path), **options).model)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 700
    return message


def as_keras_2_13(path: Path, model: keras.Model, separator: str) -> Path:
    """A file as Keras 2.13 wrote it: other names, layers with weights counted twice."""
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    arrays: dict[str, np.ndarray] = {}
    with h5py.File(io.BytesIO(content["model.weights.h5"])) as stored:
        stored.visititems(
            lambda name, item: (
                arrays.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    memory = io.BytesIO()
    with h5py.File(memory, "w") as new:
        for name, values in arrays.items():
            *folders, leaf = name.split("/")
            old = [
                f"_layer_checkpoint_dependencies{separator}{twice(folders[at])}"
                for at in range(len(folders))
                if at and folders[at - 1] == "layers"
            ]
            new["/".join([*old, "vars", leaf])] = values
        new[f"metrics{separator}mean/vars/0"] = np.float32(3)
    metadata = {"keras_version": "2.13.1", "date_saved": "2023-08-01@00:00:00"}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps(metadata))
        archive.writestr("config.json", content["config.json"])
        archive.writestr("model.weights.h5", memory.getvalue())
    return path


def twice(name: str) -> str:
    """conv2d_1 was conv2d_2, since each layer with weights was counted twice; the second
    Sequential stayed sequential_1, since the first one, of augmentation, has none.
    """
    if name == "sequential_1":
        return name
    head, _, number = name.rpartition("_")
    return f"{head}_{2 * int(number)}" if number.isdigit() else name


@pytest.mark.parametrize("separator", ["/", "\\"])
def test_keras_2_13_counted_layers_twice_and_windows_joined_by_backslashes(separator, tmp_path):
    base = keras.Sequential(
        [keras.Input((16, 16, 3)), layers.Conv2D(3, 3), layers.Conv2D(4, 3)], name="features"
    )
    augmentation = keras.Sequential([keras.Input((16, 16, 3)), layers.RandomFlip()])
    model = toys.randomised(
        keras.Sequential(
            [
                keras.Input((16, 16, 3)),
                augmentation,
                base,
                layers.Flatten(),
                layers.Dense(4, activation="relu"),
                layers.Dense(2, activation="softmax"),
            ]
        )
    )
    path = as_keras_2_13(tmp_path / "model.keras", model, separator)
    content = path.read_bytes()
    assert b"_layer_checkpoint_dependencies" in zipfile.ZipFile(io.BytesIO(content)).read(
        "model.weights.h5"
    )
    found = load(str(path))
    assert found.format == ".keras of Keras 2.13.1, read as Keras 3"
    expected = model(IMAGES, training=False)
    np.testing.assert_allclose(found.model(IMAGES, training=False), expected, atol=1e-6)


def test_hdf5_under_any_ending_or_none(tmp_path):
    model = toys.randomised(toys.sequential())
    model.save(tmp_path / "model.h5")
    for name in ("detector.model", "model", "weights.hdf", "model.keras"):
        (tmp_path / name).write_bytes((tmp_path / "model.h5").read_bytes())
        np.testing.assert_array_equal(load(str(tmp_path / name)).model(IMAGES), model(IMAGES))


@pytest.mark.parametrize("ending", ["h5", "weights.h5"])
def test_an_architecture_with_its_weights(ending, tmp_path):
    model = toys.randomised(toys.sequential())
    (tmp_path / "net.json").write_text(model.to_json())
    if ending == "h5":  # as Keras 2 wrote weights
        from keras.src.legacy.saving import legacy_h5_format

        with h5py.File(tmp_path / "net.h5", "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)
    else:
        model.save_weights(tmp_path / f"net.{ending}")
    found = load(str(tmp_path / "net.json"), weights=str(tmp_path / f"net.{ending}"))
    np.testing.assert_array_equal(found.model(IMAGES), model(IMAGES))
    assert found.format.startswith(".json of Keras 3")
    assert "give the file of its weights with weights=FILE" in refusal(tmp_path / "net.json")
    other = toys.randomised(toys.transfer())
    other.save_weights(tmp_path / "other.weights.h5")
    assert "load" in refusal(tmp_path / "net.json", weights=str(tmp_path / "other.weights.h5"))


def test_a_git_lfs_pointer_is_called_by_its_name(tmp_path):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 553467096\n"
    for name in ("model.h5", "model.keras", "model"):
        (tmp_path / name).write_text(pointer)
        assert "a Git LFS pointer, not the model itself: get it with git lfs pull" in refusal(
            tmp_path / name
        )


def test_files_of_other_programs_are_called_by_their_name(tmp_path):
    for name, what in {"m.onnx": "ONNX", "m.pth": "PyTorch", "m.tflite": "TensorFlow Lite"}.items():
        (tmp_path / name).write_bytes(b"something")
        assert f"neither a .keras nor an .h5 file but {what}" in refusal(tmp_path / name)
    (tmp_path / "m.h5").touch()
    assert "no readable Keras model" in refusal(tmp_path / "m.h5")


def tensorflow_layer(operation: str, name: str, *before: str, **constants: Any) -> dict[str, Any]:
    made = layer("TensorFlowOpLayer", name, *before, node_def={"name": name, "op": operation})
    made["config"]["constants"] = {key.removeprefix("at_"): each for key, each in constants.items()}
    made["name"] = f"tf_op_layer_{name}"
    return made


def test_operations_of_tensorflow_2_0_to_2_3(tmp_path):
    """x / 127.5 - 1, as in many notebooks of 2020; BGR by a slice; a mean over the positions."""
    turned = tensorflow_layer("StridedSlice", "turn", "tf_op_layer_minus")
    turned["config"]["constants"] = {"1": [0, 0], "2": [0, 0], "3": [1, -1]}
    turned["config"]["node_def"]["attr"] = {
        name: {"i": value}
        for name, value in {"begin_mask": "2", "end_mask": "2", "ellipsis_mask": "1"}.items()
    }
    config = functional(
        "model",
        [
            entry("image", 16),
            tensorflow_layer("RealDiv", "divide", "image", at_1=127.5),
            tensorflow_layer("Sub", "minus", "tf_op_layer_divide", at_1=1.0),
            turned,
            tensorflow_layer("Mean", "mean", "tf_op_layer_turn", at_1=[1, 2]),
            layer("Dense", "head", "tf_op_layer_mean", units=2, activation="softmax"),
        ],
    )
    kernel = DRAW.uniform(-1, 1, (3, 2)).astype(np.float32)
    weights = {"head": {"head/kernel:0": kernel, "head/bias:0": np.zeros(2, np.float32)}}
    path = write_h5(tmp_path / "model.h5", "2.3.0-tf", config, weights)
    model = load(str(path)).model
    means = (IMAGES * 255 / 127.5 - 1)[..., ::-1].mean(axis=(1, 2)) @ kernel
    powers = np.exp(means)
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model(IMAGES * 255), expected, atol=1e-5)


def test_an_operation_that_cannot_be_read_says_what_it_is(tmp_path):
    config = functional(
        "model", [entry("image", 16), tensorflow_layer("ResizeBilinear", "grow", "image")]
    )
    message = refusal(write_h5(tmp_path / "model.h5", "2.2.0", config, {}))
    assert "'tf_op_layer_grow' is the operation ResizeBilinear of TensorFlow" in message
    assert "custom_modules" not in message


def test_a_constant_first_in_an_add(tmp_path):
    config = functional(
        "model",
        [
            entry("image", 16),
            layer("Subtract", "negative", ["_CONSTANT_VALUE", -1, 1.0, {}], "image"),
            layer("GlobalAveragePooling2D", "mean", "negative", data_format="channels_last"),
            layer("Dense", "head", "mean", units=2),
        ],
    )
    kernel = DRAW.uniform(-1, 1, (3, 2)).astype(np.float32)
    weights = {"head": {"head/kernel:0": kernel, "head/bias:0": np.zeros(2, np.float32)}}
    path = write_h5(tmp_path / "model.h5", "2.9.0", config, weights)
    expected = (1 - IMAGES).mean(axis=(1, 2)) @ kernel
    np.testing.assert_allclose(load(str(path)).model(IMAGES), expected, atol=1e-5)


def test_keras_1_is_called_by_its_name(tmp_path):
    old = {
        "class_name": "Convolution2D",
        "config": {
            "name": "convolution2d_1",
            "nb_filter": 4,
            "nb_row": 3,
            "nb_col": 3,
            "border_mode": "valid",
            "dim_ordering": "tf",
            "batch_input_shape": [None, 16, 16, 3],
        },
    }
    config = {"class_name": "Sequential", "config": [old]}
    message = refusal(write_h5(tmp_path / "model.h5", "1.2.2", config, {}))
    assert "it was written by Keras 1 (its layer 'convolution2d_1' has 'Convolution2D')" in message
    assert message.endswith("load it with Keras 2.0 to 2.3, which reads both, and save it again")


@keras.saving.register_keras_serializable("field")
def swish_of_my_own(x: Any) -> Any:
    return x * keras.ops.sigmoid(x)


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_an_activation_given_as_a_function_ends_with_the_reason(ending, tmp_path):
    conv = layers.Conv2D(4, 3, activation=swish_of_my_own)
    model = keras.Sequential([keras.Input((16, 16, 3)), conv, layers.Flatten(), layers.Dense(2)])
    model.save(tmp_path / f"model.{ending}")
    keras.saving.get_custom_objects().pop("field>swish_of_my_own")
    try:
        message = refusal(tmp_path / f"model.{ending}")
    finally:
        keras.saving.register_keras_serializable("field")(swish_of_my_own)
    assert "it does not know the" in message and "swish_of_my_own" in message
    assert message.endswith("in custom_modules")


def test_a_sequential_without_its_input_says_so(tmp_path):
    model = keras.Sequential([layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])
    model(IMAGES)
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(content["config.json"])
    del config["config"]["build_input_shape"], config["build_config"]
    config["config"]["layers"] = config["config"]["layers"][1:]
    content["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        for name, each in content.items():
            archive.writestr(name, each)
    assert refusal(tmp_path / "model.keras").endswith(
        "it was never built, so its input is unknown: call it on one batch and save it again"
    )


def other_python(code: bytes) -> bytes:
    """As Python 3.8 marshals a function: one number more before its instructions."""
    return code[:1] + bytes(4) + code[1:]


def test_trust_is_not_promised_for_code_of_another_python(tmp_path):
    path = tmp_path / "model.keras"
    toys.with_lambda().save(path)
    assert "if you trust the file, set trust_model=true" in refusal(path)
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(content["config.json"])
    (function,) = [
        each["config"]["function"]
        for each in config["config"]["layers"]
        if each["class_name"] == "Lambda"
    ]
    code = base64.b64decode(function["config"]["code"])
    assert of_this_python(code) and not of_this_python(other_python(code))
    assert not of_this_python(b"\xe3" + bytes(60))
    function["config"]["code"] = base64.b64encode(other_python(code)).decode()
    content["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, each in content.items():
            archive.writestr(name, each)
    for trust in (False, True):
        message = refusal(path, trust=trust)
        assert "made by another Python than this one (3." in message
        assert "trust_model" not in message


def test_this_pythons_own_functions_are_its_own():
    def deeper(x: int, *more: int, key: int = 0) -> int:
        return x + key + len([each for each in more if each])

    for function in (lambda: 0, deeper):
        assert of_this_python(marshal.dumps(function.__code__))


def test_an_autoencoder_has_no_two_classes(tmp_path):
    inputs = keras.Input((16, 16, 3))
    model = keras.Model(inputs, layers.Conv2D(2, 3, padding="same")(inputs))
    model.save(tmp_path / "model.keras")
    assert model_file.read_head_units(tmp_path / "model.keras") is None
    assert "an image of the size of its input" in refusal(tmp_path / "model.keras")
