"""Progress messages of a job, and the time of each stage at the end of a run."""

import os
import pty
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from conftest import ROOT
from convaudit.system import progress
from convaudit.system.ordered_map import in_order
from convaudit.system.progress import Progress, duration
from planning.run import run_summary

JOB = """
import time
from convaudit.system.progress import Progress
from jobs.job import job
with job("predict shard 0003", "job.log"):
    progress = Progress(512, "images", every=0)
    time.sleep(0.1)
    progress.add(256)
"""


def on_a_terminal(command: list[str], folder: Path, **environment: str) -> str:
    """Run a command with a terminal as its standard error; return what the terminal showed."""
    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "SLURM_CONF": os.devnull, **environment},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while block := os.read(ours, 4096):
            shown += block
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert done.wait() == 0, shown.decode()
    return shown.decode()


def test_a_line_by_hand():
    told = Progress(512, "images")
    told.add(256)
    assert told.line(6.25) == "256 of 512 images, 41 a second, 6 s left"
    told = Progress(1200, "steps")
    told.add(3)
    assert told.line(6) == "3 of 1,200 steps, 0.5 a second, 39 min 54 s left"
    told = Progress(None, "files")
    told.add(2_000_000)
    assert told.line(1000) == "2,000,000 files, 2,000 a second"


def test_durations():
    assert [duration(s) for s in (8.6, 130, 11100)] == ["9 s", "2 min 10 s", "3 h 05 min"]


def test_a_job_speaks_every_ten_seconds_and_a_quick_one_never(monkeypatch, caplog):
    clock = count(start=0, step=4)  # seconds, at each look
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    told = Progress(8, "files")
    with caplog.at_level("INFO"):
        for _ in range(8):
            told.add()
    # After 12 and 24 s; the last file, after 32 s, ends the job.
    said = [record.message for record in caplog.records]
    assert said == [
        "3 of 8 files, 0.25 a second, 20 s left",
        "6 of 8 files, 0.25 a second, 8 s left",
    ]


@pytest.mark.parametrize(("quiet", "shown"), [({}, True), ({"CONVAUDIT_QUIET": "1"}, False)])
def test_a_terminal_shows_it_with_the_job_s_name(tmp_path, quiet, shown):
    path = str(ROOT / "workflow" / "scripts")
    seen = on_a_terminal([sys.executable, "-c", JOB], tmp_path, PYTHONPATH=path, **quiet)
    assert ("256 of 512 images" in (tmp_path / "job.log").read_text()) is True
    if shown:
        assert seen.startswith("predict shard 0003: 256 of 512 images, ")
        assert seen.count("\n") == 1
    else:
        assert seen == ""


def test_without_a_terminal_only_the_log_has_it(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow" / "scripts")}
    command = [sys.executable, "-c", JOB]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert done.stderr == b""
    assert "256 of 512 images" in (tmp_path / "job.log").read_text()


def test_snakemake_s_jobs_reach_its_terminal_unless_it_is_to_be_quiet(clone):
    module = clone.folder / "workflow" / "scripts" / "convaudit" / "system" / "progress.py"
    module.write_text(module.read_text().replace("every: float = 10", "every: float = 0"))
    run = clone.command("results/preprocess/0000.npy", "--cores", "2", "--quiet", "rules")
    assert "preprocess shard 0000: 4 of 12 images, " in on_a_terminal(run, clone.folder)
    run = clone.command("results/preprocess/0001.npy", "--cores", "2", "--quiet", "progress")
    shown = on_a_terminal(run, clone.folder)
    assert " of 8 images" not in shown and "whole run" not in shown


def test_each_stage_s_time_by_hand(tmp_path):
    (tmp_path / ".convaudit").mkdir()
    run_summary.begin(tmp_path)
    began = (tmp_path / ".convaudit" / "began").stat().st_mtime

    def measured(name: str, ended: float, seconds: str, processor: str) -> None:
        file = tmp_path / "benchmarks" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"s\th:m:s\tcpu_time\n{seconds}\t0:00:00\t{processor}\n")
        os.utime(file, (began + ended, began + ended))

    measured("index.tsv", -5, "99", "99")  # of an earlier run
    assert run_summary.took(tmp_path) == ""
    run_summary.begin(tmp_path)
    began = (tmp_path / ".convaudit" / "began").stat().st_mtime
    measured("predict/0001.tsv", 9, "3.6", "4.2")
    measured("predict/0000.tsv", 4, "8.6", "2.9")
    measured("model.tsv", 1, "130.2", "NA")
    assert run_summary.took(tmp_path) == (
        "model 2 min 10 s · predict 12 s in 2 jobs · whole run 0 s (7 s of processor time)"
    )


def test_an_audit_in_two_lines():
    gates = [{"text": "1 suspect; none is allowed."}, {"text": "Accuracy 85.0%."}]
    summary = {
        "images_audited": 1240,
        "images_quarantined": 3,
        "accuracy": 0.85,
        "verdict": {"result": "fail", "gates": gates},
    }
    line = run_summary.outcome(Path("out"), summary)
    assert line.splitlines() == [
        "out/report/index.html: 1,240 images, 85.0% of those with a label right, 3 in quarantine",
        "Verdict: fail. 1 suspect; none is allowed.",
    ]
    passed = summary | {"accuracy": None, "verdict": {"result": "pass", "gates": gates}}
    assert run_summary.outcome(Path("out"), passed).splitlines() == [
        "out/report/index.html: 1,240 images, 3 in quarantine",
        "Verdict: pass.",
    ]


def test_a_run_ends_with_its_stages_and_one_with_nothing_to_do_says_nothing(clone):
    assert "whole run" not in clone.run()
    (clone.folder / "results" / "quarantine.csv").unlink()
    printed = clone.run("results/quarantine.csv").splitlines()
    (line,) = [line for line in printed if "whole run" in line]
    assert line.startswith("quarantine ") and line.count(" · ") == 1


def test_no_more_than_a_few_results_wait():
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        return number * number

    results = in_order(work, range(1000), threads=2)
    assert [next(results) for _ in range(5)] == [0, 1, 4, 9, 16]
    assert len(begun) <= 5 + 8
    assert list(results) == [number**2 for number in range(5, 1000)]


def test_an_error_of_a_thread_is_the_caller_s():
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda number: 1 // number, [1, 0, 1], threads=2))
