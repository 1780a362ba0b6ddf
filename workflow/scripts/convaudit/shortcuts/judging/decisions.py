"""Make a suspect of a candidate and its trials: status, severity and a sentence with counts."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from convaudit.shortcuts.candidate import Candidate, Evidence
from convaudit.shortcuts.candidates import COPIES, FLOOR_AUC, FLOOR_R, Discovery
from convaudit.shortcuts.changes.experiments import Crop, Drawing, Region
from convaudit.shortcuts.changes.recipes import DETAIL
from convaudit.shortcuts.cues import own_colour, own_part
from convaudit.shortcuts.judging.consequences import explained, mirrored, uncovered
from convaudit.shortcuts.judging.suspect import Suspect, short
from convaudit.shortcuts.judging.wording import text_of, title
from convaudit.shortcuts.laboratory.trials import (
    CONFIRMED,
    LEAST_PAIRS,
    LOOKS,
    REFUTED,
    Laboratory,
    Trial,
)
from convaudit.shortcuts.place_candidates import SEVERAL
from convaudit.shortcuts.sample import Sample

MOST_IMAGES = 50
"""Greatest number of listed images with the cue."""
_CLEAR_AUC = 0.25
"""Least distance of an AUC from 0.5 at which blur, noise and the like can't be a trait of the
class."""
_BLOCKS = 0.4
"""A patch, blur, noise and the like block if the lower end of their effect is at least this. In the
planted benchmark, with trials of 40 to 80 images, the patches that the model relied on for more
than 85 % of images had lower ends of 0.48 to 0.65, blur, noise and the like 0.42 to 0.71. Those of
a class's own object had 0.10 to 0.19, a blur in a network that was sensitive to any blur 0.16
(tuning case N6-C2-95-A-residual-2)."""
_ASKS = 0.25
"""A person is asked only if the lower end of the effect is at least this. With trials of 40 to 80
images, a cue that was not planted, such as the contrast of a class, had 0.12 to 0.26 in the tuning
cases, in one case 0.52; a planted cue that the model relied on for 65 % of images had 0.27 and
0.48. 250 images of the same share give 0.1 to 0.2 more than 40 do."""
_CLEAR = {"evenness": 0.55, "strength": 8.0, "softness": 1.45, "softer": 0.7, "dots": 0.8}
"""Noise and blur block if their signs are at least these; with less they may be the class's texture
or smoothness, or the detail that pictures of a blurred class lack. Gravel had an evenness of 0.42
without noise and 0.68 with it in the planted benchmark's tuning cases; ordinary photographs have a
strength of 5 levels (``grain``) and a softness of 0.6, radiographs of 1.1, the demo's bricks of up
to 1.42 (``focus``). In small pictures that were enlarged everything is soft, so a blurred class
must be softer than the others: by 0.6 to 1.5 in the tuning cases, while the digit 1 is softer than
other digits by 0.5 to 0.6. Specks are impulse noise if this share of them is dots (0.92 to 0.94 in
photographs with impulse noise); strokes, as of hairs and rain (0.54 to 0.58), may be the thing
itself (photographs without them: 0.59 to 0.70; all are medians of 96)."""
_LESS_SAID = 0.85
"""The effect of a patch, and of several marks together, is multiplied by this for the order of
suspects: a mark at a fixed place is found as a patch too, and the suspect with the place says
more."""
_PARTS = (own_colour.NAME, own_part.NAME)
"""Suspects that are found by what they look like, so they may be parts of the class's own thing."""
_STRONG_AUC = 0.3
"""Least distance of an AUC from 0.5 for a warning about a cue that the model does not use."""


def decide(
    sample: Sample, candidates: Sequence[Candidate], laboratory: Laboratory
) -> list[Suspect]:
    """Try every candidate and judge it.

    Of the confirmed suspects of one class and family (for example, all that remove fine detail)
    only the one that explains the class's look best is kept, because the others follow from it.
    """
    judged = [
        (each, _suspect(sample, each, *_tried(each, laboratory), laboratory.level))
        for each in candidates
    ]
    kept: list[tuple[Candidate, Suspect]] = []
    for candidate, suspect in sorted(judged, key=lambda each: _order(*each)):
        if not any(_one_story(candidate, suspect, *other) for other in kept):
            kept.append((candidate, suspect))
    found = [suspect for _, suspect in kept]
    return [
        each
        for each in found
        if not (explained(each, found) or mirrored(each, found) or uncovered(each, found))
    ]


def _tried(candidate: Candidate, laboratory: Laboratory) -> tuple[Trial | None, Trial | None]:
    experiment = candidate.experiment
    if experiment is None:
        return None, None
    inserted = laboratory.insert(candidate, experiment, enough=_enough(candidate))
    if not experiment.fills:
        return inserted, None
    looks = LOOKS if _removal_may_decide(candidate, inserted) else LOOKS[:1]
    return inserted, laboratory.remove(candidate, experiment, looks)


def _enough(candidate: Candidate) -> float:
    """The lower end of the effect from which on more pairs can't change the severity."""
    if candidate.kind == "appearance":
        return _ASKS
    return _BLOCKS if _may_be_weak(candidate) else CONFIRMED


def _may_be_weak(candidate: Candidate) -> bool:
    return candidate.cue == "patch" or candidate.name in DETAIL


def _removal_may_decide(candidate: Candidate, inserted: Trial) -> bool:
    """False if the status follows from the insertion alone (``_status``): then the removal only
    shows whether images need the cue, for which the first look is enough.
    """
    if inserted.plain.high < REFUTED:
        return True
    confirmed = inserted.difference.low >= CONFIRMED
    if candidate.cue == "context":
        return confirmed
    return candidate.kind != "appearance" and not confirmed


def _suspect(
    sample: Sample,
    candidate: Candidate,
    inserted: Trial | None,
    removed: Trial | None,
    level: float,
) -> Suspect:
    data, holds = _evidence(sample, candidate)
    status = _status(candidate, data, holds, inserted, removed)
    severity = severity_of(candidate, data, status, inserted)
    images, count = _images(sample, candidate)
    name = sample.class_names[candidate.target]
    hashed = f"{candidate.cue}|{name}|{candidate.name}"
    return Suspect(
        id=f"s-{hashlib.sha256(hashed.encode()).hexdigest()[:10]}",
        cue=candidate.cue,
        kind=candidate.kind,
        target=name,
        title=title(candidate, name, status),
        text=text_of(name, status, inserted, removed, level),
        status=status,
        severity=severity,
        data=data,
        insert=inserted,
        remove=removed,
        images=images,
        image_count=count,
        carries=candidate.carries,
        pairs=inserted.pairs if inserted else [],
        detail=facts_of(candidate),
    )


def facts_of(candidate: Candidate) -> dict[str, Any]:
    """Facts for the JSON, which knows no NaN: what could not be measured is None."""
    known = {
        name: None if isinstance(value, float) and np.isnan(value) else value
        for name, value in candidate.detail.items()
    }
    return {**known, "likeness": short(candidate.likeness), "name": candidate.name}


def _evidence(sample: Sample, candidate: Candidate) -> tuple[Evidence, bool]:
    """The evidence in the data on the confirming half, and whether it holds there too.

    The evidence of places, patches and surroundings was measured on a part of the discovering half
    and is kept.
    """
    name = candidate.detail.get("property")
    if name is None:
        return candidate.evidence, True
    found = Discovery(sample, candidate.target).evidence(
        sample.properties[str(name)].to_numpy(float), sample.confirm
    )
    same_side = (found.auc - 0.5) * (candidate.evidence.auc - 0.5) > 0
    holds = (same_side and abs(found.auc - 0.5) >= FLOOR_AUC / 2) or abs(found.r) >= FLOOR_R / 2
    return found, holds


def _status(
    candidate: Candidate,
    data: Evidence,
    holds: bool,
    inserted: Trial | None,
    removed: Trial | None,
) -> str:
    if inserted is None:
        return "data_only"
    effect = inserted.difference.pairs >= LEAST_PAIRS and inserted.difference.low >= CONFIRMED
    if candidate.kind != "appearance" and removed is not None:
        needed = removed.difference.pairs >= LEAST_PAIRS and removed.difference.low >= CONFIRMED
        effect = effect or needed
    if candidate.cue == "context":
        # If a material fills the picture, for example, any part of it shows the class.
        effect = effect and removed is not None and removed.plain.low > 0
    if effect:
        return "confirmed" if holds else "fragile"
    highs = [inserted.plain.high]
    if removed is not None and removed.difference.pairs:
        highs.append(removed.plain.high)
    if candidate.cue == "context" and removed is not None and removed.plain.high < 0:
        return "refuted"
    if inserted.difference.pairs >= LEAST_PAIRS and max(highs) < REFUTED:
        # Things have usual surroundings and parts, which alone is no reason for a warning.
        usual = candidate.cue == "context" or candidate.name in _PARTS
        strong = holds and abs(data.auc - 0.5) >= _STRONG_AUC and not usual
        return "data_only" if strong else "refuted"
    return "undecided"


def severity_of(candidate: Candidate, data: Evidence, status: str, inserted: Trial | None) -> str:
    """The severity of a suspect: ``block``, ``ask``, ``warn`` or ``note``.

    A person is asked about a confirmed cue that may belong to the class itself. This holds for
    appearances, for fine detail that hardly goes with the class, for noise and blur without clear
    signs (``_CLEAR``), and for fine detail and a returning patch that turn few images, as any blur
    and a part of the class's own object do too. If the insertion of such a cue is confirmed but
    turns few images (``_ASKS``), it is a warning: a class's usual look does so in most networks.
    """
    if status != "confirmed":
        return "warn" if status == "data_only" else "note"
    turns = inserted.difference.low if inserted else 0.0
    leans = candidate.name in DETAIL and abs(data.auc - 0.5) < _CLEAR_AUC
    # A sign that could not be measured is NaN, which is not clear either.
    signs = [(float(candidate.detail.get(each, least)), least) for each, least in _CLEAR.items()]
    faint = not all(value >= least for value, least in signs)
    weak = turns < _BLOCKS and _may_be_weak(candidate)
    if candidate.kind == "appearance" or leans or faint or weak:
        return "warn" if CONFIRMED <= turns < _ASKS else "ask"
    return "block"


def _images(sample: Sample, candidate: Candidate) -> tuple[list[str], int]:
    """Carriers of the class by truth or prediction, the clearest first."""
    carries = candidate.carries
    own = (sample.truth == candidate.target) | (sample.predicted == candidate.target)
    usable = np.flatnonzero((carries > 0) & own)
    order = usable[np.argsort(-carries[usable], kind="stable")]
    return [str(sample.ids[at]) for at in order[:MOST_IMAGES]], len(usable)


_ORDER = ("confirmed", "undecided", "fragile", "data_only", "refuted")


def _order(candidate: Candidate, suspect: Suspect) -> tuple[int, bool, float]:
    """Sort key: confirmed suspects first, then those that block, then by effect x likeness."""
    removal = suspect.remove.difference.value * 0.5 if suspect.remove else 0.0
    effect = max(suspect.effect, removal)
    weight = candidate.likeness if candidate.name in DETAIL - COPIES else 1.0
    if candidate.cue == "patch" or candidate.detail.get("where") == SEVERAL:
        weight = _LESS_SAID
    asks = suspect.severity != "block"
    return _ORDER.index(suspect.status), asks, -effect * weight


def _one_story(candidate: Candidate, suspect: Suspect, other: Candidate, first: Suspect) -> bool:
    """True if a suspect repeats a better one."""
    if candidate.target != other.target or first.status != "confirmed":
        return False
    if candidate.family == other.family:
        return True
    local = isinstance(candidate.experiment, Crop | Drawing | Region)
    return local and isinstance(other.experiment, Crop | Drawing | Region)
