"""Decode JPEG files with simplejpeg; runs in an environment of its own."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

# Otherwise Python would import this file instead of the package of the same name.
sys.path.pop(0)

import numpy as np
from simplejpeg import decode_jpeg

given = json.loads(sys.argv[1])
folder = Path(given["folder"])
files = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]
tasks = {
    "version": lambda: version("simplejpeg"),
    "decode": lambda: [decode_jpeg(data) for data in files],
    "save": lambda: np.save(folder / "simplejpeg.npy", decode_jpeg(files[0])),
}
for line in sys.stdin:
    answer = tasks[line.strip()]()
    print(answer if isinstance(answer, str) else "done", flush=True)
