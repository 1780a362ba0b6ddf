"""The detector under test, as a call of the library on files, without Snakemake."""

import time
from typing import Any

import numpy as np

from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS
from convaudit.properties.catalogue import PROPERTIES
from convaudit.properties.measuring import HASH, measure, table
from convaudit.shortcuts.audit import name_suspects, try_suspects
from convaudit.shortcuts.laboratory.scorer import scorer
from convaudit.shortcuts.laboratory.trials import Scorer
from convaudit.shortcuts.sample import Sample
from planning.settings import Shortcuts
from planted.audited import Audited
from planted.finding import Answer, Finding

METHOD = "convaudit"
_THREADS = 2


def detect(audited: Audited) -> Answer:
    """Name and test the suspects of one audit with the default settings.

    The time of decoding, properties and the first pass is not counted, because every audit has it.
    """
    settings = Shortcuts()
    network = Network(audited.model)
    size = (audited.truth.side, audited.truth.side)
    score = scorer(
        network, SCALINGS[audited.truth.scaling], size, audited.truth.interpolation, _THREADS
    )
    sample = _sample(audited, network.head, score)
    began = time.perf_counter()
    named = name_suspects(sample, candidates=settings.candidates, classes=settings.classes)
    found = try_suspects(sample, named, score, budget=settings.budget, threads=_THREADS)
    seconds = time.perf_counter() - began
    findings = tuple(_finding(each.as_json()) for each in found.suspects)
    return Answer(METHOD, findings, seconds, found.passes)


def _sample(audited: Audited, head: str, score: Scorer) -> Sample:
    measured = table(
        [
            measure(data, picture)
            for data, picture in zip(audited.data, audited.pictures, strict=True)
        ]
    )
    # In an audit the decoder measures these.
    measured["height"] = [picture.shape[0] for picture in audited.pictures]
    measured["width"] = [picture.shape[1] for picture in audited.pictures]
    numbers = [each.name for each in PROPERTIES if not each.is_text and each.name in measured]
    return Sample(
        ids=np.array(audited.names),
        labels=audited.labels,
        scores=score(audited.pictures),
        head=head,
        class_names=list(audited.truth.classes),
        properties=measured[numbers].astype(float),
        groups=measured[HASH].to_numpy(str),
        read=lambda at: audited.pictures[at],
    )


def _finding(suspect: dict[str, Any]) -> Finding:
    tried = suspect["insert"]
    effect = (tried["flips"] - tried["control_flips"]) / tried["pairs"] if tried else None
    box = tuple(int(each) / 100 for each in suspect["detail"].get("box", "").split())
    return Finding(
        words=(suspect["cue"],),
        target=suspect["class"],
        status=suspect["status"],
        severity=suspect["severity"],
        images=tuple(suspect["images"]),
        effect=effect,
        low=tried["low"] if tried else None,
        high=tried["high"] if tried else None,
        box=box or None,  # type: ignore[arg-type]
    )
