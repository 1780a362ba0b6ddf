"""An audit in one screen, before any of it runs: the model, the images, the effort."""

from typing import Any

import pandas as pd

from convaudit.errors import printable

_MOST_LAYERS = 20
_MOST_LABELS = 12


def describe_model(facts: dict[str, Any], watched: list[str], filtered: list[str]) -> str:
    """What the model is, what is explained, and its layers; of many the first and the last."""
    family = f" ({facts['family']})" if facts["family"] else ""
    certainty = "known" if facts["scaling_known"] else "A GUESS"
    why = facts["scaling_why"].removeprefix("a guess: ")
    return "\n".join(
        [
            f"model         {facts['format']}{family}, {facts['parameters']:,} parameters",
            f"input         {' × '.join(map(str, facts['input']))}",
            f"head          {facts['head']}, {facts['classes']} classes",
            f"heat from     {facts['target_layer']}: {facts['target_why']}",
            f"scaling       {facts['scaling']}, {certainty}: {why}",
            "",
            f"{'layer':<34}{'class':<24}{'output':<20}{'parameters':>12}  shown",
            *_layers(facts["layers"], set(watched), set(filtered)),
            "",
        ]
    )


def _layers(layers: list[dict[str, Any]], watched: set[str], filtered: set[str]) -> list[str]:
    lines = []
    for layer in layers:
        shown = ["activations"] * (layer["name"] in watched)
        shown += ["filters"] * (layer["name"] in filtered)
        shape = " × ".join(str(side or "?") for side in layer["shape"])
        lines.append(
            f"{printable(layer['name']):<34}{layer['kind']:<24}{shape:<20}{layer['parameters']:>12,}"
            f"  {', '.join(shown)}"
        )
    if len(lines) > _MOST_LAYERS:
        half = _MOST_LAYERS // 2
        between = f"… {len(lines) - 2 * half:,} more are in model/model.json of the results"
        lines[half:-half] = [between]
    return lines


def describe_images(files: pd.DataFrame) -> str:
    """Files by label, and what looks alike: ``files`` has path, label, size, fault."""
    by_label = files["label"].fillna("(no label)").value_counts().sort_index()
    listed = ", ".join(
        f"{printable(label)} {count:,}" for label, count in by_label.head(_MOST_LABELS).items()
    )
    more = len(by_label) - _MOST_LABELS
    names = files["path"].str.rpartition("/")[2]
    sizes = files.loc[files["size"] > 0, "size"]
    return "\n".join(
        [
            f"images        {len(files):,} files, {files['size'].sum() / 1e6:,.0f} MB, "
            f"{files['fault'].notna().sum():,} can't be opened",
            f"labels        {len(by_label):,}: {listed}" + (f" and {more:,} more" * (more > 0)),
            f"look alike    {sizes.duplicated(keep=False).sum():,} share their size in bytes with "
            f"another, {names.duplicated(keep=False).sum():,} their name",
        ]
    )


def describe_check(found: dict[str, Any]) -> str:
    """What came of trying other scalings (``check_scaling``)."""
    if not found["images"]:
        return "accuracy      not known: the images have no label"
    accuracies = found["accuracies"]
    line = (
        f"accuracy      {accuracies[found['used']]:.0%} of {found['images']} labelled images, "
        f"with scaling {found['used']}"
    )
    if found["better"]:
        return (
            f"{line}\n              BUT {accuracies[found['better']]:.0%} with "
            f"{found['better']}: was the model trained so? Then set preprocess.scaling"
        )
    return line + (": no other is clearly better" * (len(accuracies) > 1))


def describe_room(each: int, images: int, free: int) -> str:
    """What every image's activation maps take on disk, and whether there is room: bytes."""
    line = (
        f"kept maps     up to {_size(each * images)}, before compression: {images:,} images of "
        f"{_size(each)}; {_size(free)} are free"
    )
    if each * images <= free:
        return line
    return (
        f"{line}: MAYBE TOO LITTLE\n              (fewer activations.layers need less, results= "
        "names another disk, activations.keep: none keeps none)"
    )


def _size(count: int) -> str:
    units = ("bytes", "kB", "MB", "GB", "TB", "PB")
    step = min((len(f"{count}") - 1) // 3, len(units) - 1)
    return f"{count / 1000**step:,.3g} {units[step]}"
