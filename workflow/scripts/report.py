"""Write the report, ``summary.json``, the manifest and the provenance."""

import json
import logging
from pathlib import Path

import cv2

from convaudit import provenance
from convaudit.models.facts import ModelChoices, ModelSource
from convaudit.report import results
from convaudit.report.findings.all_findings import findings
from convaudit.report.pages import write_report
from convaudit.report.summary import summarise
from convaudit.system.atomic import atomic, atomic_folder
from convaudit.system.checksums import hashes, sha256, write_manifest
from convaudit.system.devices import device_records
from convaudit.verdict import decision as decisions
from jobs.job import job
from jobs.results_folder import hashed_files, sweep
from planning import plan as plans
from planning.run.command import command_line
from planning.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def report(
    *,
    settings: Settings,
    layers: dict[str, str],
    model: ModelSource,
    choices: ModelChoices,
    key: str,
    metrics: str,
    verdict: str,
    page: str,
    summary: str,
    manifest: str,
    origin: str,
    threads: int,
) -> None:
    """Read the results folder, write the report and hash everything in the folder.

    Args:
        settings: the whole config.
        layers: id and name of each layer whose filters were drawn.
        model: the model that the config names.
        choices: what the config sets about the model.
        key: key of this job, which covers everything that the results depend on.
        metrics: ``metrics.json``, the numbers that the policy was compared with.
        verdict: ``verdict.json``.
        page: folder that is written, with ``index.html``; the results folder is its parent.
        summary: ``summary.json`` that is written: the audit's numbers for machines.
        manifest: ``manifest-sha256.txt`` that is written: the SHA-256 of every result.
        origin: ``provenance.json`` that is written: versions, config, hashes of what was read.
        threads: number of threads that draw pictures and read files.
    """
    folder = Path(page).parent
    cv2.setNumThreads(1)  # each sheet has a thread of its own
    config = settings.model_dump(exclude={"watch"})
    code = provenance.versions() | provenance.revision(ROOT)
    plan = plans.load(folder / "index")
    devices = device_records.read(folder / "devices", plan.shards)
    for path in sweep(folder, plan.shards, layers):
        logging.info("removed %s, of an earlier state of this audit", path)
    model.require_unchanged()
    source = Path(model.source)
    model_sha256 = sha256(source) if source.exists() else None
    audit = results.read(
        folder,
        choices=choices,
        class_names=plan.class_names,
        layers=list(layers),
        notes=[*plan.notes, *device_records.mixture(devices)],
        other_files=plan.other_files,
        settings=config,
        command=command_line(config),
        provenance=code | {"devices": devices},
        model_sha256=model_sha256,
    )
    measured = json.loads(Path(metrics).read_text())
    found = findings(audit, measured["slices"])
    numbers = summarise(found, measured, json.loads(Path(verdict).read_text()))
    decision = decisions.load(settings.decision) if settings.decision else None
    with atomic_folder(page) as temporary:
        write_report(temporary, audit, found, numbers, decision, threads=threads)
    with atomic(summary) as temporary:
        temporary.write_text(json.dumps(numbers, indent=1, allow_nan=False) + "\n")
    with atomic(manifest) as temporary:
        files = hashed_files(folder, keep=settings.activations.keep)
        write_manifest(temporary, hashes(files, folder, threads))
    about = provenance.record(
        key=key,
        code=code,
        devices=devices,
        config=config,
        model_sha256=model_sha256,
        inputs=(model.weights, *model.custom_modules, settings.classes),
        manifest=Path(manifest),
    )
    with atomic(origin) as temporary:
        temporary.write_text(json.dumps(about, indent=1) + "\n")
    logging.info("%d images, %d findings", numbers["images_read"], len(numbers["findings"]))


if __name__ == "__main__":
    with job("report", snakemake.log[0], snakemake.input):
        report(
            settings=snakemake.params.settings,
            layers=snakemake.params.layers,
            model=snakemake.params.model,
            choices=snakemake.params.choices,
            key=snakemake.params.key,
            metrics=snakemake.input.metrics,
            verdict=snakemake.input.verdict,
            page=snakemake.output.page,
            summary=snakemake.output.summary,
            manifest=snakemake.output.manifest,
            origin=snakemake.output.provenance,
            threads=snakemake.threads,
        )
