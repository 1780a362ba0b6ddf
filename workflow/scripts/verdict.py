"""Compute the audit's numbers and compare the policy with them."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from convaudit.activations.own_channels import own_channels
from convaudit.checks.duplicates import duplicates
from convaudit.dataset import labels
from convaudit.dataset.ledger import content_sha256
from convaudit.dataset.table_files import META
from convaudit.metrics.classification import Answers, Scores
from convaudit.metrics.slices import folders, told_by_class
from convaudit.models.facts import ModelChoices, ModelFacts, ModelSource
from convaudit.system.atomic import atomic
from convaudit.system.checksums import sha256
from convaudit.verdict import files
from convaudit.verdict.judge import judge
from convaudit.verdict.numbers import (
    Evidence,
    confirmed_cues,
    labelled,
    numbers,
    tried_suspects,
)
from convaudit.verdict.policy import Policy
from jobs.job import job
from planning import plan as plans

OWN = {
    "image_id",
    "path",
    "label",
    "label_index",
    "predicted",
    "predicted_index",
    "probability",
    "logit",
    "true_probability",
    "true_rank",
    "brier",
    "correct",
    "top_classes",
    "top_probabilities",
    "shard",
    "row",
}
"""Columns of the predictions that name the image or hold the model's answer; the images are not
sliced by them."""
SCORES = 1 << 24
"""Greatest number of scores that are read: 64 MB as float32."""


def verdict(
    *,
    predictions: str,
    scores: list[str],
    ledger: str,
    quarantine: str,
    channels: str,
    facts: str,
    scaling: str,
    optional: dict[str, str],
    plan: Path,
    model: ModelSource,
    choices: ModelChoices,
    policy: Policy,
    expired: Sequence[int],
    audit_key: str,
    about: dict[str, str],
    metrics: str,
    result: str,
    junit: str,
    markdown: str,
) -> None:
    """Write ``metrics.json``, and the verdict as JSON, JUnit XML and Markdown.

    Args:
        predictions: ``predictions.parquet``.
        scores: .npz of each shard with scores of some images (``ScoreSample.save``).
        ledger: ``ledger.parquet``.
        quarantine: ``quarantine.csv``.
        channels: ``channels.parquet``.
        facts: ``model.json``.
        scaling: ``scaling.json``.
        optional: JSON files of stages that may be switched off: interventions, trust,
            near_duplicates, comparison.
        plan: folder with ``plan.json``.
        model: the model that the config names.
        choices: what the config sets about the model.
        policy: gates, waivers and answers.
        expired: numbers of the policy's waivers that no longer hold.
        audit_key: key that covers everything that was measured.
        about: settings ``model`` and ``images``, for ``summary.md``.
        metrics, result, junit, markdown: ``metrics.json``, ``verdict.json``, ``junit.xml`` and
            ``summary.md``, which are written.
    """
    known = ModelFacts.read(facts, choices)
    names = labels.of_model(plans.load(plan).class_names, known.classes)
    bad = pd.read_csv(quarantine, dtype=str, keep_default_na=False)
    table = _table(predictions)
    truth = table["label_index"].to_numpy(np.int32, na_value=-1)
    scored, sample = _scored(scores, table)
    labelled_too = truth[scored] >= 0
    several = _several(table, known.head, names)
    marked = None if several is None else ~np.isnan(several[scored]).any(axis=1)
    given = {name: json.loads(Path(path).read_text()) for name, path in optional.items()}
    counted = own_channels(pd.read_parquet(channels, columns=["layer", "dead"]), known)
    evidence = Evidence(
        head=known.head,
        class_names=names,
        answers=_answers(table, truth),
        sample=Scores(sample[labelled_too], truth[scored][labelled_too]),
        several=None if several is None else several[scored][marked] == 1,
        several_scores=None if several is None else sample[marked],
        columns=_columns(table[truth >= 0], truth[truth >= 0]),
        cues=confirmed_cues(
            given.get("interventions"),
            table["image_id"][truth >= 0],
            truth[truth >= 0],
            table["predicted_index"].to_numpy(np.int32)[truth >= 0],
            names,
        ),
        images_audited=len(table),
        images_quarantined=len(bad),
        empty_maps=int(table["map_empty"].sum()),
        channels=len(counted),
        dead_channels=int(counted["dead"].sum()),
        duplicates=duplicates(
            pd.read_parquet(ledger, columns=["path", "label", "sha256"]), bad["path"]
        ),
        scaling=known.scaling,
        scaling_known=known.scaling_known,
        scaling_check=json.loads(Path(scaling).read_text()),
        target_layer=known.target_layer,
    )
    found = {
        "dataset_sha256": content_sha256(Path(ledger)),
        **numbers(evidence),
        "suspects": tried_suspects(given.get("interventions"), len(names)),
        "trust": given.get("trust"),
        "near_duplicates": given.get("near_duplicates"),
        "comparison": given.get("comparison", {}).get("comparison"),
    }
    source = Path(model.source)
    identity = sha256(source) if source.is_file() else model.identity
    judged = judge(policy, found, model=identity, audit_key=audit_key, expired=expired)
    for path, text in {
        metrics: json.dumps(found, indent=1, allow_nan=False) + "\n",
        result: files.as_json(judged),
        junit: files.as_junit(judged),
        markdown: files.as_markdown(judged, {**about, "model's hash": identity}),
    }.items():
        with atomic(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    logging.info("%s: %d gates", judged.result, len(judged.gates))


def _table(predictions: str) -> pd.DataFrame:
    """Read the predictions without their list columns."""
    schema = pq.read_schema(predictions)
    wanted = [field.name for field in schema if not pa.types.is_nested(field.type)]
    return pq.read_table(predictions, columns=wanted).to_pandas()


def _answers(table: pd.DataFrame, truth: np.ndarray) -> Answers:
    names = ("probability", "true_probability", "true_rank", "brier")
    predicted = table["predicted_index"].to_numpy(np.int32)
    return labelled(
        truth, predicted, *(table[name].to_numpy(float, na_value=np.nan) for name in names)
    )


def _scored(paths: list[str], table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers and scores of a sample: the same share of the stored scores of every shard."""
    starts = table.groupby("shard").indices
    found, seen = [], []
    for path in paths:
        with np.load(path) as stored:
            rows, scores = stored["row"], stored["scores"]
        if not len(rows):
            continue
        most = max(1, SCORES // len(paths) // scores.shape[1])
        chosen = np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(int)
        found.append(scores[chosen])
        seen.append(starts[Path(path).name.partition(".")[0]][rows[chosen]])
    if not found:
        return np.empty(0, int), np.empty((0, 1), np.float32)
    return np.concatenate(seen), np.concatenate(found)


def _several(table: pd.DataFrame, head: str, names: list[str]) -> np.ndarray | None:
    """Labels (n, classes) of a multi-label dataset: 1, 0 or NaN (unknown)."""
    marks = [f"{META}{name}" for name in names]
    if head != "sigmoid" or not set(marks) <= set(table.columns):
        return None
    found = table[marks].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    return found if np.isin(found[~np.isnan(found)], (0, 1)).all() else None


def _columns(table: pd.DataFrame, truth: np.ndarray) -> dict[str, pd.Series]:
    """Columns by which labelled images are sliced: their folders, metadata and properties."""
    others = {
        name.removeprefix(META): table[name]
        for name in table.columns
        if name not in OWN and not name.startswith(("map_", "heat_"))
    }
    columns = folders(table["path"].to_list()) | others
    return {
        name: column.reset_index(drop=True)
        for name, column in columns.items()
        if not told_by_class(column, truth)
    }


if __name__ == "__main__":
    with job("verdict", snakemake.log[0], snakemake.input):
        verdict(
            predictions=snakemake.input.predictions,
            scores=snakemake.input.scores,
            ledger=snakemake.input.ledger,
            quarantine=snakemake.input.quarantine,
            channels=snakemake.input.channels,
            facts=snakemake.input.facts,
            scaling=snakemake.input.scaling,
            optional={
                name: snakemake.input[name]
                for name in ("interventions", "trust", "near_duplicates", "comparison")
                if snakemake.input[name]
            },
            plan=snakemake.params.plan,
            model=snakemake.params.model,
            choices=snakemake.params.choices,
            policy=snakemake.params.policy,
            expired=snakemake.params.expired,
            audit_key=snakemake.params.audit_key,
            about=snakemake.params.settings.model_dump(include={"model", "images"}),
            metrics=snakemake.output.metrics,
            result=snakemake.output.verdict,
            junit=snakemake.output.junit,
            markdown=snakemake.output.summary,
        )
