"""Print the layers of a keras.applications model as JSON: [[name, class], …]."""

import json
import sys

from jobs.tensorflow_job import start_tensorflow


def main(name: str) -> None:
    """Print the name and the Keras class of each layer of the model ``name``."""
    start_tensorflow(on_gpu=False)
    from convaudit.models import loading
    from convaudit.models.network import Network

    network = Network(loading.load(name, weights="none").model)
    print(json.dumps([[layer.name, layer.kind] for layer in network.layers]))


if __name__ == "__main__":
    main(sys.argv[1])
