"""Findings about the data: duplicates, unreadable files, training images, dead channels."""

from typing import Any

from convaudit.report.findings.finding import Finding
from convaudit.report.results import Results


def data_findings(audit: Results) -> list[Finding]:
    found = []
    crossed = audit.duplicates[audit.duplicates["across_labels"]]
    if len(crossed):
        text = (
            f"{len(crossed):,} files have the same content as a file with another label. At most "
            "one of the labels is right."
        )
        found.append(Finding("data", "The same image under two labels", text, "#duplicates"))
    found += _near_duplicates(audit.near_duplicates)
    if len(audit.quarantine):
        count = len(audit.quarantine)
        text = f"{count:,} of {count + audit.count:,} files could not be read or are not images."
        found.append(Finding("data", "Unreadable files", text, "#quarantine"))
    if audit.assumptions:
        text = " ".join(f"{note[0].upper()}{note[1:]}." for note in audit.assumptions)
        found.append(Finding("data", "What the audit assumes of the images", text, "#data"))
    channels = audit.own_channels
    dead = channels["dead"].mean() if len(channels) else 0
    if dead > 0.05:
        text = (
            f"{int(channels['dead'].sum()):,} of {len(channels):,} channels "
            f"({dead:.0%}) are dead: they fire for no image."
        )
        found.append(Finding("data", "Dead channels", text, "#sees"))
    return found


def _near_duplicates(known: dict[str, Any] | None) -> list[Finding]:
    if not known:
        return []
    found = []
    if count := known["images_across_labels"]:
        text = (
            f"{count:,} images look nearly the same as an image with another label. Each may be a "
            "copy that was resized, recompressed or slightly cropped, or a picture of the same "
            "series. If it is a copy, at most one of the labels is right. duplicates.parquet lists "
            "them."
        )
        title = "Images that look alike under two labels"
        found.append(Finding("data", title, text, "#duplicates"))
    training = known["training"]
    if training and training["images"]:
        text = (
            f"{training['images']:,} audited images ({training['share']:.1%}) are among the "
            f"training images, {training['exact']:,} of them as the same file. "
            f"{_with_and_without(training)}An accuracy on training images says nothing about "
            "new images."
        )
        title = "The model was trained on audited images"
        found.append(Finding("data", title, text, "#duplicates"))
    return found


def _with_and_without(training: dict[str, Any]) -> str:
    among, without = training["accuracy_among"], training["accuracy_without"]
    if among is None or without is None:
        return ""
    return f"The accuracy is {among:.1%} on these and {without:.1%} on the others. "
