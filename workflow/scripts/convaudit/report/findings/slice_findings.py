"""Findings about slices, parts of the data on which the accuracy is lower than on the rest."""

from collections.abc import Mapping, Sequence
from typing import Any

from convaudit.metrics.cues import CueShare
from convaudit.report.findings.finding import SHOWN, Finding
from convaudit.report.sections.suspects import stories
from convaudit.report.wording import percent, slice_words

Row = Mapping[str, Any]


def slice_findings(
    slices: Sequence[Row], shortcuts: Mapping[str, Any] | None = None
) -> list[Finding]:
    """One finding for each confirmed suspect whose cue the errors of slices carry, and one for each
    further story: its worst slice, and the slices with mostly the same errors.

    Args:
        slices: those of ``summary.json``, the worst first.
        shortcuts: ``interventions.json``; None if shortcuts are not looked for.
    """
    titles = {
        each["id"]: f"suspect {rank} ({each['title']})"
        for rank, each in enumerate(stories(shortcuts), 1)
    }
    return [
        _of_suspect(group, titles[name]) if name in titles else _of_story(group)
        for name, group in stories_of(slices).items()
    ]


def stories_of(slices: Sequence[Row]) -> dict[str, list[Row]]:
    """The slices of each story that are findings, the worst first, by the id of the suspect whose
    cue the errors of the story's worst slice carry, else by the name of that slice.
    """
    found: dict[str, list[Row]] = {}
    for head in (each for each in slices if each["story"] == each["name"]):
        same = [each for each in slices if each["story"] == head["name"]]
        name = head["suspect"]["id"] if head["suspect"] else head["name"]
        found.setdefault(name, []).extend(same)
    return found


def _of_suspect(group: Sequence[Row], title: str) -> Finding:
    first = group[0]
    cue = CueShare(**first["suspect"])
    errors = first["support"] - first["right"]
    text = f"{_accuracy(first)} {_carriers(cue, errors, title)}"
    if others := group[1:]:
        names = [slice_words(each["name"]) for each in others[:SHOWN]]
        verb = "slice has" if len(others) == 1 else "slices have"
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        text += (
            f" {len(others)} more {verb} mostly the same errors, or errors with the same cue: "
            f"{', '.join(names)}{more}."
        )
    where = slice_words(first["name"]) if len(group) == 1 else f"{len(group)} slices"
    name = f"The errors on {where} go with {title.partition(' (')[0]}"
    return Finding("slice", name, text, f"#{cue.id}", first["support"], suspect=cue)


def _of_story(group: Sequence[Row]) -> Finding:
    first = group[0]
    text = _accuracy(first)
    if same := [slice_words(each["name"]) for each in group[1:]]:
        verb = "This slice has" if len(same) == 1 else "These slices have"
        text += f" {verb} mostly the same errors: {', '.join(same)}."
    title = f"The accuracy is lower on {slice_words(first['name'])}"
    return Finding("slice", title, text, "#slices", first["support"])


def _accuracy(one: Row) -> str:
    return (
        f"The accuracy is {percent(one['accuracy'])} on {one['support']:,} images with "
        f"{slice_words(one['name'])} (95 % interval {percent(one['accuracy_95_low'])} to "
        f"{percent(one['accuracy_95_high'])}) and {percent(one['rest_accuracy'])} on all other "
        "images."
    )


def _carriers(cue: CueShare, errors: int, suspect: str) -> str:
    """Say how many of a group's ``errors`` carry the cue of a suspect, as in "23 of these 25 errors
    carry the cue of suspect 1"; where not all were checked, how many were.
    """
    if cue.checked == errors:
        return f"{cue.carriers:,} of these {errors:,} errors carry the cue of {suspect}."
    some = "all" if cue.carriers == cue.checked else f"{cue.carriers:,} of them"
    return (
        f"{cue.checked:,} of these {errors:,} errors were checked for the cue of {suspect}; {some} "
        "carry it."
    )
