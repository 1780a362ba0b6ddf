"""What runs again after a change, read from the job list of a dry run."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import yaml

from conftest import COLOURS, job_counts, paint
from planning.settings import Section, Settings

MERGES = dict.fromkeys(("quarantine", "scaling_check", "predictions", "activations", "report"), 1)
SHARD = {"preprocess": 1, "predict": 1, "gradcam": 1}
DRAWING = {"gradcam": 3, "report": 1}
PASS = DRAWING | {"predict": 3, "predictions": 1, "activations": 1}
TRIED = {"scaling_check": 1}
READING = PASS | TRIED | {"preprocess": 3, "quarantine": 1}
FILTERS = {"filters": 2, "report": 1}
MODEL = READING | FILTERS | {"model": 1}
FED = {
    "output=head": MODEL,
    "trust_model=true": MODEL,
    "custom_modules=[layers.py]": MODEL,
    "classes=classes.txt": PASS | TRIED,
    "shard_size=9": {"report": 1},
    "seed=1": FILTERS,
    "watch=false": {},
    "max_quarantined=0.3": {"quarantine": 1, "report": 1},
    "preprocess={scaling: tf}": PASS | FILTERS | TRIED,
    "preprocess={interpolation: nearest}": READING,
    "predict={batch_size: 8}": PASS,
    "predict={top: 1}": PASS,
    "activations={layers: [mix]}": PASS,
    "activations={examples: 2}": {"activations": 1, "report": 1},
    "activations={per_row: 8}": {"activations": 1, "report": 1},
    "activations={keep: maps}": PASS | {"forecast": 1},
    "filters={count: 3, size: 16, steps: 3}": FILTERS,
    "filters={count: 4, size: 32, steps: 3}": FILTERS,
    "filters={count: 4, size: 16, steps: 4}": FILTERS,
    "filters={count: 4, size: 16, steps: 3, margin: 1}": FILTERS,
    "filters={count: 4, size: 16, steps: 3, step_size: 2}": FILTERS,
    "filters={count: 4, size: 16, steps: 3, start: fourier}": FILTERS,
    "filters={count: 4, size: 16, steps: 3, layers: [mix]}": {"report": 1},
    "gradcam={method: layercam}": PASS,
    "gradcam={layer: colours}": PASS,
    "gradcam={score: probability}": PASS,
    "gradcam={target: true}": PASS,
    "gradcam={alpha: 0.5}": DRAWING,
    "gradcam={colormap: viridis}": DRAWING,
}
"""What runs again where one setting differs. (The audit's three shards, its two filter layers.)"""

DRY_RUNS = """
import json, os, sys
import pandas, pyarrow.parquet, pydantic  # what each would import anew
from snakemake.cli import main
for number, config in enumerate(json.loads(sys.argv[1])):
    if os.fork():
        os.wait()
        continue
    with open(f"plan-{number}.txt", "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    main(["--dry-run", "--config", *config])
"""


@pytest.fixture(scope="module")
def plans(finished) -> dict[str, dict[str, int]]:
    """The job counts of a dry run for each of ``FED``. Snakemake is imported once for all."""
    (finished.folder / "layers.py").write_text("")
    (finished.folder / "classes.txt").write_text("red\nblue\n")
    configs = [finished.config(config) for config in FED]
    command = [sys.executable, "-c", DRY_RUNS, json.dumps(configs)]
    environment = {**os.environ, "SLURM_CONF": os.devnull}
    subprocess.run(command, cwd=finished.folder, env=environment, check=True)
    printed = [finished.folder / f"plan-{number}.txt" for number in range(len(FED))]
    return {config: job_counts(p.read_text()) for config, p in zip(FED, printed, strict=True)}


def _keys(config: dict) -> set[str]:
    return {
        f"{section}.{key}" if isinstance(value, dict) else section
        for section, value in config.items()
        for key in (value if isinstance(value, dict) else [""])
    }


def _fields(section: type[Section], prefix: str = "") -> set[str]:
    names: set[str] = set()
    for name, field in section.model_fields.items():
        nested = isinstance(field.annotation, type) and issubclass(field.annotation, Section)
        names |= _fields(field.annotation, f"{name}.") if nested else {prefix + name}
    return names


def test_a_finished_audit_has_nothing_to_do(finished):
    assert finished.plan() == {}


def test_a_fresh_clone_re_runs_nothing(clone):
    assert clone.plan() == {}


def test_a_new_image_re_runs_one_shard(clone):
    paint(clone.folder / "photos" / "blue" / "another.png", COLOURS["blue"], 99)
    assert clone.plan() == {"index": 1} | SHARD | MERGES


def test_a_replaced_image_re_runs_its_shard(clone):
    paint(clone.folder / "photos" / "blue" / "1.png", COLOURS["blue"], 99)
    assert clone.plan() == {"index": 1} | SHARD | MERGES


def test_a_deleted_image_re_runs_its_shard(clone):
    (clone.folder / "photos" / "blue" / "1.png").unlink()
    assert clone.plan() == {"index": 1} | SHARD | MERGES


def test_a_renamed_image_re_runs_its_shard(finished, clone):
    image = clone.folder / "photos" / "blue" / "1.png"
    shutil.copystat(finished.folder / "photos" / "blue" / "1.png", image)
    image.rename(image.with_name("z.png"))
    assert clone.plan() == {"index": 1} | SHARD | MERGES


def test_deleted_pixels_are_read_again_when_they_are_needed(clone):
    (clone.folder / "results" / "preprocess" / "0001.npy").unlink()
    assert clone.plan() == {}
    assert clone.plan("activations={examples: 2}") == SHARD | MERGES


def test_a_touched_image_re_runs_nothing(clone):
    os.utime(clone.folder / "photos" / "blue" / "1.png")
    assert clone.plan() == {}


def test_a_deleted_overlay_folder_is_drawn_again(clone):
    shutil.rmtree(clone.folder / "results" / "gradcam" / "overlays" / "0001")
    assert clone.plan() == {"gradcam": 1, "report": 1}


def test_deleted_maps_are_made_again(clone):
    (clone.folder / "results" / "gradcam" / "maps" / "0000.npz").unlink()
    assert clone.plan() == {"predict": 1, "gradcam": 1} | dict.fromkeys(
        ("predictions", "activations", "report"), 1
    )


def test_a_deleted_filter_grid_is_drawn_again(clone):
    (clone.folder / "results" / "filters" / "mix.png").unlink()
    assert clone.plan() == {"filters": 1, "report": 1}


@pytest.mark.parametrize("config", FED, ids=str)
def test_a_setting_re_runs_what_it_feeds(plans, config):
    assert plans[config] == FED[config]


def test_every_setting_is_among_them():
    given = {key for config in FED for key in _keys(yaml.safe_load(config.replace("=", ": ", 1)))}
    assert given == _fields(Settings) - {"model", "weights", "images", "results"}


def test_another_model_of_the_same_size_re_runs_what_uses_it(clone):
    path = clone.folder / "toy.keras"
    content = bytearray(path.read_bytes())
    times = path.stat()
    mark = content.rindex(b"PK\x05\x06")
    content[mark - 1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    planned = clone.plan()
    assert planned["model"] == 1 and planned["predict"] == 3 and planned["filters"] == 2
    assert "index" not in planned


def test_an_edited_module_re_runs_the_rules_that_use_it(clone):
    library = clone.folder / "workflow" / "scripts" / "convaudit"
    with (library / "ascent.py").open("a") as file:
        file.write("\n# edited\n")
    assert clone.plan() == {"filters": 2, "report": 1}


def test_a_touched_script_re_runs_nothing(clone):
    for path in (clone.folder / "workflow").rglob("*.py"):
        os.utime(path)
    assert clone.plan() == {}
