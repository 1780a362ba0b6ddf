"""Findings: computed sentences about what is unusual in an audit, each with its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import stats

from convaudit.checks.class_order import better_order, is_better, other_number_order
from convaudit.dataset.images import INTERPOLATIONS
from convaudit.metrics.cues import cue_of
from convaudit.metrics.intervals import wilson
from convaudit.report.findings.data_findings import data_findings
from convaudit.report.findings.finding import FEWEST, GUESS, SHOWN, Finding
from convaudit.report.findings.slice_findings import slice_findings
from convaudit.report.mean_maps import MeanMaps
from convaudit.report.regions import HOT, NOWHERE, REGIONS
from convaudit.report.results import Results
from convaudit.report.sections.misclassified import surest
from convaudit.report.sections.suspects import stories
from convaudit.report.wording import percent, short

CENTRE = 4


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
        *slice_findings(slices, audit.shortcuts),
        *data_findings(audit),
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
        f"The accuracy is {(labels == said).mean():.0%} on {len(labels):,} labelled images; with "
        f"the class names in the order {shown}, it would be {(order[labels] == said).mean():.0%}. "
        "If the model was trained in that order, all class names below are wrong: give them in "
        f"that order with classes={way} and run the audit again."
    )
    title = "The classes seem to be in another order"
    return [Finding("classes", title, text, "#confusion")]


def _better_scaling(audit: Results) -> list[Finding]:
    check = audit.scaling_check
    if not check["better"]:
        return []
    also = (
        f" The accuracy is as high with {check['also'][0]}: look at a few images to see which one "
        "is right."
        if check["also"]
        else ""
    )
    text = (
        f"The accuracy is {check['accuracies'][check['used']]:.0%} on {check['images']} labelled "
        f"images with the scaling of this audit, “{check['used']}”; with {check['advice']} it "
        f"would be {check['accuracy']:.0%}. If the model was trained with that, this audit gave it "
        f"wrong inputs: set it and run the audit again.{also}"
    )
    return [Finding("scaling", "Pixels are scaled wrongly", text, "#data")]


def _better_resizing(audit: Results) -> list[Finding]:
    check = audit.scaling_check.get("resizing")
    if not check or not check["better"] or audit.scaling_check["better"]:
        return []
    accuracies = check["accuracies"]
    text = (
        f"The accuracy is {accuracies[check['used']]:.0%} on {check['labelled']} labelled images "
        f"that are resized as in this audit, by “{check['used']}”; by “{check['better']}” (as "
        f"{INTERPOLATIONS[check['better']]}) it would be {accuracies[check['better']]:.0%}. If the "
        f"training images were resized in that way, set preprocess.interpolation: "
        f"{check['better']} and run the audit again."
    )
    return [Finding("scaling", "Images are resized in another way than in training", text, "#data")]


def _guess(audit: Results) -> list[Finding]:
    """A guessed scaling, and what depends on it."""
    if audit.facts.scaling_known:
        return []
    check, guess = audit.scaling_check, audit.scaling_check.get("guess")
    why = audit.facts.scaling_why.removeprefix("a guess: ")
    parts = [f"Pixels are scaled as “{audit.facts.scaling_name}”, which is a guess: {why}."]
    parts += filter(None, [other_scalings(audit)])
    if guess and guess["likelier"]:
        parts.append(f"“{guess['likelier']}” fits the model better: {guess['why']}.")
    if not check["images"]:
        parts.append("A wrong scaling lowers the accuracy, and no error message shows it.")
    elif check["better"]:
        parts.append("The scaling seems to be wrong.")
    elif len(check["accuracies"]) > 1:
        parts.append(
            f"On {check['images']} labelled images no other scaling is clearly more accurate."
        )
    parts.append("Set preprocess.scaling to the scaling that was used in training.")
    return [Finding("trust", GUESS, " ".join(parts), "#data")]


def other_scalings(audit: Results) -> str:
    """The predictions that change with other scalings, and the reason if their accuracy was not
    compared; "" if there is nothing to say.
    """
    check, guess = audit.scaling_check, audit.scaling_check.get("guess")
    parts = []
    if guess:
        changed = [
            f"{share:.0%} with {name}"
            for name, share in guess["changed"].items()
            if name != guess["used"]
        ]
        parts.append(
            f"Other scalings were run on {guess['images']} images and change this share of the "
            f"predictions: {', '.join(changed)}."
        )
    if check["images"] and not check["better"] and len(check["accuracies"]) == 1:
        known = int(audit.known.sum())
        parts.append(
            f"{'Their accuracy was' if guess else 'Other scalings were'} not compared, because "
            f"with “{check['used']}” the accuracy already is "
            f"{percent(check['accuracies'][check['used']], 0)} on {check['images']} labelled "
            f"images ({percent(1 - audit.wrong.sum() / known)} on all {known:,} labelled images)."
        )
    return " ".join(parts)


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
        whole = "all" if said[most] == bad else f"{said[most]}"
        text = (
            f"{hot:,} images have over a third of their heat in the {name}; {bad:,} of them "
            f"({bad / hot:.0%}) are predicted wrongly, {whole} as "
            f"{short(audit.class_names[most])}. Of the other {cold:,} images, "
            f"{elsewhere:,} ({elsewhere / cold:.0%}) are predicted wrongly."
        )
        title = f"Errors go with heat in the {name}"
        link = f"images.html#region={region}&share={100 * HOT:.2f}&truth=wrong"
        rows = surest(audit, wrong, SHOWN).tolist()
        rate = bad / hot - elsewhere / cold
        cue = cue_of(np.isin(np.arange(audit.count), wrong), audit.cues)
        found.append((rate, Finding("heat", title, text, link, bad, rows, region, cue)))
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
                f"{REGIONS[region]}, one of nine equal regions: {mean[region] * 9:.1f} times "
                "as much as if the heat were even. Images predicted as other classes have "
                f"{rest[region]:.0%} of their heat there."
                f"{_when_right(audit, int(index), int(region))}"
            )
            if called[index] > counts[index]:
                text += (
                    f" Only {counts[index]:,} of these {called[index]:,} images are counted: the "
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
    """Findings from the maps. If the maps fail their own tests they are marked as suspicions, but
    not if an experiment confirmed the cue that the errors carry.
    """
    if not audit.trust or audit.trust["heat_usable"] is not False:
        return found
    ranks = {each["id"]: rank for rank, each in enumerate(stories(audit.shortcuts), 1)}
    doubt = " This is only a suspicion, because the maps of this model fail their own tests."
    told = []
    for each in found:
        if each.suspect and each.suspect.id in ranks:
            proof = (
                " The heat maps alone would not prove it; the experiment of suspect "
                f"{ranks[each.suspect.id]} does."
            )
            told.append(replace(each, text=each.text + proof))
        else:
            told.append(replace(each, title=f"Suspected: {each.title}", text=each.text + doubt))
    return told


def _when_right(audit: Results, index: int, region: int) -> str:
    """The share for correctly predicted images, if there are errors among the images."""
    called = (audit.predicted == index) & (audit.mean_maps.hottest != NOWHERE)
    correct = called & audit.known & ~audit.wrong
    right = int(correct.sum())
    if not right or not (called & audit.wrong).any():
        return ""
    share = audit.mean_maps.region_sums_of(correct)[index, region] / right
    return f" The {right:,} right predictions among them have {share:.0%} there."


def _trust(audit: Results) -> list[Finding]:
    found = []
    if audit.trust and audit.trust["heat_usable"] is False:
        tests = [each for each in audit.trust["tests"] if each["gates"]]
        failed = [each["name"] for each in tests if each["passed"] is False]
        text = (
            f"The maps were tested on {audit.trust['images']} images and fail {len(failed)} of "
            f"the {len(tests)} tests that decide: {' and '.join(failed)}. What is read from the "
            "maps is only a suspicion. Another gradcam.method or gradcam.layer may give maps that "
            "pass."
        )
        found.append(Finding("trust", "The heat maps fail their own tests", text, "#trust"))
    if audit.known.sum() >= FEWEST:
        correct = ~audit.wrong[audit.known]
        sure = audit.probability[audit.known].mean(dtype=float)
        high = wilson(int(correct.sum()), len(correct)).high
        if high is not None and sure > high:
            bold = audit.wrong & (audit.probability > np.float64(0.9))
            text = (
                f"Its mean confidence is {percent(sure)}, but its accuracy is "
                f"{correct.mean():.1%}. {bold.sum():,} wrong predictions have a confidence over "
                "90%."
            )
            link = "images.html#truth=wrong&from=90"
            found.append(_of("The model is overconfident", text, link, bold))
    if audit.facts.coarse:
        height, width = audit.facts.layer(audit.facts.target_layer).sides
        text = (
            f"The maps of layer “{audit.facts.target_layer}” have {height} x {width} cells. On "
            "maps as coarse as this no method agrees with occlusion (parts of the picture are "
            "covered). So this report does not say where in the picture the model looks; set "
            "gradcam.layer to a layer with finer maps."
        )
        found.append(Finding("trust", "The maps are too coarse to say where", text, "#where"))
    empty = audit.column("map_empty", bool, None)
    if empty.mean() > 0.02:
        text = (
            f"The maps of {empty.sum():,} images ({empty.mean():.0%}) are empty: nothing in the "
            "picture is evidence for the predicted class."
        )
        link = f"images.html#region={NOWHERE}"
        found.append(_of("Predictions without evidence", text, link, empty))
    return found


def _of(title: str, text: str, link: str, images: np.ndarray) -> Finding:
    """A finding of kind ``trust``; ``images`` (n,) is True for the images that it is about."""
    return Finding(
        "trust", title, text, link, int(images.sum()), np.flatnonzero(images)[:SHOWN].tolist()
    )
