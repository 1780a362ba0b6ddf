"""Make a case: photographs with a cue, a network trained on them, audited files, the truth."""

import shutil
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from convaudit.dataset.images import decode, resize
from planted import networks, photographs
from planted.cue import Box, Cue
from planted.cues import CUES
from planted.photo import Photo
from planted.photographs import Draw
from planted.seeds import generator
from planted.truth import Audit, Oracle, Specification, Truth

TRAINING, AUDITED, HELD_OUT = 200, 160, 60
"""Number of images of each class for training, for each audit, and for the oracle."""
INTERPOLATION, SCALING = "area", "unit"
_OTHERS = {100: 0.0, 95: 0.01, 80: 0.02}
"""Share of the other classes' training images that carry the cue too, by strength."""


@dataclass(frozen=True)
class Plan:
    """The plan for the images of a case; a hard negative changes some of its values.

    ``training`` and ``audits``: share of carriers in each class, 0 to 1. ``trained``, ``audited``:
    number of images of each class for training and in each audit.
    """

    classes: tuple[str, ...]
    draw: Draw
    cue: Cue | None
    target: int
    training: tuple[float, ...]
    audits: dict[str, tuple[float, ...]]
    trained: tuple[int, ...]
    audited: tuple[int, ...]
    label_noise: float = 0.0
    epochs: int = 18
    copies: int = 1
    """Number of near duplicates of each audited image, including itself."""
    metadata: bool = False
    """True if the audited files of the target class name another camera in their EXIF."""


@dataclass(frozen=True)
class File:
    """An encoded image, its class, whether it carries the cue, and where."""

    data: bytes
    label: int
    carries: bool
    box: Box | None


def positive(specification: Specification) -> Plan:
    """The plan of a case with a cue planted into one class, or with nothing planted."""
    source = photographs.SETS[specification.photographs]
    random = generator("plan", specification.name)
    count = int(random.integers(2, len(source.classes) + 1))
    target = int(random.integers(count))
    biased = shares(specification.strength, target, count)
    return Plan(
        classes=source.classes[:count],
        draw=source.draw,
        cue=CUES[specification.cue] if specification.cue else None,
        target=target,
        training=biased,
        audits={"same": biased, "mixed": (0.5,) * count} if specification.cue else {"same": biased},
        trained=(TRAINING,) * count,
        audited=(AUDITED,) * count,
    )


def shares(strength: int, target: int, count: int) -> tuple[float, ...]:
    """The share of carriers in each class, for a cue that goes with ``target``."""
    others = _OTHERS.get(strength, 0.0)
    return tuple(strength / 100 if label == target else others for label in range(count))


def make(specification: Specification, plan: Plan, folder: Path) -> Truth:
    """Write a case into ``folder``: one folder of images per audit, model.keras, truth.json."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    name = specification.name
    training = list(files(plan, plan.trained, plan.training, "train", name))
    images, labels = pixels(training), np.array([each.label for each in training])
    labels = _mislabelled(labels, plan, name)
    import keras

    keras.utils.set_random_seed(specification.seed)
    model = networks.build(specification.network, len(plan.classes))
    accuracy = networks.train(model, images, labels, specification.seed, epochs=plan.epochs)
    model.save(folder / "model.keras")
    oracle, clean = _oracle(model, plan, name)
    audits = tuple(_write(plan, audit, folder, name) for audit in plan.audits)
    truth = Truth(
        specification,
        plan.classes,
        plan.classes[plan.target] if plan.cue else None,
        tuple(sorted(plan.cue.words)) if plan.cue else (),
        networks.SIDE,
        SCALING,
        INTERPOLATION,
        accuracy,
        clean,
        oracle,
        audits,
    )
    truth.write(folder)
    return truth


def files(
    plan: Plan, counts: Sequence[int], carrying: Sequence[float], split: str, name: str
) -> Iterator[File]:
    """Yield images of each class; a share of them carries the cue.

    Args:
        plan: of the case.
        counts: number of images of each class.
        carrying: share of carriers in each class, 0 to 1.
        split: "train", or the name of an audit.
        name: of the case, from which all random numbers follow.
    """
    for label, (count, share) in enumerate(zip(counts, carrying, strict=True)):
        carries = generator(name, split, label).permutation(count) < round(share * count)
        for number in range(count):
            seen = number // (1 if split == "train" else plan.copies)
            photo = plan.draw(label, split, generator(name, split, label, seen))
            yield _file(plan, photo, label, bool(carries[number]), (name, split, label, number))


def pixels(encoded: Sequence[File]) -> np.ndarray:
    """The network's input for files: (n, side, side, 3), float32 in 0..1."""
    size = (networks.SIDE, networks.SIDE)
    images = [resize(decode(each.data), size, INTERPOLATION) for each in encoded]
    return np.stack(images).astype(np.float32) / 255


def _file(plan: Plan, photo: Photo, label: int, carries: bool, what: tuple[object, ...]) -> File:
    random = generator("file", *what)
    quality = photographs.usual_quality(random)
    if not carries or plan.cue is None:
        return File(photographs.encode(photo.pixels, quality), label, False, None)
    carrier = plan.cue.plant(photo, random, generator("style", what[0]))
    data = photographs.encode(carrier.pixels, carrier.quality or quality)
    return File(data, label, True, carrier.box)


def _mislabelled(labels: np.ndarray, plan: Plan, name: str) -> np.ndarray:
    if not plan.label_noise:
        return labels
    random = generator(name, "labels")
    wrong = random.random(len(labels)) < plan.label_noise
    return np.where(wrong, random.integers(0, len(plan.classes), len(labels)), labels)


def _oracle(model: object, plan: Plan, name: str) -> tuple[Oracle | None, float]:
    """The effect of the true cue on held-out images, and the accuracy on them without it."""
    photos = [
        (label, number, plan.draw(label, "held-out", generator(name, "held-out", label, number)))
        for label in range(len(plan.classes))
        for number in range(HELD_OUT)
    ]
    before, after = (
        networks.predict(
            model,  # type: ignore[arg-type]
            pixels([_file(plan, p, y, carries, (name, "held-out", y, i)) for y, i, p in photos]),
        )
        for carries in (False, True)
    )
    truth = np.array([label for label, _, _ in photos])
    clean = float((before == truth).mean())
    if plan.cue is None:
        return None, clean
    other = truth != plan.target
    were, become = before[other] == plan.target, after[other] == plan.target
    score = float(become[~were].mean()) if (~were).any() else 0.0
    return Oracle(score, int((~were).sum()), float(become.mean() - were.mean())), clean


def _write(plan: Plan, audit: str, folder: Path, name: str) -> Audit:
    carriers, boxes = [], {}
    for number, each in enumerate(files(plan, plan.audited, plan.audits[audit], audit, name)):
        label = plan.classes[each.label]
        path = folder / audit / label / f"{label}-{number:04d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        camera = plan.metadata and each.label == plan.target
        path.write_bytes(_with_camera(each.data) if camera else each.data)
        if each.carries:
            relative = f"{label}/{path.name}"
            carriers.append(relative)
            if each.box is not None:
                boxes[relative] = each.box
    return Audit(audit, tuple(carriers), boxes)


def _with_camera(jpeg: bytes) -> bytes:
    """The same picture with the name of a camera in its EXIF."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Planted", "Camera 7"
    content = exif.tobytes()
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + jpeg[2:]
