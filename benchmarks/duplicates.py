"""Near duplicates among a million fabricated hashes: seconds and peak memory of the search.

python benchmarks/duplicates.py
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import figures

SCRIPTS = Path(__file__).parents[1] / "workflow" / "scripts"
IMAGES, COPIES, HASHED = 1_000_000, 10_000, 2_000
DETAILS = """## Near duplicates of a million images

The benchmark fabricates {images:,} hashes of 64 random bits; {copies:,} of them are copies with 1
to 6 bits flipped. The search is exact: it found {found:,} pairs and missed {missed:,} of the
planted ones. It took {seconds:.0f} s and at most {megabytes:.0f} MB. The hash of a decoded
luminance picture of 362 x 272 pixels takes {hash_ms:.3f} ms (median of {hashed:,}).
"""
SEARCH = """
import json, resource, sys, time
import numpy as np
from convaudit.checks.hamming import close_pairs
from convaudit.checks.radius import RADIUS
from convaudit.properties.difference_hash import difference_hash
images, copies, hashed = map(int, sys.argv[1:])
random = np.random.default_rng(0)
hashes = random.integers(0, 2**64, images, np.uint64)
originals = random.choice(images - copies, copies, replace=False)
for at, original in enumerate(originals):
    bits = random.choice(64, random.integers(1, RADIUS + 1), replace=False)
    flipped = np.bitwise_or.reduce(np.uint64(1) << bits.astype(np.uint64))
    hashes[images - copies + at] = hashes[original] ^ flipped
began = time.perf_counter()
pairs = close_pairs(hashes, RADIUS)
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
found = {(min(a, b), max(a, b)) for a, b in pairs.tolist()}
planted = {(int(original), images - copies + at) for at, original in enumerate(originals)}
pictures = random.integers(0, 256, (20, 272, 362), np.uint8)
taken = []
for at in range(hashed):
    start = time.perf_counter()
    difference_hash(pictures[at % len(pictures)])
    taken.append(time.perf_counter() - start)
print(json.dumps({
    "seconds": seconds, "megabytes": peak, "found": len(found), "missed": len(planted - found),
    "hash_ms": 1000 * float(np.median(taken)),
}))
"""


def measure() -> figures.Part:
    command = [sys.executable, "-c", SEARCH, *map(str, (IMAGES, COPIES, HASHED))]
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    used = json.loads(done.stdout)
    search = figures.Figure(
        f"near duplicates of {IMAGES:,} images: search",
        *(used["seconds"], 300, False),
        f"{used['missed']:,} of {COPIES:,} planted pairs missed; {used['megabytes']:.0f} MB",
        " s",
    )
    details = DETAILS.format(images=IMAGES, copies=COPIES, hashed=HASHED, **used)
    return figures.Part([search], details)


if __name__ == "__main__":
    figures.show(measure())
