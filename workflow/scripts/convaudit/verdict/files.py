"""Write a verdict as JSON, as JUnit XML for a CI, and as Markdown for a pull request."""

import json
import xml.etree.ElementTree as ElementTree
from typing import Any

from convaudit.errors import printable
from convaudit.verdict.judge import Verdict

TITLES = {
    "pass": "pass: the model may be signed",
    "fail": "fail: a gate is missed",
    "ask": "ask: a question needs a person's answer",
    "undecided": "undecided: something is not known well enough",
}
MARKS = {"fail": "❌", "ask": "❓", "undecided": "❔", "warn": "⚠️", "pass": "✅"}
_CONTROL = dict.fromkeys([*range(9), 11, 12, *range(14, 32)], "\ufffd")
"""Characters that XML can't hold."""


def as_json(verdict: Verdict) -> str:
    """``verdict.json``."""
    return json.dumps(verdict.facts(), indent=1, allow_nan=False) + "\n"


def as_junit(verdict: Verdict) -> str:
    """``junit.xml``: one test case per gate; what keeps the model from being signed is a failure.

    A warning is a case that passes and says so in its output.
    """
    results = [gate.result for gate in verdict.gates]
    failed = sum(result in ("fail", "ask", "undecided") for result in results)
    skipped = sum(result in ("waived", "skipped") for result in results)
    counts = {"tests": str(len(results)), "failures": str(failed), "skipped": str(skipped)}
    suites = ElementTree.Element("testsuites", {"name": "convaudit", **counts})
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "policy", **counts, "errors": "0"})
    for gate in verdict.gates:
        named = {"classname": "convaudit.policy", "name": _clean(gate.name)}
        case = ElementTree.SubElement(suite, "testcase", named)
        text = _clean(gate.text)
        if gate.result in ("fail", "ask", "undecided"):
            about = {"type": gate.result, "message": text}
            ElementTree.SubElement(case, "failure", about).text = text
        elif gate.result in ("waived", "skipped"):
            ElementTree.SubElement(case, "skipped", {"message": text})
        else:
            ElementTree.SubElement(case, "system-out").text = f"{gate.result}: {text}"
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def as_markdown(verdict: Verdict, about: dict[str, Any]) -> str:
    """``summary.md``: the verdict, a table of gates, and what is judged.

    Args:
        about: what is judged, by name: model, images, and so on.
    """
    lines = [f"## {MARKS[verdict.result]} {TITLES[verdict.result]}", ""]
    lines += ["| | gate | what was measured |", "|---|---|---|"]
    lines += [
        f"| {MARKS.get(gate.result, '')} {gate.result} | {_cell(gate.name)} | {_cell(gate.text)} |"
        for gate in verdict.gates
    ]
    lines += [""] if verdict.remarks else []
    lines += [f"- {_cell(remark)}" for remark in verdict.remarks]
    lines += [""]
    lines += [f"{name}: {_cell(str(value))}  " for name, value in about.items()]
    lines += [f"policy: `{verdict.policy_sha256[:12]}`, audit: `{verdict.audit_key}`"]
    return "\n".join(lines) + "\n"


def _clean(text: str) -> str:
    return text.translate(_CONTROL)


def _cell(text: str) -> str:
    """Escape a text for a cell of a Markdown table."""
    for each in "\\|<>*_`[]":
        text = text.replace(each, f"\\{each}")
    return " ".join(text.split())


def as_lines(found: dict[str, Any]) -> list[str]:
    """Lines to print for ``verdict.json``: one per gate, the remarks, the result."""
    gates = [f"{gate['result']:9} {gate['name']}: {gate['text']}" for gate in found["gates"]]
    remarks = [f"{'note':9} {remark}" for remark in found["remarks"]]
    return [printable(line) for line in (*gates, *remarks, f"verdict: {found['result']}")]
