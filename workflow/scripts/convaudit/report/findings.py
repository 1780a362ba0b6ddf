"""What stands out in an audit, said in sentences that are computed, each with its evidence."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from convaudit.class_order import better_order
from convaudit.report import measures
from convaudit.report.measures import REGIONS
from convaudit.report.mistakes import surest
from convaudit.report.names import percent, short
from convaudit.report.tables import Audit

HOT = 1 / 3
"""An image looks at a ninth of the picture when that ninth holds more than this of its heat."""
FEWEST = 5
"""Of fewer images than this nothing is said."""
SHOWN = 6
CENTRE = 4


@dataclass(frozen=True)
class Finding:
    """``kind`` is classes, scaling, heat, trust or data; ``rows`` are its images, the most telling
    first.
    """

    kind: str
    title: str
    text: str
    link: str
    rows: np.ndarray
    region: int | None = None

    def facts(self) -> dict[str, Any]:
        """For machines."""
        page = f"index.html{self.link}" if self.link.startswith("#") else self.link
        return {
            "kind": self.kind,
            "title": self.title,
            "text": self.text,
            "images": len(self.rows),
            "link": f"report/{page}",
        }


def findings(audit: Audit) -> list[Finding]:
    """Everything that stands out: first what puts all else in doubt, classes in another order and a
    scaling that would be better; then heat that goes with errors, then heat that sets a class
    apart, then what confidence is worth, then the data.
    """
    return [
        *_better_order(audit),
        *_better_scaling(audit),
        *_errors_by_region(audit),
        *_classes_by_region(audit),
        *_trust(audit),
        *_data(audit),
    ]


def _better_order(audit: Audit) -> list[Finding]:
    if audit.facts["head"] == "sigmoid":
        return []
    known = audit.predictions[audit.known]
    labels, said = (known[name].to_numpy(int) for name in ("label_index", "predicted_index"))
    order = better_order(labels, said, len(audit.class_names))
    if order is None:
        return []
    names = np.empty(len(order), object)
    names[order] = [short(name) for name in audit.class_names]
    shown = ", ".join(names[:SHOWN]) + (" and so on" if len(names) > SHOWN else "")
    text = (
        f"{(labels == said).mean():.0%} of {len(labels):,} labelled images are right; with the "
        f"names in the order {shown}, {(order[labels] == said).mean():.0%} would be. If the model "
        "was trained so, all that follows has wrong names: give them in its order with "
        "classes=FILE and run again."
    )
    rows = np.array([], int)
    title = "The classes seem to be in another order"
    return [Finding("classes", title, text, "#confusion", rows)]


def _better_scaling(audit: Audit) -> list[Finding]:
    check = audit.facts["scaling_check"]
    if not check["better"]:
        return []
    accuracies = check["accuracies"]
    text = (
        f"Of {check['images']} labelled images {accuracies[check['used']]:.0%} are right with the "
        f"scaling of this audit, “{check['used']}”; with “{check['better']}” "
        f"{accuracies[check['better']]:.0%} would be. If the model was trained so, all that "
        "follows is of a model fed wrongly: set preprocess.scaling and run again."
    )
    return [Finding("scaling", "Pixels are scaled wrongly", text, "#data", np.array([], int))]


def _errors_by_region(audit: Audit) -> list[Finding]:
    """Ninths of the picture in which heat goes along with errors beyond chance: the 95 % intervals
    of both error rates are a factor of two apart.
    """
    predicted, shares = audit.predictions["predicted_index"].to_numpy(), audit.heat.regions
    known = audit.known & ~np.isnan(shares[:, 0])
    wrong = audit.wrong & known
    found = []
    for region, name in enumerate(REGIONS):
        hot = known & (shares[:, region] > HOT)
        cold = known & ~hot
        bad, elsewhere = int((wrong & hot).sum()), int((wrong & cold).sum())
        surely = measures.wilson(bad, int(hot.sum())).low
        at_most = measures.wilson(elsewhere, int(cold.sum())).high
        if bad < FEWEST or surely is None or at_most is None or surely < 2 * at_most:
            continue
        rows = surest(audit, np.flatnonzero(wrong & hot))
        said = np.bincount(predicted[rows])
        most = int(said.argmax())
        whole = "all of them" if said[most] == bad else f"{said[most]} of them"
        text = (
            f"Of {hot.sum():,} images with over a third of their heat in the {name}, {bad:,} are "
            f"wrong ({bad / hot.sum():.0%}), {whole} called {short(audit.class_names[most])}; "
            f"of the other {cold.sum():,}, {elsewhere:,} ({elsewhere / cold.sum():.0%})."
        )
        title = f"It errs where it looks at the {name}"
        link = f"images.html#region={region}&share={100 * HOT:.2f}&truth=wrong"
        rate = bad / hot.sum() - elsewhere / cold.sum()
        found.append((rate, Finding("heat", title, text, link, rows, region)))
    return [finding for _, finding in sorted(found, key=lambda pair: -pair[0])]


def _classes_by_region(audit: Audit) -> list[Finding]:
    """Classes whose heat gathers off the centre: twice what even heat would have there, and half
    more than the other classes' have.
    """
    predicted, shares = audit.predictions["predicted_index"].to_numpy(), audit.heat.regions
    known = ~np.isnan(shares[:, 0])
    counts = np.bincount(predicted[known])
    sums = np.stack([np.bincount(predicted[known], share) for share in shares[known].T], axis=1)
    found = []
    for index in np.flatnonzero(counts >= FEWEST):
        mean, others = sums[index] / counts[index], counts.sum() - counts[index]
        rest = (sums.sum(axis=0) - sums[index]) / others if others else np.full(9, 1 / 9)
        for region in np.flatnonzero((mean > 2 / 9) & (mean > 1.5 * rest)):
            if region == CENTRE:
                continue
            name = short(audit.class_names[index])
            text = (
                f"Images called {name} gather {mean[region]:.0%} of their heat in the "
                f"{REGIONS[region]}, a ninth of the picture: {mean[region] * 9:.1f} times what "
                f"even heat would. Images called otherwise: {rest[region]:.0%}."
                f"{_when_right(audit, known & (predicted == index), int(region))}"
            )
            rows = np.flatnonzero((predicted == index) & (shares[:, region] > HOT))
            # What is wrong comes last: it has a finding of its own and would hide the class.
            rows = rows[np.lexsort((-shares[rows, region], audit.wrong[rows]))]
            link = f"images.html#predicted={index}&region={region}&share={100 * HOT:.2f}"
            title = f"“{name}” is told by the {REGIONS[region]}"
            found.append(
                (float(mean[region]), Finding("heat", title, text, link, rows, int(region)))
            )
    return [finding for _, finding in sorted(found, key=lambda pair: -pair[0])]


def _when_right(audit: Audit, called: np.ndarray, region: int) -> str:
    """The share of those that are rightly called so, where errors are among them."""
    right = called & audit.known & ~audit.wrong
    if not (called & audit.wrong).any() or not right.any():
        return ""
    return f" The {right.sum():,} that are right: {audit.heat.regions[right, region].mean():.0%}."


def _trust(audit: Audit) -> list[Finding]:
    probability = audit.predictions["probability"].to_numpy(float)
    found = []
    if audit.known.sum() >= FEWEST:
        correct, sure = ~audit.wrong[audit.known], probability[audit.known]
        high = measures.wilson(int(correct.sum()), len(correct)).high
        if high is not None and sure.mean() > high:
            rows = np.flatnonzero(audit.wrong & (probability > 0.9))
            text = (
                f"Its mean confidence is {percent(sure.mean())}, but {correct.mean():.1%} of its "
                f"answers are right. {len(rows):,} wrong answers have a confidence over 90%."
            )
            link = "images.html#truth=wrong&from=90"
            found.append(Finding("trust", "It is surer than it is right", text, link, rows))
    empty = audit.predictions["map_empty"].to_numpy(bool)
    if empty.mean() > 0.02:
        text = (
            f"For {empty.sum():,} images ({empty.mean():.0%}) nothing in the picture speaks for "
            "what was said: their maps are empty."
        )
        found.append(
            Finding(
                "trust",
                "Answers without evidence",
                text,
                "images.html#region=255",
                np.flatnonzero(empty),
            )
        )
    if not audit.facts["scaling_known"]:
        text = (
            f"Pixels are scaled as “{audit.facts['scaling']}”: {audit.facts['scaling_why']}. "
            f"{_tried(audit.facts['scaling_check'])} Set preprocess.scaling to be sure."
        )
        found.append(Finding("trust", "The scaling is a guess", text, "#data", np.array([], int)))
    return found


def _tried(check: dict[str, Any]) -> str:
    if not check["images"]:
        return "A wrong scaling costs accuracy in silence."
    if check["better"]:
        return "It seems to be wrong."
    if len(check["accuracies"]) == 1:
        share = check["accuracies"][check["used"]]
        return f"With it {share:.0%} of {check['images']} labelled images are right."
    return f"Of {check['images']} labelled images no other gets clearly more right."


def _data(audit: Audit) -> list[Finding]:
    found = []
    crossed = audit.duplicates[audit.duplicates["across_labels"]]
    if len(crossed):
        text = (
            f"{len(crossed):,} files hold content that also stands under another label: "
            "at most one of the labels is right."
        )
        found.append(_plain("The same image under two labels", text, "#duplicates"))
    if len(audit.quarantine):
        count = len(audit.quarantine)
        text = f"{count:,} of {count + len(audit.predictions):,} files could not be audited."
        found.append(_plain("Files that are not images", text, "#data"))
    channels = audit.own_channels
    dead = channels["dead"].mean() if len(channels) else 0
    if dead > 0.05:
        text = (
            f"{int(channels['dead'].sum()):,} of {len(channels):,} channels "
            f"({dead:.0%}) fired for no image."
        )
        found.append(_plain("Channels that do nothing", text, "#sees"))
    return found


def _plain(title: str, text: str, link: str) -> Finding:
    return Finding("data", title, text, link, np.array([], int))
