"""Each statistic of a comparison, compared with numbers by hand, a simulation or SciPy."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from convaudit.comparison import statistics
from convaudit.metrics import paired
from convaudit.metrics.intervals import Interval


def test_newcombes_interval_by_hand():
    """8 of 10 against 5 of 10, five right in both: phi = (5·2 − 10/2) / sqrt(8·2·5·5) = 0.25;
    Wilson limits 0.490162 and 0.943318 of the first, 0.236593 and 0.763407 of the second.
    """
    found = paired.paired_difference(both=5, first_only=3, second_only=0, neither=2)
    one, other = 0.5 - 0.236593, 0.943318 - 0.8
    low = -0.3 - math.sqrt(one**2 - 2 * 0.25 * one * other + other**2)
    one, other = 0.763407 - 0.5, 0.8 - 0.490162
    high = -0.3 + math.sqrt(one**2 - 2 * 0.25 * one * other + other**2)
    assert found == pytest.approx((-0.3, low, high), abs=1e-6)


def test_newcombes_interval_turns_round_with_its_arguments():
    forth = paired.paired_difference(70, 12, 5, 13)
    back = paired.paired_difference(70, 5, 12, 13)
    assert back == pytest.approx((-forth.value, -forth.high, -forth.low))


def test_newcombes_interval_holds_the_truth_as_often_as_it_says():
    shares = [0.75, 0.10, 0.06, 0.09]
    random = np.random.default_rng(0)
    held = [
        found.low <= shares[2] - shares[1] <= found.high
        for found in (
            paired.paired_difference(*map(int, counts))
            for counts in random.multinomial(80, shares, 2000)
        )
    ]
    assert 0.935 < np.mean(held) < 0.98


def test_where_nothing_differs_the_interval_holds_zero():
    found = paired.paired_difference(100, 0, 0, 0)
    assert found.value == 0 and found.low < 0 < found.high
    assert found.high < 0.04


def test_counts_of_a_million_images_do_not_overflow():
    found = paired.paired_difference(900_000, 20_000, 30_000, 50_000)
    assert found.value == pytest.approx(0.01)
    # The normal interval of a paired difference: 1.96 sqrt(0.05 − 0.01²) / 1000.
    assert found.high - found.value == pytest.approx(1.96 * math.sqrt(0.0499) / 1000, rel=0.01)


def test_mcnemar_by_hand():
    """One of six changed answers is right now: p = 2 · (1 + 6) / 64."""
    assert statistics.mcnemar(5, 1) == pytest.approx(14 / 64)
    assert statistics.mcnemar(0, 0) == 1


def test_a_difference_of_independent_estimates():
    first = Interval(0.9, 0.8, 0.94)
    second = Interval(0.1, 0.07, 0.2)
    expected = (-0.8, -0.8 - math.hypot(0.03, 0.04), -0.8 + math.hypot(0.1, 0.1))
    assert paired.difference_of(second, first) == pytest.approx(expected)


@pytest.mark.parametrize("zeros", [(0, 0), (40, 10), (0, 200)])
def test_two_samples_against_scipy(zeros):
    random = np.random.default_rng(1)
    first = random.choice([0.1, 0.2, 0.5, 0.9], 150)
    second = random.uniform(0.05, 1, 90).round(1)
    found = statistics.two_samples(first, second, (150 + zeros[0], 90 + zeros[1]))
    whole = [
        np.concatenate([values, np.zeros(count)])
        for values, count in ((first, zeros[0]), (second, zeros[1]))
    ]
    expected = stats.ks_2samp(*whole, method="asymp")
    greater = stats.mannwhitneyu(whole[1], whole[0]).statistic / len(whole[0]) / len(whole[1])
    assert found == pytest.approx((expected.statistic, expected.pvalue, greater))


def test_two_samples_of_nothing_but_zeros_are_alike():
    assert statistics.two_samples(np.empty(0), np.empty(0), (5, 7)) == (0, 1, 0.5)


def test_two_samples_by_hand():
    """1, 2, 3 and 3, 4: below 3 lie two of the three values of the first sample and none of the
    second; in 5.5 of the 6 pairs the second value is greater, ties counted half.
    """
    found = statistics.two_samples(np.array([1.0, 2, 3]), np.array([3.0, 4]), (3, 2))
    assert found.ks == pytest.approx(2 / 3)
    assert found.auc == pytest.approx(5.5 / 6)


def test_the_auc_of_a_class_and_its_interval():
    random = np.random.default_rng(2)
    values, member = random.normal(size=300).round(1), np.arange(300) % 3 == 0
    values[member] += 1
    rest, found, nobody = statistics.class_aucs(values, member.astype(int), 3)
    assert found.value == pytest.approx(roc_auc_score(member, values))
    assert rest.value == pytest.approx(1 - found.value) and nobody is None
    drawn = [
        roc_auc_score(member[rows], values[rows])
        for rows in (random.integers(0, 300, 300) for _ in range(200))
    ]
    assert found.high - found.value == pytest.approx(1.96 * np.std(drawn), rel=0.2)


def test_label_shares_are_found_from_the_predictions_alone():
    """Recalls 0.9 and 0.8, shares 30 % and 70 %: 0.3·0.9 + 0.7·0.2 = 0.41 get the first class."""
    confusion = np.array([[90, 10], [20, 80]])
    shares = statistics.label_shares(confusion, np.array([410, 590]))
    assert shares == pytest.approx([0.3, 0.7])
    accuracy = statistics.reweighted_accuracy(confusion, shares)
    assert accuracy == pytest.approx(0.3 * 0.9 + 0.7 * 0.8)


def test_a_class_that_was_never_seen_has_no_share():
    confusion = np.array([[9, 1, 0], [0, 0, 0], [2, 0, 8]])
    shares = statistics.label_shares(confusion, np.array([50, 5, 45]))
    assert shares[1] == 0 and shares.sum() == pytest.approx(1)
    assert statistics.reweighted_accuracy(confusion, np.array([0.5, 0.5, 0.0])) == 0.9
    assert math.isnan(statistics.reweighted_accuracy(confusion, np.array([0.0, 1.0, 0.0])))
