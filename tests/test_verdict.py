"""Policies compared with fabricated audits: each kind of result, by hand."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from convaudit.metrics.intervals import wilson
from convaudit.verdict import exit_code, files, metric
from convaudit.verdict.judge import judge
from convaudit.verdict.numbers import tried_suspects
from convaudit.verdict.policy import load

MODEL = "0123456789abcdef"
SUSPECT = {
    "id": "cue-1",
    "cue": "patch",
    "kind": "overlay",
    "class": "brick",
    "title": "a patch makes it say brick",
    "status": "confirmed",
    "severity": "block",
}


def row(name: str, right: int, support: int) -> dict:
    return {"name": name, "right": right, "support": support, "recall": right / support}


def audit(right: int = 970, labelled: int = 1000, **changes) -> dict:
    """A summary with good values for everything that the default policy needs."""
    share = wilson(right, labelled)
    return {
        "images_labelled": labelled,
        "accuracy": share.value,
        "accuracy_95_low": share.low,
        "accuracy_95_high": share.high,
        "class_order_ok": True,
        "scaling_ok": True,
        "per_class": [row("brick", 485, 500), row("gravel", 485, 500)],
        "calibration_error": 0.03,
        "calibration_error_95_low": 0.01,
        "calibration_error_95_high": 0.05,
        "quarantine_share": 0.0,
        "duplicates_across_labels": 0,
        "suspects": [],
        "trust": None,
        "near_duplicates": None,
        "comparison": None,
        **changes,
    }


def judged(summary, policy="default", **changes):
    return judge(load(policy), summary, **{"model": MODEL, "audit_key": "key", **changes})


def gate_of(verdict, name):
    return next(gate for gate in verdict.gates if gate.name == name)


def accuracy(limit, **fields) -> dict:
    return {
        "extends": "none",
        "gates": [{"name": "a", "metric": "accuracy", "bound": "lower", "limit": limit, **fields}],
    }


def test_an_audit_in_which_all_is_well_passes():
    verdict = judged(audit())
    assert verdict.result == "pass" and exit_code(verdict.result) == 0
    assert {gate.result for gate in verdict.gates} == {"pass", "skipped"}
    facts = verdict.facts()
    assert set(facts) >= {"result", "gates", "policy_sha256", "audit_key"}
    wanted = {"name", "result", "value", "low", "high", "limit", "text", "link"}
    assert all(set(gate) >= wanted for gate in facts["gates"])


def test_the_bound_decides_and_not_the_value():
    # Wilson's interval of 90 of 100 is 0.8256 to 0.9448.
    results = {limit: judged(audit(90, 100), accuracy(limit)).result for limit in (0.82, 0.9, 0.95)}
    assert results == {0.82: "pass", 0.9: "undecided", 0.95: "fail"}
    assert [exit_code(result) for result in results.values()] == [0, 11, 10]


def test_an_upper_bound_is_the_mirror_of_a_lower_one():
    def result(limit):
        gate = {"name": "a", "metric": "accuracy", "bound": "upper", "limit": limit}
        return judged(audit(90, 100), {"extends": "none", "gates": [gate]}).result

    assert [result(limit) for limit in (0.82, 0.9, 0.95)] == ["fail", "undecided", "pass"]


def test_an_undecided_gate_says_how_many_images_would_decide():
    # z^2 L (1 - L) / (p - L)^2 = 3.8415 x 0.88 x 0.12 / 0.02^2 = 1014.1, said with two digits.
    text = gate_of(judged(audit(90, 100), accuracy(0.88)), "a").text
    assert text.endswith("There are too few images to decide: about 1,100 would be enough.")
    low = wilson(round(0.9 * 1100), 1100).low
    assert low is not None and low >= 0.88
    assert (
        "The limit is in the interval" in gate_of(judged(audit(90, 100), accuracy(0.9)), "a").text
    )


@pytest.mark.parametrize(("choice", "result"), [("fail", "fail"), ("warn", "pass")])
def test_a_policy_says_what_undecided_leads_to(choice, result):
    assert judged(audit(90, 100), accuracy(0.9, on_undecided=choice)).result == result


def test_a_missing_metric_fails_closed():
    verdict = judged(audit(accuracy=None), accuracy(0.5))
    assert verdict.result == "fail"
    assert gate_of(verdict, "a").text == "This is not known, because no image has a label."
    assert judged(audit(accuracy=None), accuracy(0.5, on_missing="skip")).result == "pass"


def test_a_metric_that_does_not_exist_fails_and_the_nearest_is_named():
    verdict = judged(audit(), accuracy(0.5, metric="acuracy"))
    assert verdict.result == "fail"
    assert "summary.json has no 'acuracy'; did you mean 'accuracy'?" in verdict.gates[0].text


def test_the_worst_class_decides_and_small_ones_are_named():
    classes = [row("brick", 480, 500), row("gravel", 30, 100), row("sand", 1, 9)]
    gate = gate_of(judged(audit(per_class=classes)), "worst class")
    assert gate.result == "fail" and gate.value == 0.3
    assert gate.text.startswith("The recall of gravel is 30.0% (interval ")
    assert gate.text.endswith("1 class of fewer than 30 images is not judged.")


def test_many_classes_share_the_error():
    # 20 of 30 has the interval 0.488 to 0.808 at 95 %, and a wider one among a hundred classes.
    alone = gate_of(judged(audit(per_class=[row("a", 22, 30)])), "worst class")
    many = [row(f"{number:03}", 22, 30) for number in range(100)]
    among = gate_of(judged(audit(per_class=many)), "worst class")
    assert (alone.low, alone.high) == pytest.approx(wilson(22, 30)[1:])
    assert (among.low, among.high) == pytest.approx(wilson(22, 30, 1 - 0.05 / 100)[1:])
    assert (alone.result, among.result) == ("pass", "undecided")
    assert "99 other classes have the same result" in among.text


def test_no_class_of_enough_images_is_undecided():
    verdict = judged(audit(per_class=[row("a", 9, 9)]))
    assert verdict.result == "undecided"
    assert gate_of(verdict, "worst class").text == "No class has 30 images or more."


def test_a_proven_shortcut_fails_and_stands_first():
    verdict = judged(audit(500, suspects=[SUSPECT]))
    assert verdict.result == "fail"
    assert [gate.name for gate in verdict.gates[:2]] == ["proven shortcuts", "accuracy"]
    assert verdict.gates[0].text == (
        "1 confirmed shortcut that blocks: a patch makes it say brick; none is allowed."
    )
    asked = gate_of(verdict, "questions").text
    assert asked == "0 confirmed shortcuts that need an answer; none is allowed."
    where = {"status": ["undecided", "data_only"], "kind": "overlay", "severity": "note"}
    gate = {"name": "a", "metric": "suspects", "where": where, "bound": "upper", "limit": 0}
    assert gate_of(judged(audit(), {"extends": "none", "gates": [gate]}), "a").text == (
        "0 undecided or data only suspects of severity note (overlay); none is allowed."
    )


def test_suspects_that_were_not_looked_for_leave_the_verdict_open():
    verdict = judged(audit(suspects=None))
    assert verdict.result == "undecided"
    text = gate_of(verdict, "proven shortcuts").text
    assert text.startswith("Shortcuts were not searched for, or every class has too few images")


@pytest.mark.parametrize(
    ("passes", "undecidable", "expected"),
    [(0, ["a", "b"], None), (0, ["a"], []), (9, ["a", "b"], [])],
    ids=["nothing tried", "no suspect", "tried all the same"],
)
def test_where_nothing_could_be_tried_nothing_is_known(passes, undecidable, expected):
    found = {"suspects": [], "forward_passes": passes, "undecidable": undecidable}
    assert tried_suspects(found, 2) == expected


def test_undecided_suspects_warn():
    verdict = judged(audit(suspects=[{**SUSPECT, "status": "undecided"}]))
    gate = gate_of(verdict, "proven shortcuts")
    assert (verdict.result, gate.result, gate.value, gate.high) == ("pass", "warn", 0, 1)
    assert "1 more is undecided, with too few images to decide" in gate.text


QUESTION = {**SUSPECT, "kind": "appearance", "severity": "ask"}


def test_a_question_asks_until_it_is_answered():
    summary = audit(suspects=[QUESTION])
    verdict = judged(summary)
    assert verdict.result == "ask" and exit_code(verdict.result) == 12

    def answered(answer):
        return judged(summary, {"answers": {"cue-1": {"answer": answer, "name": "Ada"}}})

    assert answered("thing").result == "pass"
    assert answered("thing").remarks == (
        "a patch makes it say brick: this is the thing itself, says Ada",
    )
    assert answered("shortcut").result == "fail"


def waiver(**changes) -> dict:
    one = {
        "gate": "accuracy",
        "reason": "a pilot",
        "name": "Ada",
        "expires": "2027-06-30",
        "model": MODEL[:12],
    }
    return {"waivers": [{**one, **changes}]}


def test_a_waived_gate_does_not_refuse_and_says_who_took_it_on():
    verdict = judged(audit(500), waiver())
    gate = gate_of(verdict, "accuracy")
    assert (verdict.result, gate.result) == ("pass", "waived")
    assert gate.text.endswith("Waived by Ada until 2027-06-30: a pilot")


def test_an_expired_waiver_is_void_and_says_so():
    verdict = judged(audit(500), waiver(), expired=[0])
    assert verdict.result == "fail"
    assert verdict.remarks == (
        "The waiver of gate 'accuracy' by Ada is void: it expired on 2027-06-30.",
    )


def test_a_waiver_for_another_model_is_void_and_says_so():
    verdict = judged(audit(500), waiver(model="ffffffffffff"))
    assert verdict.result == "fail" and "it is for another model" in verdict.remarks[0]


def test_a_waived_cue_no_longer_blocks():
    verdict = judged(audit(suspects=[SUSPECT]), waiver(gate=None, cue="cue-1"))
    assert verdict.result == "pass" and "waived by Ada" in verdict.remarks[0]
    other = judged(audit(suspects=[SUSPECT]), waiver(gate=None, cue="cue-2"))
    assert other.result == "fail"


def test_what_is_true_or_false_is_a_sentence():
    gate = gate_of(judged(audit(scaling_ok=False)), "scaling")
    assert gate.result == "fail"
    assert gate.text == "With another scaling of the pixels clearly more images would be right."
    for words in metric.WORDS.values():
        assert bool(words.otherwise) == (words.unit == "yes")


def test_every_gate_leads_to_a_part_of_the_page():
    folder = Path(metric.__file__).parents[1] / "report" / "templates"
    page = "".join(path.read_text() for path in sorted(folder.glob("*.html")))
    for words in metric.WORDS.values():
        assert f'id="{words.link.removeprefix("#")}"' in page


def test_a_warning_never_refuses():
    verdict = judged(audit(duplicates_across_labels=4))
    assert (verdict.result, gate_of(verdict, "two labels").result) == ("pass", "warn")


def test_a_slice_is_held_by_its_own_interval():
    slices = [
        {"name": f"camera {at}", "right": right, "support": 200, "accuracy": right / 200}
        for at, right in enumerate((190, 100, 180))
    ]
    gate = {
        "name": "cameras",
        "metric": "slices.accuracy",
        "scope": "each slice",
        "bound": "lower",
        "limit": 0.8,
    }
    verdict = judged(audit(slices=slices), {"gates": [gate]})
    assert gate_of(verdict, "cameras").text.startswith("The accuracy of camera 1 is 50.0%")


def test_a_comparison_is_held_by_its_interval():
    def result(low, high):
        change = {
            "accuracy_difference": 0.0,
            "accuracy_difference_95_low": low,
            "accuracy_difference_95_high": high,
        }
        return judged(audit(comparison=change)).result

    assert result(-0.01, 0.01) == "pass"
    assert result(-0.03, 0.01) == "undecided"
    assert result(-0.05, -0.03) == "fail"


def test_junit_counts_what_a_parser_reads():
    name = "two\x00 <labels> & more"
    policy = {"gates": [{"name": name, "metric": "errors", "bound": "upper", "limit": 0}]}
    verdict = judged(audit(500, errors=1, suspects=[QUESTION]), policy)
    suite = ElementTree.fromstring(files.as_junit(verdict)).find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    failures = {case.get("name"): case.find("failure") for case in cases}
    assert suite.get("tests") == str(len(verdict.gates)) == str(len(cases))
    failed = {name for name, failure in failures.items() if failure is not None}
    assert failed == {"accuracy", "questions", "two\ufffd <labels> & more"}
    assert suite.get("failures") == "3"
    question = failures["questions"]
    assert question is not None and question.get("type") == "ask"
    assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))


def test_markdown_stays_in_its_cells():
    verdict = judged(audit(suspects=[{**SUSPECT, "title": "a | b <img> *c*"}]))
    text = files.as_markdown(verdict, {"model": "m.keras"})
    assert text.startswith("## ❌ fail")
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 2 + len(verdict.gates)
    assert "a \\| b \\<img\\> \\*c\\*" in text


def test_the_same_audit_gives_the_same_bytes():
    first, second = (judged(audit(suspects=[QUESTION])) for _ in range(2))
    assert files.as_json(first) == files.as_json(second)
    assert files.as_junit(first) == files.as_junit(second)


def test_what_is_no_verdict_exits_as_a_crash():
    assert exit_code("") == 1
