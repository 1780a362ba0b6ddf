"""Describe an audit before it runs: model, images, time and disk space."""

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from convaudit.activations.store import bytes_per_image
from convaudit.dataset import labels
from convaudit.dataset.depth import depth_notes
from convaudit.models.facts import ModelChoices, ModelFacts, ModelSource
from convaudit.models.scaling import scaling_of
from convaudit.preview import disk_space, text, timing
from convaudit.system.devices import gpu
from jobs.job import job
from jobs.tensorflow_job import open_network
from planning import plan as plans

if TYPE_CHECKING:
    from convaudit.models.network import Network


def inspect(
    *,
    facts: str,
    choices: ModelChoices,
    index: Path,
    source: Path,
    model: ModelSource,
    settings: dict[str, Any],
    watched: list[str],
    filtered: list[str],
) -> None:
    """Print one screen about the audit.

    Args:
        facts: ``model.json``.
        choices: what the config sets about the model.
        index: folder with ``plan.json`` and ``files.parquet``.
        source: the folder that the images' paths start from, or the table that lists them.
        model: the model that the config names.
        settings: the config.
        watched: names of the layers with channel statistics and activation grids.
        filtered: names of the layers whose filters are drawn.
    """
    known = ModelFacts.read(facts, choices)
    files = pd.read_parquet(index / "files.parquet", columns=["path", "label", "size", "fault"])
    plan = plans.load(index)
    names = labels.of_model(plan.class_names, known.classes)
    sample = timing.read_sample(files, source, known.size, settings)
    network, start = None, 0.0
    if len(sample.pixels):
        began = time.perf_counter()
        _, network = open_network(model)
        start = time.perf_counter() - began
    if not known.scaling_known:
        print(text.describe_guess(known, _guess(network, sample, known) if network else None))
    print(text.describe_layers(known, watched, filtered))
    print(text.describe_model(known, plan.class_names and names, known.method))
    notes = [*plan.notes, *depth_notes(sample.bits)]
    how = settings["preprocess"]["interpolation"]
    print(text.describe_images(files, plan.other_files, notes, how), flush=True)
    if network is None:
        print("forecast      there is none, because no image of the sample can be read")
        return
    from convaudit.checks.resizing_check import check_resizing
    from convaudit.checks.scaling_check import check_scaling
    from convaudit.system.devices.device import current

    device = current()
    why = f": {gpu.why_none()}" if device.kind == "cpu" else ""
    print(text.describe_device(f"{device}{why}"), flush=True)
    for section, chosen in (("activations", watched), ("filters", filtered)):
        for name in chosen:
            network.require_maps(name, f"config: {section}.layers")
    network.require_target(known.target_layer, "config: gradcam.layer")
    truth = labels.indices(sample.labels, names)
    if network.head == "sigmoid":  # the label is not the only right answer
        truth[:] = -1
    labelled = truth >= 0
    pixels, scaling = sample.pixels[labelled], scaling_of(known)
    scaled = check_scaling(network, pixels, truth[labelled], known.scaling_name, names)
    print(text.describe_check(scaled), flush=True)
    if not scaled["set"]:  # a wrong scaling must be corrected first
        resized = check_resizing(network, sample.resized, truth, scaling, how)
        print(text.describe_resizing(resized), flush=True)
    counts = {
        name: min(settings["filters"]["count"], known.layer(name).channels) for name in filtered
    }
    forward = timing.seconds_of_forward_pass(network, sample.pixels, scaling)
    if known.method == "scorecam":  # a forward pass for each channel of the layer
        forward *= known.layer(known.target_layer).channels
    seconds = timing.seconds_of_images(
        images=len(files),
        shards=len(plan.shards),
        read=sample.seconds,
        forward=forward,
        start=start,
    )
    climbing = timing.seconds_of_patterns(
        network, counts, scaling=scaling, settings=settings["filters"], start=start
    )
    accuracy = scaled["accuracy"] if scaled["images"] else None
    share = disk_space.overlays_share(
        settings["overlays"], bool(files["label"].notna().any()), accuracy
    )
    stored = disk_space.disk(
        known,
        settings,
        watched=watched,
        patterns=sum(counts.values()),
        images=len(files),
        each=sample.pixels[0].nbytes + share * sample.overlay_bytes,
        shards=len(plan.shards),
    )
    each = f"{sample.seconds * 1e3:.0f} ms to read and draw, {forward * 1e3:.0f} ms in the network"
    print(text.describe_effort(seconds, climbing, counts, stored, each))
    if settings["activations"]["keep"] == "maps":
        room = shutil.disk_usage(index).free
        print(text.describe_room(bytes_per_image(known.layers, watched), len(files), room))


def _guess(network: "Network", sample: timing.Sample, known: ModelFacts) -> dict[str, Any]:
    from convaudit.checks.guess_check import check_guess

    return check_guess(network, sample.pixels, known.scaling, known.channels)


if __name__ == "__main__":
    with job("inspect", snakemake.log[0]):
        inspect(
            facts=snakemake.input.facts,
            choices=snakemake.params.choices,
            index=snakemake.params.index,
            source=snakemake.params.images,
            model=snakemake.params.model,
            settings=snakemake.params.settings.model_dump(),
            watched=snakemake.params.watched,
            filtered=snakemake.params.filtered,
        )
