"""Make the plan of an audit from the names, sizes and modification times of model and images."""

import io
import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from convaudit.dataset import ledger, scan, training_images
from convaudit.dataset.image_ids import image_id as make_id
from convaudit.dataset.table_files import Columns
from convaudit.demo import photographs
from convaudit.errors import AuditError
from convaudit.models.reading import model_file
from convaudit.system.atomic import atomic
from convaudit.system.checksums import sha256
from planning import class_names, finished
from planning.fingerprint import SCRIPTS
from planning.plan import Plan, load
from planning.settings import Settings, expanded
from planning.shards import images_a_shard


@dataclass(frozen=True)
class Draft:
    """A plan and the files that the jobs will read, which are written when the run begins.

    A dry run makes a plan too, but must not change the files under a run that is using them.
    """

    plan: Plan
    files: dict[Path, bytes]
    """Content by path, of the files that are not on the disk yet or differ from what is there."""

    def write(self) -> None:
        """Put the files in place and forget their content.

        Raises:
            AuditError: the results folder can't be written.
        """
        for path, content in self.files.items():
            try:
                with atomic(path) as temporary:
                    temporary.write_bytes(content)
            except OSError as error:
                raise AuditError(f"config: results: can't write {path}: {error.strerror}") from None
        self.files.clear()

    def shard_of(self, image_id: str, files: Path) -> str:
        """The shard of an image; the first one for an unknown image, whose job reports it.

        Args:
            image_id: id of the image.
            files: ``files.parquet``.
        """
        source = io.BytesIO(self.files[files]) if files in self.files else files
        table = pd.read_parquet(source, columns=["path", "shard"])
        named = (s for path, s in table.itertuples(index=False) if make_id(path) == image_id)
        return f"{next(named, 0):04d}"


def make(settings: Settings, folder: Path) -> Draft:
    """Look at model and dataset, and draft ``plan.json`` and ``files.parquet``.

    Raises:
        AuditError: model, images or classes can't be used as the config says.
    """
    drafted: dict[Path, bytes] = {}
    layers = _layers(settings, folder, drafted)
    identity = _model_identity(settings)
    stored, files = folder / "plan.json", folder / "files.parquet"
    if not settings.watch and stored.exists():
        last = load(folder)
        shards, others, notes = last.shards, last.other_files, last.notes
        known = pd.read_parquet(files, columns=["path", "label"])
        names = class_names.named(settings, known, _expected(settings))
    else:
        listed = _listed(settings)
        names = class_names.named(settings, listed.files, _expected(settings))
        others = listed.others
        notes = [*listed.notes, *class_names.notes(settings, listed.files, names)]
        assigned = _assigned(settings, folder, listed.files)
        shards = ledger.digests(assigned)
        drafted[files] = _by_shard(assigned)
    reference = finished.digest(filter(None, [settings.reference]), "reference")
    training = ""
    if settings.training_images:
        training = training_images.digest(expanded(settings.training_images))
    plan = Plan(shards, names, layers, identity, others, notes, reference, training)
    drafted[stored] = json.dumps(asdict(plan), indent=1).encode()
    draft = Draft(
        plan, {path: content for path, content in drafted.items() if _content(path) != content}
    )
    if stored.exists() and set(draft.files) == {files}:
        # The plan is the same and only times changed, as after a copy. A run in progress reads the
        # same shards from it, and the next start does not hash the images again.
        with suppress(AuditError):
            draft.write()
    return draft


def _listed(settings: Settings) -> scan.Listing:
    if settings.images == "demo":
        files = [(path, path.partition("/")[0], 0, 0, None) for path in photographs.audit_files()]
        return scan.Listing(scan.listing(files))
    source = expanded(settings.images)
    listed = scan.scan(source, settings.exclude, Columns(**settings.columns.model_dump()))
    faults = listed.files["fault"].dropna()
    count = len(listed.files)
    if len(faults) == count or len(faults) > settings.max_quarantined * count:
        example = listed.files["path"][faults.index[0]]
        raise AuditError(
            f"images: {len(faults):,} of {count:,} files of {source} can't be opened (config: "
            f"max_quarantined: {settings.max_quarantined}), the first is {example!r}: "
            f"{faults.iloc[0]}"
        )
    return listed


def _assigned(settings: Settings, folder: Path, files: pd.DataFrame) -> pd.DataFrame:
    demo = settings.images == "demo"
    previous = None if demo else _previous(folder)
    capacity = images_a_shard(settings.shard_size, len(files), first=previous is None)
    if demo:
        return ledger.assign(files, None, capacity, lambda path: None)
    top = scan.root(expanded(settings.images))
    return ledger.assign(files, previous, capacity, lambda path: _sha256(top / path))


def _previous(folder: Path) -> pd.DataFrame | None:
    """The last assignment of files to shards, with the hashes that the rule index found since."""
    files = folder / "files.parquet"
    if not files.exists():
        return None
    previous = pd.read_parquet(files, columns=["path", "size", "mtime_ns", "shard", "stamp"])
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
    if model_file.is_architecture(settings.model):
        modules = [_weights(settings), *modules]
    return "-".join([digest, *modules])


def _weights(settings: Settings) -> str:
    """The hash of the weights that an architecture needs."""
    digest = _sha256(expanded(settings.weights))
    if digest is None:
        raise AuditError(
            f"config: weights: {settings.model} is an architecture without weights: give the file "
            "of its weights with weights=FILE"
        )
    return digest


def _missing_module(module: str) -> str:
    raise AuditError(f"config: custom_modules: there is no file {module}")


def _layers(settings: Settings, folder: Path, drafted: dict[Path, bytes]) -> list[tuple[str, str]]:
    if settings.model == "demo":
        return list(photographs.LAYERS)
    if model_file.is_application(settings.model):
        return _application_layers(settings.model, folder / f"{settings.model}.json", drafted)
    refs = model_file.read_layers(expanded(settings.model))
    model_file.refuse_code(expanded(settings.model), settings.trust_model)
    return [(ref.name, ref.class_name) for ref in refs]


def _application_layers(
    name: str, stored: Path, drafted: dict[Path, bytes]
) -> list[tuple[str, str]]:
    """Layers of a keras.applications model, found once by Keras in another process."""
    known = _content(stored)
    if known is None:
        listed = subprocess.run(
            [sys.executable, "-m", "planning.application_layers", name],
            env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
            capture_output=True,
            text=True,
            check=False,
        )
        if listed.returncode:
            raise AuditError(f"config: model: Keras can't build {name}: {listed.stderr[-300:]}")
        known = drafted[stored] = listed.stdout.encode()
    return [(layer, kind) for layer, kind in json.loads(known)]


def _expected(settings: Settings) -> int | None:
    """The number of classes, if the model's file tells it; otherwise the first job checks it."""
    if settings.model == "demo" or model_file.is_application(settings.model):
        return None
    units = model_file.read_head_units(expanded(settings.model))
    expected = 2 if units == 1 else units
    training = model_file.read(expanded(settings.model)).training(settings.output)
    if training.regression and not training.classification and settings.task == "auto":
        return None  # it may be no classifier at all; the first job checks that
    return expected


def _sha256(path: Path) -> str | None:
    try:
        return sha256(path)
    except OSError:
        return None


def _by_shard(assigned: pd.DataFrame) -> bytes:
    """The assignment of files to shards as Parquet, with one row group for each shard."""
    table = pa.Table.from_pandas(assigned.sort_values("shard", kind="stable"), preserve_index=False)
    sizes = assigned.groupby("shard").size()
    buffer = pa.BufferOutputStream()
    with pq.ParquetWriter(buffer, table.schema) as writer:
        for end, size in zip(sizes.cumsum(), sizes, strict=True):
            writer.write_table(table.slice(end - size, size))
    return buffer.getvalue().to_pybytes()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
