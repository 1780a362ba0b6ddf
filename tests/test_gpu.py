"""Leases of pretended GPUs: each process has its own, which is free at once when it ends."""

import itertools
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT, Audit
from convaudit.system.devices import device_records, gpu, processor
from convaudit.system.devices.device import Device

LIBRARY = ROOT / "workflow" / "scripts"
LEASE = (
    "import sys; from pathlib import Path; from convaudit.system.devices import gpu; "
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

    from convaudit.system.devices import device
    from jobs import tensorflow_job

    grown = []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [f"{kind}:0"])
    monkeypatch.setattr(device, "gpus", lambda: ["pretended"])
    for name in ("set_intra_op_parallelism_threads", "set_inter_op_parallelism_threads"):
        monkeypatch.setattr(tf.config.threading, name, lambda count: None)
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda found, on: grown.append((found, on))
    )
    tensorflow_job.start_tensorflow()
    assert grown == [("GPU:0", True)]


def started(then: str = "print('started')", **environment: str) -> str:
    """The last line that a process prints after it started TensorFlow as a job does."""
    start = "import sys; from jobs.tensorflow_job import start_tensorflow; start_tensorflow()"
    code = f"{start}; {then}"
    variables = {**os.environ, "PYTHONPATH": str(LIBRARY), **environment}
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=False
    )
    return (done.stdout or done.stderr).splitlines()[-1]


def test_keras_loads_without_scikit_learn_which_jobs_can_still_import():
    before = "print('sklearn' in sys.modules, end=' ')"
    said = started(f"{before}; import keras, sklearn; print(keras.__name__, sklearn.__name__)")
    assert said == "False keras sklearn"


def test_a_gpu_that_tensorflow_does_not_see_ends_the_job_in_a_line_that_says_why():
    said = started(CUDA_VISIBLE_DEVICES="0")
    assert re.search("AuditError: GPU 0 is this job's, but TensorFlow does not see it: .*GPU", said)
    assert "make env GPU=1" in said and "device: cpu" in said


def test_device_gpu_without_a_gpu_is_an_error():
    said = started(CONVAUDIT_DEVICE="gpu", CUDA_VISIBLE_DEVICES="-1")
    assert "config: device: gpu, but this machine shows no GPU" in said


@pytest.mark.parametrize(
    ("chosen", "there", "why"),
    [
        ("cpu", ["0"], "the config says device: cpu"),
        ("auto", ["0"], "CUDA_VISIBLE_DEVICES hides the GPU"),
        ("auto", [], "this machine shows no GPU"),
    ],
)
def test_it_is_said_why_the_processor_computes(monkeypatch, chosen, there, why):
    monkeypatch.setattr(gpu, "devices", lambda: there)
    monkeypatch.setenv(gpu.CHOICE, chosen)
    assert gpu.why_none() == why


def test_device_cpu_goes_on_and_waits_for_no_lease(holder, monkeypatch, tmp_path):
    """A CPU-only job on a machine whose only GPU is taken."""
    assert device(holder("0")) == "0"
    monkeypatch.setenv(gpu.CHOICE, "cpu")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert gpu.lease(["0"], tmp_path) == "-1" == os.environ["CUDA_VISIBLE_DEVICES"]
    assert started() == "started"


def test_shards_of_different_devices_are_named(tmp_path):
    gpu_made = Device("gpu", "NVIDIA A100", None, "2.21.0", "12.5.1")
    cpu_made = Device("cpu", "AMD EPYC", "AVX2", "2.21.0", "12.5.1")
    for shard, made in (("0000", cpu_made), ("0001", gpu_made), ("0002", gpu_made)):
        (tmp_path / f"{shard}.json").write_text(json.dumps(asdict(made)))
    found = device_records.read(tmp_path, ["0000", "0001", "0002", "0003"])
    assert [each["shards"] for each in found] == [["0001", "0002"], ["0000"]]
    assert device_records.mixture(found) == [
        "The shards were computed on different devices, so numbers may differ in their last digits "
        "from shard to shard: NVIDIA A100 (GPU) 2: 0001, 0002; AMD EPYC (CPU) 1: 0000."
    ]
    assert device_records.mixture(found[:1]) == []
    assert str(cpu_made) == "processor AMD EPYC, AVX2; TensorFlow 2.21.0, built for CUDA 12.5.1"


@pytest.mark.parametrize(
    ("cap", "expected"),
    [
        ("", "AVX-512"),
        ("DEFAULT", "AVX-512"),
        ("AVX512_CORE_VNNI", "AVX-512"),
        ("AVX512_CORE_AMX", "AVX-512"),
        ("AVX2_VNNI", "AVX2"),
        ("AVX", "AVX"),
        ("SSE41", "SSE4.1"),
    ],
)
def test_the_instruction_set_is_the_processor_s_newest_under_its_cap(monkeypatch, cap, expected):
    flags = {"flags": "fpu sse4_1 sse4_2 avx avx2 avx512f", "model name": "a processor"}
    monkeypatch.setattr(processor, "_cpuinfo", flags.__getitem__)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", cap)
    assert processor.instruction_set() == expected


LINE = re.compile(r"^(\S+ \S+) INFO (.*)$", re.MULTILINE)


def lease_of(log: Path) -> tuple[str, str, str]:
    """The device that a job leased, and the time of its lease, from the log."""
    lines = LINE.findall(log.read_text())
    (begin, seen), (end, last) = lines[0], lines[-1]
    assert last == "done"
    return re.search(r"CUDA_VISIBLE_DEVICES=([^;]+)", seen)[1], begin, end


@pytest.fixture(scope="module")
def crowded(finished, tmp_path_factory) -> Path:
    """Results of a run with two pretended devices of little memory and up to ten jobs at a time."""
    audit = Audit(tmp_path_factory.mktemp("crowded") / "audit")
    shutil.copytree(finished.folder, audit.folder)
    library = audit.folder / "workflow" / "scripts" / "convaudit"
    with (library / "system" / "devices" / "gpu.py").open("a") as file:
        file.write('\n\ndef devices() -> list[str]:\n    return ["0", "1"]\n')
    with (library / "system" / "devices" / "device.py").open("a") as file:
        file.write('\n\ndef gpus() -> list[str]:\n    return ["pretended"]\n')
    with (library / "onepass.py").open("a") as file:
        file.write(
            "\n\ndef _only_two(self, pixels, classes=None, call=OnePass.__call__):"
            "\n    self.calls = getattr(self, 'calls', 0) + 1"
            "\n    if self._batch_size > 4 or (self._batch_size == 4 and self.calls == 2):"
            "\n        raise tf.errors.ResourceExhaustedError(None, None, 'pretended')"
            "\n    return call(self, pixels, classes)"
            "\n\n\nOnePass.__call__ = _only_two\n"
        )
    targets = ["results/filters/mix.png", *(f"results/predict/000{n}.parquet" for n in range(2))]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        audit.run(*targets, "--cores", "10", "--resources", "gpu=99", "mem_mb=90000")
    return audit.folder / "results"


def test_no_resources_on_the_command_line_put_two_jobs_on_a_device(crowded):
    logs = [*(crowded / "logs" / "predict").iterdir(), crowded / "logs" / "filters" / "mix.log"]
    leases = [lease_of(path) for path in logs]
    assert len(leases) == 3
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
    half = pd.concat(pd.read_parquet(crowded / "predict" / f"000{n}.parquet") for n in range(2))
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


def test_each_shard_s_device_is_on_record(crowded, finished):
    ours, theirs = (
        json.loads((folder / "devices" / "0000.json").read_text())
        for folder in (crowded, finished.folder / "results")
    )
    assert (ours["kind"], ours["name"]) == ("gpu", "pretended")
    assert (theirs["kind"], theirs["name"]) == ("cpu", processor.name())
    origin = json.loads((finished.folder / "results" / "provenance.json").read_text())
    assert [made["shards"] for made in origin["devices"]] == [["0000", "0001"]]
    assert origin["machine"]["TF_ENABLE_ONEDNN_OPTS"] == "1"
