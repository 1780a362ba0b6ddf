"""Find suspects in the discovering half: cues that are associated with a class, and experiments."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd

from convaudit.shortcuts.candidate import MOST_DONORS, Candidate, Evidence, first_positions
from convaudit.shortcuts.changes import recipes
from convaudit.shortcuts.changes.experiments import Blur, Crop, Drawing, FineDetail, Surround, Whole
from convaudit.shortcuts.changes.fine_detail import fineness
from convaudit.shortcuts.changes.focus import missing_blur, softness
from convaudit.shortcuts.changes.grain import evenness, strength
from convaudit.shortcuts.changes.plateaus import plateaus
from convaudit.shortcuts.changes.specks import density, dots
from convaudit.shortcuts.cues import own_colour, own_part, patches, places
from convaudit.shortcuts.cues.around import stands_out
from convaudit.shortcuts.cues.evidence import best_threshold, class_auc, partial_spearman
from convaudit.shortcuts.cues.surroundings import surroundings, told_by_surroundings
from convaudit.shortcuts.halves import hash_number
from convaudit.shortcuts.likeness import likeness_of
from convaudit.shortcuts.place_candidates import place_candidates
from convaudit.shortcuts.sample import Sample

FLOOR_AUC, FLOOR_R = 0.15, 0.3
"""Least distance of an AUC from 0.5, and least partial correlation, of a suspect."""
_PATCHES = 2
"""Greatest number of patches of a class that are tried."""
_LEAST_LIKE = 0.15
"""Least likeness: the share of the difference between class and others that a recipe must
explain."""
COPIES, _LEAST_LIKE_OF_A_COPY = frozenset({"specks"}), 0.3
"""Recipes that copy the donor's own pixels, and their least likeness. Sharpened and noisy scenes
have more specks, which explain 0.04 of their look; planted specks explain 0.5 to 0.7."""
_EXPLAINS = 0.5
"""Least likeness at which the second recipe of a cue is not tried."""
_SIGNS: dict[str, dict[str, Callable[[np.ndarray], float]]] = {
    "noise": {"evenness": evenness, "strength": strength},
    "blur": {"softness": softness},
    "coarse, linear": {"softness": softness},
    "coarse, cubic": {"softness": softness},
    "coarse, nearest": {"plateaus": plateaus},
    "specks": {"density": density, "dots": dots},
    "fine detail": {"fineness": fineness},
}
"""These measures tell noise from texture, blur from smooth things in focus, repeated pixels from
others, specks from fine texture, and detail that no lens draws from any texture."""
_LEAST_SIGNS = {
    "evenness": 0.45,
    "softness": 0.8,
    "plateaus": 0.4,
    "density": 0.01,
    "fineness": 0.5,
}
"""A look is no suspect if its sign is less than this. If its sign can't be measured, it is one,
but a person is asked. Evenness: gravel without noise has 0.40 (the demo's) to 0.42 (a tuning case
of the planted benchmark); 96 photographs with noise of 15 levels have 0.56 (median). Density:
96 photographs of 300 pixels have 0.003, with five hairs 0.014, with 4 % of impulse noise 0.039
(medians); gravel and grass have 0.008. Fineness: 96 photographs have -0.2 (a tenth of them over
0.4), bricks -0.8, radiographs 0.2; interlaced, dithered or behind ground glass 1.4 to 1.6."""
_PLACED, _SEARCHED = 80, 36
"""Greatest number of images of the class, and of others, that are searched for places and for
patches."""
LEAST_TOLD = 10
"""Least number of images of the class, and of others, for a suspect of surroundings."""
_ON_A_THING = 0.2
"""A patch is a part of a thing, and no paste, if its surroundings stand out by at least this. In
the planted benchmark's tuning cases stickers, tags and objects beside the class's own had 0; slots
and rings of discs had 0.26 to 0.5, one of six had 0."""
_SURROUND_RANK = 0.8
"""Factor from AUC - 0.5 to the rank of surroundings. It puts them behind marks, because things have
usual surroundings."""

Thing = patches.Patch | own_colour.OwnColour | own_part.OwnPart
"""A thing that may be anywhere."""


class Discovery:
    """Finds suspects of one class in the discovering half of a sample."""

    def __init__(self, sample: Sample, target: int) -> None:
        self.sample = sample
        self.target = target
        self._own = sample.truth == target
        self._called = sample.predicted == target

    @cached_property
    def groupings(self) -> list[np.ndarray]:
        """(n,) bool: members of the class by truth, and by prediction if that differs clearly."""
        half = self.sample.discover
        differ = (self._own[half] != self._called[half]).mean()
        return [self._own, self._called] if differ > 0.05 else [self._own]

    @cached_property
    def _small(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """The images that are compared, for each grouping.

        Each has positions (m,), membership (m,) and pictures (m, SIDE, SIDE, 3).
        """
        found = []
        for group in self.groupings:
            chosen, member = self._compared(group, _PLACED)
            read = [places.small(self.sample.read(int(at))) for at in chosen]
            found.append((chosen, member, np.stack(read)))
        return found

    def candidates(self) -> list[Candidate]:
        """All suspects of the class, unordered."""
        return [
            *self.of_properties(),
            *self.of_places(),
            *self.of_patches(),
            *self.of_surroundings(),
        ]

    def evidence(self, values: np.ndarray, half: np.ndarray) -> Evidence:
        """The association of a number with the class; of the AUCs by truth and by prediction the
        stronger one.

        Args:
            values: (n,) of the sample; NaN if not known.
            half: (m,) positions of the images that count.
        """
        sample = self.sample
        aucs = [class_auc(values[half], group[half]) for group in self.groupings]
        auc = max(aucs, key=lambda each: abs(each - 0.5))
        r, z = partial_spearman(values[half], sample.margin(self.target)[half], sample.truth[half])
        usable = int(np.isfinite(values[half]).sum())
        return Evidence(r if abs(z) > 2.5 else 0.0, auc, usable)

    def of_properties(self) -> list[Candidate]:
        """Looks of the whole picture: recipes with a property that goes with the class."""
        found: list[Candidate] = []
        for recipe in recipes.LOOKS:
            first = recipes.SECOND.get(recipe.name, set())
            if any(each.name in first and each.likeness >= _EXPLAINS for each in found):
                continue
            best: tuple[float, str, Evidence] | None = None
            for name in recipe.properties:
                if name not in self.sample.properties:
                    continue
                evidence = self.evidence(self._values(name), self.sample.discover)
                side = (evidence.auc - 0.5) or evidence.r
                if recipe.lower is not None and (side < 0) != recipe.lower:
                    continue
                strength = max(abs(evidence.auc - 0.5) / 0.5, abs(evidence.r))
                enough = abs(evidence.auc - 0.5) >= FLOOR_AUC or abs(evidence.r) >= FLOOR_R
                if enough and (best is None or strength > best[0]):
                    best = strength, name, evidence
            if best and (candidate := self._whole(recipe, *best)):
                found.append(candidate)
        detail = sorted(
            (each for each in found if each.name in recipes.DETAIL), key=lambda each: -each.rank
        )
        return detail[:4] + [each for each in found if each.name not in recipes.DETAIL]

    def _whole(
        self, recipe: recipes.Look, strength: float, name: str, evidence: Evidence
    ) -> Candidate | None:
        values = self._values(name)
        side = np.sign((evidence.auc - 0.5) or evidence.r)
        carries = self._beyond(values * side)
        half = self.sample.discover
        inside = self._chosen(half[(carries[half] > 0) & self._member(half)], recipe.name)
        outside = self._chosen(half[(carries[half] <= 0) & ~self._member(half)], recipe.name)
        if len(inside) < 4 or len(outside) < 4:
            return None
        signs = self._signs(recipe.name, inside, outside)
        if any(value < _LEAST_SIGNS.get(sign, 0) for sign, value in signs.items()):
            return None
        experiment = self._changing(recipe.name, first_positions(inside), first_positions(outside))
        likeness = likeness_of(self.sample, experiment, inside, outside)
        if likeness < (_LEAST_LIKE_OF_A_COPY if recipe.name in COPIES else _LEAST_LIKE):
            return None
        return Candidate(
            cue=recipe.cue,
            kind=recipe.kind,
            target=self.target,
            name=recipe.name,
            rank=strength * likeness,
            evidence=evidence,
            carries=carries,
            experiment=experiment,
            family="detail" if recipe.name in recipes.DETAIL else recipe.cue,
            likeness=likeness,
            detail={"property": name, **signs},
        )

    def _changing(
        self, name: str, donors: tuple[int, ...], others: tuple[int, ...]
    ) -> Whole | Blur | FineDetail:
        read = self.sample.read
        if name == recipes.FINE_DETAIL.name:
            return FineDetail(donors=donors, others=others, read=read)
        if name != recipes.BLUR.name:
            return Whole(name=name, donors=donors, others=others, read=read)
        soft, sharp = ([read(at) for at in group] for group in (donors, others))
        return Blur(sigma=missing_blur(soft, sharp), donors=donors, others=others, read=read)

    def _signs(self, recipe: str, inside: np.ndarray, outside: np.ndarray) -> dict[str, float]:
        """The signs of a recipe's cue by name, each the median of the donors, NaN if their pictures
        are too plain to measure; "softer" is the softness beyond that of the others.
        """
        signs = {name: self._median(each, inside) for name, each in _SIGNS.get(recipe, {}).items()}
        if "softness" in signs:
            signs["softer"] = signs["softness"] - self._median(softness, outside)
        return {name: round(value, 3) for name, value in signs.items()}

    def _median(self, measure: Callable[[np.ndarray], float], group: np.ndarray) -> float:
        values = [measure(self.sample.read(at)) for at in first_positions(group)]
        return float(pd.Series(values).median())

    def of_places(self) -> list[Candidate]:
        """Fixed regions of the picture."""
        return place_candidates(self.sample, self.target, self._small)

    def of_surroundings(self) -> list[Candidate]:
        """The outer part of the picture, if the class can be recognised by it."""
        best: tuple[float, np.ndarray, np.ndarray, np.ndarray] | None = None
        for chosen, member, small in self._small:
            if min(member.sum(), (~member).sum()) < LEAST_TOLD:
                continue
            told = told_by_surroundings(surroundings(small), member)
            auc = class_auc(told, member)
            if auc - 0.5 >= FLOOR_AUC and (best is None or auc > best[0]):
                best = auc, told, chosen, member
        return [self._surround(*best)] if best else []

    def _surround(
        self, auc: float, told: np.ndarray, chosen: np.ndarray, member: np.ndarray
    ) -> Candidate:
        carries = np.full(len(self.sample.ids), np.nan)
        carries[chosen] = told
        likely = chosen[member][np.argsort(-told[member], kind="stable")]
        return Candidate(
            cue="context",
            kind="appearance",
            target=self.target,
            name="surroundings",
            rank=(auc - 0.5) * _SURROUND_RANK,
            evidence=Evidence(0.0, auc, len(chosen)),
            carries=carries,
            experiment=Surround(
                donors=first_positions(likely[: max(4, len(likely) // 2)]),
                others=first_positions(chosen[~member]),
                read=self.sample.read,
            ),
            family="context",
        )

    def of_patches(self) -> list[Candidate]:
        """Pieces of picture that return at any position, and small parts of one colour or kind."""
        found: list[Candidate] = []
        coloured: list[Candidate] = []
        alike: list[Candidate] = []
        for group in self.groupings:
            chosen, member = self._compared(group, _SEARCHED)
            pictures = [self.sample.read(int(at)) for at in chosen]
            for patch in patches.returning_patches(pictures, member):
                found.append(self._returning(patch, chosen, member, pictures))
            if coloured_part := own_colour.own_colour(pictures, member):
                coloured.append(self._coloured(coloured_part, chosen, member))
            if part := own_part.own_part(pictures, member):
                alike.append(self._alike(part, chosen, member))
        found.sort(key=lambda each: -each.rank)
        coloured.sort(key=lambda each: -each.rank)
        alike.sort(key=lambda each: -each.rank)
        named = [replace(each, name=f"patch {n + 1}") for n, each in enumerate(found[:_PATCHES])]
        return named + coloured[:1] + alike[:1]

    def _returning(
        self,
        patch: patches.Patch,
        chosen: np.ndarray,
        member: np.ndarray,
        pictures: list[np.ndarray],
    ) -> Candidate:
        own = [at for at in patch.carriers if member[at]]
        around = stands_out([pictures[at] for at in own], [patch.boxes[at] for at in own])
        # NaN means that it could not be measured, which is no evidence for a part.
        pasted = patch.copied and not around >= _ON_A_THING
        candidate = self._anywhere(patch, patch.match, chosen, member)
        return replace(
            candidate,
            kind="overlay" if pasted else "appearance",
            rank=(patch.share - patch.elsewhere) * (1.0 if pasted else 0.4),
            detail={
                **candidate.detail,
                "copy": patch.copy,
                "repeats": patch.repeats,
                "around": round(around, 3),
            },
        )

    def _coloured(
        self, part: own_colour.OwnColour, chosen: np.ndarray, member: np.ndarray
    ) -> Candidate:
        largest_first = dict(sorted(part.sizes.items(), key=lambda each: -each[1]))
        candidate = self._anywhere(part, largest_first, chosen, member)
        rgb = " ".join(str(round(each)) for each in part.colour)
        return replace(candidate, name=own_colour.NAME, detail={**candidate.detail, "rgb": rgb})

    def _alike(self, part: own_part.OwnPart, chosen: np.ndarray, member: np.ndarray) -> Candidate:
        nearest_first = dict(sorted(part.nearness.items(), key=lambda each: -each[1]))
        candidate = self._anywhere(part, nearest_first, chosen, member)
        return replace(candidate, name=own_part.NAME)

    def _anywhere(
        self,
        thing: Thing,
        clearness: dict[int, float],
        chosen: np.ndarray,
        member: np.ndarray,
    ) -> Candidate:
        """A suspect that may be anywhere. It may be a thing of the class itself.

        Args:
            thing: what was found in the chosen images.
            clearness: how clearly images have it, by their place among the chosen, the clearest
                first.
            chosen: (m,) positions in the sample.
            member: (m,) booleans: the class.
        """
        donors = [at for at in clearness if member[at]][:MOST_DONORS]
        carries = np.full(len(self.sample.ids), np.nan)
        carries[chosen] = [clearness.get(at, -1.0) for at in range(len(chosen))]
        has = np.array([at in clearness for at in range(len(chosen))], float)
        return Candidate(
            cue="patch",
            kind="appearance",
            target=self.target,
            name="patch",
            rank=(thing.share - thing.elsewhere) * 0.4,
            evidence=Evidence(0.0, class_auc(has, member), len(chosen)),
            carries=carries,
            experiment=self._pasting(thing, donors, chosen, first_positions(chosen[~member])),
            family="patch",
            detail={"share": thing.share, "elsewhere": thing.elsewhere},
        )

    def _pasting(
        self, thing: Thing, donors: list[int], chosen: np.ndarray, others: tuple[int, ...]
    ) -> Crop | Drawing:
        images = first_positions(chosen[donors])
        if isinstance(thing, own_colour.OwnColour):
            return Drawing(thing=thing, donors=images, others=others, read=self.sample.read)
        boxes = tuple(thing.boxes[at] for at in donors)
        return Crop(thing=thing, boxes=boxes, donors=images, others=others, read=self.sample.read)

    def _values(self, name: str) -> np.ndarray:
        return self.sample.properties[name].to_numpy(float)

    def _member(self, half: np.ndarray) -> np.ndarray:
        return self._own[half] | self._called[half]

    def _beyond(self, values: np.ndarray) -> np.ndarray:
        """Distance from the threshold that separates the class from the rest best (Youden's J)."""
        half = self.sample.discover
        group = max(self.groupings, key=lambda each: abs(class_auc(values[half], each[half]) - 0.5))
        return values - best_threshold(values[half], group[half])

    def _chosen(self, positions: np.ndarray, purpose: str) -> np.ndarray:
        """Choose images in the order of their hashes."""
        ids = self.sample.ids
        return np.array(sorted(positions, key=lambda at: hash_number(str(ids[at]), purpose)), int)

    def _compared(self, group: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Members of a group and as many others, in hash order, and which are members."""
        half = self.sample.discover
        inside = self._chosen(half[group[half]], "compared")[:most]
        outside = self._chosen(half[~group[half]], "compared")[:most]
        member = np.arange(len(inside) + len(outside)) < len(inside)
        return np.concatenate([inside, outside]), member
