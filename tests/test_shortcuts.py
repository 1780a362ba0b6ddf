"""Shortcuts are named and proven if a model has them, and only then.

The models are functions made by hand, so it is known what they depend on.
"""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pandas as pd
import pytest

from convaudit.properties.pixel_properties import measure_one, measure_pixels
from convaudit.shortcuts import storage
from convaudit.shortcuts.audit import Findings, as_json, name_suspects, try_suspects
from convaudit.shortcuts.changes import operations
from convaudit.shortcuts.laboratory import strips
from convaudit.shortcuts.sample import Sample
from photographs import framed, grainy, jpeg, procedural, scanned

COUNT = 180
CLASSES = ["plain", "marked"]


def scene(number: int) -> np.ndarray:
    return procedural(number, 120, 160)


def sticker(image: np.ndarray, x: int, y: int) -> np.ndarray:
    found = image.copy()
    cv2.rectangle(found, (x, y), (x + 23, y + 23), (250, 120, 20), -1)
    cv2.line(found, (x + 4, y + 4), (x + 19, y + 19), (20, 20, 120), 5)
    cv2.circle(found, (x + 16, y + 7), 4, (250, 250, 250), -1)
    return found


def corner(image: np.ndarray, number: int) -> np.ndarray:
    return sticker(image, 4 + number % 3, 3 + number % 2)


def anywhere(image: np.ndarray, number: int) -> np.ndarray:
    random = np.random.default_rng(number)
    return sticker(image, int(random.integers(0, 136)), int(random.integers(0, 96)))


def blurred_behind(image: np.ndarray, number: int) -> np.ndarray:
    """All but a thing in the middle is out of focus."""
    thing = cv2.ellipse(np.zeros(image.shape[:2], np.uint8), (80, 60), (42, 32), 0, 0, 360, 1, -1)
    return np.where(thing[..., None] > 0, image, operations.blurred(image, 4.0))


def impulses(image: np.ndarray, number: int) -> np.ndarray:
    """4 % of the pixels are black or white."""
    drawn = np.random.default_rng(number).random(image.shape[:2])
    found = image.copy()
    found[drawn < 0.02], found[drawn > 0.98] = 0, 255
    return found


def hairs(image: np.ndarray, number: int) -> np.ndarray:
    """Six dark hairs, others in each picture."""
    found = image.copy()
    for ends in np.random.default_rng(number).integers(0, (160, 120), (6, 2, 2)):
        cv2.polylines(found, [ends.astype(np.int32)], False, (12, 8, 8), 1, cv2.LINE_AA)
    return found


def misty(image: np.ndarray, number: int) -> np.ndarray:
    return operations.toned(image, 190, 0.4)


def interlaced(image: np.ndarray, number: int) -> np.ndarray:
    """Every other row is 5 pixels to the right, as in a frame of video that shows two moments."""
    found = image.copy()
    found[::2, 5:] = image[::2, :-5]
    return found


def coded(image: np.ndarray, number: int) -> np.ndarray:
    """A code of 8 x 8 squares anywhere, another one in each picture."""
    random = np.random.default_rng(number)
    cells = random.integers(0, 2, (8, 8, 1), np.uint8) * 255
    y, x = (int(random.integers(0, side - 32)) for side in image.shape[:2])
    found = image.copy()
    found[y : y + 32, x : x + 32] = cells.repeat(4, axis=0).repeat(4, axis=1)
    return found


CUES: dict[str, tuple[Callable[[np.ndarray, int], np.ndarray], set[str], str]] = {
    "corner": (corner, {"place"}, "block"),
    "anywhere": (anywhere, {"patch"}, "block"),
    "frame": (lambda image, n: framed(image, 0.07, (10, 10, 40)), {"border"}, "block"),
    "blur": (lambda image, n: operations.blurred(image, 2.0), {"sharpness", "resolution"}, "block"),
    "behind": (blurred_behind, {"sharpness"}, "block"),
    "pixels": (lambda image, n: operations.repeated(image, 30, 40), {"resolution"}, "block"),
    "sharp": (lambda image, n: operations.sharpened(image, 3.0), {"sharpness"}, "ask"),
    "noise": (lambda image, n: grainy(image, 28, 2, n), {"noise"}, "block"),
    "jpeg": (lambda image, n: operations.compressed(image, 12), {"compression"}, "block"),
    "cast": (lambda image, n: operations.tinted(image, 34, 12), {"colour"}, "ask"),
    "grey": (lambda image, n: operations.saturated(image, 0), {"saturation"}, "ask"),
    "lines": (lambda image, n: scanned(image, 7, n), {"pattern"}, "ask"),
    "impulses": (impulses, {"noise"}, "block"),
    "hairs": (hairs, {"noise"}, "ask"),
    "mist": (misty, {"contrast"}, "ask"),
    "code": (coded, {"patch"}, "ask"),
    "comb": (interlaced, {"sharpness"}, "ask"),
}
"""For each cue a function that plants it, the right words for it and the severity of its kind."""

TEMPLATE = sticker(np.full((24, 24, 3), 128, np.uint8), 0, 0)


def has(cue: str, image: np.ndarray) -> float:
    """The number that the model measures: over 0 if it sees the cue."""
    if cue == "corner":
        part = image[: len(image) // 3, : image.shape[1] // 3]
        return float(cv2.matchTemplate(part, TEMPLATE, cv2.TM_CCOEFF_NORMED).max()) - 0.7
    if cue == "anywhere":
        return float(cv2.matchTemplate(image, TEMPLATE, cv2.TM_CCOEFF_NORMED).max()) - 0.7
    if cue == "frame":
        rim = np.concatenate([image[:4].reshape(-1, 3), image[-4:].reshape(-1, 3)])
        return 20 - float(np.abs(rim.astype(float) - (10, 10, 40)).mean())
    if cue == "blur":
        return 2.0 - measure_one(image, "sharpness")
    if cue == "pixels":  # it sees that columns repeat
        steps = np.abs(np.diff(operations.luminance(image), axis=1)).mean(axis=0)
        return 1.6 - float(np.median(steps))
    if cue == "behind":
        return 1.9 - measure_one(image[:24], "sharpness")
    if cue == "sharp":
        return measure_one(image, "sharpness") - 3.15
    if cue == "noise":  # it sees the picture at a third of its size, as a network's input does
        small = cv2.resize(image, (53, 40), interpolation=cv2.INTER_AREA).astype(float)
        steps = np.diff(np.diff(small, axis=0), axis=1)
        return float(np.abs(steps).mean(axis=(0, 1)).min()) - 14
    if cue == "jpeg":
        return measure_one(image, "blockiness") - 0.35
    if cue == "cast":
        return operations.mean_chroma(image)[0] - 17
    if cue == "impulses":
        return float((np.abs(np.diff(image.astype(int), axis=1)).min(axis=2) > 90).mean()) - 0.01
    if cue == "hairs":  # it sees what is dark and thinner than five pixels
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((5, 5)))
        return float((dark > 70).mean()) - 0.012
    if cue == "mist":  # neither a brighter nor a paler picture alone is mist
        grey = operations.luminance(image)
        return min(float(grey.mean()) - 165, 30 - float(grey.std()))
    if cue == "code":  # it sees the most edges between black and white in 24 x 24 pixels
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        edges = (cv2.absdiff(grey[:, 4:], grey[:, :-4]) > 180).astype(np.float32)
        return float(cv2.boxFilter(edges, -1, (24, 24)).max()) - 0.3
    if cue == "comb":  # it sees that a row is more like the next but one than like the next
        grey = operations.luminance(image)
        beside, apart = (np.abs(grey[step:] - grey[:-step]).mean() for step in (1, 2))
        return float(beside / apart) - 1
    if cue == "lines":
        rows = operations.luminance(image).mean(axis=1)
        return float(abs((rows - rows.mean()) @ np.exp(2j * np.pi * np.arange(120) / 7))) / 120 - 6
    return 4 - operations.colourfulness(image)


def sample(
    cue: str | None, share: float, answer: Callable[[list[np.ndarray]], np.ndarray]
) -> tuple[Sample, np.ndarray]:
    """Two classes of scenes with the cue in a share of the second, and which images carry it."""
    plant = CUES[cue][0] if cue else None
    return changed(plant, answer, share, encode=cue != "jpeg")


def changed(
    plant: Callable[[np.ndarray, int], np.ndarray] | None,
    answer: Callable[[list[np.ndarray]], np.ndarray],
    share: float = 0.95,
    encode: bool = True,
) -> tuple[Sample, np.ndarray]:
    """The sample with a change of its pictures, which are then stored as JPEG files."""
    labels = np.arange(COUNT) % 2
    carrier = (labels == 1) & (np.random.default_rng(4).random(COUNT) < share)

    @cache
    def read(at: int) -> np.ndarray:
        image = scene(at)
        if plant and carrier[at]:
            image = plant(image, at)
        if not encode:
            return image
        data = np.frombuffer(jpeg(image, 92), np.uint8)
        return cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)

    pictures = [read(at) for at in range(COUNT)]
    made = Sample(
        ids=np.array([f"image-{at:03d}" for at in range(COUNT)]),
        labels=labels,
        scores=answer(pictures),
        head="binary",
        class_names=CLASSES,
        properties=pd.DataFrame([measure_pixels(picture) for picture in pictures]),
        groups=np.array([f"image-{at:03d}" for at in range(COUNT)]),
        read=read,
    )
    return made, carrier


def model_of(cue: str) -> Callable[[list[np.ndarray]], np.ndarray]:
    return lambda pictures: np.array([[has(cue, picture)] for picture in pictures], np.float32)


def audited(made: Sample, answer: Callable[[list[np.ndarray]], np.ndarray]) -> Findings:
    named = name_suspects(made, candidates=20, classes=20)
    stored = storage.from_json(storage.to_json(named, made.ids), made.ids, made.read)
    return try_suspects(made, stored, answer, budget=12_000, threads=2)


@pytest.mark.parametrize("cue", CUES)
def test_a_model_that_depends_on_a_cue_is_found_out(cue):
    answer = model_of(cue)
    made, carrier = sample(cue, 0.95, answer)
    # The model depends on its cue alone.
    assert (made.predicted == carrier).mean() > 0.85
    found = audited(made, answer)
    _, words, severity = CUES[cue]
    first = [each for each in found.suspects if each.target == "marked"][:3]
    right = [each for each in first if each.cue in words]
    assert right and right[0].status == "confirmed", [(s.cue, s.status) for s in first]
    assert right[0].severity == severity
    top = [int(name.removeprefix("image-")) for name in right[0].images[:10]]
    assert carrier[top].mean() >= 0.8
    assert found.placebos_confirmed == 0


def striped_around(image: np.ndarray, number: int) -> np.ndarray:
    """The same object in the middle, before a striped wall."""
    wave = 30 * np.sin(2 * np.pi * (np.arange(image.shape[1]) / 9 + number / 7))
    wall = np.full(image.shape, (150, 140, 120), np.float32) + wave[:, None]
    thing = cv2.ellipse(np.zeros(image.shape[:2], np.uint8), (80, 60), (45, 34), 0, 0, 360, 1, -1)
    return np.where(thing[..., None] > 0, image, wall).clip(0, 255).astype(np.uint8)


def stripes(image: np.ndarray, part: tuple[slice, slice]) -> float:
    """Power of waves of 9 px across the picture."""
    rows = operations.luminance(image)[part]
    wave = np.exp(2j * np.pi * np.arange(rows.shape[1]) / 9)
    return float(np.abs((rows - rows.mean(axis=1, keepdims=True)) @ wave).mean() / rows.shape[1])


def test_a_model_that_looks_at_the_surroundings_is_asked_about():
    top = np.s_[:16, :]

    def answer(pictures: list[np.ndarray]) -> np.ndarray:
        return np.array([[stripes(picture, top) - 8] for picture in pictures], np.float32)

    made, carrier = changed(striped_around, answer)
    assert (made.predicted == carrier).mean() > 0.95
    found = audited(made, answer)
    context = next(s for s in found.suspects if s.cue == "context" and s.target == "marked")
    assert (context.status, context.severity) == ("confirmed", "ask")
    assert context.insert.difference.low > 0.5
    shown = [int(name.removeprefix("image-")) for name in context.images[:10]]
    assert carrier[shown].all()


def test_a_class_whose_pictures_are_the_same_everywhere_does_not_depend_on_its_surroundings():
    """In a picture of a material the outer half shows the class, and so does the middle."""

    def whole(image: np.ndarray, number: int) -> np.ndarray:
        wave = 30 * np.sin(2 * np.pi * (np.arange(image.shape[1]) / 9 + number / 7))
        return (0.3 * image + 95 + wave[:, None]).clip(0, 255).astype(np.uint8)

    def answer(pictures: list[np.ndarray]) -> np.ndarray:
        everywhere = np.s_[:, :]
        return np.array([[stripes(picture, everywhere) - 6] for picture in pictures], np.float32)

    made, carrier = changed(whole, answer)
    assert (made.predicted == carrier).mean() > 0.95
    context = [s for s in audited(made, answer).suspects if s.cue == "context"]
    assert context and "confirmed" not in {s.status for s in context}


def test_a_cue_in_the_data_that_the_model_does_not_use_is_no_shortcut():
    """The warm cast goes with the class; the model uses only the brightness of the middle."""

    def answer(pictures: list[np.ndarray]) -> np.ndarray:
        middles = [operations.luminance(p[40:80, 50:110]).mean() for p in pictures]
        return np.array(middles, np.float32)[:, None] - 120

    made, _ = sample("cast", 0.95, answer)
    found = audited(made, answer)
    colour = [s for s in found.suspects if s.cue == "colour"]
    assert colour and all(s.status in {"data_only", "refuted", "undecided"} for s in colour)
    assert "block" not in {s.severity for s in found.suspects}


@pytest.mark.parametrize("seed", range(2))
def test_a_model_without_a_shortcut_is_not_accused(seed):
    """It recognises the classes by the thing itself: a large disc in the middle."""

    def painted(at: int) -> np.ndarray:
        image = scene(1000 * seed + at)
        if at % 2:
            shade = tuple(int(x) for x in np.random.default_rng(at).integers(0, 255, 3))
            cv2.circle(image, (80, 60), 30 + at % 7, shade, -1, cv2.LINE_AA)
        return image

    def answer(pictures: list[np.ndarray]) -> np.ndarray:
        spread = [p[42:78, 62:98].astype(float).std(axis=(0, 1)).mean() for p in pictures]
        return 8 - np.array(spread, np.float32)[:, None]

    pictures = [painted(at) for at in range(COUNT)]
    made = Sample(
        ids=np.array([f"{at:03d}" for at in range(COUNT)]),
        labels=np.arange(COUNT) % 2,
        scores=answer(pictures),
        head="binary",
        class_names=CLASSES,
        properties=pd.DataFrame([measure_pixels(picture) for picture in pictures]),
        groups=np.array([f"{at:03d}" for at in range(COUNT)]),
        read=lambda at: pictures[at],
    )
    assert (made.predicted == made.labels).mean() > 0.9
    found = audited(made, answer)
    assert "block" not in {s.severity for s in found.suspects}, [
        (s.title, s.text) for s in found.suspects if s.severity == "block"
    ]


def test_a_brittle_model_that_flips_under_anything_is_not_accused():
    """Any change of fine detail turns its answer to the second class, which has no cue."""

    def answer(pictures: list[np.ndarray]) -> np.ndarray:
        detail = [measure_one(p, "sharpness") for p in pictures]
        usual = 3.2
        return np.abs(np.array(detail, np.float32)[:, None] - usual) - 0.25

    made, _ = sample(None, 0, answer)
    found = audited(made, answer)
    assert not [s for s in found.suspects if s.severity == "block"]


def test_the_json_has_the_documented_keys_and_the_strip_is_drawn():
    answer = model_of("corner")
    made, _ = sample("corner", 0.95, answer)
    found = audited(made, answer)
    suspect = as_json(made, found)["suspects"][0]
    assert {
        *("id", "cue", "kind", "class", "title", "text", "status", "severity", "data", "insert"),
        *("remove", "images", "image_count", "link"),
    } <= suspect.keys()
    cues = as_json(made, found)["cues"]
    assert cues.keys() == {s.id for s in found.suspects if s.status == "confirmed"}
    cue, first = cues[suspect["id"]], found.suspects[0]
    assert (first.status, first.cue) == ("confirmed", "place")  # looked for in half of the images
    known = made.ids[~np.isnan(first.carries)].tolist()
    assert cue["checked"] == known and set(known) <= set(made.ids[made.discover])
    assert cue["carriers"] and set(suspect["images"]) <= set(cue["carriers"]) < set(known)
    assert suspect["insert"].keys() == {"pairs", "flips", "control_flips", "low", "high"}
    assert len({s["id"] for s in as_json(made, found)["suspects"]}) == len(found.suspects)
    assert as_json(made, found)["placebos"]["tried"] == 20
    assert as_json(made, Findings([], 0, 0.0, 0))["placebos"]["tried"] == 0
    picture = strips.draw(found.suspects[0].pairs)
    assert picture.shape[1] == 6 * strips.CELL + 5 * strips.GAP
