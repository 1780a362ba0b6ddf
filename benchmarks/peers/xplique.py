"""Grad-CAM of Xplique; runs in an environment of its own."""

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Otherwise Python would import this file instead of the package of the same name.
sys.path.pop(0)

import keras
import numpy as np
import tensorflow as tf
from xplique.attributions import GradCAM

given = json.loads(sys.argv[1])
folder = Path(given["folder"])
tf.config.threading.set_intra_op_parallelism_threads(given["threads"])
tf.config.threading.set_inter_op_parallelism_threads(1)
model = keras.models.load_model(folder / "model.keras", compile=False)
inputs = np.load(folder / "inputs.npy")
targets = np.eye(model.output_shape[-1], dtype=np.float32)[np.load(folder / "numbers.npy")]
explain = GradCAM(model, batch_size=given["batch"], conv_layer=given["layer"])
tasks = {
    "version": lambda: version("xplique"),
    "maps in batches": lambda: explain(inputs, targets).numpy(),
    "save maps": lambda: np.save(folder / "xplique.npy", explain(inputs, targets)[..., 0]),
}
for line in sys.stdin:
    answer = tasks[line.strip()]()
    print(answer if isinstance(answer, str) else "done", flush=True)
