import ctypes
import platform
import subprocess
import sys
from types import SimpleNamespace

from conftest import ROOT
from convaudit.system import malloc

FAULTS = """
import resource
from convaudit.system import malloc
{first}
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    b"x" * 100_000_000
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


def measured(code: str) -> list[float]:
    """The numbers that a process of its own prints."""
    scripts = ROOT / "workflow" / "scripts"
    printed = subprocess.check_output([sys.executable, "-c", code], cwd=scripts, text=True)
    return [float(number) for number in printed.split()]


GLIBC = platform.libc_ver()[0] == "glibc"
"""Without glibc nothing is set, and the second block costs as much as the first."""


def faults(first: str) -> float:
    """Number of pages that the kernel provides for the second of two equal blocks."""
    return measured(FAULTS.format(first=first))[0]


def test_the_second_block_costs_no_new_pages():
    kept = faults(f"assert malloc.keep_freed_memory() is {GLIBC}")
    assert (10 * kept < faults("")) == GLIBC


def test_every_job_keeps_freed_memory(tmp_path):
    log = str(tmp_path / "log")
    begin = f"from jobs.job import job; begun = job('a job', {log!r}); begun.__enter__()"
    assert (10 * faults(begin) < faults("")) == GLIBC


def test_another_allocator_is_left_alone(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    assert malloc.keep_freed_memory() is False
