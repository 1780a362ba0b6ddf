"""The audit's numbers for machines."""

import json
from typing import Any

from convaudit.report import metrics
from convaudit.report.findings import findings
from convaudit.report.results import Results


def summarise(audit: Results) -> dict[str, Any]:
    """The audit's numbers for machines (``summary.json``); None where something isn't known."""
    correct = ~audit.wrong[audit.known]
    bins = metrics.calibration(audit.probability[audit.known], correct)
    accuracy = metrics.wilson(int(correct.sum()), len(correct))
    table = metrics.per_class(audit.confusion, audit.class_names)
    return {
        "schema_version": 2,
        "images_read": audit.count + len(audit.quarantine),
        "images_audited": audit.count,
        "images_quarantined": len(audit.quarantine),
        "images_labelled": len(correct),
        "classes": len(audit.class_names),
        "accuracy": accuracy.value,
        "accuracy_95_low": accuracy.low,
        "accuracy_95_high": accuracy.high,
        "errors": int((~correct).sum()),
        "calibration_error": metrics.calibration_error(bins) if len(correct) else None,
        "empty_maps": int(audit.column("map_empty", bool, None).sum()),
        "dead_channels": int(audit.own_channels["dead"].sum()),
        "channels": len(audit.own_channels),
        "duplicates": len(audit.duplicates),
        "duplicates_across_labels": int(audit.duplicates["across_labels"].sum()),
        "near_duplicates": audit.near_duplicates,
        "trust": audit.trust,
        "findings": [finding.facts() for finding in findings(audit)],
        "calibration": json.loads(bins.to_json(orient="records")),
        "per_class": json.loads(table.to_json(orient="records")) if len(correct) else [],
        "target_layer": audit.facts.target_layer,
        "scaling": audit.facts.scaling,
        "scaling_known": audit.facts.scaling_known,
    }
