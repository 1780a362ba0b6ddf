"""The findings of a comparison in sentences: doubts, then what is worse, then all others."""

from dataclasses import dataclass

from convaudit.comparison.comparison import Comparison
from convaudit.comparison.datasets import Correlation
from convaudit.comparison.reliance import Reliance
from convaudit.metrics.intervals import Interval
from convaudit.report.wording import percent, short

DRIFT = 0.1
"""Least Kolmogorov-Smirnov distance of an output that counts as changed."""
CORRELATIONS = 3
"""Greatest number of properties among the findings; the table lists all."""


@dataclass(frozen=True)
class Sentence:
    """A finding of a comparison; ``alarm`` is True if it speaks against the second audit."""

    alarm: bool
    title: str
    text: str
    link: str = ""


def sentences(found: Comparison) -> list[Sentence]:
    """The findings at the top of the page."""
    told = [Sentence(True, "The comparison is doubtful", doubt) for doubt in found.doubts]
    if found.accuracy_difference is not None:
        told.append(_accuracy(found, found.accuracy_difference))
    told += [_reliance(each) for each in found.reliance or () if each.state != "not in both"]
    if found.datasets is not None:
        told += _datasets(found)
    return sorted(told, key=lambda each: not each.alarm)


def _accuracy(found: Comparison, difference: Interval) -> Sentence:
    value, low, high = (100 * end for end in difference.known)
    what = "model" if found.models else "dataset"
    if high < 0:
        title = f"The accuracy is lower by {-value:.1f} points"
    elif low > 0:
        title = f"The accuracy is higher by {value:.1f} points"
    else:
        title = "No difference in accuracy is proven"
    text = f"Second {what} against the first: {value:+.1f} points, 95 % interval {low:+.1f} to "
    text += f"{high:+.1f}."
    if found.models and found.models.whole:
        whole = found.models.whole
        text += f" Of {whole.images:,} labelled images {whole.only_second:,} that were wrong are "
        text += f"right now, and {whole.only_first:,} that were right are wrong now."
    shift = found.datasets and found.datasets.shift
    if shift and found.accuracy[0] and found.accuracy[1]:
        first, second = found.accuracy[0].known[0], found.accuracy[1].known[0]
        text += f" Other shares of the classes explain {100 * (shift.expected - first):+.1f} of "
        text += f"them; {100 * (second - shift.expected):+.1f} come from the images."
    return Sentence(high < 0, title, text, "#negative" if found.models else "#shares")


def _reliance(each: Reliance) -> Sentence:
    title = {
        "new": "New: ",
        "gone": "Proven in the first audit only: ",
        "stays": "In both audits: ",
    }[each.state] + each.title
    text = f"{_effect('First', each.first, each.first_status)} "
    text += f"{_effect('Second', each.second, each.second_status)}"
    if each.carriers is not None:
        this, that = ("first", "second") if each.first_status else ("second", "first")
        text += f" Of {each.carriers.images:,} images with the cue that the {this} model wrongly "
        text += f"predicts as {short(each.of)}, the {that} predicts {each.carriers.still:,} so too."
    return Sentence(each.state == "new", title, text, "#reliance")


def _effect(which: str, effect: Interval | None, status: str | None) -> str:
    if status is None:
        return f"{which}: not named, which proves nothing."
    if effect is None:
        return f"{which}: {status}."
    value, low, high = effect.known
    return (
        f"{which}: {status}, the cue turns {percent(value, 0)} of other classes' images "
        f"({percent(low, 0)} to {percent(high, 0)}), after those of a control are subtracted."
    )


def _datasets(found: Comparison) -> list[Sentence]:
    assert found.datasets is not None
    told = []
    drift = found.datasets.outputs[0]
    if drift.ks >= DRIFT:
        what = "confidence" if drift.name == "confidence" else f"score of {short(drift.name)}"
        told.append(
            Sentence(
                False,
                "The model's outputs changed",
                f"The greatest change is that of the {what}: distance {drift.ks:.2f}, where 0 is "
                f"the same and 1 nothing in common; its mean was {drift.first_mean:.3f} and is "
                f"{drift.second_mean:.3f}.",
                "#outputs",
            )
        )
    # With two classes each is the rest of the other, so each property is listed only once.
    once = {each.property: each for each in reversed(found.datasets.correlations)}
    told += [_correlation(once[name]) for name in list(once)[::-1][:CORRELATIONS]]
    return told


def _correlation(each: Correlation) -> Sentence:
    first, second = each.first.known[0], each.second.known[0]
    of = short(each.of)
    title = {
        "new": f"Only in the second dataset {each.property} separates {of} from the rest",
        "gone": f"Only in the first dataset {each.property} separates {of} from the rest",
        "turned": f"{each.property} separates {of} from the rest in the opposite direction",
    }[each.state]
    text = f"AUC {first:.2f} in the first dataset, {second:.2f} in the second; 0.5 is chance."
    return Sentence(each.state != "gone", title, text, "#properties")
