"""The title of a suspect, and the sentences about its trials."""

from convaudit.shortcuts.candidate import Candidate
from convaudit.shortcuts.cues import own_part
from convaudit.shortcuts.laboratory.paired import pairs_needed
from convaudit.shortcuts.laboratory.trials import CONFIRMED, Trial
from convaudit.shortcuts.place_candidates import CHANGING, SEVERAL, WHOLE

_DETAIL = {"sharpen": "sharpening", "fine detail": "the kind of fine detail"}


def title(candidate: Candidate, name: str, status: str) -> str:
    """Say in one sentence what was found about the class ``name``."""
    what = {
        "place": f"a {_mark(candidate)}",
        "border": "the border of the picture",
        "patch": _thing(candidate),
        "colour": "a colour cast",
        "compression": "JPEG compression",
        "sharpness": _DETAIL.get(candidate.name, "blur"),
        "resolution": "low resolution",
        "noise": "specks or thin strokes" if candidate.name == "specks" else "noise",
        "size": "the size of the file's picture",
        "saturation": "the strength of colours",
        "pattern": "a periodic pattern",
        "context": "what surrounds the thing more than on the thing itself",
    }.get(candidate.cue, candidate.cue)
    verb = {
        "confirmed": "depends on",
        "undecided": "may depend on",
        "fragile": "is pushed over by",
        "data_only": "is not moved by",
        "refuted": "does not depend on",
    }[status]
    return f"“{name}” {verb} {what}"


def _thing(candidate: Candidate) -> str:
    if "rgb" in candidate.detail:
        return f"a small part of one colour (red, green, blue: {candidate.detail['rgb']})"
    if candidate.name == own_part.NAME:
        return "small parts of one kind"
    return "a piece of picture that returns"


def _mark(candidate: Candidate) -> str:
    changing = candidate.name.startswith(CHANGING)
    where = candidate.detail.get("where", "picture")
    at = {SEVERAL: f"at {SEVERAL}", WHOLE: f"over the {WHOLE}"}.get(str(where), f"at the {where}")
    return f"{CHANGING if changing else 'fixed mark'} {at}"


def text_of(
    name: str, status: str, inserted: Trial | None, removed: Trial | None, level: float
) -> str:
    """Say what the trials of a suspect counted; ``level`` is that of their intervals."""
    if inserted is None:
        return (
            "The cue goes with the class in the data, but it is not in the pixels, so no model can "
            "see it."
        )
    difference = inserted.difference
    parts = [
        f"With the cue inserted, {inserted.flips} of {difference.pairs} images of other classes "
        f"are predicted as “{name}”; after an equally large change of another kind, "
        f"{inserted.control_flips} are. The difference is {difference.value:.0%} (95 % interval, "
        f"corrected for the number of suspects: {difference.low:.0%} to {difference.high:.0%})."
    ]
    if removed is not None and removed.difference.pairs:
        parts.append(
            f"With the cue removed, {removed.flips} of {removed.difference.pairs} images of "
            f"“{name}” are predicted as another class; with as much removed elsewhere, "
            f"{removed.control_flips} are."
        )
        if difference.low >= CONFIRMED and removed.flips <= removed.control_flips:
            parts.append(
                f"So the cue is enough for the prediction “{name}”, but these images do not need "
                "it."
            )
    if status == "undecided":
        goal = max(difference.value, 0.0)
        discordant = (difference.first + difference.second) / max(difference.pairs, 1)
        more = pairs_needed(goal, discordant, level)
        parts.append(f"About {more} images of other classes would be enough to decide.")
    return " ".join(parts)
