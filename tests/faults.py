"""Kill small audits at random moments, recover them as the README says, and compare every byte.

``python tests/faults.py 24`` does so with 24 kills and prints a table for docs/reliability.md.
"""

import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

from conftest import Audit, make_audit, make_twin, save_toy_model

VICTIMS = ("snakemake", "job", "all")
PATIENCE = 300
"""Greatest number of seconds of any step."""


def results(folder: Path) -> dict[str, bytes]:
    """Every file that an audit must reproduce, by its path in the results folder."""
    volatile = ("logs", "benchmarks", "devices", "provenance.json", "manifest-sha256.txt")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.relative_to(folder).parts[0] not in volatile
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


def scripts_of(folder: Path) -> list[int]:
    """Ids of the processes that run a job's script for the audit in ``folder``."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdecimal() else b""
        except OSError:
            continue
        if f"{folder}/.snakemake/scripts/".encode() in command:
            found.append(int(entry.name))
    return found


def begun(audit: Audit) -> int:
    """Number of jobs that have begun in this run or before, by their logs."""
    return sum(1 for _ in (audit.folder / "results" / "logs").rglob("*.log"))


def disturb(audit: Audit, victim: str, chance: random.Random) -> int | None:
    """Start the audit and kill ``snakemake``, a ``job`` or ``all`` at a random moment.

    Returns:
        Number of jobs that outlived their Snakemake by more than 5 s; None if nothing was killed
        because the audit had ended before.
    """
    running = audit.start()
    until = begun(audit) + chance.randint(1, 4)
    deadline = time.monotonic() + PATIENCE
    while (begun(audit) < until or not scripts_of(audit.folder)) and running.poll() is None:
        assert time.monotonic() < deadline, "the audit hangs"
        time.sleep(0.02)
    time.sleep(chance.uniform(0, 4))
    while victim == "job" and not scripts_of(audit.folder) and running.poll() is None:
        time.sleep(0.02)
    jobs = scripts_of(audit.folder)
    if running.poll() is not None or (victim == "job" and not jobs):
        assert running.wait(PATIENCE) == 0, "the audit failed, and nothing was killed"
        return None
    if victim == "snakemake":
        os.kill(running.pid, signal.SIGKILL)
    elif victim == "all":
        os.killpg(running.pid, signal.SIGKILL)
    else:
        os.kill(chance.choice(jobs), signal.SIGKILL)
    running.wait(PATIENCE)
    orphans_until = time.monotonic() + 5
    while scripts_of(audit.folder) and time.monotonic() < orphans_until:
        time.sleep(0.05)
    return len(scripts_of(audit.folder))


def recover(audit: Audit) -> None:
    """Do what the README says after a crash."""
    audit.snakemake("--unlock", timeout=PATIENCE)
    done = audit.snakemake("--cores", "2", timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr


def lost(audit: Audit, undisturbed: Audit) -> list[str]:
    """Files that differ from those of an undisturbed run, and files that were left over."""
    ours, theirs = (results(each.folder / "results") for each in (audit, undisturbed))
    left = [str(path) for path in (audit.folder / "results").rglob(".tmp-*")]
    differing = [p for p in ours.keys() | theirs.keys() if ours.get(p) != theirs.get(p)]
    return sorted(differing) + left


def main(kills: int) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    tried: Counter[str] = Counter()
    orphans: Counter[str] = Counter()
    differing: list[str] = []
    audits = 0
    with tempfile.TemporaryDirectory(prefix="convaudit-faults-") as name:
        top = Path(name)
        save_toy_model(top / "toy.keras")
        undisturbed = make_audit(top / "undisturbed", top / "toy.keras")
        undisturbed.run()
        while sum(tried.values()) < kills:
            audits += 1
            audit = make_twin(undisturbed, top / str(audits))
            for victim in chance.sample(VICTIMS, len(VICTIMS)):
                left = disturb(audit, victim, chance)
                audit.snakemake("--unlock", timeout=PATIENCE)
                tried[victim] += left is not None
                orphans[victim] += left or 0
            recover(audit)
            differing += lost(audit, undisturbed)
            print(f"audit {audits}: {dict(tried)}, differing: {differing}", flush=True)
        print(f"\nSeed {seed}, {audits} audits, each killed up to {len(VICTIMS)} times.\n")
        print("| killed | times | jobs that lived on |")
        print("|---|---|---|")
        for victim in VICTIMS:
            print(f"| {victim} | {tried[victim]} | {orphans[victim]} |")
        files = audits * len(results(undisturbed.folder / "results"))
        print(f"\nOf {files} files {len(differing)} were lost, different or left over.")
    sys.exit(bool(differing))


if __name__ == "__main__":
    main(int(sys.argv[1]))
