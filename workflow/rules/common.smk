import sys

SCRIPTS = (
    Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent / "scripts"
)
if not SCRIPTS.is_dir():
    # The Snakefile comes from an address, and Python can't import from an address.
    try:
        import convaudit_workflow as installed
    except ImportError:
        sys.exit(
            "convaudit: a Snakefile from an address needs the library in the Python that runs "
            "snakemake: pip install it from the same commit or tag, or clone the repository and "
            "name the Snakefile by its path"
        )
    SCRIPTS = installed.SCRIPTS
    if workflow.is_main_process:
        try:
            installed.require_same(
                {
                    script.name: Path(workflow.source_path(f"../scripts/{script.name}"))
                    for script in sorted(SCRIPTS.glob("*.py"))
                }
            )
        except RuntimeError as error:
            sys.exit(str(error))
sys.path.insert(0, str(SCRIPTS))

from convaudit.errors import AuditError
from convaudit.system.devices import gpu
from planning import audit
from planning import fingerprint
from planning.run import run_summary

fingerprint.jobs_import_this_code()

RECORDS = Path(".snakemake")
try:
    if workflow.is_main_process:
        AUDIT = audit.prepare(config, RECORDS)
    else:
        AUDIT = audit.reload(config)
except AuditError as error:
    sys.exit(str(error))

SETTINGS = AUDIT.settings
gpu.choose(SETTINGS.device)
KEYS = AUDIT.keys
SHARDS = AUDIT.shards
FILTER_LAYERS = AUDIT.filter_layers
# A single shard has two threads, because no other shard keeps the cores busy. The number is the same
# in every process, because a cluster gives a job the threads that the submitting process asked for.
SHARD_THREADS = 2 if len(SHARDS) == 1 else 1


# `--quiet progress` and `--quiet all` are meant for the jobs too.
if {level.name for level in workflow.output_settings.quiet or ()} & {"PROGRESS", "ALL"}:
    run_summary.hush()


def begin(targets):
    try:
        audit.begin(AUDIT, RECORDS, targets)
    except AuditError as error:
        sys.exit(str(error))


# Before the first job. A dry run, --list or --summary does not come here, so it works beside a run.
onstart:
    begin(workflow.dag_settings.targets)


# Snakemake ignores onstart in a workflow that another one uses as a module.
if workflow.is_main_process and not workflow.modifier.is_main_snakefile():
    begin(set())


onsuccess:
    run_summary.say(Path(SETTINGS.results))


onerror:
    run_summary.say(Path(SETTINGS.results))


pathvars:
    results=SETTINGS.results,


wildcard_constraints:
    shard=r"\d+",
    layer=r"[^/]+",
    image_id=r"[^/]+",
    channel=r"\d+",


def folder(directory):
    """A folder as an input whose time is ignored; the job's key stands for its content."""
    return ancient(str(directory))


def all_shards(files):
    """A file, or several, of every shard."""
    files = files if isinstance(files, list) else [files]
    return collect([str(file) for file in files], shard=SHARDS)


def in_shard_of_image(file):
    """A file of the shard that contains the image of the wildcard."""
    return lambda wildcards: str(file).format(shard=AUDIT.shard_of(wildcards.image_id))


def all_filters():
    """The grid and the table of every layer whose filters are drawn."""
    return collect([str(file) for file in rules.filters.output], layer=FILTER_LAYERS)


def demo_files(wildcards):
    """The demo's images as an input; a user's dataset is watched by the plan instead."""
    made = rules.demo_images.output
    return [folder(made.images), made.truth] if SETTINGS.images == "demo" else []


def ledger_of(wildcards):
    """The ledger, if it does not contain the present files of the shard yet.

    If it contains them, a shard does not run again when the ledger is written again for others.
    """
    return [] if wildcards.shard in AUDIT.indexed else rules.index.output.ledger


def kept(file):
    """A file that is made only with ``activations.keep: maps``."""
    return file if SETTINGS.activations.keep == "maps" else []


def own_results(file):
    """A result of this audit for its comparison; none if two finished audits are compared."""
    return [] if SETTINGS.compare else file


def compared():
    """The comparison with the audit that the config names as the reference."""
    return rules.compare.output if SETTINGS.reference else []


def looked_for(file):
    """A result of the search for shortcuts, if it is switched on."""
    return file if SETTINGS.shortcuts.enabled else []


def model_file(wildcards):
    """The demo's model as an input; the content of a user's model is in every key instead."""
    return rules.demo_model.output.model if SETTINGS.model == "demo" else []
