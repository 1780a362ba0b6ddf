"""Networks whose maps are known to be right pass the tests of maps; nonsense maps fail."""

from contextlib import nullcontext

import keras
import numpy as np
import pandas as pd
import pytest

from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS
from convaudit.trust import measures
from convaudit.trust.explainer import Explainer
from convaudit.trust.map_tests import FEWEST, MapTest, Trust, check_maps
from convaudit.trust.sample import sample

SIDE, CLASSES, COUNT = 64, 3, 48
SURE = np.ones(COUNT)
layers = keras.layers


def gap_network(activation: str = "softmax") -> keras.Model:
    """The score of class k is the amount of the k-th colour, so its map is known to be right."""
    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.Conv2D(CLASSES, 4, strides=4, activation="relu", name="colours"),
            layers.GlobalAveragePooling2D(name="average"),
            layers.Dense(1 if activation == "one" else CLASSES, name="head",
                         activation="sigmoid" if activation == "one" else activation),
        ]
    )  # fmt: skip
    # A colour's own channel less both others, over the mean of 4 x 4 pixels.
    kernel = np.tile((2 * np.eye(3) - 1) / 16, (4, 4, 1, 1))
    model.get_layer("colours").set_weights([kernel, np.full(CLASSES, 0.1)])
    head = 50 * (np.eye(CLASSES) - 0.5 * (1 - np.eye(CLASSES)))
    if activation == "one":
        head = np.array([[-50.0], [50], [0]])
    model.get_layer("head").set_weights([head, np.zeros(head.shape[1])])
    return model


def pictures(classes: int = CLASSES) -> tuple[np.ndarray, np.ndarray]:
    """A square of the class's colour somewhere on a grey, noisy ground."""
    random = np.random.default_rng(3)
    of = np.arange(COUNT) % classes
    found = random.normal(110, 12, (COUNT, SIDE, SIDE, 3)).clip(0, 255)
    for image, own in zip(found, of, strict=True):
        side = random.integers(16, 26)
        top, left = random.integers(0, SIDE - side, 2)
        colour = np.full(3, 30.0)
        colour[own] = 230
        image[top : top + side, left : left + side] = colour + random.normal(0, 8, (side, side, 3))
    return found.clip(0, 255).astype(np.uint8), of


def explainer(model: keras.Model, method: str = "gradcam") -> Explainer:
    network = Network(model)
    return Explainer(network, SCALINGS["unit"], "colours", method=method, batch_size=16)


def by_name(trust: Trust) -> dict[str, MapTest]:
    return {test.name: test for test in trust.tests}


@pytest.mark.parametrize(
    ("activation", "classes"), [("softmax", 3), ("sigmoid", 3), ("one", 2)], ids=str
)
def test_the_maps_of_a_network_with_a_global_average_pass(activation, classes):
    pixels, of = pictures(classes)
    network = explainer(gap_network(activation))
    found = check_maps(network, pixels, of, SURE)
    assert found.heat_usable is True
    tests = by_name(found)
    assert all(test.passed for test in tests.values()), tests
    assert tests["completeness"].value == pytest.approx(0, abs=1e-4)
    assert tests["pointing game"].value > 0.9
    assert tests["removal"].value == 1
    assert tests["occlusion"].value > 0.5
    assert network.passes <= 6000


class Nonsense:
    """The scores of a network with other maps than its own."""

    def __init__(self, network: Explainer, other: Explainer | None = None) -> None:
        self._network, self._other = network, other
        self.scores, self.incompleteness = network.scores, network.incompleteness

    def maps(self, pixels: np.ndarray, classes: np.ndarray) -> np.ndarray:
        if self._other:
            with self._other.randomised():
                return self._other.maps(pixels, classes)
        # Smooth, as class activation maps are, and unrelated to the picture.
        coarse = np.random.default_rng(int(pixels.sum())).random((len(pixels), 4, 4))
        return coarse.repeat(4, 1).repeat(4, 2)

    def randomised(self):
        return nullcontext([])


def test_random_maps_fail():
    pixels, of = pictures()
    found = check_maps(Nonsense(explainer(gap_network())), pixels, of, SURE)
    tests = by_name(found)
    assert found.heat_usable is False
    assert not tests["pointing game"].passed
    assert tests["pointing game"].value == pytest.approx(0.25, abs=0.08)
    assert not tests["removal"].passed
    assert not tests["occlusion"].passed


def test_maps_by_random_weights_fail():
    pixels, of = pictures()
    other = explainer(gap_network())
    found = check_maps(Nonsense(explainer(gap_network()), other), pixels, of, SURE)
    assert found.heat_usable is False
    assert not by_name(found)["pointing game"].passed


def test_maps_that_do_not_depend_on_the_class_fail_where_it_matters():
    pixels, of = pictures()
    tests = by_name(check_maps(explainer(gap_network(), "eigencam"), pixels, of, SURE))
    # The first singular vector shows the strongest part of the mosaic for every class.
    assert not tests["pointing game"].passed
    assert not tests["randomised head"].passed


def test_a_head_that_is_not_linear_is_incomplete():
    keras.utils.set_random_seed(0)
    model = gap_network()
    deep = keras.Sequential(
        [
            *model.layers[:2],
            layers.Dense(8, activation="relu", name="between"),
            layers.Dense(CLASSES, activation="softmax", name="last"),
        ]
    )
    deep.build((None, SIDE, SIDE, 3))
    between = np.random.default_rng(1).normal(size=(CLASSES, 8))
    deep.get_layer("between").set_weights([between, np.linspace(-0.1, 0.1, 8)])
    pixels, of = pictures()
    test = by_name(check_maps(explainer(deep), pixels, of, SURE))["completeness"]
    assert test.value > 0.01
    assert test.passed is False


def test_shuffled_weights_come_back():
    model = gap_network()
    before = [np.array(weight) for weight in model.weights]
    network = explainer(model)
    pixels, of = pictures()
    own = network.maps(pixels[:8], of[:8])
    with network.randomised() as names:
        assert names == ["head"]
        assert not np.allclose(network.maps(pixels[:8], of[:8]), own)
    for weight, kept in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight, kept)
    np.testing.assert_array_equal(network.maps(pixels[:8], of[:8]), own)


def test_too_few_images_or_one_class_alone_say_nothing():
    pixels, of = pictures()
    few = check_maps(
        explainer(gap_network()), pixels[: FEWEST - 1], of[: FEWEST - 1], SURE[: FEWEST - 1]
    )
    assert few.heat_usable is None
    assert {test.passed for test in few.tests} == {None}
    one = check_maps(explainer(gap_network()), pixels, np.zeros(COUNT, int), SURE)
    assert by_name(one)["pointing game"].passed is None


def test_images_that_the_model_is_unsure_of_are_in_no_mosaic():
    pixels, of = pictures()
    unsure = np.where(np.arange(COUNT) < 20, 0.49, 0.5)
    test = by_name(check_maps(explainer(gap_network()), pixels, of, unsure))["pointing game"]
    assert test.images == COUNT - 20
    assert test.passed


def test_the_same_images_give_the_same_numbers():
    pixels, of = pictures()
    network = explainer(gap_network())
    assert check_maps(network, pixels, of, SURE) == check_maps(network, pixels, of, SURE)


# Measures by hand


def test_rank_correlation_and_similarity():
    a = np.array([[1.0, 2], [3, 4]])
    assert measures.spearman(a, a**3) == 1
    assert measures.spearman(a, -a) == -1
    assert measures.spearman(a, np.ones((2, 2))) == 0
    assert measures.ssim(a, 5 * a) == pytest.approx(1)
    assert measures.ssim(a, a[::-1, ::-1]) < 0


def test_the_interval_of_a_median_is_by_order():
    # Binomial(20, 1/2): 6 is its 2.5 % point, so the 6th and the 15th of 20 bound the median.
    value, low, high = measures.median(np.arange(1.0, 21))
    assert (value, low, high) == (10.5, 6, 15)


def test_coverage_takes_the_hottest_first():
    heat = np.array([[0, 1], [2, 3.0]])
    assert measures.coverage_order(heat, (2, 2)).tolist() == [[0.75, 0.5], [0.25, 0]]


def test_a_rolled_map_has_the_same_values_elsewhere():
    heat = np.arange(64.0).reshape(8, 8)
    for seed in range(20):
        moved = measures.rolled(heat, np.random.default_rng(seed))
        assert sorted(moved.ravel()) == sorted(heat.ravel())
        down, across = np.argwhere(moved == 0)[0]
        assert 2 <= down <= 6
        assert 2 <= across <= 6


def test_a_mosaic_and_the_share_in_a_quarter():
    images = [np.full((6, 8, 3), value, np.uint8) for value in (1, 2, 3, 4)]
    assert (
        measures.mosaic(images)[..., 0].tolist()
        == [[1] * 4 + [2] * 4] * 3 + [[3] * 4 + [4] * 4] * 3
    )
    heat = np.zeros((3, 3))
    heat[0, 0], heat[1, 1] = 3, 1
    assert [measures.share_in_quarter(heat, quarter) for quarter in range(4)] == [
        *(3.25 / 4, 0.25 / 4, 0.25 / 4, 0.25 / 4)
    ]
    assert measures.share_in_quarter(np.zeros((2, 2)), 0) == 0.25


def test_a_sample_holds_every_class_and_does_not_depend_on_the_order():
    ids = pd.Series([f"image-{n}" for n in range(100)])
    predicted = pd.Series([0] * 95 + [1] * 5)
    chosen = sample(ids, predicted, 12)
    assert (predicted[chosen] == 1).sum() == 5
    order = np.random.default_rng(0).permutation(100)
    again = sample(ids[order].reset_index(drop=True), predicted[order].reset_index(drop=True), 12)
    assert ids[chosen].tolist() == ids[order].iloc[again].tolist()
