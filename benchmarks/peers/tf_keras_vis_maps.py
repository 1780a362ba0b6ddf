"""Maps of tf-keras-vis for agreement.py; runs in the environment of tf-keras-vis.txt."""

import json
import os
import sys
from importlib.metadata import version

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from tf_keras_vis.gradcam import Gradcam
from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
from tf_keras_vis.layercam import Layercam
from tf_keras_vis.scorecam import Scorecam
from tf_keras_vis.utils.scores import CategoricalScore

KINDS = {
    "gradcam": Gradcam,
    "gradcam++": GradcamPlusPlus,
    "layercam": Layercam,
    "scorecam": Scorecam,
}


def main(given: str, found: str, methods: list[str]) -> None:
    model = keras.models.load_model(given.replace(".npz", ".keras"), compile=False)
    with np.load(given) as stored:
        images, predicted = stored["images"], stored["predicted"].tolist()
    maps = {}
    for method in (name for name in methods if name in KINDS):
        explain = KINDS[method](model, clone=False)
        maps[method] = explain(
            CategoricalScore(predicted), images, penultimate_layer="second", normalize_cam=False
        )
    np.savez(found, **maps)
    print(version("tf-keras-vis"))


main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
