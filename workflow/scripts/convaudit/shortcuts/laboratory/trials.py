"""Trials: each suspect's experiment on images of the confirming half, with its control."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from convaudit.shortcuts.candidate import Candidate
from convaudit.shortcuts.changes.experiments import Experiment
from convaudit.shortcuts.changes.recipes import seed_of
from convaudit.shortcuts.halves import hash_number
from convaudit.shortcuts.laboratory.paired import PairedDifference, paired_difference
from convaudit.shortcuts.sample import TIE, Sample, margins

Scorer = Callable[[Sequence[np.ndarray]], np.ndarray]
"""Gives the scores (m, units) of pictures (H, W, 3) of any size: the audit's own resize, scaling
and forward pass."""
CONFIRMED, REFUTED = 0.10, 0.05
"""Limits of an effect, a difference of shares: it is confirmed if the lower end of its interval is
at least the first, refuted if the upper end is below the second."""
LEAST_PAIRS = 30
"""Least number of images in a trial for a decision."""
LOOKS = (40, 80, 250)
"""Numbers of pairs after which a trial is judged; the error is shared among them (Bonferroni)."""
_FUTILE = 0.03
"""A trial that is long enough to refute ends early if the difference is below this."""
_HOPELESS = 0.15
"""So does one whose 95 % interval ends below this: with all pairs its lower end would hardly be
``CONFIRMED``."""
_REFUTING = 76
"""Number of pairs at which a trial without any flip has a 95 % interval that ends below
``REFUTED``."""
_AT_ONCE = 32
"""Number of images that are changed at a time."""
_SHOWN = 6
"""Number of pairs that the report shows."""


@dataclass(frozen=True)
class Pair:
    """An image for the report: before, after the cue and after the control (RGB uint8), and whether
    its answer flipped.
    """

    image_id: str
    before: np.ndarray
    after: np.ndarray
    control: np.ndarray
    flipped: bool
    control_flipped: bool


@dataclass(frozen=True)
class Trial:
    """The result of inserting or removing a cue.

    difference: of the shares that flipped with the cue and with its control; images: ids of the n
    tried images; with_cue, with_control: (n,) booleans: the answer flipped.
    """

    difference: PairedDifference
    pairs: list[Pair]
    images: list[str]
    with_cue: np.ndarray
    with_control: np.ndarray

    @property
    def flips(self) -> int:
        """Number of images that flipped with the cue."""
        return self.difference.both + self.difference.first

    @property
    def plain(self) -> PairedDifference:
        """The same with a 95 % interval that is not corrected for the number of suspects. It is
        used only for decisions that do not accuse the model.
        """
        return paired_difference(self.with_cue, self.with_control, 0.95)

    @property
    def control_flips(self) -> int:
        """Number of images that flipped with the control."""
        return self.difference.both + self.difference.second


class Laboratory:
    """Makes trials on the confirming half of a sample, within a budget of forward passes."""

    def __init__(
        self, sample: Sample, score: Scorer, *, candidates: int, budget: int, threads: int
    ) -> None:
        self.sample = sample
        self.budget = budget
        self.passes = 0
        self._score = score
        self._level = 1 - 0.05 / (2 * max(candidates, 1) * len(LOOKS))
        self._threads = threads

    @property
    def level(self) -> float:
        """Confidence level of the intervals: 95 % over all suspects, both trials and all looks."""
        return self._level

    def insert(
        self,
        candidate: Candidate,
        experiment: Experiment,
        looks: Sequence[int] = LOOKS,
        futile: int = _REFUTING,
        enough: float = CONFIRMED,
    ) -> Trial:
        """Insert the cue into images of other classes; an image flips if it is then predicted as
        the class.

        The images have another true class, are not predicted as this class and do not carry the
        cue.

        Args:
            candidate: the suspect.
            experiment: changes the images.
            looks: numbers of pairs after which the trial is judged.
            futile: number of pairs from which on a trial without an effect ends.
            enough: the trial ends when the lower end of the effect is at least this.
        """
        sample, target = self.sample, candidate.target
        half = sample.confirm
        usable = half[
            (sample.truth[half] != target)
            & (sample.margin(target)[half] < -TIE)
            & ~(candidate.carries[half] > 0)
        ]
        order = self._ordered(usable, candidate.name)
        return self._trial(
            order,
            candidate,
            experiment.insert,
            experiment.insert_control,
            flipped=lambda margin: margin > TIE,
            looks=looks,
            futile=futile,
            enough=enough,
        )

    def remove(
        self, candidate: Candidate, experiment: Experiment, looks: Sequence[int] = LOOKS
    ) -> Trial:
        """Remove the cue from carriers of the class; an image flips if it is no longer predicted as
        the class.

        If a region can be filled in several ways, the one with the least difference counts.

        Args:
            candidate: the suspect.
            experiment: changes the images.
            looks: numbers of pairs after which the trial is judged.
        """
        sample, target = self.sample, candidate.target
        half = sample.confirm
        usable = half[
            (sample.truth[half] == target)
            & (sample.margin(target)[half] > TIE)
            & ~(candidate.carries[half] <= 0)
        ]
        order = self._ordered(usable, candidate.name)
        none = np.zeros(0, bool)
        worst = Trial(paired_difference(none, none, self._level), [], [], none, none)
        for fill in experiment.fills:
            trial = self._trial(
                order,
                candidate,
                partial(experiment.remove, fill=fill),
                partial(experiment.remove_control, fill=fill),
                flipped=lambda margin: margin < -TIE,
                looks=looks,
            )
            if not worst.pairs or trial.difference.low < worst.difference.low:
                worst = trial
            if trial.difference.low < CONFIRMED:  # the next fill could not undo that
                break
        return worst

    def _ordered(self, positions: np.ndarray, purpose: str) -> np.ndarray:
        ids = self.sample.ids
        return np.array(sorted(positions, key=lambda at: hash_number(str(ids[at]), purpose)), int)

    def _trial(
        self,
        order: np.ndarray,
        candidate: Candidate,
        cue: Callable[[np.ndarray, int], np.ndarray | None],
        control: Callable[[np.ndarray, np.ndarray, int], np.ndarray | None],
        flipped: Callable[[np.ndarray], np.ndarray],
        looks: Sequence[int] = LOOKS,
        futile: int = _REFUTING,
        enough: float = CONFIRMED,
    ) -> Trial:
        first: list[np.ndarray] = []
        second: list[np.ndarray] = []
        pairs: list[Pair] = []
        tried: list[str] = []
        done = 0
        found = paired_difference(np.zeros(0), np.zeros(0), self._level)
        for look in looks:
            goal = min(look, len(order))
            if goal > done and self.passes + 2 * (goal - done) > self.budget and done:
                break
            while done < goal:
                part = order[done : min(done + _AT_ONCE, goal)]
                done += len(part)
                made = self._made(part, cue, control, candidate.name)
                if not made:
                    continue
                answers = self._margins([m[2] for m in made] + [m[3] for m in made], candidate)
                first.append(answers[: len(made)])
                second.append(answers[len(made) :])
                tried += [str(self.sample.ids[m[0]]) for m in made]
                if len(pairs) < _SHOWN:
                    pairs += _shown(self.sample, made, first[-1], second[-1], flipped)
            one, two = (np.concatenate(x) if x else np.zeros(0) for x in (first, second))
            found = paired_difference(flipped(one), flipped(two), self._level)
            if found.low >= enough or len(order) <= look:
                break
            plain = paired_difference(flipped(one), flipped(two), 0.95)
            if found.pairs >= futile and (found.value < _FUTILE or plain.high < _HOPELESS):
                break
        return Trial(
            difference=found,
            pairs=_mixed(pairs),
            images=tried,
            with_cue=flipped(one),
            with_control=flipped(two),
        )

    def _made(
        self,
        part: np.ndarray,
        cue: Callable[[np.ndarray, int], np.ndarray | None],
        control: Callable[[np.ndarray, np.ndarray, int], np.ndarray | None],
        purpose: str,
    ) -> list[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
        def one(at: int) -> tuple[int, np.ndarray, np.ndarray, np.ndarray] | None:
            image = self.sample.read(int(at))
            seed = seed_of(str(self.sample.ids[at]), purpose)
            changed = cue(image, seed)
            other = control(image, changed, seed) if changed is not None else None
            return None if changed is None or other is None else (at, image, changed, other)

        with ThreadPoolExecutor(self._threads) as pool:
            return [each for each in pool.map(one, part) if each is not None]

    def _margins(self, pictures: list[np.ndarray], candidate: Candidate) -> np.ndarray:
        self.passes += len(pictures)
        return margins(self._score(pictures), self.sample.head, candidate.target)


def _shown(
    sample: Sample,
    made: list[tuple[int, np.ndarray, np.ndarray, np.ndarray]],
    first: np.ndarray,
    second: np.ndarray,
    flipped: Callable[[np.ndarray], np.ndarray],
) -> list[Pair]:
    flips, others = flipped(first), flipped(second)
    return [
        Pair(str(sample.ids[at]), before, after, control, bool(flips[i]), bool(others[i]))
        for i, (at, before, after, control) in enumerate(made)
    ]


def _mixed(pairs: list[Pair]) -> list[Pair]:
    """A few pairs, flipped and not flipped in the proportion of all, with at least one that did not
    flip if there is any.
    """
    failed = [pair for pair in pairs if not pair.flipped]
    done = [pair for pair in pairs if pair.flipped]
    share = round(_SHOWN * len(failed) / max(1, len(pairs)))
    wanted = min(len(failed), max(share, 1))
    return done[: _SHOWN - wanted] + failed[:wanted]
