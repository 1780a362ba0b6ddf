"""The audit's numbers for machines."""

from typing import Any

from convaudit.report.findings import findings
from convaudit.report.results import Results


def summarise(audit: Results, metrics: dict[str, Any], verdict: dict[str, Any]) -> dict[str, Any]:
    """What ``summary.json`` holds; None where something isn't known.

    Args:
        metrics: what ``metrics.json`` holds, the numbers that the policy was held against.
        verdict: what ``verdict.json`` holds.
    """
    return {
        "schema_version": 3,
        **metrics,
        "findings": [finding.facts() for finding in findings(audit, metrics["slices"])],
        "verdict": verdict,
    }
