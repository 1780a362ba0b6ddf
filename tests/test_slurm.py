"""The toy audit through profiles/slurm, on a real Slurm of one node with one pretended GPU.

The node's processors and memory are pretended too, so that jobs do run side by side.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, Audit, make_twin
from faults import results

ONE_NODE = Path(__file__).parent / "slurm" / "one-node"
LOGS = Path("/tmp/convaudit-slurm")
SHARDS = 2
GPU_RULES = {
    *("predict", "activations", "filters", "scaling_check", "trust"),
    "interventions",
}
CPU_RULES = {
    "index",
    "model",
    "preprocess",
    "quarantine",
    "predictions",
    "near_duplicates",
    "suspects",
    "verdict",
    "gradcam",
    "report",
}


@pytest.fixture(scope="module")
def slurm() -> Iterator[None]:
    started = subprocess.run(
        [ONE_NODE, "start"], capture_output=True, text=True, check=False, timeout=120
    )
    try:
        assert started.returncode == 0, started.stderr + daemon_logs()
        yield
    finally:
        subprocess.run([ONE_NODE, "stop"], check=False, timeout=60)


def daemon_logs() -> str:
    return "".join(f"\n{path}:\n{path.read_text()[-3000:]}" for path in LOGS.glob("*.log"))


def jobs_on_record() -> list[dict[str, str]]:
    """Slurm's records of each job: its rule, its request, its start and end."""
    record = subprocess.run(
        ["scontrol", "--oneliner", "show", "job"], capture_output=True, text=True, check=True
    )
    jobs = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in record.stdout.splitlines()]
    for job in jobs:
        job["rule"] = re.fullmatch(r"rule_(.+?)(_wildcards_.*)?", job["Comment"])[1]
    return jobs


def overlapping(jobs: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Pairs of jobs, by time of start, of which the second began before the first ended."""
    spans = sorted(
        (datetime.fromisoformat(j["StartTime"]), datetime.fromisoformat(j["EndTime"]), j["rule"])
        for j in jobs
    )
    return [
        (first[2], second[2])
        for position, first in enumerate(spans)
        for second in spans[position + 1 :]
        if second[0] < first[1]
    ]


@pytest.fixture(scope="module")
def on_slurm(slurm, finished, tmp_path_factory) -> Audit:
    """The audit of the finished one's model and images, by Slurm jobs."""
    audit = make_twin(finished, tmp_path_factory.mktemp("slurm"))
    audit.environment["SLURM_CONF"] = "/etc/slurm/slurm.conf"
    # Slurm's GPU is pretended, so TensorFlow can't see it.
    with (audit.folder / "workflow/scripts/jobs/tensorflow_job.py").open("a") as file:
        file.write("\n\ndef _require_no_gpu(device: str) -> None:\n    pass\n")
    arguments = (
        "--profile",
        "profiles/slurm",
        "--slurm-init-seconds-before-status-checks",
        "2",
        "--seconds-between-status-checks",
        "2",
    )
    try:
        done = audit.snakemake(*arguments, timeout=1200)
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"not done after 20 minutes: {late.stderr!r}{daemon_logs()}")
    assert done.returncode == 0, done.stdout + done.stderr + daemon_logs()
    return audit


def test_the_profile_asks_for_a_gpu_wherever_a_rule_does():
    rules = "\n".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    bodies = re.split(r"^rule (\w+):", rules, flags=re.MULTILINE)[1:]
    use_one = {n for n, body in zip(bodies[::2], bodies[1::2], strict=True) if "gpu=1" in body}
    profile = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text())
    assert use_one == set(profile["set-resources"])


def test_every_job_was_slurm_s_and_those_that_use_a_gpu_asked_for_one(on_slurm):
    jobs = jobs_on_record()
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    asked = {job["rule"] for job in jobs if job.get("TresPerJob") == "gres:gpu:1"}
    others = {job["rule"] for job in jobs if "TresPerJob" not in job}
    assert asked == GPU_RULES
    assert others == CPU_RULES


def test_each_job_asked_for_its_own_memory_and_time(on_slurm):
    requests = {
        job["rule"]: (job["MinMemoryNode"], job["TimeLimit"], job["CPUs/Task"])
        for job in jobs_on_record()
    }
    assert requests["predict"] == ("6000M", "02:00:00", "2")
    assert requests["index"][1:] == ("01:00:00", "2")
    assert requests["gradcam"][1:] == ("01:00:00", "1")  # one of two shards
    assert requests["activations"][1:] == ("02:00:00", "1")


def test_no_two_jobs_used_the_gpu_at_once_though_others_ran_side_by_side(on_slurm):
    jobs = jobs_on_record()
    on_gpu = [job for job in jobs if job["rule"] in GPU_RULES]
    drawn = list((on_slurm.folder / "results" / "filters").glob("*.png"))
    assert len(on_gpu) == 4 + SHARDS + len(drawn) == 8
    assert overlapping(on_gpu) == []
    assert overlapping(jobs) != []


def test_slurm_s_device_was_the_one_used(on_slurm):
    logs = on_slurm.folder / "results" / "logs"
    for path in [*(logs / "predict").glob("*.log"), *(logs / "filters").glob("*.log")]:
        assert "CUDA_VISIBLE_DEVICES=0" in path.read_text()


def results_without_key(audit: Audit) -> dict[str, bytes]:
    """The audit's results; its key is blanked, since the code of ``on_slurm`` is edited.

    The first page shows the key's first twelve digits too.
    """
    folder = audit.folder / "results"
    key = json.loads((folder / "verdict.json").read_text())["audit_key"].encode()
    return {
        path: content.replace(key, b"key").replace(key[:12], b"key")
        for path, content in results(folder).items()
    }


def test_the_results_are_the_local_run_s_to_the_byte(on_slurm, finished):
    ours, theirs = (results_without_key(audit) for audit in (on_slurm, finished))
    assert ours.keys() == theirs.keys()
    assert [path for path in ours if ours[path] != theirs[path]] == []


def test_a_plain_run_afterwards_has_nothing_to_do(on_slurm):
    assert on_slurm.plan() == {}
