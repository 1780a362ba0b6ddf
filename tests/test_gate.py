"""The verdict of a whole audit: its files, and the command that fails."""

import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference

import gate as gate_job

GATE = "{name: unread, metric: quarantine_share, bound: upper, limit: 1}"
HARMLESS = f"policy={{extends: none, gates: [{GATE}]}}"


def found(audit, name):
    return json.loads((audit.folder / "results" / name).read_text())


def test_the_verdict_is_that_of_the_numbers(finished):
    verdict, summary = found(finished, "verdict.json"), found(finished, "summary.json")
    assert summary["schema_version"] == 3 and summary["verdict"] == verdict
    assert verdict["result"] == "fail"
    gates = {gate["name"]: gate for gate in verdict["gates"]}
    # One of 20 files is broken; with so few images nothing can be tried, which is no pass.
    assert gates["unread files"]["result"] == "fail"
    assert gates["proven shortcuts"]["result"] == "undecided"
    assert gates["accuracy"]["value"] == summary["accuracy"]
    # The numbers do not depend on whether the report was made.
    metrics = found(finished, "metrics.json")
    assert metrics.items() <= summary.items()


def test_the_verdict_s_other_files_say_the_same(finished):
    verdict = found(finished, "verdict.json")
    suite = ElementTree.parse(finished.folder / "results" / "junit.xml").find("testsuite")
    assert suite is not None
    refused = [gate for gate in verdict["gates"] if gate["result"] in ("fail", "ask", "undecided")]
    assert int(suite.get("failures", 0)) == len(refused) > 0
    text = (finished.folder / "results" / "summary.md").read_text()
    assert text.startswith("## ❌ fail") and "toy.keras" in text


def test_numbers_are_scikit_learns_on_the_predictions(finished):
    metrics = found(finished, "metrics.json")
    table = pd.read_parquet(finished.folder / "results" / "predictions.parquet")
    truth = table["label_index"].to_numpy(int)
    of_second = np.where(
        table["predicted_index"] == 1, table["probability"], 1 - table["probability"]
    )
    assert metrics["roc_auc"] == pytest.approx(reference.roc_auc_score(truth, of_second), abs=1e-6)
    assert metrics["brier"] == pytest.approx(reference.brier_score_loss(truth, of_second), abs=1e-6)
    assert metrics["score_images"] == len(table)
    assert table["true_rank"].tolist() == [1 if right else 2 for right in table["correct"]]


def test_a_gate_a_line_and_an_exit_code(finished, capsys):
    code = gate_job.gate(verdict=str(finished.folder / "results" / "verdict.json"))
    printed = capsys.readouterr().out.splitlines()
    gates = found(finished, "verdict.json")["gates"]
    assert code == 10 and len(printed) == len(gates) + 1
    assert printed[0].startswith("fail      unread files: ") and printed[-1] == "verdict: fail"


def test_snakemake_gate_refuses_and_lets_pass(clone):
    refused = clone.snakemake("gate", "--cores", "1")
    assert refused.returncode != 0 and "verdict: fail" in refused.stdout + refused.stderr
    assert "verdict: pass" in clone.run("gate", config=(HARMLESS,))
    assert found(clone, "verdict.json")["result"] == "pass"


def test_a_broken_policy_ends_the_run_before_it_begins(clone):
    broken = clone.snakemake("-n", config=("policy={gates: [{name: accuracy, limit: high}]}",))
    assert broken.returncode == 1
    said = (broken.stdout + broken.stderr).strip().splitlines()
    assert said[-1] == "policy: gate 'accuracy': limit: must be a valid number, not 'high'"
