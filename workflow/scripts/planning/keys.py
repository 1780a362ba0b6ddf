"""The key of each job: a hash over all that its results depend on.

A key covers the job's code, its settings and the keys of the jobs whose results it reads, so equal
keys mean equal results. (The ledger is an exception: a shard's jobs read only their own rows of it,
and these are in the digest of the shard.) Each rule has its key in ``params``. Snakemake runs a job
again if the key changed. Modification times and paths do not matter: a copy changes them.
"""

import hashlib
import json
from datetime import date
from functools import cached_property
from typing import Any

from convaudit.verdict import decision as decisions
from convaudit.verdict import policy as policies
from convaudit.verdict.policy import Policy
from planning.fingerprint import fingerprint
from planning.plan import Plan
from planning.settings import Settings

_LOCATIONS = {
    *("results", "watch", "model", "weights", "custom_modules", "images", "classes"),
    *("policy", "decision", "compare", "reference", "training_images"),
}
"""Settings that are paths. Keys contain a hash of the content at the path, not the path."""


def _key(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


class Keys:
    """The keys of the jobs of an audit.

    A property or method is the key of the rule of that name; methods take the shard ("0000") or the
    layer's id.
    """

    def __init__(self, settings: Settings, plan: Plan) -> None:
        self._settings = settings
        self._plan = plan

    @cached_property
    def demo_images(self) -> str:
        return _key(fingerprint("demo_images.py"), self._settings.seed)

    @cached_property
    def demo_model(self) -> str:
        return _key(fingerprint("demo_model.py"), self.demo_images)

    @cached_property
    def model(self) -> str:
        settings = self._settings
        identity = self.demo_model if settings.model == "demo" else self._plan.model
        return _key(
            fingerprint("model.py"), identity, settings.output, settings.trust_model, settings.task
        )

    @cached_property
    def index(self) -> str:
        return _key(fingerprint("index.py"), [self.dataset(s) for s in self._plan.shards])

    def dataset(self, shard: str) -> str:
        """The content of a shard; no job has this key."""
        made = self.demo_images if self._settings.images == "demo" else ""
        return _key(self._plan.shards[shard][1], made)

    def preprocess(self, shard: str) -> str:
        how = self._settings.preprocess.interpolation
        return _key(fingerprint("preprocess.py"), self.dataset(shard), self.model, how)

    def predict(self, shard: str) -> str:
        settings = self._settings
        drawing = {"alpha", "blend", "colormap"}
        return _key(
            fingerprint("predict.py"),
            self.preprocess(shard),
            self._plan.class_names,
            settings.preprocess.scaling,
            settings.preprocess.channels,
            settings.predict.model_dump(),
            settings.gradcam.model_dump(exclude=drawing),
            settings.activations.layers,
        )

    @cached_property
    def forecast(self) -> str:
        layers = self._settings.activations.layers
        return _key(fingerprint("forecast.py"), self.model, layers, self._plan.files)

    @cached_property
    def scaling_check(self) -> str:
        return _key(
            fingerprint("scaling_check.py"),
            [self.preprocess(shard) for shard in self._plan.sampled],
            self._plan.class_names,
            self._settings.preprocess.scaling,
            self._settings.preprocess.channels,
        )

    def gradcam(self, shard: str) -> str:
        settings = self._settings.gradcam
        return _key(
            fingerprint("gradcam.py"),
            self.predict(shard),
            settings.model_dump(include={"alpha", "blend", "colormap"}),
            self._settings.overlays,
        )

    def filters(self, layer: str) -> str:
        settings = self._settings
        return _key(
            fingerprint("filters.py"),
            self.model,
            layer,
            settings.preprocess.scaling,
            settings.preprocess.channels,
            settings.filters.model_dump(exclude={"layers"}),
            settings.seed,
        )

    @cached_property
    def quarantine(self) -> str:
        shards = [self.preprocess(shard) for shard in self._plan.shards]
        return _key(fingerprint("quarantine.py"), shards, self._settings.max_quarantined)

    @cached_property
    def predictions(self) -> str:
        shards = [self.predict(shard) for shard in self._plan.shards]
        return _key(fingerprint("predictions.py"), shards)

    @cached_property
    def suspects(self) -> str:
        """Suspects: possible shortcuts, found in half of the images."""
        return _key(
            fingerprint("suspects.py"),
            # The groups of near duplicates follow from the predictions, not from training images.
            fingerprint("near_duplicates.py"),
            self.predictions,
            self.index,
            self._settings.shortcuts.model_dump(exclude={"budget"}),
        )

    @cached_property
    def interventions(self) -> str:
        """The experiments with the suspects, on the other half."""
        settings = self._settings
        return _key(
            fingerprint("interventions.py"),
            self.suspects,
            settings.preprocess.model_dump(),
            settings.shortcuts.budget,
        )

    @cached_property
    def training_hashes(self) -> str:
        return _key(fingerprint("training_hashes.py"), self._plan.training)

    @cached_property
    def near_duplicates(self) -> str:
        training = self.training_hashes if self._settings.training_images else ""
        return _key(fingerprint("near_duplicates.py"), self.predictions, training)

    @cached_property
    def trust(self) -> str:
        sampled = [self.predict(shard) for shard in self._plan.sampled]
        images = self._settings.trust.images
        return _key(fingerprint("trust.py"), sampled, images)

    @cached_property
    def activations(self) -> str:
        return _key(
            fingerprint("activations.py"),
            self.predictions,
            self._settings.activations.model_dump(exclude={"keep"}),
        )

    @cached_property
    def compare(self) -> str:
        """For a comparison with a reference, the key also covers this audit's own results."""
        settings = self._settings
        tried = self.interventions if settings.shortcuts.enabled else None
        own = [] if settings.compare else [self.scaling_check, self.predictions, tried]
        drawn = [self.gradcam(shard) for shard in self._plan.shards]
        named = settings.compare or settings.reference
        return _key(fingerprint("compare.py"), named, self._plan.finished, own, drawn)

    def channel(self, shard: str) -> str:
        """Pictures of single channels for images of this shard."""
        how = self._settings.preprocess
        pixels = self.preprocess(shard)
        return _key(fingerprint("channel.py"), pixels, how.scaling, how.channels)

    @cached_property
    def audit(self) -> str:
        """Covers everything that is measured of the model. A decision is bound to this key, so it
        contains neither the policy nor the settings of activations, which only choose what is
        drawn.
        """
        return _key(
            fingerprint("verdict.py"),
            fingerprint("activations.py"),
            self.scaling_check,
            self.quarantine,
            self.predictions,
            self.near_duplicates,
            self.interventions if self._settings.shortcuts.enabled else None,
            self.trust if self._settings.trust.enabled else None,
        )

    @cached_property
    def policy(self) -> Policy:
        return policies.load(self._settings.policy)

    @cached_property
    def expired(self) -> list[int]:
        """The policy's waivers that no longer hold today, by their numbers."""
        return list(self.policy.expired(date.today()))

    @cached_property
    def verdict(self) -> str:
        compared = self.compare if self._settings.reference else None
        return _key(self.audit, compared, self.policy.sha256, self.expired)

    @cached_property
    def decision(self) -> str | None:
        """The content of the decision's file."""
        path = self._settings.decision
        return None if path is None else hashlib.sha256(decisions.read(path)).hexdigest()

    def report(self, layers: list[str]) -> str:
        return _key(
            fingerprint("report.py"),
            self.scaling_check,
            self.activations,
            self.quarantine,
            self.interventions if self._settings.shortcuts.enabled else None,
            self.near_duplicates,
            self.trust if self._settings.trust.enabled else None,
            [self.gradcam(shard) for shard in self._plan.shards],
            [self.filters(layer) for layer in layers],
            self.verdict,
            self.decision,
            self._plan.model,
            self._plan.class_names,
            self.compare if self._settings.reference else None,
            self._plan.other_files,
            self._plan.notes,
            self._settings.model_dump(exclude=_LOCATIONS),
        )

    def bundle(self, layers: list[str]) -> str:
        return _key(fingerprint("bundle.py"), self.report(layers))
