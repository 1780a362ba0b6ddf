"""convaudit: audit a convolutional image classifier over a whole image dataset.

Where to look: config/README.md for every key, workflow/rules/ for paths and resources of each
stage, workflow/scripts/ for what a stage does, workflow/scripts/convaudit/ for the mathematics.
"""

from snakemake.utils import min_version

min_version("9.27")


# If Snakemake runs in another folder that has a config, that config is used.
HERE = Path(workflow.current_basedir.get_path_or_uri(secret_free=True))
CONFIG = "config/config.yaml"


configfile: CONFIG if Path(CONFIG).exists() else HERE / CONFIG


report: "workflow/report/audit.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/demo.smk"
include: "workflow/rules/index.smk"
include: "workflow/rules/model.smk"
include: "workflow/rules/preprocess.smk"
include: "workflow/rules/scaling.smk"
include: "workflow/rules/predict.smk"
include: "workflow/rules/checks.smk"
include: "workflow/rules/shortcuts.smk"
include: "workflow/rules/activations.smk"
include: "workflow/rules/filters.smk"
include: "workflow/rules/gradcam.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/verdict.smk"
include: "workflow/rules/report.smk"


# The whole audit. `snakemake inspect` looks at model and images first and runs nothing else.
rule all:
    default_target: True
    input:
        rules.report.output,
        rules.verdict.output,
        rules.index.output,
        rules.quarantine.output,
        rules.predictions.output,
        rules.near_duplicates.output,
        looked_for([*rules.suspects.output, *rules.interventions.output]),
        rules.trust.output if SETTINGS.trust.enabled else [],
        rules.activations.output,
        all_filters(),
        all_shards(rules.predict.output.activations),
        all_shards([rules.predict.output.maps, *rules.gradcam.output]),
    localrule: True


# One stage and what it needs. The stages `index`, `activations` and `report` are rules already.
rule preprocess_all:
    input:
        rules.quarantine.output,
    localrule: True


rule predict_all:
    input:
        rules.predictions.output,
        kept(rules.forecast.output.forecast),
        all_shards(rules.predict.output.activations),
    localrule: True


rule filters_all:
    input:
        all_filters(),
    localrule: True


rule gradcam_all:
    input:
        all_shards(rules.gradcam.output),
    localrule: True
