"""A changed config value re-runs exactly the jobs that use it."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from planning import keys as keys_module
from planning.fingerprint import _statements
from planning.keys import Keys
from planning.plan import Plan
from planning.settings import load

ROOT = Path(__file__).parents[1]
PLAN = Plan(
    shards={"0000": (4, "digest-0"), "0001": (2, "digest-1")},
    class_names=["brick", "gravel"],
    layers=[("conv", "Conv2D"), ("pool", "MaxPooling2D")],
    model="model-digest",
)
DRAWING = {"gradcam 0000", "gradcam 0001", "report"}
JUDGED = {"audit", "verdict", "report"}
PASS = {"predict 0000", "predict 0001", "predictions", "near_duplicates", "trust"}
PASS |= {"activations"} | DRAWING | JUDGED
READING = {"preprocess 0000", "preprocess 0001", "quarantine", "scaling_check"} | PASS


def keys(config: dict, plan: Plan = PLAN) -> dict[str, str]:
    made = Keys(load({"model": "m.keras", "images": "photos", **config}), plan)
    jobs = {
        "model": made.model,
        "index": made.index,
        "quarantine": made.quarantine,
        "scaling_check": made.scaling_check,
        "predictions": made.predictions,
        "near_duplicates": made.near_duplicates,
        "trust": made.trust,
        "activations": made.activations,
        "filters conv": made.filters("conv"),
        "audit": made.audit,
        "verdict": made.verdict,
        "report": made.report(["conv"]),
    }
    for shard in plan.shards:
        jobs[f"preprocess {shard}"] = made.preprocess(shard)
        jobs[f"predict {shard}"] = made.predict(shard)
        jobs[f"gradcam {shard}"] = made.gradcam(shard)
    return jobs


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {job for job in before if before[job] != after[job]}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"results": "elsewhere"}, set()),
        ({"watch": False}, set()),
        ({"gradcam": {"alpha": 0.5}}, DRAWING),
        ({"trust": {"images": 40}}, {"trust"} | JUDGED),
        ({"trust": {"enabled": False}}, JUDGED),
        ({"gradcam": {"colormap": "viridis"}}, DRAWING),
        ({"gradcam": {"method": "layercam"}}, PASS),
        ({"gradcam": {"layer": "conv"}}, PASS),
        ({"gradcam": {"score": "probability"}}, PASS),
        ({"gradcam": {"target": "true"}}, PASS),
        ({"predict": {"top": 5}}, PASS),
        ({"predict": {"batch_size": 8}}, PASS),
        ({"activations": {"layers": ["conv"]}}, PASS),
        ({"activations": {"examples": 2}}, {"activations", "report"}),
        ({"activations": {"per_row": 8}}, {"activations", "report"}),
        ({"activations": {"keep": "maps"}}, {"report"}),
        ({"filters": {"count": 8}}, {"filters conv", "report"}),
        ({"filters": {"start": "fourier"}}, {"filters conv", "report"}),
        ({"filters": {"size": 32}}, {"filters conv", "report"}),
        ({"filters": {"steps": 8}}, {"filters conv", "report"}),
        ({"filters": {"margin": 1}}, {"filters conv", "report"}),
        ({"filters": {"step_size": 2}}, {"filters conv", "report"}),
        ({"preprocess": {"scaling": "tf"}}, PASS | {"filters conv", "scaling_check"}),
        ({"preprocess": {"interpolation": "nearest"}}, READING),
        ({"max_quarantined": 0.5}, {"quarantine"} | JUDGED),
        ({"shortcuts": {"candidates": 5}}, JUDGED),
        ({"shortcuts": {"enabled": False}}, JUDGED),
        ({"policy": {"gates": [{"name": "accuracy", "limit": 0.9}]}}, {"verdict", "report"}),
        ({"output": "probabilities"}, READING | {"model", "filters conv"}),
        ({"trust_model": True}, READING | {"model", "filters conv"}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else None,
)
def test_a_config_value_re_runs_what_it_feeds(config, expected):
    assert changed(keys({}), keys(config)) == expected


def test_a_changed_shard_re_runs_its_own_jobs_and_the_merges():
    grown = PLAN.__class__(
        shards={**PLAN.shards, "0001": (3, "digest-2")},
        class_names=PLAN.class_names,
        layers=PLAN.layers,
        model=PLAN.model,
    )
    assert changed(keys({}), keys({}, grown)) == {
        "index",
        "preprocess 0001",
        "predict 0001",
        "gradcam 0001",
        "quarantine",
        "scaling_check",
        "predictions",
        "near_duplicates",
        "trust",
        "activations",
        *JUDGED,
    }


def test_another_model_re_runs_all_but_the_index():
    other = PLAN.__class__(PLAN.shards, PLAN.class_names, PLAN.layers, "another-digest")
    assert changed(keys({}), keys({}, other)) == READING | {"model", "filters conv"}


def test_other_training_images_re_run_their_hashes_and_what_compares_them():
    config = {"training_images": "train"}
    before, after = (replace(PLAN, training=digest) for digest in ("one", "two"))
    assert changed(keys(config, before), keys(config, after)) == {"near_duplicates"} | JUDGED
    hashes = [Keys(load(config), plan).training_hashes for plan in (before, after)]
    assert hashes[0] != hashes[1]


def test_two_values_that_swap_places_are_a_change():
    before = keys({"filters": {"count": 32, "size": 64}})
    after = keys({"filters": {"count": 64, "size": 32}})
    assert changed(before, after) == {"filters conv", "report"}


RULES = (
    r"^rule (\w+):(?:(?!^rule ).)*?^        key=(?:lambda wildcards: )?(?:KEYS\.(\w+))"
    r"(?:(?!^rule ).)*?^        \"\.\./scripts/(\w+\.py)\""
)


def rules_with_keys() -> list[tuple[str, str, str]]:
    """Name, key and script of each rule, read from the rules' files."""
    texts = (path.read_text() for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")))
    return [found for text in texts for found in re.findall(RULES, text, re.MULTILINE | re.DOTALL)]


def test_every_rule_with_an_output_is_in_the_table_of_rules():
    texts = "".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    without_output = {"inspect", "verify", "gate"}
    named = set(re.findall(r"^rule (\w+):", texts, re.MULTILINE)) - without_output
    assert {rule for rule, _, _ in rules_with_keys()} == named


@pytest.mark.parametrize(("rule", "key", "script"), rules_with_keys())
def test_a_rules_own_script_is_in_its_own_key(rule, key, script, monkeypatch):
    def value() -> str:
        made = getattr(Keys(load({"model": "demo", "images": "demo"}), PLAN), key)
        given = {"filters": "conv", "report": ["conv"], "bundle": ["conv"]}.get(rule, "0000")
        return made(given) if callable(made) else made

    before = value()
    known = keys_module.fingerprint
    monkeypatch.setattr(
        keys_module, "fingerprint", lambda name: "edited" if name == script else known(name)
    )
    assert value() != before


def test_imports_are_found_in_every_block():
    source = """
import a
if x:
    import b
elif y:
    import c
else:
    import d
try:
    import e
except OSError:
    import f
else:
    import g
finally:
    import h
for i in j:
    while k:
        with l:
            import m
class N:
    async def o(self):
        match p:
            case 1:
                import q
"""
    statements = _statements(ast.parse(source))
    found = [node.names[0].name for node in statements if isinstance(node, ast.Import)]
    assert sorted(found) == [*"abcdefgh", "m", "q"]
