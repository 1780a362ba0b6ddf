"""A decision is read, bound to the audit that was signed, and void for any other audit."""

import json

import pytest

from conftest import COLOURS, SETTINGS, UNTRIED, Audit, paint
from convaudit.errors import AuditError
from convaudit.verdict.decision import Decision, load

SIGNED = {
    "name": "Ada <b>Lovelace</b>",
    "date": "2026-11-25",
    "decision": "signed",
    "audit_key": "0123456789abcdef",
    "policy_sha256": "aa",
    "result": "fail",
    "note": "for the pilot",
    "gates": {"accuracy": "seen"},
    "suspects": {"cue-1": "this is the thing itself"},
    "images": {"photo-1": {"tags": ["relabel"], "note": "two bricks"}},
}


def written(folder, **changes):
    path = folder / "decision.json"
    path.write_text(json.dumps({**SIGNED, **changes}))
    return str(path)


def test_what_the_report_exports_is_read_back(tmp_path):
    found = load(written(tmp_path))
    assert isinstance(found, Decision)
    assert (found.name, found.date.isoformat()) == (SIGNED["name"], "2026-11-25")
    assert found.images["photo-1"].tags == ["relabel"]


def test_it_holds_for_its_audit_alone(tmp_path):
    found = load(written(tmp_path))
    assert found.void("0123456789abcdef") is None
    assert "another audit (key 0123456789ab)" in str(found.void("fedcba9876543210"))


def test_another_policy_is_said_beside_it(tmp_path):
    found = load(written(tmp_path))
    assert found.remark("aa", "fail") is None
    assert found.remark("bb", "pass") == (
        "The policy changed since: the verdict was fail then, and is pass now."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"decision": "maybe"}, "decision: must be 'signed' or 'refused'"),
        ({"name": ""}, "name: "),
        ({"date": "today"}, "date: "),
        ({"audit_key": None}, "audit_key: "),
        ({"signature": "x"}, "signature: "),
    ],
)
def test_a_broken_decision_is_one_line(tmp_path, changes, said):
    with pytest.raises(AuditError) as error:
        load(written(tmp_path, **changes))
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_file_that_is_no_decision_is_one_line(tmp_path):
    path = tmp_path / "decision.json"
    path.write_text("{")
    with pytest.raises(AuditError, match="is not JSON"):
        load(str(path))
    with pytest.raises(AuditError, match="no such file"):
        load(str(tmp_path / "nowhere.json"))


def sign(audit: Audit) -> None:
    verdict = json.loads((audit.folder / "results" / "verdict.json").read_text())
    bound = {name: verdict[name] for name in ("audit_key", "policy_sha256", "result")}
    written(audit.folder, **bound)


def test_a_signature_survives_a_run_and_dies_with_a_changed_image(clone):
    audit = Audit(clone.folder, (*SETTINGS, *UNTRIED))
    audit.run("results/verdict.json")
    sign(audit)
    audit.run(config=("decision=decision.json", "gradcam={colormap: viridis}"))
    page = (clone.folder / "results" / "report" / "index.html").read_text()
    assert "<b>Signed</b> by Ada &lt;b&gt;Lovelace&lt;/b&gt; on 2026-11-25" in page
    assert "for the pilot" in page and "this is the thing itself" in page
    assert "void" not in page.partition('id="decision"')[2].partition("</div>")[0]
    paint(clone.folder / "photos" / "blue" / "1.png", COLOURS["blue"], 99)
    audit.run(config=("decision=decision.json",))
    page = (clone.folder / "results" / "report" / "index.html").read_text()
    assert "<b>This signature is void.</b> It was given for another audit" in page
