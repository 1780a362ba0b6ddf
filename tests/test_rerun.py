"""The jobs that run again after a change, read from the job list of a dry run."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
import yaml

from conftest import COLOURS, ROOT, Audit, paint
from planning.settings import Section, Settings

MERGED = (
    *("predictions", "near_duplicates", "activations", "suspects", "interventions"),
    *("verdict", "report"),
)
MERGES = dict.fromkeys(("quarantine", "scaling_check", "trust", *MERGED), 1)
SHARD = {"preprocess": 1, "predict": 1, "gradcam": 1}
DRAWING = {"gradcam": 2, "report": 1}
JUDGED = {"verdict": 1, "report": 1}
EXPERIMENTS = JUDGED | {"interventions": 1}
SUSPECTS = EXPERIMENTS | {"suspects": 1}
ALIKE = SUSPECTS | {"near_duplicates": 1}
TESTED = JUDGED | {"trust": 1}
TRIED = {"scaling_check": 1}
# The arrays that predict reads are gone once it has, so the images are read again.
READING = DRAWING | TRIED | {"preprocess": 2, "quarantine": 1, "predict": 2, "trust": 1}
PASS = READING = READING | dict.fromkeys(MERGED, 1)
FILTERS = {"filters": 2, "report": 1}
MODEL = READING | FILTERS | {"model": 1}
FED = {
    "output=head": MODEL,
    "trust_model=true": MODEL,
    "task=classification": MODEL,
    "device=cpu": {"report": 1},
    "custom_modules=[layers.py]": MODEL,
    "exclude=[9.png]": {"report": 1},
    "columns={path: file}": {"report": 1},
    "columns={label: kind}": {"report": 1},
    "classes=classes.txt": PASS | TRIED,
    "policy=policy.yaml": JUDGED,
    "decision=decision.json": {"report": 1},
    "shard_size=9": {"report": 1},
    "overlays=errors": DRAWING,
    "seed=1": FILTERS,
    "watch=false": {},
    "shortcuts={enabled: false}": JUDGED,
    "shortcuts={candidates: 5}": SUSPECTS,
    "shortcuts={classes: 1}": SUSPECTS,
    "shortcuts={images: 200}": SUSPECTS,
    "shortcuts={budget: 200}": EXPERIMENTS,
    "trust={images: 20}": TESTED,
    "trust={enabled: false}": JUDGED,
    "training_images=photos": JUDGED | {"near_duplicates": 1, "training_hashes": 1},
    "max_quarantined=0.3": JUDGED | {"quarantine": 1},
    "preprocess={scaling: tf}": PASS | FILTERS | TRIED,
    "preprocess={channels: bgr}": PASS | FILTERS | TRIED,
    "preprocess={interpolation: nearest}": READING,
    "predict={batch_size: 8}": PASS,
    "predict={top: 1}": PASS,
    "activations={layers: [mix]}": PASS,
    "activations={examples: 2}": JUDGED | {"activations": 1},
    "activations={per_row: 8}": JUDGED | {"activations": 1},
    "activations={keep: maps}": PASS | {"forecast": 1},
    "filters={count: 3, size: 16, steps: 3}": FILTERS,
    "filters={count: 4, size: 32, steps: 3}": FILTERS,
    "filters={count: 4, size: 16, steps: 4}": FILTERS,
    "filters={count: 4, size: 16, steps: 3, margin: 1}": FILTERS,
    "filters={count: 4, size: 16, steps: 3, step_size: 2}": FILTERS,
    "filters={count: 4, size: 16, steps: 3, start: fourier}": FILTERS,
    "filters={count: 4, size: 16, steps: 3, restarts: 0}": FILTERS,
    "filters={count: 4, size: 16, steps: 3, layers: [mix]}": {"report": 1},
    "gradcam={method: layercam}": PASS,
    "gradcam={layer: colours}": PASS,
    "gradcam={score: probability}": PASS,
    "gradcam={target: true}": PASS,
    "gradcam={alpha: 0.5}": DRAWING,
    "gradcam={blend: add}": DRAWING,
    "gradcam={colormap: viridis}": DRAWING,
}
"""Jobs that run again if one setting differs; the audit has two shards and two filter layers."""

DELETED = {
    "gradcam/sprites/0001": {"gradcam": 1, "report": 1},
    "gradcam/sprites/0001.drawn": {"gradcam": 1, "report": 1},
    "filters/mix.csv": {"filters": 1, "report": 1},
    "activations": JUDGED | {"activations": 1},
    "channels.parquet": JUDGED | {"activations": 1},
    "predictions.parquet": dict.fromkeys(MERGED, 1),
    "trust/trust.json": TESTED,
    "shortcuts/suspects.json": SUSPECTS,
    "shortcuts/interventions.json": EXPERIMENTS,
    "duplicates.parquet": ALIKE,
    "near_duplicates.json": JUDGED | {"near_duplicates": 1},
    "quarantine.csv": JUDGED | {"quarantine": 1},
    "verdict.json": JUDGED,
    "junit.xml": JUDGED,
    "report": {"report": 1},
    "summary.json": {"report": 1},
    "provenance.json": {"report": 1},
    "manifest-sha256.txt": {"report": 1},
    "logs": {},
    "benchmarks": {},
}
"""Jobs that run again if a result is missing."""

_STATIC = ROOT / "workflow/scripts/convaudit/report/static"
PAGE_FILES = sorted(path.name for path in _STATIC.iterdir() if path.is_file())
EDITED = {
    "predict.py": PASS,
    "convaudit/activations/summaries.py": PASS,
    "convaudit/drawing/overlays.py": DRAWING,
    "convaudit/report/charts.py": {"report": 1},
    "convaudit/verdict/judge.py": JUDGED,
    "convaudit/metrics/slices.py": JUDGED,
    **{f"convaudit/report/static/{name}": {"report": 1} for name in PAGE_FILES},
    "convaudit/feature_visualization/ascent.py": {"filters": 2, "report": 1},
    "planning/run/run_summary.py": {},
    "planning/run/results_lock.py": {},
}
"""Jobs that run again if a file of the code is edited."""

DECISION = {
    "name": "Ada",
    "date": "2026-11-25",
    "decision": "signed",
    "audit_key": "0123",
    "policy_sha256": "0123",
    "result": "pass",
}


@contextmanager
def missing(path: Path, away: Path) -> Iterator[None]:
    """Put a result away for as long as the context lasts."""
    path.rename(away)
    yield
    away.rename(path)


@contextmanager
def edited(path: Path) -> Iterator[None]:
    """Add an empty line to a file of the code for as long as the context lasts."""
    kept = path.read_bytes()
    path.write_bytes(kept + b"\n")
    yield
    path.write_bytes(kept)


@pytest.fixture(scope="module")
def plans(finished, tmp_path_factory) -> dict[str, dict[str, int]]:
    """The jobs after each change of ``FED``, ``DELETED`` and ``EDITED``, in a copy."""
    folder = tmp_path_factory.mktemp("plans") / "audit"
    shutil.copytree(finished.folder, folder, copy_function=shutil.copyfile)
    (folder / "layers.py").write_text("")
    (folder / "classes.txt").write_text("red\nblue\n")
    (folder / "policy.yaml").write_text("gates: [{name: accuracy, limit: 0.7}]")
    (folder / "decision.json").write_text(json.dumps(DECISION))
    changes = [([config], nullcontext()) for config in FED]
    changes += [([], missing(folder / "results" / path, folder / "away")) for path in DELETED]
    changes += [([], edited(folder / "workflow" / "scripts" / path)) for path in EDITED]
    found = []
    for config, change in changes:
        with change:
            found.append(Audit(folder).plan(*config))
    return dict(zip([*FED, *DELETED, *EDITED], found, strict=True))


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


def test_the_arrays_that_predict_read_are_gone_and_nobody_misses_them(clone):
    assert not list((clone.folder / "results" / "preprocess").glob("*.npy"))
    assert clone.plan() == {}


def test_a_touched_image_re_runs_nothing(clone):
    os.utime(clone.folder / "photos" / "blue" / "1.png")
    assert clone.plan() == {}


def test_a_deleted_overlay_folder_is_drawn_again(clone):
    shutil.rmtree(clone.folder / "results" / "gradcam" / "overlays" / "0001")
    assert clone.plan() == {"gradcam": 1, "report": 1}


def test_deleted_maps_are_made_again(clone):
    (clone.folder / "results" / "gradcam" / "maps" / "0000.npz").unlink()
    assert clone.plan() == SHARD | MERGES


def test_a_deleted_filter_grid_is_drawn_again(clone):
    (clone.folder / "results" / "filters" / "mix.png").unlink()
    assert clone.plan() == {"filters": 1, "report": 1}


@pytest.mark.parametrize("config", FED, ids=str)
def test_a_setting_re_runs_what_it_feeds(plans, config):
    assert plans[config] == FED[config]


@pytest.mark.parametrize("path", DELETED)
def test_a_result_that_is_gone_is_made_again(plans, path):
    assert plans[path] == DELETED[path]


@pytest.mark.parametrize("path", EDITED)
def test_edited_code_re_runs_the_rules_that_use_it(plans, path):
    assert plans[path] == EDITED[path]


def test_without_a_watch_changed_images_re_run_nothing(clone):
    (clone.folder / "photos" / "blue" / "1.png").unlink()
    paint(clone.folder / "photos" / "blue" / "another.png", COLOURS["blue"], 99)
    assert clone.plan("watch=false") == {}


def test_every_setting_is_among_them():
    given = {key for config in FED for key in _keys(yaml.safe_load(config.replace("=", ": ", 1)))}
    others = {"model", "weights", "images", "results", "compare", "reference"}
    assert given == _fields(Settings) - others


def test_another_model_of_the_same_size_re_runs_what_uses_it(clone):
    path = clone.folder / "toy.keras"
    content = bytearray(path.read_bytes())
    times = path.stat()
    mark = content.rindex(b"PK\x05\x06")
    content[mark - 1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    planned = clone.plan()
    assert planned["model"] == 1 and planned["predict"] == 2 and planned["filters"] == 2
    assert "index" not in planned


def test_the_same_files_by_another_path_re_run_nothing(clone):
    here = clone.folder
    assert clone.plan(f"model={here}/toy.keras", f"images={here}/photos") == {}
    (here / "link.keras").symlink_to("toy.keras")
    assert clone.plan("model=link.keras") == {}


def test_a_dry_run_writes_nothing(fresh):
    audit = fresh()
    assert audit.plan()["predict"] == 2
    assert not (audit.folder / "results").exists()


def test_a_touched_script_re_runs_nothing(clone):
    for path in (clone.folder / "workflow").rglob("*.py"):
        os.utime(path)
    assert clone.plan() == {}
