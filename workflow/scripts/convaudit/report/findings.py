"""Findings: computed sentences about what is unusual in an audit, each with its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from convaudit.checks.class_order import better_order, is_better, other_number_order
from convaudit.dataset.images import INTERPOLATIONS
from convaudit.metrics.intervals import wilson
from convaudit.report.mean_maps import MeanMaps
from convaudit.report.regions import HOT, NOWHERE, REGIONS
from convaudit.report.results import Results
from convaudit.report.sections.misclassified import surest
from convaudit.report.wording import percent, short, slice_words

FEWEST = 5
"""Least number of images for a finding."""
SHOWN = 6
"""Greatest number of images or class names that a finding shows."""
CENTRE = 4
GUESS = "The scaling is a guess"
"""Title of the finding that stands in the verdict, above all others."""


@dataclass(frozen=True)
class Finding:
    """``kind`` is classes, scaling, heat, trust, slice or data; ``count`` is the number of images,
    and ``rows`` are the row numbers of the ``SHOWN`` clearest ones, the clearest first.
    """

    kind: str
    title: str
    text: str
    link: str
    count: int = 0
    rows: Sequence[int] = ()
    region: int | None = None

    def facts(self) -> dict[str, Any]:
        """The finding as JSON."""
        page = f"index.html{self.link}" if self.link.startswith("#") else self.link
        return {
            "kind": self.kind,
            "title": self.title,
            "text": self.text,
            "images": self.count,
            "link": f"report/{page}",
        }


def findings(audit: Results, slices: Sequence[Mapping[str, Any]] = ()) -> list[Finding]:
    """All findings: first those that put all others in doubt (order of the classes, scaling), then
    heat that goes with errors, heat that sets a class apart, the trust in confidence and maps,
    parts of the data with lower accuracy, and faults of the data.

    Args:
        slices: those of ``summary.json``, the worst first.
    """
    return [
        *_better_order(audit),
        *_better_scaling(audit),
        *_better_resizing(audit),
        *_guess(audit),
        *_said_of_heat(audit, [*_errors_by_region(audit), *_classes_by_region(audit)]),
        *_trust(audit),
        *_slices(slices),
        *_data(audit),
    ]


def _better_order(audit: Results) -> list[Finding]:
    if audit.facts.head == "sigmoid" or audit.scaling_check["better"]:
        return []
    labels, said = audit.labels[audit.known], audit.predicted[audit.known]
    order, way = better_order(labels, said, len(audit.class_names)), "FILE"
    if (other := other_number_order(audit.class_names)) and is_better(other[1], labels, said):
        way, order = other
    if order is None:
        return []
    names = np.empty(len(order), object)
    names[order] = [short(name) for name in audit.class_names]
    shown = ", ".join(names[:SHOWN]) + (" and so on" if len(names) > SHOWN else "")
    text = (
        f"{(labels == said).mean():.0%} of {len(labels):,} labelled images are right; with the "
        f"names in the order {shown}, {(order[labels] == said).mean():.0%} would be. If the model "
        "was trained so, all that follows has wrong names: give them in its order with "
        f"classes={way} and run again."
    )
    title = "The classes seem to be in another order"
    return [Finding("classes", title, text, "#confusion")]


def _better_scaling(audit: Results) -> list[Finding]:
    check = audit.scaling_check
    if not check["better"]:
        return []
    also = (
        f" As many are right with {check['also'][0]}: look at a few images to tell which it is."
        if check["also"]
        else ""
    )
    text = (
        f"Of {check['images']} labelled images {check['accuracies'][check['used']]:.0%} are right "
        f"with the scaling of this audit, “{check['used']}”; with {check['advice']} "
        f"{check['accuracy']:.0%} would be. If the model was trained so, this audit gave it wrong "
        f"inputs: set it and run again.{also}"
    )
    return [Finding("scaling", "Pixels are scaled wrongly", text, "#data")]


def _better_resizing(audit: Results) -> list[Finding]:
    check = audit.scaling_check.get("resizing")
    if not check or not check["better"] or audit.scaling_check["better"]:
        return []
    accuracies = check["accuracies"]
    text = (
        f"Of {check['labelled']} labelled images {accuracies[check['used']]:.0%} are right when "
        f"they are resized as in this audit, by “{check['used']}”; by “{check['better']}” (as "
        f"{INTERPOLATIONS[check['better']]}) {accuracies[check['better']]:.0%} would be. If the "
        f"model was trained so, set preprocess.interpolation: {check['better']} and run again."
    )
    return [Finding("scaling", "Images are resized in another way than in training", text, "#data")]


def _guess(audit: Results) -> list[Finding]:
    """A guessed scaling, and what depends on it."""
    if audit.facts.scaling_known:
        return []
    check, guess = audit.scaling_check, audit.scaling_check.get("guess")
    why = audit.facts.scaling_why.removeprefix("a guess: ")
    text = f"Pixels are scaled as “{audit.facts.scaling_name}”, which is a guess: {why}. "
    if guess:
        changed = [
            f"{share:.0%} with {name}"
            for name, share in guess["changed"].items()
            if name != guess["used"]
        ]
        text += (
            f"With another scaling, answers to {guess['images']} images change: "
            f"{', '.join(changed)}. "
        )
        if guess["likelier"]:
            text += f"“{guess['likelier']}” fits the model better: {guess['why']}. "
    text += f"{_tried(check)} Set preprocess.scaling as it was in training."
    return [Finding("trust", GUESS, text, "#data")]


def _errors_by_region(audit: Results) -> list[Finding]:
    """Regions of the picture in which heat goes with errors: the lower end of the error rate's 95 %
    interval with heat there is at least twice the upper end of that of all other images.
    """
    if audit.facts.coarse:
        return []
    maps = audit.mean_maps
    known = audit.known & (maps.hottest != NOWHERE)
    everything, mistakes = int(known.sum()), int((audit.wrong & known).sum())
    found = []
    for region, name in enumerate(REGIONS):
        numbers, _ = maps.hot(region)
        hot, wrong = int(audit.known[numbers].sum()), numbers[audit.wrong[numbers]]
        bad, cold = len(wrong), everything - hot
        elsewhere = mistakes - bad
        surely = wilson(bad, hot).low
        at_most = wilson(elsewhere, cold).high
        if bad < FEWEST or surely is None or at_most is None or surely < 2 * at_most:
            continue
        said = np.bincount(audit.predicted[wrong])
        most = int(said.argmax())
        whole = "all of them" if said[most] == bad else f"{said[most]} of them"
        text = (
            f"Of {hot:,} images with over a third of their heat in the {name}, {bad:,} are "
            f"wrong ({bad / hot:.0%}), {whole} predicted as {short(audit.class_names[most])}; "
            f"of the other {cold:,}, {elsewhere:,} ({elsewhere / cold:.0%})."
        )
        title = f"Errors go with heat in the {name}"
        link = f"images.html#region={region}&share={100 * HOT:.2f}&truth=wrong"
        rows = surest(audit, wrong, SHOWN).tolist()
        rate = bad / hot - elsewhere / cold
        found.append((rate, Finding("heat", title, text, link, bad, rows, region)))
    return [finding for _, finding in sorted(found, key=lambda pair: -pair[0])]


def _classes_by_region(audit: Results) -> list[Finding]:
    """Classes whose heat gathers in a region off the centre: over twice the share of even heat and
    over 1.5 times that of other classes, p < 0.05 corrected for all classes and regions. None is
    named if suspects were tried by experiment, which is stronger evidence than heat.
    """
    if audit.facts.coarse or audit.suspects_tried:
        return []
    counts, sums = audit.mean_maps.counts, audit.mean_maps.region_sums
    called = np.bincount(audit.predicted, minlength=len(counts))
    tried = np.flatnonzero(counts >= FEWEST)
    level = 0.05 / max(1, len(tried) * (len(REGIONS) - 1))
    found = []
    for index in tried:
        mean, others = sums[index] / counts[index], counts.sum() - counts[index]
        rest = (sums.sum(axis=0) - sums[index]) / others if others else np.full(9, 1 / 9)
        for region in np.flatnonzero((mean > 2 / 9) & (mean > 1.5 * rest)):
            if region == CENTRE or _chance(audit.mean_maps, int(index), int(region)) > level:
                continue
            name = short(audit.class_names[index])
            text = (
                f"Images predicted as {name} gather {mean[region]:.0%} of their heat in the "
                f"{REGIONS[region]}, one of nine equal regions: {mean[region] * 9:.1f} times what "
                f"even heat would. Images predicted as other classes: {rest[region]:.0%}."
                f"{_when_right(audit, int(index), int(region))}"
            )
            if called[index] > counts[index]:
                text += (
                    f" This rests on {counts[index]:,} of {called[index]:,} of these images: the "
                    "maps of the others are empty."
                )
            numbers, shares = audit.mean_maps.hot(int(region))
            mine = audit.predicted[numbers] == index
            numbers, shares = numbers[mine], shares[mine]
            # Wrong images come last: they have findings of their own and would hide the class.
            order = np.lexsort((-shares, audit.wrong[numbers]))[:SHOWN]
            link = f"images.html#predicted={index}&region={region}&share={100 * HOT:.2f}"
            title = f"“{name}” has its heat in the {REGIONS[region]}"
            rows = numbers[order].tolist()
            one = Finding("heat", title, text, link, len(numbers), rows, int(region))
            found.append((float(mean[region]), one))
    return [finding for _, finding in sorted(found, key=lambda pair: -pair[0])]


def _chance(maps: MeanMaps, index: int, region: int) -> float:
    """p-value of a class having more of its heat in a region than the other classes (one-sided
    Welch's t test), or than even heat if there are no others (one-sided t test of one sample).
    """
    warm = maps.hottest != NOWHERE
    mine = maps.shares[warm & (maps.predicted == index), region].astype(float)
    others = maps.shares[warm & (maps.predicted != index), region].astype(float)
    usual = others.mean() if len(others) else 1 / len(REGIONS)
    if np.ptp(mine) < 1e-6:  # equal values have no variance, so no t test applies
        return float(mine.mean() <= usual)
    if len(others) < 2:
        return float(stats.ttest_1samp(mine, usual, alternative="greater").pvalue)
    return float(stats.ttest_ind(mine, others, equal_var=False, alternative="greater").pvalue)


def _said_of_heat(audit: Results, found: list[Finding]) -> list[Finding]:
    """Findings from the maps, marked as suspicions if the maps fail their own tests."""
    if not audit.trust or audit.trust["heat_usable"] is not False:
        return found
    doubt = " It is a suspicion: the maps of this model fail their own tests."
    return [
        replace(each, title=f"Suspected: {each.title}", text=each.text + doubt) for each in found
    ]


def _when_right(audit: Results, index: int, region: int) -> str:
    """The share for correctly predicted images, if there are errors among the images."""
    called = (audit.predicted == index) & (audit.mean_maps.hottest != NOWHERE)
    correct = called & audit.known & ~audit.wrong
    right = int(correct.sum())
    if not right or not (called & audit.wrong).any():
        return ""
    share = audit.mean_maps.region_sums_of(correct)[index, region] / right
    return f" Of the {right:,} right predictions: {share:.0%}."


def _trust(audit: Results) -> list[Finding]:
    found = []
    if audit.trust and audit.trust["heat_usable"] is False:
        tests = audit.trust["tests"]
        failed = [each["name"] for each in tests if each["gates"] and each["passed"] is False]
        text = (
            f"On {audit.trust['images']} images they fail: {' and '.join(failed)}. What is read "
            "from the maps is a suspicion; another gradcam.method or gradcam.layer may do better "
            "on this model."
        )
        found.append(Finding("trust", "The heat maps fail their own tests", text, "#trust"))
    if audit.known.sum() >= FEWEST:
        correct = ~audit.wrong[audit.known]
        sure = audit.probability[audit.known].mean(dtype=float)
        high = wilson(int(correct.sum()), len(correct)).high
        if high is not None and sure > high:
            bold = audit.wrong & (audit.probability > np.float64(0.9))
            text = (
                f"Its mean confidence is {percent(sure)}, but {correct.mean():.1%} of its "
                f"answers are right. {bold.sum():,} wrong answers have a confidence over 90%."
            )
            link = "images.html#truth=wrong&from=90"
            found.append(_of("The model is overconfident", text, link, bold))
    if audit.facts.coarse:
        height, width = audit.facts.layer(audit.facts.target_layer).sides
        text = (
            f"They have {height} x {width} cells, at “{audit.facts.target_layer}”, where no method "
            "agrees with what covering a part of the picture does. So nothing here says where in "
            "the picture the model looks; gradcam.layer names a layer with finer maps."
        )
        found.append(Finding("trust", "The maps are too coarse to say where", text, "#where"))
    empty = audit.column("map_empty", bool, None)
    if empty.mean() > 0.02:
        text = (
            f"For {empty.sum():,} images ({empty.mean():.0%}) nothing in the picture is evidence "
            "for the predicted class: their maps are empty."
        )
        link = f"images.html#region={NOWHERE}"
        found.append(_of("Answers without evidence", text, link, empty))
    return found


def _of(title: str, text: str, link: str, images: np.ndarray) -> Finding:
    """A finding of kind ``trust``; ``images`` (n,) is True for the images that it is about."""
    return Finding(
        "trust", title, text, link, int(images.sum()), np.flatnonzero(images)[:SHOWN].tolist()
    )


def _tried(check: dict[str, Any]) -> str:
    """The result of the scaling check in one sentence."""
    if not check["images"]:
        return "A wrong scaling costs accuracy in silence."
    if check["better"]:
        return "It seems to be wrong."
    if len(check["accuracies"]) == 1:
        share = check["accuracies"][check["used"]]
        return f"With it {share:.0%} of {check['images']} labelled images are right."
    return f"Of {check['images']} labelled images no other gets clearly more right."


def _slices(slices: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """One finding per story: its worst slice, and the slices with mostly the same errors."""
    found = []
    for one in (each for each in slices if each["story"] == each["name"]):
        same = [slice_words(x["name"]) for x in slices if x["story"] == one["name"]][1:]
        name = slice_words(one["name"])
        text = (
            f"{percent(one['accuracy'])} of {one['support']:,} images with {name} are right "
            f"(95 % interval {percent(one['accuracy_95_low'])} to "
            f"{percent(one['accuracy_95_high'])}); of all others {percent(one['rest_accuracy'])}."
        )
        if same:
            text += f" Much the same errors: {', '.join(same)}."
        found.append(Finding("slice", f"It is worse on {name}", text, "#slices", one["support"]))
    return found


def _data(audit: Results) -> list[Finding]:
    found = []
    crossed = audit.duplicates[audit.duplicates["across_labels"]]
    if len(crossed):
        text = (
            f"{len(crossed):,} files hold content that also stands under another label: "
            "at most one of the labels is right."
        )
        found.append(Finding("data", "The same image under two labels", text, "#duplicates"))
    found += _near_duplicates(audit.near_duplicates)
    if len(audit.quarantine):
        count = len(audit.quarantine)
        text = f"{count:,} of {count + audit.count:,} files could not be audited."
        found.append(Finding("data", "Files that are not images", text, "#data"))
    if audit.assumptions:
        text = " ".join(f"{note[0].upper()}{note[1:]}." for note in audit.assumptions)
        found.append(Finding("data", "What the audit assumes of the images", text, "#data"))
    channels = audit.own_channels
    dead = channels["dead"].mean() if len(channels) else 0
    if dead > 0.05:
        text = (
            f"{int(channels['dead'].sum()):,} of {len(channels):,} channels "
            f"({dead:.0%}) fired for no image."
        )
        found.append(Finding("data", "Channels that do nothing", text, "#sees"))
    return found


def _near_duplicates(known: dict[str, Any] | None) -> list[Finding]:
    if not known:
        return []
    found = []
    if count := known["images_across_labels"]:
        text = (
            f"{count:,} images look nearly the same as an image with another label: a copy that "
            "was resized, recompressed or slightly cropped, or a picture of the same series. Of a "
            "copy at most one label is right. duplicates.parquet lists them."
        )
        title = "Images that look alike under two labels"
        found.append(Finding("data", title, text, "#duplicates"))
    training = known["training"]
    if training and training["images"]:
        text = (
            f"{training['images']:,} audited images ({training['share']:.1%}) are among the "
            f"training images, {training['exact']:,} of them as the same file. "
            f"{_with_and_without(training)}An accuracy measured on training images says nothing "
            "of new images."
        )
        title = "The model was trained on audited images"
        found.append(Finding("data", title, text, "#duplicates"))
    return found


def _with_and_without(training: dict[str, Any]) -> str:
    among, without = training["accuracy_among"], training["accuracy_without"]
    if among is None or without is None:
        return ""
    return f"Of these {among:.1%} are right, of the others {without:.1%}. "
