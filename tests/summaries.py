"""The content of summary.json for results that no job wrote."""

from typing import Any

import numpy as np

from convaudit.metrics.classification import Scores
from convaudit.report.findings.all_findings import findings
from convaudit.report.results import Results
from convaudit.report.summary import summarise
from convaudit.verdict.judge import judge
from convaudit.verdict.numbers import Evidence, labelled, numbers
from convaudit.verdict.policy import load


def summary_of(audit: Results, **changes: Any) -> dict[str, Any]:
    """The summary with the default policy; ``changes`` replace numbers."""
    count = audit.count
    answers = labelled(
        audit.labels,
        audit.predicted,
        audit.probability,
        audit.column("true_probability", np.float32, np.nan),
        np.where(audit.wrong, 2, 1),
        np.zeros(count),
    )
    evidence = Evidence(
        head=audit.facts.head,
        class_names=audit.class_names,
        answers=answers,
        sample=Scores(np.empty((0, len(audit.class_names))), np.empty(0, int)),
        columns={},
        images_audited=count,
        images_quarantined=len(audit.quarantine),
        empty_maps=int(audit.column("map_empty", bool, None).sum()),
        channels=len(audit.own_channels),
        dead_channels=int(audit.own_channels["dead"].sum()),
        duplicates=audit.duplicates,
        scaling=audit.facts.scaling,
        scaling_known=audit.facts.scaling_known,
        scaling_check=audit.scaling_check,
        target_layer=audit.facts.target_layer,
    )
    found = {
        "dataset_sha256": "0123",
        **numbers(evidence),
        "suspects": None,
        "trust": None,
        "near_duplicates": audit.near_duplicates,
        "comparison": None,
        **changes,
    }
    verdict = judge(load("default"), found, model="0123", audit_key="key").facts()
    return summarise(findings(audit, found["slices"]), found, verdict)
