"""What each result depends on, as one key per job.

A key is a hash over a job's code, its settings and the keys of all that it reads, so equal keys
mean equal bytes. Rules carry it in ``params``; Snakemake re-runs a job when its key changed, and
only then: modification times, which a copy or a clone changes, decide nothing.
"""

import hashlib
import json
from functools import cached_property
from typing import Any

from planning.fingerprint import fingerprint
from planning.plan import Plan
from planning.settings import Settings

_LOCATIONS = {
    *("results", "watch", "model", "weights", "custom_modules", "images", "classes"),
    *("compare", "reference", "training_images"),
}
"""Settings that say where something is; its content is in the keys of what reads it."""


def _key(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


class Keys:
    """The keys of an audit's jobs."""

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
        return _key(fingerprint("model.py"), identity, settings.output, settings.trust_model)

    @cached_property
    def index(self) -> str:
        return _key(fingerprint("index.py"), [self.dataset(s) for s in self._plan.shards])

    def dataset(self, shard: str) -> str:
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
        )

    def gradcam(self, shard: str) -> str:
        settings = self._settings.gradcam
        return _key(
            fingerprint("gradcam.py"),
            self.predict(shard),
            settings.model_dump(include={"alpha", "blend", "colormap"}),
        )

    def filters(self, layer: str) -> str:
        settings = self._settings
        return _key(
            fingerprint("filters.py"),
            self.model,
            layer,
            settings.preprocess.scaling,
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
        """Of a comparison with a reference it holds what this audit's own part is made of."""
        settings = self._settings
        own = [] if settings.compare else [self.scaling_check, self.predictions]
        drawn = [self.gradcam(shard) for shard in self._plan.shards]
        named = settings.compare or settings.reference
        return _key(fingerprint("compare.py"), named, self._plan.finished, own, drawn)

    def channel(self, shard: str) -> str:
        """One channel of an image of this shard, as a picture of its own."""
        how = self._settings.preprocess.scaling
        return _key(fingerprint("channel.py"), self.preprocess(shard), how)

    def report(self, layers: list[str]) -> str:
        return _key(
            fingerprint("report.py"),
            self.scaling_check,
            self.activations,
            self.quarantine,
            self.near_duplicates,
            self.trust if self._settings.trust.enabled else None,
            [self.gradcam(shard) for shard in self._plan.shards],
            [self.filters(layer) for layer in layers],
            self._plan.model,
            self._plan.class_names,
            self.compare if self._settings.reference else None,
            self._plan.other_files,
            self._plan.notes,
            self._settings.model_dump(exclude=_LOCATIONS),
        )
