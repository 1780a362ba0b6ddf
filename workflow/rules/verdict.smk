# May the model be signed? The audit's numbers, and their comparison with the policy.


# It never fails the run: a refusal is a result like any other.
rule verdict:
    input:
        ledger=rules.index.output.ledger,
        facts=rules.model.output.facts,
        scaling=rules.scaling_check.output.result,
        quarantine=rules.quarantine.output.table,
        predictions=rules.predictions.output.table,
        scores=all_shards(rules.predict.output.scores),
        channels=rules.activations.output.channels,
        # Stages that may be switched off; they are then [].
        interventions=looked_for(rules.interventions.output.result),
        trust=rules.trust.output.tests if SETTINGS.trust.enabled else [],
        near_duplicates=rules.near_duplicates.output.numbers,
        comparison=rules.compare.output.numbers if SETTINGS.reference else [],
    output:
        metrics="<results>/metrics.json",
        verdict=report(
            "<results>/verdict.json",
            caption="../report/verdict.rst",
            category="1 The audit",
            labels={"page": "3 the verdict for machines"},
        ),
        junit="<results>/junit.xml",
        summary="<results>/summary.md",
    log:
        "<results>/logs/verdict.log",
    benchmark:
        "<results>/benchmarks/verdict.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=3000,
    params:
        key=KEYS.verdict,
        audit_key=KEYS.audit,
        policy=AUDIT.policy,
        expired=KEYS.expired,
        plan=AUDIT.index,
        model=AUDIT.model,
        choices=AUDIT.choices,
        settings=SETTINGS,
    script:
        "../scripts/verdict.py"


# It has no output, so it runs each time it is asked for. Its exit code is 0 only if the verdict is
# pass; otherwise Snakemake exits with 1, `convaudit gate` with the verdict's own code.
rule gate:
    input:
        verdict=rules.verdict.output.verdict,
    log:
        "<results>/logs/gate.log",
    localrule: True
    conda:
        "../../environment.yml"
    script:
        "../scripts/gate.py"
