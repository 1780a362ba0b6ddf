"""The report of fabricated audits of 1,000 to 1,000,000 images: seconds and peak memory of the job,
and seconds until a browser that opens the gallery from disk shows the first image.

python benchmarks/report.py
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

sys.path.append(str(Path(__file__).parents[1] / "tests"))
sys.path.append(str(Path(__file__).parents[1] / "workflow" / "scripts"))

import fabricated
import figures
from test_report_browser import FLAGS, chromium

DETAILS = """## A report of a million images

The benchmark fabricates results of audits of these sizes, writes their report in a process of its
own, and opens the gallery from disk in headless Chromium. "Gallery opens" is the time until the
first picture is drawn, the median of five.

{table}
Memory grows with the pictures shown, which are bounded, and with the table of predictions, which is
held as a whole. Saliency maps are read shard by shard.
"""
SIZES = (1_000, 10_000, 1_000_000)
ASKED = 4000
"""mem_mb of the rule."""
JOB = """
import json, resource, sys, time
from pathlib import Path
import fabricated, report
began = time.perf_counter()
report.report(**fabricated.settings_of_report(Path(sys.argv[1])))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": time.perf_counter() - began, "megabytes": peak}))
"""


def measure() -> figures.Part:
    rows, peaks = [], []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            fabricated.results(folder, size)
            used = _job(folder)
            report = folder / "report"
            written = sum(path.stat().st_size for path in report.rglob("*") if path.is_file())
            opened = _open(report / "images.html")
            cells = used["seconds"], used["megabytes"], written / 1e6
            rows.append([f"{size:,}", *(f"{cell:.0f}" for cell in cells), f"{opened:.2f}"])
            peaks.append(used["megabytes"])
    columns = ["images", "report, s", "peak memory, MB", "folder, MB", "gallery opens, s"]
    what = f"peak memory of the report, {SIZES[-1]:,} images"
    against = f"its rule asks for {ASKED:,} MB; {peaks[0]:.0f} MB with {SIZES[0]:,} images"
    figure = figures.Figure(what, peaks[-1], ASKED, False, against, " MB")
    return figures.Part([figure], DETAILS.format(table=figures.table(columns, rows)))


def _job(folder: Path) -> dict[str, float]:
    command = [sys.executable, "-c", JOB, str(folder)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path[-2:])}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def _open(page: Path) -> float:
    """The median of five openings."""
    times = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        for _ in range(5):
            opened = browser.new_page(viewport={"width": 1440, "height": 900})
            began = time.perf_counter()
            opened.goto(page.as_uri())
            opened.wait_for_selector(".tile[data-filled]")
            times.append(time.perf_counter() - began)
            opened.close()
        browser.close()
    return median(times)


if __name__ == "__main__":
    figures.show(measure())
