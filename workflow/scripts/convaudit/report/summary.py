"""The content of ``summary.json``: the audit's numbers for machines."""

from typing import Any

from convaudit.report.findings.finding import Finding


def summarise(
    found: list[Finding], metrics: dict[str, Any], verdict: dict[str, Any]
) -> dict[str, Any]:
    """The content of ``summary.json``; a value that is not known is None.

    Args:
        found: the findings.
        metrics: the content of ``metrics.json``: the numbers that the policy was compared with.
        verdict: the content of ``verdict.json``.
    """
    return {
        "schema_version": 3,
        **metrics,
        "findings": [finding.facts() for finding in found],
        "verdict": verdict,
    }
