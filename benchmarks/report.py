"""The report of fabricated audits of 1,000 to 1,000,000 images: seconds and peak memory of its job,
and seconds until a browser that opens the gallery from disk shows the first images.

python benchmarks/report.py [images ...]
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

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

import fabricated
from test_report_browser import FLAGS, chromium

SIZES = (1_000, 10_000, 1_000_000)
JOB = """
import json, resource, sys, time
from pathlib import Path
import fabricated, report
began = time.perf_counter()
report.report(**fabricated.settings_of_report(Path(sys.argv[1])))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": time.perf_counter() - began, "megabytes": peak}))
"""


def main(sizes: list[int]) -> None:
    print("| images | report: seconds | peak memory, MB | report folder, MB | gallery opens, s |")
    print("|--:|--:|--:|--:|--:|")
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            fabricated.results(folder, size)
            used = _job(folder)
            report = folder / "report"
            written = sum(path.stat().st_size for path in report.rglob("*") if path.is_file())
            print(
                f"| {size:,} | {used['seconds']:.0f} | {used['megabytes']:.0f} "
                f"| {written / 1e6:.0f} | {_open(report / 'images.html'):.2f} |",
                flush=True,
            )


def _job(folder: Path) -> dict[str, float]:
    command = [sys.executable, "-c", JOB, str(folder)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path[:2])}
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
    main([int(size) for size in sys.argv[1:]] or list(SIZES))
