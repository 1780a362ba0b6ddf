"""The detector under test, as a library call on files: no Snakemake."""

import re
import time
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import tensorflow as tf

from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS
from convaudit.properties.measuring import measure, table
from convaudit.shortcuts.audit import ShortcutSettings, name_suspects, try_suspects
from convaudit.shortcuts.sample import Sample
from planted.audited import Audited
from planted.finding import Answer, Finding

METHOD = "convaudit"
_BATCH = 32


def detect(audited: Audited, settings: ShortcutSettings) -> Answer:
    """Name and try suspects of one audit; decoding and the first pass are not counted."""
    passer = _Passer(audited)
    sample = _sample(audited, passer)
    began = time.perf_counter()
    suspects, forwards = try_suspects(sample, name_suspects(sample, settings), passer, settings)
    seconds = time.perf_counter() - began
    findings = tuple(_finding(each.as_json()) for each in suspects)
    return Answer(METHOD, findings, seconds, forwards)


class _Passer:
    """Scores of pictures of any size: the audit's resize, scaling and forward pass."""

    def __init__(self, audited: Audited) -> None:
        self.network = Network(audited.model)
        self._audited = audited
        self._scaling = SCALINGS[audited.truth.scaling]
        side = audited.truth.side
        signature = (tf.TensorSpec((_BATCH, side, side, 3), tf.float32),)
        self._run = tf.function(self.network.run, input_signature=signature, autograph=False)

    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """(m, units) before softmax or sigmoid."""
        if not pictures:
            return np.zeros((0, 1), np.float32)
        pixels = self._audited.prepare(list(pictures)) * 255
        inputs = self._scaling.apply(pixels).astype(np.float32)
        scores = []
        for start in range(0, len(inputs), _BATCH):
            batch = inputs[start : start + _BATCH]
            padded = np.concatenate([batch, np.zeros((_BATCH - len(batch), *batch.shape[1:]), "f")])
            scores.append(self._run(padded).numpy()[: len(batch)])
        return np.concatenate(scores)


def _sample(audited: Audited, passer: _Passer) -> Sample:
    measured = [
        measure(data, picture) for data, picture in zip(audited.data, audited.pictures, strict=True)
    ]
    return Sample(
        ids=np.array(audited.names),
        labels=audited.labels,
        scores=passer(audited.pictures),
        head=passer.network.head,
        class_names=list(audited.truth.classes),
        properties=table(measured),
        groups=np.array([_look(picture) for picture in audited.pictures]),
        read=lambda at: audited.pictures[at],
    )


def _look(picture: np.ndarray) -> str:
    """A difference hash of 64 bits: equal for a picture that was only encoded anew, mostly."""
    grey = cv2.resize(
        cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (9, 8), interpolation=cv2.INTER_AREA
    )
    return np.packbits(grey[:, 1:] > grey[:, :-1]).tobytes().hex()


def _finding(suspect: dict[str, Any]) -> Finding:
    tried = suspect["insert"]
    effect = (tried["flips"] - tried["control_flips"]) / tried["pairs"] if tried else None
    region = re.match(r"region (\d+) (\d+) (\d+) (\d+)", str(suspect["detail"].get("name", "")))
    box = tuple(int(each) / 100 for each in region.groups()) if region else None
    return Finding(
        words=(suspect["cue"],),
        target=suspect["class"],
        status=suspect["status"],
        severity=suspect["severity"],
        images=tuple(suspect["images"]),
        effect=effect,
        low=tried["low"] if tried else None,
        high=tried["high"] if tried else None,
        box=box,  # type: ignore[arg-type]
    )
