"""Describe an audit on one screen before it runs: model, images, time and disk space."""

import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd

from convaudit.dataset.images import INTERPOLATIONS
from convaudit.errors import printable
from convaudit.models.facts import LayerInfo, ModelFacts
from convaudit.system.progress import duration

_MOST_LAYERS = 12
_MOST = 10
_LONGEST = 24
_WIDTH = 100
_HEADS = {
    "softmax": "one class per image, softmax",
    "sigmoid": "several classes per image, a sigmoid each",
    "binary": "one unit, positive for the second class",
    "logits": "one class per image, logits without softmax",
}


def describe_layers(facts: ModelFacts, watched: list[str], filtered: list[str]) -> str:
    """A table of the layers and what is drawn of each; of many layers only the first and the
    last.
    """
    return "\n".join(
        [
            f"{'layer':<34}{'class':<24}{'output':<20}{'parameters':>12}  shown",
            *_layers(facts.layers, set(watched), set(filtered)),
            "",
        ]
    )


def describe_model(facts: ModelFacts, names: Sequence[str] | None, method: str) -> str:
    """Format, input, head, classes, target layer and scaling; ``names`` in index order."""
    named = f"in index order: {_few(names)}" if names else "have no names: classes=FILE gives them"
    family = f" ({facts.family})" if facts.family else ""
    size = " × ".join(map(str, facts.input)) + "; other sizes are possible" * facts.input_open
    certainty = "known" if facts.scaling_known else "A GUESS"
    why = facts.scaling_why.removeprefix("a guess: ")
    return "\n".join(
        [
            _line("model", f"{facts.format}{family}, {facts.parameters:,} parameters"),
            _line("input", size),
            _line("head", _HEADS[facts.head]),
            _line("classes", f"{facts.classes:,} {named}"),
            _line("heat", f"{method} from {facts.target_layer}: {facts.target_why}"),
            _line("scaling", f"{facts.scaling_name}, {certainty}: {why}"),
        ]
    )


def _line(title: str, text: str) -> str:
    """A titled paragraph, its lines indented alike."""
    indent = " " * 14
    return textwrap.fill(
        f"{title:<14}{text}", _WIDTH, subsequent_indent=indent, break_on_hyphens=False
    )


def _few(items: Sequence[str]) -> str:
    items = [printable(item) for item in items]
    shown = [item if len(item) <= _LONGEST else f"{item[:_LONGEST]}…" for item in items]
    more = len(items) - _MOST
    return ", ".join(shown[:_MOST]) + f" and {more:,} more" * (more > 0)


def _layers(layers: Sequence[LayerInfo], watched: set[str], filtered: set[str]) -> list[str]:
    lines = []
    for layer in layers:
        shown = ["activations"] * (layer.name in watched)
        shown += ["filters"] * (layer.name in filtered)
        shape = " × ".join(str(side or "?") for side in layer.shape)
        lines.append(
            f"{printable(layer.name):<34}{layer.kind:<24}{shape:<20}{layer.parameters:>12,}"
            f"  {', '.join(shown)}"
        )
    if len(lines) > _MOST_LAYERS:
        half = _MOST_LAYERS // 2
        between = f"… {len(lines) - 2 * half:,} more are in model/model.json of the results"
        lines[half:-half] = [between]
    return lines


def describe_images(
    files: pd.DataFrame, others: dict[str, int], notes: Sequence[str], interpolation: str
) -> str:
    """Describe the files by label, possible duplicates and assumptions.

    Args:
        files: path, label, size, fault.
        others: number of other files by file ending.
        notes: assumptions about the images, one sentence each.
        interpolation: as in the config.
    """
    names = files["path"].str.rpartition("/")[2]
    sizes = files.loc[files["size"] > 0, "size"]
    unopened = files["fault"].notna().sum()
    return "\n".join(
        [
            _line(
                "images",
                f"the audit reads {len(files):,} file{'s' * (len(files) != 1)} with "
                f"{files['size'].sum() / 1e6:,.0f} MB"
                + f"; {unopened:,} of them can't be opened"
                * bool(unopened)
                + f"; {sum(others.values()):,} other files beside them are not read "
                f"({_few([f'{ending} {count:,}' for ending, count in others.items()])})"
                * bool(others),
            ),
            _line("labels", _by_label(files["label"])),
            _line(
                "copies",
                f"{sizes.duplicated(keep=False).sum():,} files may be copies, because another file "
                f"has as many bytes; {names.duplicated(keep=False).sum():,} files have the name of "
                "another file",
            ),
            _line("resizing", f"{interpolation}, as {INTERPOLATIONS[interpolation]}"),
            *(_line("ASSUMED", note) for note in notes),
        ]
    )


def _by_label(labels: pd.Series) -> str:
    if labels.isna().all():
        return "the images have no labels"
    counts = labels.fillna("(no label)").value_counts().sort_index()
    listed = [f"{label} {count:,}" for label, count in counts.items()]
    return (
        f"{len(counts):,} labels have {counts.min():,} to {counts.max():,} images each: "
        f"{_few(listed)}"
    )


def describe_device(device: str) -> str:
    """Describe the device."""
    return _line("device", device)


def describe_guess(facts: ModelFacts, found: dict[str, Any] | None) -> str:
    """Say what depends on a guessed scaling; this stands at the top (``check_guess``; None without
    an image).
    """
    why = facts.scaling_why.removeprefix("a guess: ")
    text = f"the pixels are scaled as {facts.scaling_name}, which is a guess: {why}."
    if found:
        changed = [
            f"{share:.0%} with {name}"
            for name, share in found["changed"].items()
            if name != found["used"]
        ]
        text += (
            f" On {found['images']} images another scaling changes this share of the predictions: "
            f"{', '.join(changed)}."
        )
        if found["likelier"]:
            text += f" {found['likelier'].upper()} FITS BETTER: {found['why']}."
    return _line("A GUESS", f"{text} Set preprocess.scaling to that of the training.") + "\n"


def describe_check(found: dict[str, Any]) -> str:
    """The accuracy with the scaling in use and with others (``check_scaling``)."""
    if not found["images"]:
        return "accuracy      it is not known, because the images have no labels"
    accuracies = found["accuracies"]
    line = (
        f"accuracy      {accuracies[found['used']]:.0%} of {found['images']} labelled images are "
        f"predicted right with the scaling {found['used']}"
    )
    if found["set"]:
        also = f" (or {found['also'][0]}, which explains as much)" if found["also"] else ""
        way = found["advice"] + also
        return (
            f"{line},\n              BUT {found['accuracy']:.0%} are with {way}; "
            "if the model was trained with it, set it"
        )
    return line + ("; no other is clearly better" * (len(accuracies) > 1))


def describe_resizing(found: dict[str, Any]) -> str:
    """The accuracy with other ways to resize (``check_resizing``)."""
    shares = found["accuracies"] or found["changed"]
    others = {name: share for name, share in shares.items() if name != found["used"]}
    listed = ", ".join(f"{name} {share:.0%}" for name, share in others.items())
    if not found["accuracies"]:
        return _line("", f"another way to resize changes this share of the predictions: {listed}")
    text = (
        f"{shares[found['used']]:.0%} are predicted right if they are resized by {found['used']}; "
        f"by other ways: {listed}"
    )
    if found["better"]:
        text += (
            f". {found['better']} IS CLEARLY BETTER: if the training images were resized by it, "
            f"set preprocess.interpolation: {found['better']}"
        )
    return _line("", text)


def describe_effort(
    images: float, filters: float, patterns: dict[str, int], disk: float, each: str
) -> str:
    """The time and the disk space of the whole audit.

    Args:
        images: seconds for the images.
        filters: seconds for the patterns.
        patterns: number of patterns by layer.
        disk: bytes.
        each: the time of one image, in words.
    """
    return _line(
        "forecast",
        f"the audit takes {duration(images + filters)} on this machine, as measured on a sample: "
        f"{duration(images)} for the images ({each} each) and {duration(filters)} for "
        f"{sum(patterns.values()):,} patterns of {len(patterns):,} layers; it needs "
        f"{_size(int(disk))} on the disk",
    )


def describe_room(each: int, images: int, free: int) -> str:
    """The disk space of all activation maps, and whether it is free; in bytes."""
    text = (
        f"{images:,} images need up to {_size(each)} each, {_size(each * images)} in all, before "
        f"compression; {_size(free)} are free"
    )
    if each * images > free:
        text += (
            ". THIS MAY BE TOO LITTLE: fewer activations.layers need less, results= names another "
            "disk, activations.keep: none keeps none"
        )
    return _line("kept maps", text)


def _size(count: int) -> str:
    units = ("bytes", "kB", "MB", "GB", "TB", "PB")
    step = min((len(f"{count}") - 1) // 3, len(units) - 1)
    return f"{count / 1000**step:,.3g} {units[step]}"
