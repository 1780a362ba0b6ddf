"""The overlays of a shard: one for each image, and one for each further requested class."""

import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest

import gradcam
from convaudit.attribution import map_statistics
from convaudit.dataset import images
from convaudit.drawing import encoding, overlays, sprites
from fabricated import FACTS


@pytest.mark.parametrize(
    ("shown", "files"),
    [
        ("all", {"a-0.jpg", "b-0.jpg", "b-0-5.jpg"}),
        ("errors", {"b-0.jpg", "b-0-5.jpg"}),
        ("none", set()),
    ],
)
def test_each_map_that_was_asked_for_is_drawn_over_its_image(tmp_path, shown, files):
    generator = np.random.default_rng(0)
    photos = {name: generator.integers(0, 256, (20, 30, 3), np.uint8) for name in ("a", "b")}
    for name, photo in photos.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), photo[:, :, ::-1])
    hashes = [hashlib.sha256((tmp_path / f"{name}.png").read_bytes()).hexdigest() for name in "ab"]
    table = {"image_id": ["a-0", "b-0"], "path": ["a.png", "b.png"], "sha256": hashes}
    pd.DataFrame(table).to_parquet(tmp_path / "rows.parquet")
    facts = replace(FACTS, input=(8, 8, 3))
    (tmp_path / "model.json").write_text(facts.to_json())
    maps = generator.uniform(0, 1, (3, 4, 4)).astype(np.float16).astype(np.float32)
    halves, scale = map_statistics.pack(maps)
    # Image b has class 5 too; the true class of image a was not requested.
    asked = {"image_id": np.array(["a-0", "b-0", "b-0"]), "class_index": np.array([1, 2, 5])}
    true = {"true_image_id": np.array(["a-0"]), "true_maps": halves[:1]}
    np.savez_compressed(tmp_path / "maps.npz", maps=halves, scale=scale, **asked, **true)
    predicted = {"image_id": ["a-0", "b-0"], "correct": pd.array([None, False], "boolean")}
    pd.DataFrame(predicted).to_parquet(tmp_path / "predicted.parquet")
    gradcam.draw(
        predictions=str(tmp_path / "predicted.parquet"),
        shown=shown,
        maps=str(tmp_path / "maps.npz"),
        rows=str(tmp_path / "rows.parquet"),
        facts=str(tmp_path / "model.json"),
        source=tmp_path,
        interpolation="crop",
        alpha=0.4,
        colormap="jet",
        blend="over",
        folder=str(tmp_path / "overlays"),
        sheets=str(tmp_path / "sprites"),
        threads=2,
    )
    drawn = {path.name: path.read_bytes() for path in (tmp_path / "overlays").iterdir()}
    assert drawn == {
        name: encoding.encode_jpeg(
            overlays.overlay(
                photos[name[0]],
                values,
                0.4,
                "jet",
                part=images.seen(photos[name[0]].shape, (8, 8), "crop"),
            )
        )
        for name, values in zip(("a-0.jpg", "b-0.jpg", "b-0-5.jpg"), maps, strict=True)
        if name in files
    }
    # The sheet shows every image as the network sees it, whether it has an overlay or not.
    small = np.stack([images.resize(photos[name], (8, 8), "crop") for name in "ab"])
    sheets = {path.name: path.read_bytes() for path in (tmp_path / "sprites").iterdir()}
    assert sheets == {"0.jpg": encoding.encode_jpeg(sprites.sprites(small))}
