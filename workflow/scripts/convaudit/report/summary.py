"""The audit's numbers for machines."""

from typing import Any

from convaudit.report.findings import Finding


def summarise(
    found: list[Finding], metrics: dict[str, Any], verdict: dict[str, Any]
) -> dict[str, Any]:
    """The content of ``summary.json``; None if something is not known.

    Args:
        found: the findings.
        metrics: what ``metrics.json`` holds, the numbers that the policy was held against.
        verdict: what ``verdict.json`` holds.
    """
    return {
        "schema_version": 3,
        **metrics,
        "findings": [finding.facts() for finding in found],
        "verdict": verdict,
    }
