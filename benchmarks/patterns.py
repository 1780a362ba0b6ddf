"""Draw the picture of docs/patterns.md: for each layer the same channels from both starts.

python benchmarks/patterns.py model.keras scaling picture.jpg layer [layer ...]
"""

import sys
import time
from pathlib import Path

import cv2
import numpy as np

import bench  # noqa: F401  (finds the library, and quietens TensorFlow)
from convaudit.drawing.grids import filter_grid
from convaudit.feature_visualization import ascent
from convaudit.models import loading
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS

CHANNELS, SIZE, STEPS = 8, 112, 40


def main(model: str, scaling: str, picture: str, layers: list[str]) -> None:
    network = Network(loading.load(model).model)
    print("| layer | start | mean activation, first | last | silent at the end | seconds |")
    print("|---|---|--:|--:|--:|--:|")
    rows = []
    for layer in layers:
        for start in ascent.STARTS:
            began = time.perf_counter()
            found = ascent.maximise(
                network,
                layer,
                np.arange(CHANNELS),
                scaling=SCALINGS[scaling],
                start=start,
                size=SIZE,
                steps=STEPS,
                batch=CHANNELS,
            )
            rows.append(found.images)
            print(
                f"| `{layer}` | {start} | {found.start.mean():.1f} | {found.end.mean():.1f} "
                f"| {(found.end == 0).sum()} of {CHANNELS} | {time.perf_counter() - began:.0f} |",
                flush=True,
            )
    sheet = filter_grid(np.concatenate(rows), per_row=CHANNELS)
    written, data = cv2.imencode(".jpg", sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert written
    Path(picture).write_bytes(data)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
