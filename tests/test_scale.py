"""Plan, listing and merging of a million images, measured with fabricated entries.

Each measurement runs in a process of its own. Times are processor times, so that a busy machine
does not matter; memory is the peak of resident memory.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from conftest import ROOT, copy_workflow

MILLION = 1_000_000
GIGABYTE = 2**30
HEAD = """
import atexit, json, os, sys, time
from pathlib import Path

def usage():
    peak = next(line for line in Path("/proc/self/status").open() if line.startswith("VmHWM"))
    used = {"seconds": time.process_time(), "memory": int(peak.split()[1]) * 1024}
    Path("usage.json").write_text(json.dumps(used))

atexit.register(usage)
"""
PLAN = """
from convaudit.dataset import scan
from planning import make_plan
from planning.settings import Settings

def entry(i):
    label = ("blue", "red")[i % 2]
    return f"{label}/image_{i:07d}.jpg", label, 100_000, i, None

files = scan.listing([entry(i) for i in range({count})])
scan.scan = lambda source, *_: scan.Listing(files)
make_plan.make(Settings(model="toy.keras", images="photos"), Path("results/index")).write()
"""
DRY_RUN = """
from snakemake.cli import main
config = ["model=toy.keras", "images=photos", "watch=false"]
main(["--dry-run", "--quiet", "rules", "--config", *config])
"""
INDEX = """
import index
files = Path("results/index/files.parquet")
index.index(files=files, images=Path("photos"), ledger="ledger.parquet", threads=2)
"""
PREDICTIONS = """
import numpy, pandas
import predictions
shards = []
for number in range({count} // 5000):
    each = numpy.arange(5000)
    rows = pandas.DataFrame({{
        "image_id": [f"image-{{number}}-{{i}}" for i in each],
        "path": [f"{{i:04d}}/image-{{number}}.jpg" for i in each],
        "probability": each / 5000,
        "predicted_index": (each % 1000).astype("int32"),
        "correct": pandas.Series(each % 7 > 0, dtype="boolean"),
        "top_classes": [[f"class {{i}}", f"class {{i + 1}}", f"class {{i + 2}}"] for i in each],
        "shard": f"{{number:04d}}",
        "row": each.astype("int32"),
    }})
    shards.append(f"{{number:04d}}.parquet")
    rows.to_parquet(shards[-1], index=False)
predictions.join(shards=shards, table="predictions.parquet")
"""
EXAMPLES = """
from convaudit.activations.examples import choose_examples
print(json.dumps(choose_examples("predictions.parquet", 8)["path"].tolist()))
"""
REPORT = """
import os
import fabricated, report
folder = Path("results-{count}")
if not os.fork():
    fabricated.results(folder, {count})
    os._exit(0)
assert os.wait()[1] == 0
report.report(**fabricated.settings_of_report(folder))
"""

VERIFY = """
import verify
import pyarrow, pyarrow.parquet
from convaudit.errors import AuditError
from convaudit.system import checksums
from planning.settings import Settings
if not os.fork():
    Path("index").mkdir()
    names = (f"gradcam/overlays/0000/image-{{i:07d}}.jpg" for i in range({count}))
    results = ((name, f"{{i:064x}}") for i, name in enumerate(names))
    checksums.write_manifest(Path("manifest-sha256.txt"), results)
    config = Settings(images="gone", model="m").model_dump()
    known = {{"config": config, "inputs_sha256": {{}}, "model_sha256": None}}
    known["manifest_sha256"] = checksums.sha256(Path("manifest-sha256.txt"))
    Path("provenance.json").write_text(json.dumps(known))
    rows = {{"path": [f"{{i:07d}}.jpg" for i in range({count})], "sha256": ["0"] * {count}}}
    pyarrow.parquet.write_table(pyarrow.table(rows), "index/ledger.parquet", row_group_size=1000)
    os._exit(0)
os.wait()
try:
    verify.verify(
        results=Path(), model="m", images=Path("gone"), threads=2,
        settings=Settings(images="gone", model="m"),
    )
except AuditError as error:
    print(error)
"""


@dataclass
class Usage:
    """Output, processor time in seconds and peak memory in bytes of a process."""

    printed: str
    seconds: float
    memory: int


def measure(folder: Path, code: str) -> Usage:
    done = subprocess.run(
        [sys.executable, "-c", HEAD + code],
        cwd=folder,
        env={
            **os.environ,
            "SLURM_CONF": os.devnull,
            "PYTHONPATH": os.pathsep.join(
                [str(ROOT / "workflow" / "scripts"), str(ROOT / "tests")]
            ),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Usage(done.stdout, **json.loads((folder / "usage.json").read_text()))


@pytest.fixture(scope="module")
def workflow(toy_model, tmp_path_factory):
    """A copy of the workflow with a plan for this many images, which do not exist."""

    def make(count: int) -> tuple[Path, Usage]:
        folder = tmp_path_factory.mktemp(f"images{count}")
        copy_workflow(folder)
        shutil.copy(toy_model, folder)
        (folder / "photos").mkdir()
        return folder, measure(folder, PLAN.replace("{count}", str(count)))

    return make


def test_a_million_images_are_planned_in_half_a_minute_and_two_gigabytes(workflow):
    folder, first = workflow(MILLION)
    again = measure(folder, PLAN.replace("{count}", str(MILLION)))
    dry = measure(folder, DRY_RUN)
    assert first.seconds + dry.seconds < 30
    assert again.seconds < 15
    assert max(first.memory, again.memory, dry.memory) < 2 * GIGABYTE
    jobs = int(re.search(r"^total +(\d+)", dry.printed, re.MULTILINE)[1])
    # Three jobs for each of 489 shards of 2,048 images, and the jobs without shards.
    assert 1467 < jobs < 1500


def test_the_index_s_memory_does_not_grow_with_the_dataset(workflow):
    used = {}
    for count in (10_000, 100_000):
        folder, _ = workflow(count)
        used[count] = measure(folder, INDEX).memory
        assert pq.read_metadata(folder / "ledger.parquet").num_rows == count
    assert used[100_000] < used[10_000] + 20 * 2**20


def test_the_merge_of_predictions_does_not_grow_with_the_dataset(tmp_path):
    small = measure(tmp_path, PREDICTIONS.format(count=10_000)).memory
    large = measure(tmp_path, PREDICTIONS.format(count=MILLION)).memory
    assert pq.read_metadata(tmp_path / "predictions.parquet").num_rows == MILLION
    assert large < small + 50 * 2**20
    chosen = measure(tmp_path, EXAMPLES)
    assert json.loads(chosen.printed) == [f"{i}/image-0.jpg" for i in range(4999, 4991, -1)]
    assert chosen.memory < 2 * GIGABYTE


def grown(used: dict[int, int]) -> float:
    """Bytes for a million images, extrapolated from two smaller numbers of images."""
    (few, least), (many, most) = used.items()
    return most + (MILLION - many) * (most - least) / (many - few)


def test_verify_fits_its_memory_with_a_million_images(tmp_path):
    used = {}
    for count in (10_000, 200_000):
        folder = tmp_path / f"{count}"
        folder.mkdir()
        done = measure(folder, VERIFY.format(count=count))
        used[count] = done.memory
        # Neither the results nor the images exist.
        assert f"{2 * count + 1} files differ" in done.printed
        assert done.printed.count("missing: ") == 50
    assert grown(used) < 2 * GIGABYTE


def test_the_report_fits_its_memory_with_a_million_images(tmp_path):
    used = {
        count: measure(tmp_path, REPORT.format(count=count)).memory for count in (1_000, 60_000)
    }
    assert grown(used) < 4000 * 10**6
