"""Make the plan of an audit: look at model and dataset, from names, sizes and times alone."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from convaudit.dataset import labels, ledger, scan
from convaudit.demo import photographs
from convaudit.errors import AuditError
from convaudit.models import model_file
from convaudit.system.atomic import atomic
from convaudit.system.checksums import sha256
from planning.fingerprint import SCRIPTS
from planning.plan import Plan, load
from planning.settings import Settings, expanded


def make(settings: Settings, folder: Path) -> Plan:
    """Look at model and dataset, and write ``plan.json`` and ``files.parquet`` where they changed.

    Raises:
        AuditError: model, images or classes can't be used as the config says.
    """
    layers = _layers(settings, folder)
    identity = _model_identity(settings)
    stored = folder / "plan.json"
    if not settings.watch and stored.exists():
        shards = load(folder).shards
        found = pd.Series(pq.read_table(folder / "files.parquet", columns=["label"])["label"])
    else:
        assigned = _assigned(settings, folder)
        shards, found = ledger.digests(assigned), assigned["label"]
        _write_if_changed(folder / "files.parquet", _by_shard(assigned))
    known = sorted(found.dropna().unique())
    names = _class_names(settings, known)
    _check_class_count(settings, names, known)
    plan = Plan(shards, names, layers, identity)
    _write_if_changed(stored, json.dumps(asdict(plan), indent=1).encode())
    return plan


def _assigned(settings: Settings, folder: Path) -> pd.DataFrame:
    if settings.images == "demo":
        entries = scan.listing(
            [(path, path.partition("/")[0], 0, 0, None) for path in photographs.audit_files()]
        )
        return ledger.assign(entries, None, settings.shard_size, lambda path: None)
    source = expanded(settings.images)
    entries = scan.scan(source)
    top = scan.root(source)
    return ledger.assign(
        entries, _previous(folder), settings.shard_size, lambda path: _sha256(top / path)
    )


def _previous(folder: Path) -> pd.DataFrame | None:
    """The last assignment with the hashes that the index job has found since."""
    files = folder / "files.parquet"
    if not files.exists():
        return None
    previous = pd.read_parquet(files)
    if (folder / "ledger.parquet").exists():
        hashed = pd.read_parquet(folder / "ledger.parquet", columns=["path", "stamp", "sha256"])
        return previous.merge(hashed, on=["path", "stamp"], how="left")
    return previous.assign(sha256=None)


def _model_identity(settings: Settings) -> str:
    modules = [
        _sha256(expanded(module)) or _missing_module(module) for module in settings.custom_modules
    ]
    if settings.model == "demo":
        return "demo"
    if model_file.is_application(settings.model):
        weights = settings.weights
        if weights == "none":
            weights = f"none, seed {settings.seed}"
        elif weights != "imagenet":
            weights = _sha256(expanded(weights)) or ""
            if not weights:
                raise AuditError(f"config: weights: there is no file {settings.weights}")
        return "-".join([settings.model, weights, *modules])
    digest = _sha256(expanded(settings.model))
    if digest is None:
        raise AuditError(f"config: model: {settings.model} can't be read")
    return "-".join([digest, *modules])


def _missing_module(module: str) -> str:
    raise AuditError(f"config: custom_modules: there is no file {module}")


def _layers(settings: Settings, folder: Path) -> list[tuple[str, str]]:
    if settings.model == "demo":
        return list(photographs.LAYERS)
    if model_file.is_application(settings.model):
        return _application_layers(settings.model, folder)
    refs = model_file.read_layers(expanded(settings.model))
    if not settings.trust_model:
        model_file.refuse_code(expanded(settings.model))
    return [(ref.name, ref.class_name) for ref in refs]


def _application_layers(name: str, folder: Path) -> list[tuple[str, str]]:
    """Layers of a keras.applications model: Keras is asked once, in a process of its own."""
    stored = folder / f"{name}.json"
    if not stored.exists():
        listed = subprocess.run(
            [sys.executable, "-m", "planning.application_layers", name],
            env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
            capture_output=True,
            text=True,
            check=False,
        )
        if listed.returncode:
            raise AuditError(f"config: model: Keras can't build {name}: {listed.stderr[-300:]}")
        _write_if_changed(stored, listed.stdout.encode())
    return [(layer, kind) for layer, kind in json.loads(stored.read_text())]


def _class_names(settings: Settings, found: list[str]) -> list[str] | None:
    if settings.classes != "auto":
        names = labels.read_classes(expanded(settings.classes))
    elif not found or labels.are_indices(found):
        return None
    else:
        _refuse_empty_classes(settings, found)
        names = found
    labels.resolve(found, names)
    return names


def _refuse_empty_classes(settings: Settings, found: list[str]) -> None:
    """A folder without an image would shift the index of every class after it."""
    folders = set() if settings.images == "demo" else scan.folders(expanded(settings.images))
    if empty := sorted(folders - set(found)):
        raise AuditError(
            f"images: no image for the class {labels.some(empty)}: put images into its folder, or "
            "give the names of all classes in index order with classes=FILE"
        )


def _check_class_count(settings: Settings, names: list[str] | None, found: list[str]) -> None:
    """Where the file says how many classes the model has; else the first job checks it."""
    if settings.model == "demo" or model_file.is_application(settings.model):
        return
    units = model_file.read_head_units(expanded(settings.model))
    expected = 2 if units == 1 else units
    if expected is None:
        return
    if names is None:
        labels.resolve(found, labels.of_model(None, expected))
    elif len(names) != expected and settings.classes != "auto":
        raise AuditError(
            f"config: classes: {len(names)} lines, but the model has {expected} classes"
        )
    elif len(names) != expected:
        raise AuditError(
            f"config: images: its labels ({labels.some(names)}) are taken for the classes, but the "
            f"model has {expected} classes: give the names in index order with classes=FILE"
        )


def _sha256(path: Path) -> str | None:
    try:
        return sha256(path)
    except OSError:
        return None


def _by_shard(assigned: pd.DataFrame) -> bytes:
    """The assignment as parquet, a row group a shard, so that a job need not hold all of it."""
    table = pa.Table.from_pandas(assigned.sort_values("shard", kind="stable"), preserve_index=False)
    sizes = assigned.groupby("shard").size()
    buffer = pa.BufferOutputStream()
    with pq.ParquetWriter(buffer, table.schema) as writer:
        for end, size in zip(sizes.cumsum(), sizes, strict=True):
            writer.write_table(table.slice(end - size, size))
    return buffer.getvalue().to_pybytes()


def _write_if_changed(path: Path, content: bytes) -> None:
    try:
        if path.exists() and path.read_bytes() == content:
            return
        with atomic(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise AuditError(f"config: results: can't write {path}: {error.strerror}") from None
