"""Policies as people write them: their meaning, and the messages about their faults."""

from datetime import date
from pathlib import Path

import pytest

from convaudit.errors import AuditError
from convaudit.verdict.policy import DEFAULT, load

WAIVER = {
    "gate": "accuracy",
    "reason": "a pilot",
    "name": "Ada",
    "expires": "2027-06-30",
    "model": "0123456789ab",
}


def gates(given) -> dict[str, object]:
    return {gate.name: gate for gate in load(given).gates}


def test_the_default_policy_gives_a_reason_for_each_limit():
    found = load("default").gates
    assert len(found) <= 12
    assert all(len(gate.reason) > 40 for gate in found)


def test_a_gate_of_a_known_name_changes_only_what_it_gives():
    found = gates({"gates": [{"name": "accuracy", "limit": 0.95}]})
    default = gates("default")
    assert found["accuracy"].limit == 0.95
    assert found["accuracy"].on_missing == default["accuracy"].on_missing
    assert list(found) == list(default)


def test_gates_are_removed_and_added():
    mine = {"name": "loss", "metric": "log_loss", "bound": "upper", "limit": 1}
    found = gates({"gates": [mine], "remove": ["calibration"]})
    assert "calibration" not in found and found["loss"].limit == 1
    assert list(gates({"extends": "none", "gates": [mine]})) == ["loss"]


def test_the_same_policy_has_the_same_hash_wherever_it_is_written(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("gates:\n- {limit: 0.95, name: accuracy}  # a comment\n")
    inline = load({"gates": [{"name": "accuracy", "limit": 0.95}]})
    assert load(str(path)).sha256 == inline.sha256
    assert load({"gates": [{"name": "accuracy", "limit": 0.96}]}).sha256 != inline.sha256
    assert load({}).sha256 == load("default").sha256 == load(str(DEFAULT)).sha256


def test_a_waiver_holds_to_the_end_of_its_last_day():
    policy = load({"waivers": [WAIVER]})
    assert policy.expired(date(2027, 6, 30)) == ()
    assert policy.expired(date(2027, 7, 1)) == (0,)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"gates": [{"name": "accuracy", "limit": "high"}]}, "gate 'accuracy': limit: must be a"),
        ({"gates": [{"name": "accuracy", "limit": float("nan")}]}, "gate 'accuracy': limit: "),
        ({"gates": [{"name": "accuracy", "limt": 1}]}, "unknown key 'limt'; did you mean 'limit'?"),
        ({"gates": [{"name": "mine", "metric": "errors", "limit": 1}]}, "'mine': bound is missing"),
        ({"gates": [{"name": "accuracy", "bound": "middle"}]}, "must be 'lower' or 'upper'"),
        ({"gates": [{"limit": 1}]}, "gate 1: must be a mapping with a name"),
        (
            {"gates": [{"name": "accuracy"}, {"name": "accuracy"}]},
            "'accuracy': the policy has two gates of this name",
        ),
        ({"gates": {"accuracy": 0.9}}, "gates: must be a list"),
        ({"remove": ["acuracy"]}, "no gate is called 'acuracy'; did you mean 'accuracy'?"),
        ({"extends": "mine"}, "extends: must be 'default' or 'none', not 'mine'"),
        ({"extends": "none"}, "has no gate"),
        ({"limits": {}}, "unknown key 'limits'"),
        ({"waivers": [{**WAIVER, "expires": "soon"}]}, "'accuracy': expires: must be a date"),
        ({"waivers": [{**WAIVER, "reason": ""}]}, "waiver of 'accuracy': reason: "),
        ({"waivers": [{**WAIVER, "model": None}]}, "waiver of 'accuracy': model: "),
        ({"waivers": [{**WAIVER, "cue": "0a1b"}]}, "name either a gate or a cue"),
        ({"waivers": [{**WAIVER, "gate": "acuracy"}]}, "did you mean 'accuracy'?"),
        ({"answers": {"0a1b": {"answer": "yes", "name": "Ada"}}}, "answer to 0a1b: answer: must"),
        ({"answers": ["0a1b"]}, "answers: must be a mapping"),
        ([], "must be a mapping with gates"),
        ("nowhere.yaml", "nowhere.yaml: no such file"),
    ],
)
def test_a_broken_policy_is_named_in_one_line(given, said):
    with pytest.raises(AuditError) as error:
        load(given)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_each_fault_has_a_line():
    broken = {"gates": [{"name": "accuracy", "limit": "x"}, {"name": "calibration", "bound": 1}]}
    with pytest.raises(AuditError) as error:
        load(broken)
    first, second = str(error.value).splitlines()
    assert "gate 'accuracy'" in first and "gate 'calibration'" in second


def test_a_file_that_is_no_yaml_is_named_with_its_line(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text("gates:\n- name: [\n")
    with pytest.raises(AuditError, match=r"policy.yaml: line 3: not YAML"):
        load(str(path))
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AuditError, match="not UTF-8"):
        load(str(path))


def test_the_documentation_tells_each_gate_and_its_reason():
    text = (Path(__file__).parents[1] / "docs" / "verdict.md").read_text()
    for gate in load("default").gates:
        assert f"| {gate.name} | " in text
        assert f" | {' '.join(gate.reason.split())} |" in text
