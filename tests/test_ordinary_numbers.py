"""Standard metrics, by hand and compared with scikit-learn on all probabilities."""

import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax
from sklearn import metrics as reference

from convaudit.metrics import calibration, classification, intervals
from convaudit.metrics.classification import Answers, Scores


def answers_of(scores: np.ndarray, labels: np.ndarray) -> Answers:
    probabilities = softmax(scores, axis=1)
    rows = np.arange(len(labels))
    true = probabilities[rows, labels]
    truth = np.eye(scores.shape[1])[labels]
    return Answers(
        labels,
        scores.argmax(axis=1),
        probabilities.max(axis=1),
        true,
        (probabilities >= true[:, None]).sum(axis=1),
        ((probabilities - truth) ** 2).sum(axis=1),
    )


def made(classes: int, count: int = 500) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(classes)
    labels = random.integers(0, classes, count)
    scores = random.normal(size=(count, classes)) + 2 * np.eye(classes)[labels]
    return scores, labels


@pytest.mark.parametrize("classes", [2, 9])
def test_ordinary_numbers_are_scikit_learns(classes):
    scores, labels = made(classes)
    answers = answers_of(scores, labels)
    probabilities = softmax(scores, axis=1)
    found = classification.ordinary(answers, classes)
    assert found["balanced_accuracy"] == pytest.approx(
        reference.balanced_accuracy_score(labels, answers.predicted)
    )
    assert found["macro_f1"] == pytest.approx(
        reference.f1_score(labels, answers.predicted, average="macro")
    )
    assert found["log_loss"] == pytest.approx(reference.log_loss(labels, probabilities))
    given = probabilities[:, 1] if classes == 2 else probabilities
    assert found["brier"] == pytest.approx(reference.brier_score_loss(labels, given))
    if classes == 2:
        assert found["top5_accuracy"] is None
    else:
        assert found["top5_accuracy"] == pytest.approx(
            reference.top_k_accuracy_score(labels, scores, k=5)
        )
    for name in ("balanced_accuracy", "log_loss", "brier"):
        assert found[f"{name}_95_low"] < found[name] < found[f"{name}_95_high"]


def test_a_probability_of_nought_costs_what_scikit_learn_makes_it_cost():
    labels = np.array([0, 1])
    probabilities = np.array([[1, 0], [1, 0]], np.float32)
    answers = Answers(
        labels, np.array([0, 0]), np.ones(2), np.array([1, 0.0]), np.array([1, 2]), np.array([0, 2])
    )
    found = classification.ordinary(answers, 2)["log_loss"]
    assert found == pytest.approx(reference.log_loss(labels, probabilities), rel=1e-6)


def test_f1_by_class_is_scikit_learns():
    scores, labels = made(4)
    predicted = scores.argmax(axis=1)
    table = classification.per_class(classification.confusion(labels, predicted, 4), list("abcd"))
    assert table["f1"].tolist() == pytest.approx(
        reference.f1_score(labels, predicted, average=None).tolist()
    )


def test_areas_are_scikit_learns():
    scores, labels = made(5)
    found = classification.by_score(Scores(scores, labels), "softmax", 5)
    probabilities = softmax(scores, axis=1)
    assert found["roc_auc"] == pytest.approx(
        reference.roc_auc_score(labels, probabilities, multi_class="ovr")
    )
    one_hot = np.eye(5)[labels]
    assert found["average_precision"] == pytest.approx(
        reference.average_precision_score(one_hot, probabilities)
    )
    assert len(found["roc_auc_per_class"]) == 5 and found["score_images"] == 500


def test_the_area_of_one_unit_by_hand():
    # Of the four pairs of a positive and a negative three are in the right order.
    sample = Scores(np.array([[0.1], [0.4], [0.35], [0.8]]), np.array([0, 0, 1, 1]))
    assert classification.by_score(sample, "binary", 2)["roc_auc"] == 0.75
    alone = Scores(np.ones((3, 1)), np.ones(3, int))
    assert classification.by_score(alone, "binary", 2)["roc_auc"] is None


def test_an_end_of_wilsons_interval_is_just_not_rejected_by_the_score_test():
    for level, quantile in ((0.9, 1.6448536), (0.95, 1.9599640), (0.999, 3.2905267)):
        for right, trials in ((0, 7), (3, 7), (7, 7), (970, 1000)):
            share, low, high = intervals.wilson(right, trials, level).known
            for end in (low, high):
                if end != share:
                    z = abs(share - end) / (end * (1 - end) / trials) ** 0.5
                    assert z == pytest.approx(quantile, rel=1e-6)


def test_so_many_images_put_the_end_at_the_limit():
    for share, limit in ((0.9, 0.85), (0.02, 0.05), (0.5, 0.45)):
        images = intervals.images_to_decide(share, limit)
        assert images is not None
        _, low, high = intervals.wilson(round(share * images), images)
        end = low if share > limit else high
        assert end == pytest.approx(limit, abs=0.01)
    assert intervals.images_to_decide(0.9, 0.9) is None


def test_the_interval_of_a_balanced_accuracy_holds_it():
    random = np.random.default_rng(0)
    recalls, support = np.array([0.9, 0.7, 0.5]), np.array([200, 50, 30])
    inside = 0
    for _ in range(400):
        drawn = random.binomial(support, recalls)
        shares = [intervals.wilson(int(k), int(n)) for k, n in zip(drawn, support, strict=True)]
        found = intervals.of_mean_share(shares)
        inside += found.low <= recalls.mean() <= found.high
    assert inside / 400 >= 0.92


def test_equal_count_bins_by_hand():
    probability = np.array([0.5, 0.9, 0.6, 0.8])
    correct = np.array([False, True, True, True])
    bins = calibration.equal_count(probability, correct, 2)
    assert bins["count"].tolist() == [2, 2]
    assert bins["confidence"].tolist() == pytest.approx([0.55, 0.85])
    assert bins["accuracy"].tolist() == [0.5, 1]
    assert calibration.error(bins) == pytest.approx((0.05 + 0.15) / 2)
    assert calibration.equal_count(np.empty(0), np.empty(0, bool)).empty


@pytest.mark.parametrize("gap", [0.0, 0.05, 0.1])
def test_the_interval_of_the_calibration_error_holds_it(gap):
    random = np.random.default_rng(1)
    inside = 0
    for _ in range(150):
        sure = random.uniform(0.6, 0.99, 400)
        right = random.random(400) < sure - gap
        found = calibration.error_interval(calibration.equal_count(sure, right))
        inside += found.low <= gap <= found.high
    assert inside / 150 >= 0.9


@pytest.mark.parametrize("units", [1, 4])
def test_a_temperature_that_was_planted_is_found(units):
    random = np.random.default_rng(2)
    honest = random.normal(scale=2, size=(4000, units))
    if units == 1:
        labels = (random.random(4000) < expit(honest[:, 0])).astype(int)
    else:
        drawn = log_softmax(honest, axis=1) + random.gumbel(size=honest.shape)
        labels = drawn.argmax(axis=1)
    found = calibration.temperature(3 * honest, labels)
    assert found is not None
    assert found.value == pytest.approx(3, rel=0.1)
    assert found.error_after < 0.03 < found.error_before


def test_no_temperature_of_answers_that_are_all_right():
    labels = np.arange(40) % 2
    assert calibration.temperature(9 * np.eye(2)[labels], labels) is None
    assert calibration.temperature(np.ones((3, 2)), np.zeros(3, int)) is None
