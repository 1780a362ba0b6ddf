"""The lease of GPUs, with pretended devices: each process one of its own, and back at once."""

import itertools
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from convaudit import gpu

LIBRARY = Path(gpu.__file__).parents[1]
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

    import tensorflow_job

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


def test_no_resources_on_the_command_line_put_two_jobs_on_a_device(clone, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    module = clone.folder / "workflow" / "scripts" / "convaudit" / "gpu.py"
    with module.open("a") as file:
        file.write('\n\ndef devices() -> list[str]:\n    return ["0", "1"]\n')
    targets = ["results/filters/mix.png", "results/filters/colours.png"]
    targets += [f"results/predict/000{shard}.npz" for shard in range(3)]
    done = clone.snakemake(*targets, "--cores", "10", "--resources", "gpu=99", "mem_mb=90000")
    assert done.returncode == 0, done.stderr
    logs = clone.folder / "results" / "logs"
    leases = [lease_of(p) for kind in ("predict", "filters") for p in (logs / kind).glob("*.log")]
    assert len(leases) == 5
    assert {found for found, _, _ in leases} == {"0", "1"}
    for found in ("0", "1"):
        spans = sorted((begin, end) for owner, begin, end in leases if owner == found)
        assert all(one[1] <= next_[0] for one, next_ in itertools.pairwise(spans))
    assert "CUDA_VISIBLE_DEVICES=-1" in (logs / "model.log").read_text()


def test_a_pass_that_runs_out_of_memory_goes_on_with_half_the_batch(clone):
    results = clone.folder / "results"
    before = pd.read_parquet(results / "predictions.parquet").set_index("image_id")
    script = clone.folder / "workflow" / "scripts" / "convaudit" / "onepass.py"
    with script.open("a") as file:
        file.write(
            "\n\ndef _only_two(self, pixels, classes=None, call=OnePass.__call__):"
            "\n    if self._batch_size > 2:"
            "\n        raise tf.errors.ResourceExhaustedError(None, None, 'pretended')"
            "\n    return call(self, pixels, classes)"
            "\n\n\nOnePass.__call__ = _only_two\n"
        )
    clone.run("results/predict/0000.parquet")
    log = (results / "logs" / "predict" / "0000.log").read_text()
    assert "out of memory: again with batches of 2" in log
    after = pd.read_parquet(results / "predict" / "0000.parquet").set_index("image_id")
    assert len(after) == 8 and after["predicted"].equals(before.loc[after.index, "predicted"])
    for column in ("logit", "probability", "map_max"):
        assert np.allclose(after[column], before.loc[after.index, column], rtol=1e-5)
