"""Write the report, its numbers for machines and where everything comes from."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from convaudit import gpu, heat, labels, provenance
from convaudit.atomic import atomic, atomic_folder
from convaudit.duplicates import duplicates
from convaudit.report.pages import write_report
from convaudit.report.summary import summarise
from convaudit.report.tables import Audit
from job import job
from planning import plan as planning

ROOT = Path(__file__).resolve().parents[2]
KEPT = ("image_id", "class_index", "maps", "scale")
"""Of each map that is stored, be it asked for or of an error's true class."""
VOLATILE = ("logs", "benchmarks", "provenance.json", "plan.json", "files.parquet")


def report(
    *,
    settings: dict[str, Any],
    layers: dict[str, str],
    model: dict[str, Any],
    key: str,
    page: str,
    summary: str,
    origin: str,
    threads: int,
) -> None:
    folder = Path(page).parent
    known = provenance.versions() | provenance.revision(ROOT)
    audit = gather(folder, planning.load(folder / "index"), settings, layers, known)
    numbers = summarise(audit)
    with atomic_folder(page) as temporary:
        write_report(temporary, audit, numbers)
    with atomic(summary) as temporary:
        temporary.write_text(json.dumps(numbers, indent=1, allow_nan=False) + "\n")
    with atomic(origin) as temporary:
        text = json.dumps(_origin(folder, settings, model, known, key, threads), indent=1)
        temporary.write_text(text + "\n")
    logging.info("%d images, %d findings", numbers["images_read"], len(numbers["findings"]))


def gather(
    folder: Path,
    plan: planning.Plan,
    settings: dict[str, Any],
    layers: dict[str, str],
    known: dict[str, Any],
) -> Audit:
    """Collect an audit's results. Maps are read shard by shard, when they are asked for."""
    facts = planning.described(folder / "model" / "model.json", settings)
    facts["scaling_check"] = json.loads((folder / "model" / "scaling.json").read_text())
    names = labels.of_model(plan.class_names, facts["classes"])

    def maps(shard: str) -> dict[str, np.ndarray]:
        with np.load(folder / "gradcam" / "maps" / f"{shard}.npz", allow_pickle=False) as stored:
            asked, true = ({key: stored[prefix + key] for key in KEPT} for prefix in ("", "true_"))
        kept = {key: np.concatenate([asked[key], true[key]]) for key in KEPT}
        kept["maps"] = heat.unpack(kept["maps"], kept.pop("scale"))
        return kept

    examples = sorted(path for path in (folder / "activations").iterdir() if path.is_dir())
    return Audit(
        facts=facts,
        class_names=names,
        predictions=pd.read_parquet(folder / "predictions.parquet"),
        quarantine=pd.read_csv(folder / "quarantine.csv", dtype=str),
        duplicates=duplicates(pd.read_parquet(folder / "index" / "ledger.parquet")),
        channels=pd.read_parquet(folder / "channels.parquet"),
        maps=maps,
        overlay=lambda shard, image_id: f"../gradcam/overlays/{shard}/{image_id}.jpg",
        sprite=lambda shard: f"../gradcam/sprites/{shard}.jpg",
        filters={
            layer: (f"../filters/{layer}.png", pd.read_csv(folder / "filters" / f"{layer}.csv"))
            for layer in layers
        },
        activations={
            path.name: {
                layer["name"]: f"../activations/{path.name}/{layer['id']}.png"
                for layer in facts["layers"]
                if (path / f"{layer['id']}.png").exists()
            }
            for path in examples
        },
        settings={key: value for key, value in settings.items() if key not in {"results", "watch"}},
        provenance=known,
    )


def _origin(
    folder: Path,
    settings: dict[str, Any],
    model: dict[str, Any],
    known: dict[str, Any],
    key: str,
    threads: int,
) -> dict[str, Any]:
    provenance.require_unchanged(model)
    files = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        and path.relative_to(folder).parts[0] not in VOLATILE
        and path.name not in VOLATILE
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    source = Path(model["source"])
    return {
        "schema_version": 1,
        "key": key,
        **known,
        "machine": provenance.machine(),
        "gpus": gpu.devices(),
        "tensorflow_threads": provenance.THREADS,
        "seed": settings["seed"],
        "config": settings,
        "model_sha256": provenance.sha256(source) if source.exists() else None,
        "results_sha256": provenance.hashes(files, folder, threads),
    }


if __name__ == "__main__":
    with job("report", snakemake.log[0], snakemake.input):
        report(
            settings=snakemake.params.settings,
            layers=snakemake.params.layers,
            model=snakemake.params.model,
            key=snakemake.params.key,
            page=snakemake.output.page,
            summary=snakemake.output.summary,
            origin=snakemake.output.provenance,
            threads=snakemake.threads,
        )
