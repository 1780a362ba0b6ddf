"""The lease of GPUs, with pretended devices: each process one of its own, and back at once."""

import itertools
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import Audit
from convaudit.system import gpu

LIBRARY = Path(gpu.__file__).parents[2]
LEASE = (
    "import sys; from pathlib import Path; from convaudit import gpu; "
    "print(gpu.lease(sys.argv[2:], Path(sys.argv[1])), flush=True); input()"
)


@pytest.fixture
def holder(tmp_path):
    """Start a process that leases one of the devices and keeps it until it is told to end."""
    started = []

    def start(*devices: str, visible: str | None = None) -> subprocess.Popen:
        environment = os.environ | {"PYTHONPATH": str(LIBRARY)}
        environment.pop("CUDA_VISIBLE_DEVICES", None)
        if visible is not None:
            environment["CUDA_VISIBLE_DEVICES"] = visible
        process = subprocess.Popen(
            [sys.executable, "-c", LEASE, str(tmp_path), *devices],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def device(process: subprocess.Popen) -> str:
    return process.stdout.readline().strip()


def test_as_many_jobs_as_devices_have_one_each(holder):
    processes = [holder("0", "1", "2") for _ in range(3)]
    assert sorted(map(device, processes)) == ["0", "1", "2"]


def test_one_more_waits_and_gets_a_killed_job_s_device_at_once(holder):
    first = holder("0", "1"), holder("0", "1")
    taken = [device(process) for process in first]
    late = holder("0", "1")
    assert select.select([late.stdout], [], [], 1.5)[0] == []
    first[1].send_signal(signal.SIGKILL)
    killed = time.monotonic()
    assert device(late) == taken[1]
    assert time.monotonic() - killed < 1


def test_what_is_set_already_wins(holder):
    alone = holder("0")
    assert device(alone) == "0"
    assert device(holder("0", visible="7")) == "7"
    assert device(holder("0", visible="")) == ""


def test_without_a_device_none_is_shown(holder):
    assert device(holder()) == "-1"


def test_hidden_whatever_was_set(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert gpu.hide() == "-1" == os.environ["CUDA_VISIBLE_DEVICES"]


def test_memory_grows_on_every_device_that_is_seen(monkeypatch):
    import tensorflow as tf

    from jobs import tensorflow_job

    grown = []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [f"{kind}:0"])
    for name in ("set_intra_op_parallelism_threads", "set_inter_op_parallelism_threads"):
        monkeypatch.setattr(tf.config.threading, name, lambda count: None)
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda found, on: grown.append((found, on))
    )
    tensorflow_job.start_tensorflow()
    assert grown == [("GPU:0", True)]


LINE = re.compile(r"^(\S+ \S+) INFO (.*)$", re.MULTILINE)


def lease_of(log: Path) -> tuple[str, str, str]:
    """The device a job leased, and when it had it, from its log."""
    lines = LINE.findall(log.read_text())
    (begin, seen), (end, last) = lines[0], lines[-1]
    assert last == "done"
    return re.search(r"CUDA_VISIBLE_DEVICES=(\S+)", seen)[1], begin, end


@pytest.fixture(scope="module")
def crowded(finished, tmp_path_factory) -> Path:
    """Results of a run with two pretended devices, of little memory, and leave for ten jobs."""
    audit = Audit(tmp_path_factory.mktemp("crowded") / "audit")
    shutil.copytree(finished.folder, audit.folder)
    library = audit.folder / "workflow" / "scripts" / "convaudit"
    with (library / "gpu.py").open("a") as file:
        file.write('\n\ndef devices() -> list[str]:\n    return ["0", "1"]\n')
    with (library / "onepass.py").open("a") as file:
        file.write(
            "\n\ndef _only_two(self, pixels, classes=None, call=OnePass.__call__):"
            "\n    self.calls = getattr(self, 'calls', 0) + 1"
            "\n    if self._batch_size > 4 or (self._batch_size == 4 and self.calls == 2):"
            "\n        raise tf.errors.ResourceExhaustedError(None, None, 'pretended')"
            "\n    return call(self, pixels, classes)"
            "\n\n\nOnePass.__call__ = _only_two\n"
        )
    targets = ["results/filters/mix.png", *(f"results/predict/000{n}.parquet" for n in range(3))]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        audit.run(*targets, "--cores", "10", "--resources", "gpu=99", "mem_mb=90000")
    return audit.folder / "results"


def test_no_resources_on_the_command_line_put_two_jobs_on_a_device(crowded):
    logs = [*(crowded / "logs" / "predict").iterdir(), crowded / "logs" / "filters" / "mix.log"]
    leases = [lease_of(path) for path in logs]
    assert len(leases) == 4
    assert {found for found, _, _ in leases} == {"0", "1"}
    for found in ("0", "1"):
        spans = sorted((begin, end) for owner, begin, end in leases if owner == found)
        assert all(one[1] <= next_[0] for one, next_ in itertools.pairwise(spans))


def test_a_job_without_a_gpu_sees_none(crowded):
    assert "CUDA_VISIBLE_DEVICES=-1" in (crowded / "logs" / "model.log").read_text()


def test_a_pass_that_runs_out_of_memory_goes_on_with_half_the_batch(crowded, finished):
    log = (crowded / "logs" / "predict" / "0000.log").read_text()
    assert "out of memory: again with batches of 2" in log
    whole = pd.read_parquet(finished.folder / "results" / "predictions.parquet")
    half = pd.concat(pd.read_parquet(crowded / "predict" / f"000{n}.parquet") for n in range(3))
    assert half["image_id"].tolist() == whole["image_id"].tolist()
    assert half["predicted"].tolist() == whole["predicted"].tolist()
    for column in ("logit", "probability", "map_max"):
        assert np.allclose(half[column], whole[column], rtol=1e-5)


def test_what_was_found_before_memory_ran_out_is_not_there_twice(crowded, finished):
    for name in ("predict/0000.npz", "gradcam/maps/0000.npz"):
        ours, expected = np.load(crowded / name), np.load(finished.folder / "results" / name)
        assert ours.files == expected.files
        for key in ours.files:
            assert ours[key].shape == expected[key].shape
            if ours[key].dtype.kind in "Uiu":
                assert np.array_equal(ours[key], expected[key])
            else:
                assert np.allclose(ours[key], expected[key], rtol=1e-5)
