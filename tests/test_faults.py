"""Kills, full disks, damaged and replaced files are named, and no wrong result is used.

``make test-faults`` kills far more audits; its figures are in docs/reliability.md.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from conftest import COLOURS, Audit, paint
from convaudit.system import atomic
from faults import PATIENCE, VICTIMS, disturb, lost, recover, results, scripts_of

LIBRARY = Path(atomic.__file__).parents[2]
CLAIM = """
import sys
from pathlib import Path
from convaudit.system.atomic import atomic, claim
from convaudit.errors import AuditError
claim(sys.argv[1])
print("claimed", flush=True)
try:
    with atomic(sys.argv[2]) as temporary:
        temporary.write_text(sys.argv[3])
        input()
except (AuditError, FileNotFoundError) as error:
    print(error)
"""


def fails(audit: Audit, *arguments: str, config: tuple[str, ...] = ()) -> str:
    """The output of a run that must fail, without a traceback."""
    done = audit.snakemake("--cores", "2", *arguments, config=config, timeout=PATIENCE)
    assert done.returncode != 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_killed_three_times_and_recovered_not_a_byte_is_different(finished, twin):
    audit, chance = twin(), random.Random()
    for victim in chance.sample(VICTIMS, len(VICTIMS)):
        while disturb(audit, victim, chance) is None:
            assert lost(audit, finished) == []  # the run ended before it was killed: start again
            shutil.rmtree(audit.folder / "results")
        audit.snakemake("--unlock", timeout=PATIENCE)
    recover(audit)
    assert lost(audit, finished) == []


def wait_until(true) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def claimant(tmp_path):
    """Start a process that claims a job and then writes its own word as the result."""
    started = []

    def start(word: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", CLAIM, tmp_path / "jobs.job.log", tmp_path / "result", word],
            env=os.environ | {"PYTHONPATH": str(LIBRARY)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "claimed\n"
        wait_until(lambda: any(p.read_text() == word for p in tmp_path.glob(".tmp-*")))
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_an_orphan_on_another_node_can_t_overwrite_what_the_next_run_made(claimant, tmp_path):
    orphan, next_ = claimant("old"), claimant("new")
    next_.communicate("\n")
    said, _ = orphan.communicate("\n")
    assert said
    assert (tmp_path / "result").read_text() == "new"
    assert list(tmp_path.glob(".tmp-*")) == []


def test_an_orphan_that_begins_to_write_late_is_stopped_too(tmp_path):
    atomic.claim(tmp_path / "jobs.job.log")
    try:
        subprocess.run(
            [sys.executable, "-c", CLAIM, tmp_path / "jobs.job.log", tmp_path / "result", "new"],
            env=os.environ | {"PYTHONPATH": str(LIBRARY)},
            input="\n",
            text=True,
            check=True,
            capture_output=True,
        )
        with (
            pytest.raises(atomic.AuditError, match="another process runs this job now"),
            atomic.atomic(tmp_path / "result") as temporary,
        ):
            temporary.write_text("old")
    finally:
        atomic._claim = None
    assert (tmp_path / "result").read_text() == "new"


FULL_DISK = """
set -e
mkdir -p results
mount -t tmpfs -o size=1m tmpfs results
"$@" results/index/ledger.parquet results/model/model.json
free=$(df --output=avail -k results | tail -1)
head -c $(((free - 8) * 1024)) /dev/zero >results/logs/filler
"$@" preprocess_all && echo "the disk was not full" && exit 3
rm results/logs/filler
"$@" preprocess_all
cp -a results saved
"""


def test_a_full_disk_is_named_and_with_room_the_same_bytes_come_out(finished, twin):
    audit = twin()
    run = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "toy.yaml", "--"]
    lines = [": ".join(entry.split("=", 1)) for entry in audit.settings]
    (audit.folder / "toy.yaml").write_text("\n".join(lines))
    alone = ["unshare", "--mount"] + ([] if os.getuid() == 0 else ["--map-root-user"])
    done = subprocess.run(
        [*alone, "sh", "-c", FULL_DISK, "sh", *run],
        cwd=audit.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "no space left on the disk with the results: free some space and run again" in done.stderr
    )
    ours, theirs = results(audit.folder / "saved"), results(finished.folder / "results")
    made = {"quarantine.csv"} | {p for p in theirs if p.startswith(("preprocess/", "index/"))}
    assert made < ours.keys()
    assert [path for path in ours if ours[path] != theirs[path]] == []


def test_a_results_folder_that_can_t_be_written_is_named(twin):
    audit = twin()
    (audit.folder / "results").mkdir()
    (audit.folder / "results").chmod(0o555)
    command = audit.command("--cores", "1")
    if os.getuid() == 0:
        # Without these capabilities permissions hold for root too.
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    done = subprocess.run(command, cwd=audit.folder, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "config: results: can't write results" in done.stderr
    assert "Permission denied" in done.stderr and "Traceback" not in done.stderr


def test_damaged_maps_and_replaced_images_are_named_and_the_other_shards_go_on(clone):
    folder = clone.folder / "results" / "gradcam"
    maps = folder / "maps" / "0000.npz"
    maps.write_bytes(maps.read_bytes()[:-40])
    healthy = {path: path.read_bytes() for path in (folder / "overlays" / "0001").glob("*.jpg")}
    damaged = f"{maps.relative_to(clone.folder)} is damaged: delete it and run again"
    assert damaged in fails(clone, "gradcam_all", config=("gradcam={alpha: 0.7}",))
    drawn = {path: path.read_bytes() for path in (folder / "overlays" / "0001").glob("*.jpg")}
    assert len(drawn) == 7 and drawn.keys() == healthy.keys()
    assert drawn != healthy
    paint(clone.folder / "photos" / "red" / "3.png", COLOURS["red"], 99)
    change = ("gradcam={alpha: 0.5}", "watch=false")
    # On one core the second of two shards that fail begins after the first has failed.
    said = fails(clone, "--cores", "1", config=change)
    assert damaged in said
    assert "photos/red/3.png changed while the audit ran: run it again" in said
    assert "convaudit gradcam shard 0000" in said and "results/logs/gradcam/0001.log" in said
    maps.unlink()
    planned = clone.plan("gradcam={alpha: 0.5}")
    assert planned["predict"] == 2 and planned["gradcam"] == 2 and planned["report"] == 1


def test_an_edited_ledger_and_a_deleted_image_are_named(clone):
    ledger = clone.folder / "results" / "index" / "ledger.parquet"
    rows = pd.read_parquet(ledger)
    rows.loc[rows["path"] == "blue/3.png", "label"] = "red"
    rows.to_parquet(ledger, index=False)
    (clone.folder / "photos" / "red" / "3.png").unlink()
    change = ("preprocess={interpolation: nearest}", "watch=false")
    # On one core the second of two shards that fail begins after the first has failed.
    said = fails(clone, "preprocess_all", "--cores", "1", config=change)
    assert "ledger.parquet is not as the index stage wrote it (shard 0000)" in said
    assert "photos/red/3.png: no such file, though the audit has begun" in said
    assert list(clone.folder.glob("results/preprocess/*.parquet")) == []


def test_a_model_replaced_while_the_audit_runs_is_noticed(twin):
    audit = twin()
    facts = audit.folder / "results" / "model" / "model.json"
    running = audit.start("filters_all")
    try:
        wait_until(lambda: facts.exists() or running.poll() is not None)
        shutil.copy(audit.folder / "toy.keras", audit.folder / "new.keras")
        with (audit.folder / "new.keras").open("ab") as file:
            file.write(b"\0")
        os.replace(audit.folder / "new.keras", audit.folder / "toy.keras")
        assert running.wait(PATIENCE) != 0
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
    logs = [p.read_text() for p in (audit.folder / "results" / "logs" / "filters").glob("*.log")]
    assert len(logs) == 2
    assert all("toy.keras was replaced while the audit ran: run it again" in log for log in logs)
    assert not (audit.folder / "results" / "filters").exists() or not any(
        (audit.folder / "results" / "filters").iterdir()
    )


def test_a_results_folder_is_for_one_run_but_for_any_question(twin):
    first, second = twin(), twin()
    shared = f"results={first.folder / 'shared'}"
    running = first.start("filters_all", config=(shared,))
    try:
        wait_until(lambda: scripts_of(first.folder))
        said = fails(second, config=(shared,))
        assert f"shared is in use by another snakemake (process {running.pid} on " in said
        plan = (first.folder / "shared" / "index" / "plan.json").read_bytes()
        for question in (["--dry-run"], ["--list"], ["--summary"]):
            done = first.snakemake(*question, config=(shared, "shard_size=2"))
            assert done.returncode == 0, done.stdout + done.stderr
        assert (first.folder / "shared" / "index" / "plan.json").read_bytes() == plan
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    wait_until(lambda: not scripts_of(first.folder))


def test_results_of_another_folder_are_refused_unless_they_are_the_same(finished, tmp_path):
    moved = Audit(tmp_path / "moved")
    shutil.copytree(finished.folder, moved.folder, ignore=shutil.ignore_patterns(".snakemake"))
    assert moved.plan() == {}
    (moved.folder / "link").symlink_to("results")
    link = "results=link"
    assert "link holds an audit" in fails(moved, config=("gradcam={alpha: 0.5}", link))
    shutil.rmtree(moved.folder / ".snakemake")
    said = fails(moved, config=("gradcam={alpha: 0.5}",))
    assert "config: results: results holds an audit of another model" in said
