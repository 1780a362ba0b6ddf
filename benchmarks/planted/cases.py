"""All cases of the benchmark, in an order in which the first n cases are a fair sample."""

import zlib
from dataclasses import replace
from functools import partial

from planted import making, scenes
from planted.cues import CUES
from planted.making import Plan
from planted.networks import NAMES
from planted.truth import Specification

SEEDS = (0, 1, 2)
STRENGTHS = (95, 100, 80)
NEGATIVES = {
    "clean": "nothing is planted",
    "N1": "the object is always in the middle",
    "N2": "classes truly differ in colour",
    "N3": "classes differ in daylight",
    "N4": "classes differ in the object's size",
    "N5": "95 images of one class to 5 of the others",
    "N6": "the cue goes with a class in the audit, but was at random in training",
    "N7": "the cue is there, at random",
    "N8": "a network of random weights, or trained on random labels",
    "N9": "each image five times, encoded anew",
    "N10": "a brittle network: few images, many epochs",
    "N11": "one label in ten is wrong in training",
    "N12": "fifteen images of each class",
    "N13": "classes differ in a small part of the object",
    "N14": "a class truly has a frame around its object",
    "N15": "another camera in the metadata of one class",
}
"""Hard negatives: cases in which the model relies on no shortcut."""
MAY_ASK = ("N1", "N2", "N3", "N4", "N13", "N14")
"""Hard negatives for which a question is right and a block is wrong."""
LOOKED_AT = (
    *("P-C2-95-A-mobile-1", "P-C2-100-A-residual-1", "P-G4-100-A-squeeze-1"),
    *("P-G5-100-A-squeeze-2", "clean-0-0-B-flat-1", "N6-C2-95-A-residual-2"),
    *("P-L3-100-C-mobile-2", "P-L1-100-C-mobile-2", "P-L3-95-C-residual-2"),
    *("N13-0-0-A-residual-1", "N13-0-0-A-flat-2"),
)
"""The code was changed by these cases of the reported seeds, so they count as tuning cases. A miss
that was looked at and led to no change stays a reported case."""
_SETS = "ABC"


def all_cases() -> list[Specification]:
    """Two positives, then a negative, and so on; each kind in the order of its names' hashes."""
    planted = sorted(positives(), key=_turn)
    clean = sorted(negatives(), key=_turn)
    ordered: list[Specification] = []
    while planted or clean:
        ordered += planted[:2] + clean[:1]
        del planted[:2], clean[:1]
    return ordered


def positives() -> list[Specification]:
    """Each cue, strength and seed on two networks and one set: 342."""
    found = []
    for at, cue in enumerate(CUES.values()):
        for strength_at, strength in enumerate(STRENGTHS):
            for seed in SEEDS:
                for second in (0, 2):
                    network = NAMES[(at + strength_at + seed + second) % len(NAMES)]
                    photos = cue.sets[(at + seed + second // 2) % len(cue.sets)]
                    found.append(Specification(cue.name, strength, photos, network, seed))
    return found


def negatives() -> list[Specification]:
    """Each kind of hard negative on four networks and two seeds, clean ones on all sets: 132."""
    found = []
    cues = list(CUES.values())
    for at, kind in enumerate(NEGATIVES):
        for network_at, network in enumerate(NAMES):
            for seed in SEEDS if kind == "clean" else SEEDS[1:]:
                turn = at + 4 * seed + network_at
                cue = cues[turn % len(cues)] if kind in {"N6", "N7"} else None
                photos = cue.sets[turn % len(cue.sets)] if cue else _SETS[turn % 3]
                if kind in {"N1", "N3", "N4", "N13", "N14"}:
                    photos = "A"
                if kind == "N2":
                    photos = "AD"[turn % 2]
                strength = 95 if cue else 0
                name = cue.name if cue else None
                found.append(Specification(name, strength, photos, network, seed, kind))
    return found


def is_tuning(specification: Specification) -> bool:
    """True if thresholds may be chosen on a case: its seed is 0, or it is in ``LOOKED_AT``."""
    return specification.seed % 3 == 0 or specification.name in LOOKED_AT


def plan(specification: Specification) -> Plan:
    """The plan by which a case is made."""
    kind = specification.negative
    usual = making.positive(specification)
    if kind is None or kind == "clean":
        return usual
    return _PLANS[kind](specification, usual)


def _scene(specification: Specification, usual: Plan, recipe: scenes.Recipe | None = None) -> Plan:
    return replace(usual, draw=partial(scenes.draw, recipe=recipe or scenes.Recipe()))


def _true_colours(specification: Specification, usual: Plan) -> Plan:
    if specification.photographs == "D":
        return usual
    return _scene(specification, usual, scenes.Recipe(hues=(20.0, 120.0, 240.0, 300.0)))


def _imbalance(specification: Specification, usual: Plan) -> Plan:
    count = len(usual.classes)
    few = 19 // (count - 1) + 6
    trained = tuple(380 if label == 0 else few for label in range(count))
    audited = tuple(300 if label == 0 else max(8, 16 // (count - 1)) for label in range(count))
    return replace(usual, trained=trained, audited=audited)


def _unused(specification: Specification, usual: Plan) -> Plan:
    count = len(usual.classes)
    biased = making.shares(95, usual.target, count)
    return replace(usual, training=(0.5,) * count, audits={"same": biased})


def _independent(specification: Specification, usual: Plan) -> Plan:
    half = (0.5,) * len(usual.classes)
    return replace(usual, training=half, audits={"same": half})


def _random_labels(specification: Specification, usual: Plan) -> Plan:
    if specification.seed % 2:
        return replace(usual, epochs=0)
    return replace(usual, label_noise=1.0)


def _copies(specification: Specification, usual: Plan) -> Plan:
    return replace(usual, copies=5)


def _brittle(specification: Specification, usual: Plan) -> Plan:
    return replace(usual, trained=tuple(40 for _ in usual.classes), epochs=60)


def _label_noise(specification: Specification, usual: Plan) -> Plan:
    return replace(usual, label_noise=0.1)


def _tiny(specification: Specification, usual: Plan) -> Plan:
    return replace(usual, audited=tuple(15 for _ in usual.classes))


def _metadata(specification: Specification, usual: Plan) -> Plan:
    return replace(usual, metadata=True)


def _with(recipe: scenes.Recipe) -> partial[Plan]:
    return partial(_scene, recipe=recipe)


_PLANS = {
    "N1": _with(scenes.Recipe(centred=True)),
    "N2": _true_colours,
    "N3": _with(scenes.Recipe(daylight=(60.0, 190.0, 105.0, 145.0))),
    "N4": _with(scenes.Recipe(sides=(0.25, 0.6, 0.4, 0.8))),
    "N5": _imbalance,
    "N6": _unused,
    "N7": _independent,
    "N8": _random_labels,
    "N9": _copies,
    "N10": _brittle,
    "N11": _label_noise,
    "N12": _tiny,
    "N13": _with(scenes.Recipe(part=True)),
    "N14": _with(scenes.Recipe(framed=True)),
    "N15": _metadata,
}


def _turn(specification: Specification) -> int:
    return zlib.crc32(specification.name.encode())
