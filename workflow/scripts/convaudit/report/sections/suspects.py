"""Cards of the suspects, the result of the search for shortcuts, for the report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np

from convaudit.report.results import Results

_SHOWN = ("confirmed", "fragile", "undecided", "data_only")
"""States of suspects that have a card; refuted suspects are only counted."""
_MOST_UNDECIDED = 3
_STATES = {
    "confirmed": "confirmed by experiment",
    "fragile": "the model reacts, but nothing in the data goes with it",
    "undecided": "not decided",
    "data_only": "in the data, not used by this model",
    "refuted": "refuted by experiment",
}


def write_strips(folder: Path, strips: Path, suspects: Sequence[dict[str, Any]]) -> None:
    """Copy the pictures of the experiments beside the page, so that it can be handed over.

    Args:
        folder: of the report.
        strips: folder with one picture per suspect.
        suspects: entries of ``interventions.json``.
    """
    target = folder / "shortcuts"
    target.mkdir(exist_ok=True)
    for suspect in suspects:
        picture = strips / f"{suspect['id']}.jpg"
        if picture.exists():
            copyfile(picture, target / picture.name)


def cards(
    found: dict[str, Any] | None, folder: Path, slices: Mapping[str, Sequence[Any]]
) -> dict[str, Any] | None:
    """The content of the section "Shortcuts"; None if the audit did not search for shortcuts.

    Args:
        found: ``interventions.json``.
        folder: of the report, where the strips are.
        slices: by the suspect's id those whose errors carry its cue, the worst first.
    """
    if found is None:
        return None
    told = stories(found)
    proven = sum(each["status"] != "undecided" for each in told)
    listed = told[: proven + _MOST_UNDECIDED]
    cards = [
        {
            **_card(each, rank, folder, found["cues"].get(each["id"])),
            "slices": slices.get(each["id"]),
        }
        for rank, each in enumerate(listed, 1)
    ]
    statuses = [each["status"] for each in found["suspects"]]
    return {
        "cards": cards,
        "counts": {state: statuses.count(state) for state in _STATES},
        "hidden": statuses.count("undecided") - len(listed[proven:]),
        "confirmed": statuses.count("confirmed"),
        **{name: found[name] for name in ("images", "labelled", "placebos", "undecidable")},
        "forward_passes": found["forward_passes"],
        "blind_to": found["blind_to"],
    }


def card_of(found: Mapping[str, Any] | None, cards: Sequence[Any]) -> dict[str, Any]:
    """By the suspect's id its card, if it has one. Suspects of one story share a card.

    Args:
        found: ``interventions.json``.
        cards: the cards that are shown.
    """
    told = {(card["title"], card["status"]): card for card in cards}
    known = found["suspects"] if found else []
    named = {each["id"]: told.get((each["title"], each["status"])) for each in known}
    return {suspect: card for suspect, card in named.items() if card}


def stories(found: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The suspects that may have a card, each story once, in the order of the cards."""
    known = found["suspects"] if found else []
    shown = _stories([each for each in known if each["status"] in _SHOWN])
    return sorted(shown, key=lambda each: each["status"] == "undecided")


def _stories(suspects: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first of the suspects with the same title and status; ``like`` counts the others.

    The same cue of a class may be found in several ways, such as blur in several properties. The
    images of all of them are joined.
    """
    stories: dict[tuple[str, str], dict[str, Any]] = {}
    for each in suspects:
        new = {**each, "like": -1, "images": []}
        story = stories.setdefault((each["title"], each["status"]), new)
        story["like"] += 1
        story["images"] = [*story["images"], *each["images"]]
    return list(stories.values())


def where_found(audit: Results, card: Mapping[str, Any]) -> dict[str, tuple[int, int]] | None:
    """How many images carry a suspect's cue, of how many that were checked for it: of the suspect's
    class ("own") and of the others ("others"); None if this was not searched. The class is the
    label, or the predicted class if there is none.
    """
    if card["checked"] is None:
        return None
    ids = audit.predictions["image_id"].to_pandas()
    checked, carries = (ids.isin(card[name]).to_numpy() for name in ("checked", "carriers"))
    classes = np.where(audit.labels >= 0, audit.labels, audit.predicted)
    own = classes == audit.class_names.index(card["class"])
    return {
        name: (int((checked & carries & of).sum()), int((checked & of).sum()))
        for name, of in (("own", own), ("others", ~own))
    }


def reason(shown: dict[str, Any] | None) -> dict[str, Any] | None:
    """The card of the suspect that decides the verdict: the first that blocks or asks, or None."""
    if shown is None:
        return None
    return next((each for each in shown["cards"] if each["severity"] in ("block", "ask")), None)


def cue_of(
    shown: dict[str, Any] | None, image_id: str, predicted: str
) -> tuple[dict[str, Any], str] | None:
    """The card of the first suspect of the class ``predicted`` whose cue the image carries, and
    "carries". If there is none, that of the first confirmed suspect of the class, and "absent" if
    the image was checked for its cue, "unchecked" if not.
    """
    cards = [each for each in shown["cards"] if each["class"] == predicted] if shown else []
    for card in cards:
        if image_id in card["carriers"]:
            return card, "carries"
    for card in cards:
        if card["status"] == "confirmed":
            return card, "absent" if image_id in card["checked"] else "unchecked"
    return None


def _card(
    suspect: dict[str, Any], rank: int, folder: Path, cue: Mapping[str, Any] | None
) -> dict[str, Any]:
    picture = folder / "shortcuts" / f"{suspect['id']}.jpg"
    return {
        **suspect,
        "carriers": set(cue["carriers"] if cue else suspect["images"]),
        "checked": set(cue["checked"]) if cue else None,
        "rank": rank,
        "state": _STATES[suspect["status"]],
        "strip": f"shortcuts/{picture.name}" if picture.exists() else None,
    }
