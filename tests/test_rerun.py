"""What runs again after a change, read from the job list of a dry run."""

import os
import shutil

import pytest

from conftest import COLOURS, paint

MERGES = dict.fromkeys(("quarantine", "scaling_check", "predictions", "activations", "report"), 1)
SHARD = {"preprocess": 1, "predict": 1, "gradcam": 1}


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


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("gradcam={alpha: 0.5}", {"gradcam": 3, "report": 1}),
        ("activations={examples: 2}", {"activations": 1, "report": 1}),
        ("filters={count: 4, size: 16, steps: 4}", {"filters": 2, "report": 1}),
        ("filters={count: 4, size: 16, steps: 3, layers: [mix]}", {"report": 1}),
        (
            "predict={top: 1}",
            {"predict": 3, "gradcam": 3, "predictions": 1, "activations": 1, "report": 1},
        ),
    ],
)
def test_a_setting_re_runs_what_it_feeds(finished, config, expected):
    assert finished.plan(config) == expected


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
