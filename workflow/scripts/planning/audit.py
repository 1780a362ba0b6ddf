"""Check the config and prepare everything that the rules need, before anything runs."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from convaudit.dataset import labels
from convaudit.errors import AuditError
from convaudit.models import layers
from convaudit.models.facts import LAST, ModelChoices, ModelSource
from convaudit.models.reading import model_file
from convaudit.verdict import decision as decisions
from convaudit.verdict import policy as policies
from convaudit.verdict.policy import Policy
from planning import finished, make_plan
from planning import plan as plans
from planning.keys import Keys
from planning.plan import Plan
from planning.run import results_lock, run_summary
from planning.settings import Settings, expanded, load


@dataclass(frozen=True)
class PreparedAudit:
    """A checked config and the plan, and the values that the rules need from them."""

    settings: Settings
    plan: Plan
    draft: make_plan.Draft | None = None
    """In the main process, the files that the jobs will read; None in a job."""

    @property
    def keys(self) -> Keys:
        return Keys(self.settings, self.plan)

    @cached_property
    def policy(self) -> Policy:
        """The gates that the model must pass."""
        return policies.load(self.settings.policy)

    @property
    def shards(self) -> list[str]:
        return list(self.plan.shards)

    @property
    def index(self) -> Path:
        return Path(self.settings.results) / "index"

    @cached_property
    def indexed(self) -> frozenset[str]:
        """The shards whose present files are in the ledger already."""
        return plans.indexed(self.plan, self.index)

    def shard_of(self, image_id: str) -> str:
        """The shard of an image; the first one for an unknown image, whose job reports it."""
        draft = self.draft or make_plan.Draft(self.plan, {})
        return draft.shard_of(image_id, self.index / "files.parquet")

    @property
    def model(self) -> ModelSource:
        """The model that the config names."""
        settings = self.settings
        source = settings.model
        if source == "demo":
            source = str(Path(settings.results) / "demo" / "model.keras")
        elif not model_file.is_application(source):
            source = str(expanded(source))
        weights = settings.weights
        if weights not in {"imagenet", "none"}:
            weights = str(expanded(weights))
        return ModelSource(
            identity=self.plan.model,
            source=source,
            weights=weights,
            output=settings.output,
            task=settings.task,
            trust=settings.trust_model,
            custom_modules=tuple(str(expanded(module)) for module in settings.custom_modules),
            seed=settings.seed if settings.weights == "none" else 0,
        )

    @property
    def choices(self) -> ModelChoices:
        """The config's choices that replace facts of the model."""
        return ModelChoices(
            scaling=self.settings.preprocess.scaling,
            channels=self.settings.preprocess.channels,
            target_layer=self.settings.gradcam.layer,
            method=self.settings.gradcam.method,
        )

    @property
    def images(self) -> Path:
        """The folder that the images' paths start from, or the table that lists them."""
        if self.settings.images == "demo":
            return Path(self.settings.results) / "demo" / "images"
        return expanded(self.settings.images)

    @property
    def training(self) -> Path | None:
        """The training images or their hashes, if the config names them."""
        named = self.settings.training_images
        return expanded(named) if named else None

    @property
    def watched_layers(self) -> list[str]:
        """Names of the watched layers: those with channel statistics and activation grids."""
        return self._chosen("activations", layers.is_watched)

    @property
    def filter_layers(self) -> dict[str, str]:
        """Id and name of each layer whose filter patterns are drawn."""
        names = self._chosen("filters", layers.is_convolution)
        return {layers.layer_id(name): name for name in names}

    def check_layers(self) -> None:
        """Look up every layer that the config names.

        Raises:
            AuditError: the model has no such layer; the most similar name is suggested.
        """
        known = [name for name, _ in self.plan.layers]
        named = {
            "activations.layers": self.settings.activations.layers,
            "filters.layers": self.settings.filters.layers,
            "gradcam.layer": [self.settings.gradcam.layer],
        }
        for key, names in named.items():
            for name in names if names not in ("auto", ["auto"], [LAST]) else ():
                layers.require_layer(name, known, key=f"config: {key}")

    def check_target(self) -> None:
        """Check that ``gradcam.target`` is a class, if the names of the classes are known.

        Raises:
            AuditError: it is not.
        """
        target, names = self.settings.gradcam.target, self.plan.class_names
        if target in {"predicted", "true", "both"} or names is None:
            return
        try:
            labels.resolve([target], names)
        except AuditError:
            raise AuditError(
                f"config: gradcam.target: {target!r} is neither predicted, true, both nor a class: "
                f"the {len(names)} classes are {labels.some(names)}"
            ) from None

    def _chosen(self, section: str, automatic: Any) -> list[str]:
        names = getattr(self.settings, section).layers
        if names == "auto":
            return [name for name, kind in self.plan.layers if automatic(kind)]
        return list(dict.fromkeys(names))


def prepare(config: dict[str, Any], records: Path) -> PreparedAudit:
    """Check the config and plan the audit, or the comparison of two, in the main process.

    Nothing is written and nothing is locked.

    Args:
        config: as Snakemake hands it over.
        records: the folder in which Snakemake keeps its records.

    Raises:
        AuditError: one line per fault, naming the key.
    """
    settings = load(config)
    policies.load(settings.policy)
    if settings.decision is not None:
        decisions.load(settings.decision)
    if settings.compare:
        return _prepare_comparison(settings, records)
    _require_apart(settings)
    draft = make_plan.make(settings, Path(settings.results) / "index")
    audit = PreparedAudit(settings, draft.plan, draft)
    audit.check_layers()
    audit.check_target()
    results_lock.require_own(
        Path(settings.results),
        records,
        audit.keys.report(list(audit.filter_layers)),
        begun="model/model.json",
        finished="provenance.json",
    )
    return audit


def begin(audit: PreparedAudit, records: Path, targets: Collection[str]) -> None:
    """Lock the results folder until this process ends and write the plan that the jobs read.

    Args:
        audit: what ``prepare`` gave.
        records: the folder in which Snakemake keeps its records.
        targets: the requested targets, which are not known while the Snakefile is parsed.

    Raises:
        AuditError: another run is using the folder, or it can't be written; or a comparison is
            asked for without naming two audits, or the other way round.
    """
    if audit.settings.compare and set(targets) != {"compare"}:
        raise AuditError(
            "config: compare: names two finished audits, which are not made again: ask for the "
            "target compare, or leave the key out"
        )
    if "compare" in targets and not (audit.settings.compare or audit.settings.reference):
        raise AuditError(
            "config: compare: names no results folders: snakemake compare --cores 2 --config "
            "compare='[out-a, out-b]' results=out-compare"
        )
    results = Path(audit.settings.results)
    results_lock.enter(results)
    results_lock.adopt(results, records)
    run_summary.begin(results)
    if audit.draft:
        audit.draft.write()


def reload(config: dict[str, Any]) -> PreparedAudit:
    """The audit as a job sees it: with the plan that the main process wrote.

    Raises:
        AuditError: the plan is not there.
    """
    settings = load(config)
    if settings.compare:
        return PreparedAudit(settings, _comparison(settings))
    folder = Path(settings.results) / "index"
    try:
        return PreparedAudit(settings, plans.load(folder))
    except FileNotFoundError:
        raise AuditError(
            f"{folder / 'plan.json'} is missing: run snakemake without --no-hooks, since the plan "
            "is written when a run starts"
        ) from None


def _prepare_comparison(settings: Settings, records: Path) -> PreparedAudit:
    results = Path(settings.results)
    planned = PreparedAudit(settings, _comparison(settings))
    if (results / "predictions.parquet").exists():
        raise AuditError(
            f"config: results: {settings.results} holds an audit: name a folder of its own for the "
            "comparison"
        )
    made = "comparison.json"
    results_lock.require_own(results, records, planned.keys.compare, begun=made, finished=made)
    return planned


def _comparison(settings: Settings) -> Plan:
    """A plan for a comparison: without images and model, with a digest of two finished audits."""
    return Plan({}, None, [], "", finished=finished.digest(settings.compare, "compare"))


def _require_apart(settings: Settings) -> None:
    images, results = expanded(settings.images).resolve(), Path(settings.results).resolve()
    if settings.images != "demo" and images.is_dir() and results.is_relative_to(images):
        raise AuditError(
            f"config: results: {settings.results} is inside the images ({settings.images}), so the "
            "next run would take its pictures for images: name a folder elsewhere"
        )
    if settings.reference and expanded(settings.reference).resolve() == results:
        raise AuditError(
            f"config: reference: {settings.reference} is the results folder itself: name the "
            "results of an earlier audit"
        )
