"""The one line that a failed job prints."""

import subprocess
import sys

import pytest

from conftest import ROOT

JOB = """
import sys
from convaudit.errors import AuditError
from jobs.job import job
with job(sys.argv[1], "job.log"):
    raise AuditError(sys.argv[2])
"""


@pytest.mark.parametrize(
    ("name", "message", "line"),
    [
        ("model", "model: its output is no class", "convaudit: model: its output is no class"),
        ("model", "config: model: no file a.keras", "convaudit: config: model: no file a.keras"),
        ("trust", "config: trust.images: too few", "convaudit: config: trust.images: too few"),
        ("model", "models differ", "convaudit model: models differ"),
        ("report", "decision.json is not JSON", "convaudit report: decision.json is not JSON"),
    ],
)
def test_a_failed_job_names_itself_unless_its_message_begins_with_its_name(
    name, message, line, tmp_path
):
    done = subprocess.run(
        [sys.executable, "-c", JOB, name, message],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "workflow" / "scripts")},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (1, f"{line} (log: job.log)\n")
