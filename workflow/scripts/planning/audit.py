"""Everything the rules need to know, from a config that is checked before anything runs."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from convaudit.dataset import labels
from convaudit.dataset.image_ids import image_id as make_id
from convaudit.errors import AuditError
from convaudit.models import layers, model_file
from convaudit.models.facts import ModelChoices, ModelSource
from convaudit.system.checksums import sha256
from planning import make_plan, results_lock, run_summary
from planning import plan as plans
from planning.keys import Keys
from planning.plan import Plan
from planning.settings import Settings, expanded, load


@dataclass(frozen=True)
class PreparedAudit:
    """A checked config and what follows from it."""

    settings: Settings
    plan: Plan

    @property
    def keys(self) -> Keys:
        return Keys(self.settings, self.plan)

    @property
    def shards(self) -> list[str]:
        return list(self.plan.shards)

    @property
    def index(self) -> Path:
        return Path(self.settings.results) / "index"

    @cached_property
    def indexed(self) -> frozenset[str]:
        """The shards that the ledger knows as they are now."""
        return plans.indexed(self.plan, self.index)

    def shard_of(self, image_id: str) -> str:
        """The shard of an image; of an unknown one the first, whose job then says so."""
        files = pd.read_parquet(self.index / "files.parquet", columns=["path", "shard"])
        named = (s for path, s in files.itertuples(index=False) if make_id(path) == image_id)
        return f"{next(named, 0):04d}"

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
            trust=settings.trust_model,
            custom_modules=tuple(str(expanded(module)) for module in settings.custom_modules),
            seed=settings.seed if settings.weights == "none" else 0,
        )

    @property
    def choices(self) -> ModelChoices:
        """What the config says about the model in place of the model's own facts."""
        return ModelChoices(
            scaling=self.settings.preprocess.scaling, target_layer=self.settings.gradcam.layer
        )

    @property
    def images(self) -> str:
        """The folder that the images' paths start from, or the table that lists them."""
        if self.settings.images == "demo":
            return str(Path(self.settings.results) / "demo" / "images")
        return str(expanded(self.settings.images))

    @property
    def watched_layers(self) -> list[str]:
        """Names of the layers with channel statistics and activation grids."""
        return self._chosen("activations", layers.is_watched)

    @property
    def filter_layers(self) -> dict[str, str]:
        """File-name id and name of each layer whose filters are drawn."""
        names = self._chosen("filters", layers.is_convolution)
        return {layers.layer_id(name): name for name in names}

    def check_layers(self) -> None:
        """Look up every layer that the config names.

        Raises:
            AuditError: no such layer; the nearest name is suggested.
        """
        known = [name for name, _ in self.plan.layers]
        named = {
            "activations.layers": self.settings.activations.layers,
            "filters.layers": self.settings.filters.layers,
            "gradcam.layer": [self.settings.gradcam.layer],
        }
        for key, names in named.items():
            for name in names if names not in ("auto", ["auto"]) else ():
                layers.require_layer(name, known, key=f"config: {key}")

    def check_target(self) -> None:
        """Look up the class that is to be explained, where the classes' names are known.

        Raises:
            AuditError: no such class.
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


def prepare(
    config: dict[str, Any], *, records: Path | None, targets: Collection[str] = ()
) -> PreparedAudit:
    """Check the config and plan the audit, or the comparison of two.

    Args:
        config: as Snakemake hands it over.
        targets: what Snakemake was asked to make; nothing is said of it in a job.
        records: in the main process, where Snakemake keeps its records: dataset and model are
            looked at, and the results folder is this run's alone. None in a job, which reads the
            plan that the main process stored.

    Raises:
        AuditError: one line a fault, naming the key.
    """
    settings = load(config)
    folder = Path(settings.results) / "index"
    if settings.compare:
        return _prepare_comparison(settings, records, targets)
    if "compare" in targets:
        raise AuditError(
            "config: compare: names no results folders: snakemake compare --cores 2 --config "
            "compare='[out-a, out-b]' results=out-compare"
        )
    if records is None:
        return PreparedAudit(settings, plans.load(folder))
    _require_apart(settings)
    results_lock.enter(Path(settings.results))
    run_summary.begin(Path(settings.results))
    audit = PreparedAudit(settings, make_plan.make(settings, folder))
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


def _prepare_comparison(
    settings: Settings, records: Path | None, targets: Collection[str]
) -> PreparedAudit:
    """A plan without images or a model: all that counts are two finished audits."""
    results = Path(settings.results)
    planned = PreparedAudit(settings, Plan({}, None, [], _compared(settings.compare)))
    if records is None:
        return planned
    if set(targets) != {"compare"}:
        raise AuditError(
            "config: compare: names two finished audits, which are not made again: ask for the "
            "target compare, or leave the key out"
        )
    if (results / "predictions.parquet").exists():
        raise AuditError(
            f"config: results: {settings.results} holds an audit: name a folder of its own for the "
            "comparison"
        )
    results_lock.enter(results)
    run_summary.begin(results)
    finished = "comparison.json"
    results_lock.require_own(
        results, records, planned.keys.compare, begun=finished, finished=finished
    )
    return planned


def _compared(folders: list[str]) -> str:
    """What two audits are made of: their provenance has a hash of every result."""
    found = []
    for folder in folders:
        provenance = expanded(folder) / "provenance.json"
        if not provenance.exists():
            raise AuditError(
                f"config: compare: {folder} holds no finished audit (there is no {provenance}): "
                "run it to its end first"
            )
        found.append(sha256(provenance))
    return "-".join(found)


def _require_apart(settings: Settings) -> None:
    images, results = expanded(settings.images).resolve(), Path(settings.results).resolve()
    if settings.images != "demo" and images.is_dir() and results.is_relative_to(images):
        raise AuditError(
            f"config: results: {settings.results} is inside the images ({settings.images}), so the "
            "next run would take its pictures for images: name a folder elsewhere"
        )
