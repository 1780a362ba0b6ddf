"""Measure which CAM method and layer agree with occlusion, by the network's head and map size.

Twelve small networks with the usual heads and map sizes are trained to recognise shapes on crops of
the demo's photographs, some with the shape in the middle, others with the shape anywhere. On images
that they have not seen, each cell of a grid is painted grey in turn. The drop of the margin, the
predicted class's score minus the mean of the others, is the importance of the cell. The result is
the mean rank correlation between a map's heat in the cells and these drops.

python benchmarks/occlusion.py
"""

import bench  # noqa: F401 -- before TensorFlow, whose kernels it chooses

# isort: split

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from scipy.stats import rankdata

import figures
from convaudit.demo import photographs
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS
from convaudit.onepass import OnePass

layers = keras.layers
CLASSES = 6
IMAGES = 160
GRIDS = (3, 6)
PAGE = Path(__file__).parents[1] / "docs" / "methods.md"
PHOTOGRAPHS = Path(photographs.__file__).parent
METHODS = ("gradcam", "hirescam", "gradcam++", "layercam", "xgradcam")


def conv(filters: int, size: int = 3, **how: Any) -> Any:
    return layers.Conv2D(filters, size, activation="relu", **how)


def block(x: Any, filters: int) -> Any:
    return layers.MaxPooling2D()(conv(filters, padding="same")(x))


def signs(x: Any) -> Any:
    """The network of many traffic-sign tutorials: 30 x 30 pixels, maps of 3 x 3 at the end."""
    x = layers.MaxPooling2D()(conv(32, 5)(conv(32, 5)(x)))
    x = layers.MaxPooling2D()(conv(64)(conv(64)(x)))
    return layers.Dense(128, activation="relu")(layers.Flatten()(x))


def blocks(*filters: int, head: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def body(x: Any) -> Any:
        for count in filters:
            x = block(x, count)
        return head(x)

    return body


def flat(x: Any) -> Any:
    return layers.Dense(64, activation="relu")(layers.Flatten()(x))


def straight(x: Any) -> Any:
    return layers.Flatten()(x)


def average(x: Any) -> Any:
    return layers.GlobalAveragePooling2D()(x)


def average_dense(x: Any) -> Any:
    return layers.Dense(64, activation="relu")(layers.GlobalAveragePooling2D()(x))


def greatest(x: Any) -> Any:
    return layers.GlobalMaxPooling2D()(x)


def residual(x: Any) -> Any:
    for filters in (24, 48, 64):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(x)))
        y = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(y))
        x = layers.ReLU()(layers.Add()([x, y]))
    return layers.GlobalAveragePooling2D()(x)


NETWORKS: dict[str, tuple[int, bool, Callable[[Any], Any]]] = {
    "signs: Flatten, Dense": (30, False, signs),
    "LeNet: Flatten, Dense": (32, True, blocks(16, 32, head=flat)),
    "3 blocks: Flatten, Dense": (64, True, blocks(16, 32, 48, head=flat)),
    "4 blocks: Flatten, Dense": (64, False, blocks(16, 32, 48, 64, head=flat)),
    "5 blocks: Flatten, Dense": (64, False, blocks(16, 32, 48, 64, 64, head=flat)),
    "5 blocks, anywhere: Flatten, Dense": (64, True, blocks(16, 32, 48, 64, 64, head=flat)),
    "3 blocks: Flatten": (56, False, blocks(16, 32, 48, head=straight)),
    "3 blocks: average": (64, True, blocks(16, 32, 64, head=average)),
    "4 blocks: average, Dense": (64, True, blocks(16, 32, 48, 64, head=average_dense)),
    "5 blocks: average": (64, False, blocks(16, 32, 48, 64, 64, head=average)),
    "residual, batch norm: average": (64, True, residual),
    "4 blocks: maximum": (64, True, blocks(16, 32, 48, 64, head=greatest)),
}


def draw(count: int, side: int, anywhere: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (count, side, side, 3) uint8 and labels: a noise pattern for each class, on crops of
    photographs.
    """
    generator = np.random.default_rng(seed)
    patterns = np.random.default_rng(7).integers(0, 2, (CLASSES, 5, 5, 3)).astype(np.uint8) * 200
    photos = [cv2.imread(str(PHOTOGRAPHS / f"{name}.png")) for name in photographs.CLASSES]
    part = round(side * (0.34 if anywhere else 0.45))
    truth = generator.integers(0, CLASSES, count)
    images = np.empty((count, side, side, 3), np.uint8)
    for image, label in zip(images, truth, strict=True):
        photo = photos[generator.integers(len(photos))]
        crop = generator.integers(side, 3 * side)
        y, x = (generator.integers(0, end - crop) for end in photo.shape[:2])
        image[:] = cv2.resize(photo[y : y + crop, x : x + crop], (side, side))
        middle, most = (side - part) // 2, side - part
        place = (
            generator.integers(0, most + 1, 2)
            if anywhere
            else (middle + generator.integers(-2, 3, 2))
        )
        shape = cv2.resize(patterns[label], (part, part), interpolation=cv2.INTER_NEAREST)
        shape = shape * generator.uniform(0.5, 1) + generator.normal(20, 12, shape.shape)
        y, x = place
        image[y : y + part, x : x + part] = shape.clip(0, 255)
    return images, truth


def trained(name: str) -> tuple[keras.Model, float]:
    side, anywhere, body = NETWORKS[name]
    keras.utils.set_random_seed(0)
    inputs = keras.Input((side, side, 3))
    x = body(layers.Rescaling(1 / 255)(inputs))
    outputs = layers.Dense(CLASSES, activation="softmax")(layers.Dropout(0.3)(x))
    model = keras.Model(inputs, outputs)
    optimizer = keras.optimizers.Adam(2e-3)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    images, truth = draw(3000, side, anywhere, 1)
    model.fit(images, truth, epochs=8, batch_size=64, verbose=0)
    fresh, truth = draw(IMAGES, side, anywhere, 2)
    return model, float(model.evaluate(fresh, truth, verbose=0)[1])


def margins(network: Network, images: np.ndarray, said: np.ndarray) -> np.ndarray:
    scores = np.concatenate(
        [
            np.asarray(network.run(images[start : start + 128].astype(np.float32)))
            for start in range(0, len(images), 128)
        ]
    )
    own = scores[np.arange(len(said)), said]
    return own - (scores.sum(axis=1) - own) / (scores.shape[1] - 1)


def drops(network: Network, images: np.ndarray, said: np.ndarray, grid: int) -> np.ndarray:
    """Drop of the margin when each cell is painted: (n, grid * grid)."""
    base, side = margins(network, images, said), images.shape[1]
    grey = images.reshape(-1, 3).mean(axis=0).astype(np.uint8)
    edges = np.linspace(0, side, grid + 1).round().astype(int)
    found = []
    for top, bottom in pairwise(edges):
        for left, right in pairwise(edges):
            painted = images.copy()
            painted[:, top:bottom, left:right] = grey
            found.append(base - margins(network, painted, said))
    return np.stack(found, axis=1)


def shares(maps: np.ndarray, grid: int) -> np.ndarray:
    """Heat in the cells of a grid, with maps enlarged as for the overlays: (n, grid * grid)."""
    side = 30 * grid // grid * grid
    large = np.stack([cv2.resize(each, (side, side)) for each in maps])
    cell = side // grid
    return large.reshape(-1, grid, cell, grid, cell).sum(axis=(2, 4)).reshape(len(maps), -1)


def correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each row."""
    a, b = (rankdata(each, axis=1) for each in (first, second))
    a, b = (each - each.mean(axis=1, keepdims=True) for each in (a, b))
    return (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))


def spatial(network: Network) -> dict[int, str]:
    """The name of the last layer of each map size, the finest first."""
    found = {}
    for layer in network.layers:
        if len(layer.shape) == 3 and layer.shape[0] > 1 and layer.kind not in ("Rescaling",):
            found[layer.shape[0]] = layer.name
    return dict(sorted(found.items(), reverse=True))


def compare(name: str) -> list[dict[str, Any]]:
    model, accuracy = trained(name)
    network = Network(model)
    side, anywhere, _ = NETWORKS[name]
    images, _ = draw(IMAGES, side, anywhere, 2)
    scores = network.run(images.astype(np.float32))
    said = np.asarray(scores).argmax(axis=1)
    worth = {grid: drops(network, images, said, grid) for grid in GRIDS}
    rows = []
    for cells, layer in spatial(network).items():
        if cells > 32:
            continue
        for method in METHODS:
            look = OnePass(network, SCALINGS["none"], layer, [], method=method, batch_size=IMAGES)
            maps = look(images, said.astype(np.int32)).maps
            warm = maps.sum(axis=(1, 2)) > 0
            row = {"network": name, "accuracy": accuracy, "cells": cells, "layer": layer}
            row |= {"method": method, "empty": float(1 - warm.mean())}
            for grid in GRIDS:
                heat, drop = shares(maps[warm], grid), worth[grid][warm]
                row[f"rank_{grid}"] = float(np.nanmean(correlation(heat, drop)))
                row[f"top_{grid}"] = float((heat.argmax(axis=1) == drop.argmax(axis=1)).mean())
            rows.append(row)
    return rows


HEADING = "# The methods against occlusion"
TEXT = """
Written by `python benchmarks/occlusion.py`; the other part of this page stays. Twelve networks of
usual heads, trained to tell six patterns on crops of the demo's photographs; {images} further
images each. Each cell of a 3 x 3 grid over the image is painted in the images' mean colour in turn.
The drop of the margin, the predicted class's score minus the mean of the others, is the importance
of the cell. The figure is the mean rank correlation (Spearman) of a map's heat in the cells with
this importance; in brackets on a 6 x 6 grid. *last* is the last layer with maps, *finer* the last
one with at least 8 x 8 cells if those are under 7 x 7, which is what `gradcam.layer: auto` takes.

{table}
Of {count} pairs of network and layer with at least 7 x 7 cells, HiResCAM is better than Grad-CAM in
{better} and worse in {worse} (by more than 0.005, 3 x 3 grid); means {hires:.2f} and {grad:.2f}.
Up to {empty:.0%} of Grad-CAM's maps are empty there, {none:.0%} of HiResCAM's. With fewer than
4 x 4 cells no method exceeds {coarse:.2f}: then the report makes no statement about places.
"""


def page(rows: list[dict[str, Any]]) -> str:
    """The second part of docs/methods.md."""
    by = {(row["network"], row["cells"], row["method"]): row for row in rows}

    def figure(network: str, cells: int, method: str) -> str:
        row = by[network, cells, method]
        return f"{row['rank_3']:.2f} ({row['rank_6']:.2f})"

    table = []
    for name in dict.fromkeys(row["network"] for row in rows):
        sizes = sorted({row["cells"] for row in rows if row["network"] == name})
        last = sizes[0]
        finer = last if last >= 7 else next(cells for cells in sizes if cells >= 8)
        for what, cells in {"last": last, "finer": finer}.items():
            if what == "last" or finer != last:
                numbers = [figure(name, cells, method) for method in METHODS]
                table.append([name, f"{what}, {cells} x {cells}", *numbers])
    fine = [(n, c) for n, c, m in by if m == "gradcam" and c >= 7]
    gap = [by[n, c, "hirescam"]["rank_3"] - by[n, c, "gradcam"]["rank_3"] for n, c in fine]
    mean = {m: np.mean([by[n, c, m]["rank_3"] for n, c in fine]) for m in METHODS}
    text = TEXT.format(
        images=IMAGES,
        table=figures.table(["network: head", "maps", *METHODS], table),
        count=len(fine),
        better=sum(each > 0.005 for each in gap),
        worse=sum(each < -0.005 for each in gap),
        hires=mean["hirescam"],
        grad=mean["gradcam"],
        empty=max(by[n, c, "gradcam"]["empty"] for n, c in fine),
        none=max(by[n, c, "hirescam"]["empty"] for n, c in fine),
        coarse=max(row["rank_3"] for row in rows if row["cells"] < 4),
    )
    return HEADING + "\n" + text


if __name__ == "__main__":
    found: list[dict[str, Any]] = []
    for name in NETWORKS:
        found += compare(name)
    kept = PAGE.read_text().partition(HEADING)[0].rstrip()
    PAGE.write_text(f"{kept}\n\n{page(found)}")
