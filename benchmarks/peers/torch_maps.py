"""Maps of pytorch-grad-cam for agreement.py; runs in the environment of torch.txt."""

import json
import sys
from importlib.metadata import version
from unittest.mock import MagicMock

# Parts that are not used here import torchvision, which fits few builds of PyTorch.
for name in ("", ".transforms", ".transforms.functional"):
    sys.modules[f"torchvision{name}"] = MagicMock()

import numpy as np  # noqa: E402
import pytorch_grad_cam as peer  # noqa: E402
import torch  # noqa: E402
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget  # noqa: E402

KINDS = {
    "gradcam": peer.GradCAM,
    "gradcam++": peer.GradCAMPlusPlus,
    "layercam": peer.LayerCAM,
    "hirescam": peer.HiResCAM,
    "xgradcam": peer.XGradCAM,
    "eigencam": peer.EigenCAM,
    "scorecam": peer.ScoreCAM,
}


def main(given: str, found: str, methods: list[str]) -> None:
    with np.load(given) as stored:
        network = build(stored)
        images = torch.tensor(stored["images"].transpose(0, 3, 1, 2).copy())
        targets = [ClassifierOutputTarget(index) for index in stored["predicted"]]
    maps = {}
    for method in methods:
        explain = KINDS[method](network, [network.second])
        maps[method] = explain(images, targets)
    np.savez(found, **maps)
    print(version("grad-cam"))


class Toy(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 3, padding=1), torch.nn.ReLU())
        self.second = torch.nn.Sequential(torch.nn.Conv2d(6, 12, 3, padding=1), torch.nn.ReLU())
        self.head = torch.nn.Linear(8 * 8 * 12, 5)

    def forward(self, x):
        x = torch.nn.functional.max_pool2d(self.second(self.first(x)), 2)
        return self.head(x.permute(0, 2, 3, 1).flatten(1))  # Keras' order: height, width, channels


def build(weights) -> Toy:
    network = Toy().eval()
    with torch.no_grad():
        for name in ("first", "second"):
            convolution = getattr(network, name)[0]
            convolution.weight.copy_(torch.tensor(weights[f"{name}_0"].transpose(3, 2, 0, 1)))
            convolution.bias.copy_(torch.tensor(weights[f"{name}_1"]))
        network.head.weight.copy_(torch.tensor(weights["head_0"].T))
        network.head.bias.copy_(torch.tensor(weights["head_1"]))
    return network


main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
