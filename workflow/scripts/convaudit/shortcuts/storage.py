"""Store suspects as JSON between the job that names them and the job that tries them."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from convaudit.shortcuts.candidate import Candidate, Evidence
from convaudit.shortcuts.changes.experiments import (
    Blur,
    Crop,
    Drawing,
    Experiment,
    FineDetail,
    Read,
    Region,
    Surround,
    Thing,
    Whole,
)
from convaudit.shortcuts.cues.own_colour import OwnColour
from convaudit.shortcuts.cues.own_part import OwnPart
from convaudit.shortcuts.cues.patches import Patch


def to_json(candidates: list[Candidate], ids: np.ndarray) -> str:
    """Candidates as JSON, with the ids (n,) of the sample's images; positions in the candidates
    refer to these.
    """
    stored = {"ids": ids.tolist(), "candidates": [_stored(each) for each in candidates]}
    return json.dumps(stored, default=_plain) + "\n"


def from_json(text: str, ids: np.ndarray, read: Read) -> list[Candidate]:
    """The inverse of ``to_json``.

    Args:
        text: the JSON.
        ids: (n,) ids of the present sample; it must be the stored one.
        read: gives the pixels of the image at a position.

    Raises:
        ValueError: the sample is another one.
    """
    stored = json.loads(text)
    if stored["ids"] != ids.tolist():
        raise ValueError("the suspects were named on another sample")
    return [_candidate(fields, read) for fields in stored["candidates"]]


def _stored(candidate: Candidate) -> dict[str, Any]:
    fields = {**vars(candidate), "evidence": asdict(candidate.evidence)}
    experiment = fields.pop("experiment")
    if experiment is not None:
        parts = {name: value for name, value in vars(experiment).items() if name != "read"}
        fields["experiment"] = {"made": type(experiment).__name__, **parts}
    return fields


def _plain(value: Any) -> Any:
    if isinstance(value, Patch):
        return {**vars(value), "boxes": {}, "match": {}, "carriers": []}
    if isinstance(value, OwnColour):
        return {**vars(value), "sizes": {}}
    if isinstance(value, OwnPart):
        return {**vars(value), "boxes": {}, "nearness": {}}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not stored")


def _candidate(fields: dict[str, Any], read: Read) -> Candidate:
    parts = fields.pop("experiment", None)
    made = {
        "evidence": Evidence(**fields["evidence"]),
        "carries": np.array(fields["carries"], float),
        "experiment": None if parts is None else _experiment(parts, read),
    }
    return Candidate(**{**fields, **made})


def _experiment(parts: dict[str, Any], read: Read) -> Experiment:
    made = parts.pop("made")
    parts["donors"], parts["others"] = tuple(parts["donors"]), tuple(parts["others"])
    if made == "Whole":
        return Whole(**parts, read=read)
    if made == "Blur":
        return Blur(**parts, read=read)
    if made == "FineDetail":
        return FineDetail(**parts, read=read)
    if made == "Surround":
        return Surround(**parts, read=read)
    if made == "Region":
        template = parts["template"]
        parts["template"] = None if template is None else np.array(template, np.float32)
        parts["mask"] = np.array(parts["mask"], bool)
        return Region(**parts, read=read)
    if made == "Drawing":
        thing = parts["thing"]
        parts["thing"] = OwnColour(**{**thing, "colour": tuple(thing["colour"])})
        return Drawing(**parts, read=read)
    parts["thing"] = _thing(parts["thing"])
    parts["boxes"] = tuple(tuple(box) for box in parts["boxes"])
    return Crop(**parts, read=read)


def _thing(stored: dict[str, Any]) -> Thing:
    if "kind" in stored:
        arrays = {name: np.array(stored[name], np.float32) for name in ("kind", "spread")}
        return OwnPart(**{**stored, **arrays})
    colour = stored["colour"] and tuple(stored["colour"])
    vector, reach = np.array(stored["vector"], np.float32), tuple(stored["reach"])
    return Patch(**{**stored, "vector": vector, "reach": reach, "colour": colour})
