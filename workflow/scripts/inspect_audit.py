"""Print what an audit would work on, before any of it runs: the model, the images, the effort."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from convaudit import dataset, images
from convaudit.scaling import SCALINGS
from job import job
from tensorflow_job import open_network

SAMPLE = 16
"""Images that the forecast is measured on."""


def inspect(
    *,
    facts: str,
    index: str,
    source: str,
    model: dict[str, Any],
    settings: dict[str, Any],
    watched: list[str],
    filtered: list[str],
) -> None:
    known = json.loads(Path(facts).read_text())
    files = pd.read_parquet(Path(index) / "files.parquet")
    print(describe_model(known, watched, filtered))
    print(describe_images(files))
    print(_forecast(known, files, Path(source), model, settings))


def describe_model(facts: dict[str, Any], watched: list[str], filtered: list[str]) -> str:
    """The model in a screen: what it is, what is explained, and its layers."""
    family = f" ({facts['family']})" if facts["family"] else ""
    certainty = "known" if facts["scaling_known"] else "A GUESS"
    lines = [
        f"model         {facts['format']}{family}, {facts['parameters']:,} parameters",
        f"input         {' × '.join(map(str, facts['input']))}",
        f"head          {facts['head']}, {facts['classes']} classes",
        f"heat from     {facts['target_layer']}: {facts['target_why']}",
        f"scaling       {facts['scaling']}, {certainty}: {facts['scaling_why']}",
        "",
        f"{'layer':<34}{'class':<24}{'output':<20}{'parameters':>12}  shown",
    ]
    for layer in facts["layers"]:
        shown = ["activations"] * (layer["name"] in watched) + ["filters"] * (
            layer["name"] in filtered
        )
        shape = " × ".join(str(side or "?") for side in layer["shape"])
        lines.append(
            f"{layer['name']:<34}{layer['kind']:<24}{shape:<20}{layer['parameters']:>12,}"
            f"  {', '.join(shown)}"
        )
    return "\n".join(lines) + "\n"


def describe_images(files: pd.DataFrame) -> str:
    """The dataset in a few lines: files by label, and what looks alike."""
    by_label = files["label"].fillna("(no label)").value_counts().sort_index()
    listed = ", ".join(f"{label} {count}" for label, count in by_label.head(20).items())
    more = f" and {len(by_label) - 20} more" if len(by_label) > 20 else ""
    names = files["path"].str.rpartition("/")[2]
    sizes = files.loc[files["size"] > 0, "size"]
    return "\n".join(
        [
            f"images        {len(files):,} files, {files['size'].sum() / 1e6:,.0f} MB, "
            f"{files['fault'].notna().sum()} can't be opened",
            f"labels        {len(by_label)}: {listed}{more}",
            f"look alike    {sizes.duplicated(keep=False).sum():,} share their size in bytes with "
            f"another, {names.duplicated(keep=False).sum():,} their name",
        ]
    )


def _forecast(
    facts: dict[str, Any],
    files: pd.DataFrame,
    source: Path,
    model: dict[str, Any],
    settings: dict[str, Any],
) -> str:
    """Time and disk for all images, measured on a few."""
    readable = files[files["fault"].isna()]
    chosen = readable.iloc[
        np.linspace(0, len(readable) - 1, min(SAMPLE, len(readable))).astype(int)
    ]
    height, width, _ = facts["input"]
    began = time.perf_counter()
    pixels = []
    for path in chosen["path"]:
        try:
            image = images.decode((dataset.root(source) / path).read_bytes())
        except (OSError, images.Unreadable):
            continue
        pixels.append(images.resize(image, (height, width), "area"))
    if not pixels:
        return "forecast      none: no image of the sample can be read"
    reading = (time.perf_counter() - began) / len(pixels)
    looking = _seconds_an_image(np.stack(pixels), facts, model)
    seconds = len(files) * (2.5 * reading + 1.4 * looking)
    side = next(x["shape"] for x in facts["layers"] if x["name"] == facts["target_layer"])[:2]
    stored = height * width * 3 + 2 * int(np.prod([s or 7 for s in side])) + 60_000
    return (
        f"forecast      {_duration(seconds)} beside the filters, on one core; "
        f"{len(files) * stored / 1e9:,.2f} GB on disk "
        f"(reading {reading * 1e3:.1f} ms, the network {looking * 1e3:.1f} ms an image)"
    )


def _seconds_an_image(pixels: np.ndarray, facts: dict[str, Any], model: dict[str, Any]) -> float:
    _, network = open_network(model)
    batch = SCALINGS[facts["scaling"]].apply(pixels.astype(np.float32))
    network.run(batch)
    began = time.perf_counter()
    network.run(batch)
    return (time.perf_counter() - began) / len(batch)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


if __name__ == "__main__":
    with job("inspect", snakemake.log[0]):
        inspect(
            facts=snakemake.input.facts,
            index=snakemake.params.index,
            source=snakemake.params.images,
            model=snakemake.params.model,
            settings=snakemake.params.settings,
            watched=snakemake.params.watched,
            filtered=snakemake.params.filtered,
        )
