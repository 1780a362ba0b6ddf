"""Write docs/models.md: target layer, head and scaling of every model of keras.applications.

    python benchmarks/models_table.py              # all of them, one process each
    python benchmarks/models_table.py VGG16 ...    # these alone, as JSON

The reference is the usual code for a plain functional model: the activation of the last layer is
set to linear, and Grad-CAM uses a gradient tape over a model with two outputs.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "workflow" / "scripts"))

import convaudit  # noqa: F401 -- before TensorFlow, whose kernels it chooses

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs" / "models.md"

INTRODUCTION = """# Models of keras.applications

Written by `python benchmarks/models_table.py`; do not edit. Weights are random (`weights: none`).

- **Target layer**: the last activation with a spatial side over 1, after merges and activations;
  found, not listed. Its size is height x width x channels.
- **Scaling**: that of the family's own `preprocess_input`; `none` means that the model holds it.
- **Probabilities, scores, map**: the largest difference, over the largest value, between convaudit
  and the reference: the model's own output; its last layer without activation; Grad-CAM written out
  for that model alone, of the class with the stronger map among the best and the worst.

| Model | Parameters | Input | Target layer | Size | Head | Scaling | Probabilities | Scores | Map |
|---|--:|--:|---|---|---|---|--:|--:|--:|
"""


def main(names: list[str]) -> None:
    if names:
        for name in names:
            print(json.dumps(examine(name)))
        return
    from convaudit.models.loading import families

    rows = []
    for name in families():
        command = [sys.executable, __file__, name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(markdown(rows[-1]), flush=True)
    TABLE.write_text(INTRODUCTION + "".join(f"{markdown(row)}\n" for row in rows))


def markdown(row: dict) -> str:
    size = " x ".join(map(str, row["size"]))
    errors = " | ".join(f"{row[key]:.0e}" for key in ("probabilities", "scores", "map"))
    return (
        f"| {row['name']} | {row['parameters']:,} | {row['input']} | `{row['target']}` | {size} "
        f"| {row['head']} | {row['scaling']} | {errors} |"
    )


def examine(name: str) -> dict:
    """A row of the table."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import numpy as np

    from convaudit.models.inspection.inspection import inspect_model
    from convaudit.models.loading import load
    from convaudit.models.network import Network
    from convaudit.models.scaling import SCALINGS
    from convaudit.onepass import OnePass

    keras.utils.set_random_seed(0)
    loaded = load(name, weights="none")
    network = Network(loaded.model)
    found = inspect_model(loaded, network)
    scaling = SCALINGS[found.scaling]
    size = network.input_shape
    pixels = np.random.default_rng(0).integers(0, 256, (1, *size), np.uint8)
    x = scaling.apply(pixels.astype(np.float32))
    said = np.asarray(loaded.model(x, training=False))
    look = OnePass(network, scaling, found.target_layer, [], batch_size=1)
    first = look(pixels).scores
    batches = [look(pixels, np.array([index])) for index in (first.argmax(), first.argmin())]
    both = [reference(loaded.model, found.target_layer, x, b.explained[0]) for b in batches]
    # With random weights the best class may have an empty map, which would prove nothing.
    batch, (scores, cam) = max(zip(batches, both, strict=True), key=lambda pair: pair[1][1].max())
    return {
        "name": name,
        "parameters": found.parameters,
        "input": size[0],
        "target": found.target_layer,
        "size": found.layer(found.target_layer).shape,
        "head": found.head,
        "scaling": found.scaling,
        "probabilities": off(batch.probabilities, said),
        "scores": off(batch.scores, scores),
        "map": off(batch.maps, cam),
    }


def off(found, expected) -> float:
    """The largest difference, over the largest expected value."""
    import numpy as np

    return float(np.abs(found - expected).max() / np.abs(expected).max())


def reference(model, target: str, x, index: int):
    """Scores and Grad-CAM of a class; works only for functional models."""
    import keras
    import tensorflow as tf

    model.layers[-1].activation = keras.activations.linear
    inner = next(operation for operation in model.operations if operation.name == target)
    both = keras.Model(model.inputs, [inner.output, model.output])
    with tf.GradientTape() as tape:
        activations, scores = both(x, training=False)
        score = scores[:, index]
    weights = tf.reduce_mean(tape.gradient(score, activations), axis=(1, 2), keepdims=True)
    return scores.numpy(), tf.nn.relu(tf.reduce_mean(weights * activations, axis=-1)).numpy()


if __name__ == "__main__":
    main(sys.argv[1:])
