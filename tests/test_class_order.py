"""Class names in another order than the outputs are distinguished from a merely bad model."""

import numpy as np

from convaudit.checks.class_order import better_order, is_better, other_number_order


def test_a_turned_order_is_turned_back():
    labels = np.arange(60) % 3
    # Names a, b, c, while the outputs are b, c, a; every fifth answer is something else.
    predicted = (labels + 2) % 3
    predicted[::5] = (predicted[::5] + 1) % 3
    assert better_order(labels, predicted, 3).tolist() == [2, 0, 1]


def test_two_that_swapped_places_among_ten():
    labels = np.arange(400) % 10
    predicted = labels.copy()
    predicted[labels == 3], predicted[labels == 7] = 7, 3
    assert better_order(labels, predicted, 10).tolist() == [0, 1, 2, 7, 4, 5, 6, 3, 8, 9]


def test_a_right_order_and_a_bad_model_are_left_alone():
    labels = np.arange(200) % 10
    assert better_order(labels, labels, 10) is None
    guesses = np.random.default_rng(0).integers(0, 10, 200)
    assert better_order(labels, guesses, 10) is None
    assert better_order(labels, np.zeros(200, int), 10) is None
    assert better_order(labels[:0], labels[:0], 10) is None


def test_eleven_wins_prove_a_swap_of_two_and_ten_do_not():
    """p = 2! / 2 ** 11 = 0.00098, against 0.002."""
    labels = np.zeros(11, int)
    assert better_order(labels, labels + 1, 2).tolist() == [1, 0]
    assert better_order(labels[:10], labels[:10] + 1, 2) is None


def test_numbers_sorted_as_texts_are_an_order_of_their_own():
    names = [f"class {number}" for number in range(12)]
    way, order = other_number_order(names)
    assert way == "alphanumeric"
    # As Keras sorts the folders: 0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9.
    assert order.tolist() == [0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 2, 3]
    way, back = other_number_order([str(number) for number in np.argsort(order)])
    assert way == "auto" and back[order].tolist() == list(range(12))
    assert other_number_order(["1", "2", "10"])[1].tolist() == [0, 2, 1]
    for same in (["0", "1", "2"], ["01", "02", "10"], ["cat", "dog"], []):
        assert other_number_order(same) is None


def test_the_order_of_texts_needs_ten_wins():
    order = other_number_order([str(number) for number in range(12)])[1]
    labels = np.full(10, 5)
    assert is_better(order, labels, order[labels])
    assert not is_better(order, labels[:9], order[labels[:9]])
    # Among all orders even 32 would not be enough: 12! / 2 ** 32 = 0.11.
    assert better_order(labels, order[labels], 12) is None
