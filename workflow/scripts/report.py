"""Write the report, its numbers for machines and where everything comes from."""

import json
import logging
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from convaudit import provenance
from convaudit.attribution import map_statistics
from convaudit.checks.duplicates import duplicates, repeated
from convaudit.dataset import labels
from convaudit.dataset.depth import depth_notes
from convaudit.models.facts import ModelChoices, ModelFacts, ModelSource
from convaudit.report.pages import write_report
from convaudit.report.results import Results
from convaudit.report.summary import summarise
from convaudit.system import checksums, gpu
from convaudit.system.atomic import atomic, atomic_folder
from convaudit.system.malloc import give_back_freed_memory
from convaudit.system.progress import Progress
from jobs.job import job
from jobs.results_folder import hashed_files, sweep
from planning import plan as plans
from planning.settings import Settings, expanded

ROOT = Path(__file__).resolve().parents[2]
KEPT = ("image_id", "class_index", "maps", "scale")
"""Of each map that is stored, be it asked for or of an error's true class."""


def report(
    *,
    settings: dict[str, Any],
    layers: dict[str, str],
    model: ModelSource,
    choices: ModelChoices,
    key: str,
    page: str,
    summary: str,
    origin: str,
    threads: int,
) -> None:
    folder = Path(page).parent
    cv2.setNumThreads(1)  # each sheet has a thread of its own
    known = provenance.versions() | provenance.revision(ROOT)
    plan = plans.load(folder / "index")
    for path in sweep(folder, plan.shards, layers):
        logging.info("removed %s, of an earlier state of this audit", path)
    about = _origin(settings, model, known, key)
    audit = replace(
        gather(folder, plan, settings, layers, choices, known), model_sha256=about["model_sha256"]
    )
    numbers = summarise(audit)
    with atomic_folder(page) as temporary:
        write_report(temporary, audit, numbers, threads=threads)
    del audit
    give_back_freed_memory()
    with atomic(summary) as temporary:
        temporary.write_text(json.dumps(numbers, indent=1, allow_nan=False) + "\n")
    with atomic(origin) as temporary, temporary.open("w") as file:
        file.write(json.dumps(about, indent=1).removesuffix("\n}") + ',\n "results_sha256": {')
        files = hashed_files(folder, keep=settings["activations"]["keep"])
        separator, progress = "\n", Progress(None, "results hashed")
        for path, digest in checksums.hashes(files, folder, threads):
            file.write(f"{separator}  {json.dumps(path)}: {json.dumps(digest)}")
            separator = ",\n"
            progress.add()
        file.write("\n }\n}\n")
    logging.info("%d images, %d findings", numbers["images_read"], len(numbers["findings"]))


def gather(
    folder: Path,
    plan: plans.Plan,
    settings: dict[str, Any],
    layers: dict[str, str],
    choices: ModelChoices,
    known: dict[str, Any],
) -> Results:
    """Collect an audit's results. What grows with the images, but for a few numbers of each, is
    read shard by shard when it is asked for.
    """
    facts = ModelFacts.read(folder / "model" / "model.json", choices)
    names = labels.of_model(plan.class_names, facts.classes)

    predictions = folder / "predictions.parquet"
    groups = _row_groups(pq.read_metadata(predictions))
    shards = {shard: sum(found.values()) for shard, found in groups.items()}

    progress = Progress(None, "shards read")

    def rows(columns: Sequence[str]) -> Iterator[pa.Table]:
        try:
            for table in _tables(predictions, groups.values(), columns):
                progress.add()
                yield table
        finally:
            give_back_freed_memory()

    def column(name: str, kind: type, missing: Any) -> np.ndarray:
        found: np.ndarray = np.empty(sum(shards.values()), kind)
        end = 0
        for part in rows([name]):
            values = part[name].cast(pa.from_numpy_dtype(kind))
            end += len(values)
            found[end - len(values) : end] = (
                values if missing is None else values.fill_null(missing)
            )
        return found

    def maps(shard: str) -> dict[str, np.ndarray]:
        progress.add()
        with np.load(folder / "gradcam" / "maps" / f"{shard}.npz", allow_pickle=False) as stored:
            asked, true = ({key: stored[prefix + key] for key in KEPT} for prefix in ("", "true_"))
        kept = {key: np.concatenate([asked[key], true[key]]) for key in KEPT}
        kept["maps"] = map_statistics.unpack(kept["maps"], kept.pop("scale"))
        return kept

    quarantine = pd.read_csv(folder / "quarantine.csv", dtype=str, keep_default_na=False)
    examples = sorted(path for path in (folder / "activations").iterdir() if path.is_dir())
    return Results(
        facts=facts,
        scaling_check=json.loads((folder / "model" / "scaling.json").read_text()),
        class_names=names,
        shards=shards,
        column=column,
        rows=rows,
        quarantine=quarantine,
        duplicates=duplicates(
            repeated(folder / "index" / "ledger.parquet", unreadable=quarantine["path"])
        ),
        channels=pd.read_parquet(folder / "channels.parquet"),
        maps=maps,
        overlay=lambda shard, image_id: f"../gradcam/overlays/{shard}/{image_id}.jpg",
        sprites=lambda shard: f"../gradcam/sprites/{shard}",
        # Of a cropped photo the heat is a part: what the network saw of it is shown instead.
        photos=None
        if settings["preprocess"]["interpolation"] in {"crop", "fit"}
        else _photos(settings["images"]),
        filters={
            layer: (f"../filters/{layer}.png", pd.read_csv(folder / "filters" / f"{layer}.csv"))
            for layer in layers
        },
        activations={
            path.name: {
                layer.name: f"../activations/{path.name}/{layer.id}.png"
                for layer in facts.layers
                if (path / f"{layer.id}.png").exists()
            }
            for path in examples
        },
        assumptions=(*plan.notes, *depth_notes(column("bits", np.uint8, None))),
        other_files=plan.other_files,
        settings={key: value for key, value in settings.items() if key not in {"results", "watch"}},
        command=_command(settings),
        provenance=known,
    )


def _command(settings: dict[str, Any]) -> str:
    """One line for a shell that makes this audit again, in another folder: model, images and what
    isn't a default.
    """
    named = {name: settings[name] for name in ("model", "images")}
    changed = named | _changed(settings, Settings().model_dump()) | {"results": "again"}
    words = [shlex.quote(f"{key}={_yaml(value)}") for key, value in changed.items()]
    return " ".join(["snakemake --cores all --config", *words])


def _changed(settings: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            value = _changed(value, defaults[key])
            if value:
                found[key] = value
        elif value != defaults[key] and key not in {"watch", "results"}:
            found[key] = value
    return found


def _yaml(value: Any) -> str:
    """As Snakemake reads it back: plain where it stays a text, else as JSON, which is YAML too.

    The spaces keep Snakemake from stripping the quotes.
    """
    plain = isinstance(value, str) and re.fullmatch(r"[\w./+-]+", value)
    with suppress(ValueError, TypeError):
        float(value)
        plain = False
    if plain and yaml.safe_load(value) == value:
        return value
    return f" {json.dumps(value)} " if isinstance(value, str) else json.dumps(value)


def _photos(images: str) -> str | None:
    """Where a page in ``results/report`` finds the photos, if nothing was moved since."""
    if images == "demo":
        return "../demo/images/"
    if Path(images).suffix in {".csv", ".parquet"}:
        images = str(Path(images).parent)
    if images.startswith("~"):
        return None
    return Path(images).as_uri() + "/" if Path(images).is_absolute() else f"../../{quote(images)}/"


def _row_groups(metadata: pq.FileMetaData) -> dict[str, dict[int, int]]:
    """Where the rows of each shard are in the predictions, which have a row group a shard, and how
    many.
    """
    column = metadata.schema.names.index("shard")
    groups: dict[str, dict[int, int]] = {}
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        if group.num_rows:
            groups.setdefault(group.column(column).statistics.min, {})[number] = group.num_rows
    return groups


def _tables(
    path: Path, groups: Iterable[Iterable[int]], columns: Sequence[str]
) -> Iterator[pa.Table]:
    """What a file says of its row groups is 20 kB each: it is held only while rows are read."""
    with pq.ParquetFile(path) as file:
        for numbers in groups:
            yield file.read_row_groups(list(numbers), columns=list(columns))


def _origin(
    settings: dict[str, Any], model: ModelSource, known: dict[str, Any], key: str
) -> dict[str, Any]:
    model.require_unchanged()
    source = Path(model.source)
    return {
        "schema_version": 1,
        "key": key,
        **known,
        "machine": provenance.machine(),
        "gpus": gpu.devices(),
        "tensorflow_threads": provenance.THREADS,
        "seed": settings["seed"],
        "config": settings,
        "model_sha256": checksums.sha256(source) if source.exists() else None,
        "inputs_sha256": {
            name: checksums.sha256(expanded(name))
            for name in (model.weights, *model.custom_modules, settings["classes"])
            if expanded(name).is_file()
        },
    }


if __name__ == "__main__":
    with job("report", snakemake.log[0], snakemake.input):
        report(
            settings=snakemake.params.settings,
            layers=snakemake.params.layers,
            model=snakemake.params.model,
            choices=snakemake.params.choices,
            key=snakemake.params.key,
            page=snakemake.output.page,
            summary=snakemake.output.summary,
            origin=snakemake.output.provenance,
            threads=snakemake.threads,
        )
