"""The parts of tests/gpu/check.py that need no GPU, with pretended devices."""

import importlib.util
import shutil
from pathlib import Path

import pandas as pd
import pytest

from conftest import ROOT


@pytest.fixture(scope="module")
def check():
    place = importlib.util.spec_from_file_location("check", ROOT / "tests" / "gpu" / "check.py")
    module = importlib.util.module_from_spec(place)
    place.loader.exec_module(module)
    return module


def test_the_lease_of_pretended_devices(check):
    assert check.lease(["0", "1"]) == "2 processes, 2 devices; one more waited"


def test_audits_agree_within_the_tolerance_only(check, finished, tmp_path):
    ours, other = finished.folder / "results", tmp_path / "other"
    assert check.agreement(ours, ours).startswith("0 of 19 predictions differ; probability 0.0e+00")
    shutil.copytree(ours / "gradcam" / "maps", other / "gradcam" / "maps")
    table = pd.read_parquet(ours / "predictions.parquet")
    table["probability"] += 2 * check.PROBABILITY
    table.to_parquet(other / "predictions.parquet")
    with pytest.raises(AssertionError, match=r"probability 2\.0e-03 \(at most 0\.001\)"):
        check.agreement(ours, other)


def test_without_a_gpu_the_page_says_so(check, capsys, monkeypatch):
    monkeypatch.setattr("convaudit.system.devices.gpu.devices", list)
    monkeypatch.setattr(check, "python", lambda *a: "processor AMD EPYC")
    with pytest.raises(SystemExit, match="No GPU here"):
        check.main()
    assert "devices           ok      []; processor AMD EPYC" in capsys.readouterr().out


def test_a_part_that_fails_is_said_and_the_others_go_on(check, capsys):
    def fails() -> str:
        raise AssertionError("0 devices")

    check._say("lease", fails)
    assert capsys.readouterr().out == "lease             FAILED  AssertionError: 0 devices\n"


def test_the_pretended_speed(check, tmp_path):
    for number, device in enumerate(("cpu", "gpu"), 1):
        for stage in ("predict/0000", "filters/conv2d_4"):
            path = Path(tmp_path / device / "benchmarks" / f"{stage}.tsv")
            path.parent.mkdir(parents=True)
            path.write_text(f"s\th:m:s\n{10 / number}\t0:00:10\n")
    assert check.speed(tmp_path / "cpu", tmp_path / "gpu") == (
        "predict/0000: 10 s on the processor, 5 s; filters/conv2d_4: 10 s on the processor, 5 s"
    )
