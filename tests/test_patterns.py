"""The parts of the start "fourier" by their formulas: coefficients, transforms, ReLU."""

import math

import numpy as np
import pytest
import tensorflow as tf

from convaudit.feature_visualization.parameterization import Fourier, amplitudes
from convaudit.feature_visualization.redirected_relu import redirected
from convaudit.feature_visualization.transforms import IDENTITY, random_transforms, transform
from convaudit.models.scaling import SCALINGS

PUBLISHED = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])


def starts(size: int, count: int) -> np.ndarray:
    parameterization = Fourier(SCALINGS["none"], size)
    return np.stack(
        [parameterization.initial(np.random.default_rng(seed)) for seed in range(count)]
    )


def waves(size: int, count: int) -> np.ndarray:
    """Starts as what the sigmoid is given, (count, size, size, 3)."""
    pixels = Fourier(SCALINGS["none"], size).to_input(tf.constant(starts(size, count))).numpy()
    return -np.log(255 / pixels.astype(np.float64) - 1)


def test_amplitudes_are_one_over_the_frequency() -> None:
    found = amplitudes(8)
    assert found.shape == (8, 5)
    assert found[0, :3].tolist() == [16, 16, 8]
    assert found[4, 0] == found[0, 4] == 4
    assert found[3, 4] == pytest.approx(2 / 0.625)
    assert found[-3, 4] == found[3, 4]


def test_the_spectrum_of_starts_falls_as_one_over_the_frequency() -> None:
    spectrum = np.abs(np.fft.rfft2(waves(64, 48).mean(axis=-1))).mean(axis=0)
    frequency = np.hypot(np.fft.fftfreq(64)[:, None], np.fft.rfftfreq(64))
    # A real image has no imaginary part in the first and the last column.
    inside = (frequency > 0.03) & (frequency < 0.5) & (np.arange(33) % 32 > 0)
    slope, _ = np.polyfit(np.log(frequency[inside]), np.log(spectrum[inside]), 1)
    assert slope == pytest.approx(-1, abs=0.02)


def test_the_colours_of_starts_are_correlated_as_published() -> None:
    # Rows of the root times each other: r.g = 0.0702 - 0.0010, r.r = 0.0761, g.g = 0.0754.
    expected = PUBLISHED @ PUBLISHED.T
    deviation = np.sqrt(np.diag(expected))
    correlation = expected / np.outer(deviation, deviation)
    assert correlation[0, 1] == pytest.approx(0.0692 / math.sqrt(0.0761 * 0.0754))
    found = waves(32, 400)
    found -= found.mean(axis=(1, 2), keepdims=True)
    assert np.abs(np.corrcoef(found.reshape(-1, 3).T) - correlation).max() < 0.005
    ratio = np.cov(found.reshape(-1, 3).T) / expected
    assert ratio.max() / ratio.min() < 1.1


@pytest.mark.parametrize("size", [8, 15])
def test_the_image_is_the_inverse_transform_written_out(size: int) -> None:
    parameters = starts(size, 2).astype(np.float64)
    spectrum = (parameters[:, 0] + 1j * parameters[:, 1]) * amplitudes(size)
    decorrelated = np.fft.irfft2(spectrum, (size, size)).transpose(0, 2, 3, 1)
    longest = math.sqrt(0.26**2 + 0.27**2 + 0.27**2)
    expected = decorrelated @ (PUBLISHED / longest).T
    assert np.abs(waves(size, 2) - expected).max() < 1e-4


@pytest.mark.parametrize("name", SCALINGS)
def test_what_is_shown_is_what_the_network_is_given(name: str) -> None:
    parameterization = Fourier(SCALINGS[name], 12)
    parameters = starts(12, 3)
    given = SCALINGS[name].undo(parameterization.to_input(tf.constant(parameters)).numpy())
    assert given.min() >= 0
    assert given.max() <= 255
    assert given.std() > 5
    assert np.abs(parameterization.to_images(parameters) - given).max() <= 0.51


def picture(size: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (2, size, size, 3)).astype(np.float32)


def moved(images: np.ndarray, *motion: float) -> np.ndarray:
    return transform(tf.constant(images), tf.constant(motion, tf.float32)).numpy()


def test_no_motion_changes_nothing() -> None:
    assert np.array_equal(moved(picture(9), *IDENTITY), picture(9))


def test_a_shift_comes_in_on_the_other_side() -> None:
    assert np.array_equal(moved(picture(9), 0, 1, 2, 7), np.roll(picture(9), (2, 7), (1, 2)))


@pytest.mark.parametrize("size", [8, 9])
def test_a_quarter_turn_is_anticlockwise(size: int) -> None:
    difference = moved(picture(size), math.pi / 2, 1, 0, 0) - np.rot90(picture(size), axes=(1, 2))
    # A hair beyond the border is the other side already.
    assert np.abs(difference[:, 1:-1, 1:-1]).max() < 0.01


def test_enlarging_is_about_the_middle() -> None:
    ramp = np.broadcast_to(np.arange(9, dtype=np.float32)[:, None], (1, 9, 9))[..., None]
    assert moved(ramp, 0, 2, 0, 0)[0, :, 4, 0] == pytest.approx(np.arange(9) / 2 + 2, abs=1e-4)


def test_motions_are_within_bounds_and_about_none() -> None:
    drawn = random_transforms(np.random.default_rng(0), 4000, 64)
    assert np.array_equal(drawn[0], IDENTITY)
    angle, scale, *shifts = drawn[1:].T
    assert np.abs(angle).max() == pytest.approx(math.radians(10), rel=0.01)
    assert angle.mean() == pytest.approx(0, abs=0.006)
    assert (scale.min(), scale.max()) == pytest.approx((0.9, 1.1), abs=0.001)
    assert scale.mean() == pytest.approx(1, abs=0.004)
    for shift in shifts:
        counts = np.bincount(shift.astype(int), minlength=64)
        assert len(counts) == 64
        assert counts.min() > 30


def test_the_average_of_all_turns_and_scales_is_the_image_a_little_softer() -> None:
    at = np.arange(33) - 16
    blob = np.exp(-(at[:, None] ** 2 + (at - 5) ** 2) / 32)[None, :, :, None].astype(np.float32)
    drawn = random_transforms(np.random.default_rng(0), 300, 33)
    drawn[:, 2:] = 0
    average = np.mean([moved(blob, *motion) for motion in drawn], axis=0)
    assert np.corrcoef(average.ravel(), blob.ravel())[0, 1] > 0.99
    assert average.sum() == pytest.approx(blob.sum(), rel=0.02)


def test_only_a_silent_relu_lets_through_what_raises_it() -> None:
    @tf.function(autograph=False)
    def gradients(x: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with redirected():
            inside = tf.nn.relu(x)
        (changed,) = tf.gradients(inside * weights, x)
        (usual,) = tf.gradients(tf.nn.relu(x) * weights, x)
        return changed, usual

    weights = tf.constant([[1.0, -1, 2], [1, -1, 2], [-1, -1, -1]])
    x = tf.constant([[-1.0, -1, -1], [-1, 1, -1], [-1, -1, -1]])
    changed, usual = gradients(x, weights)
    assert usual.numpy().tolist() == [[0, 0, 0], [0, -1, 0], [0, 0, 0]]
    assert changed.numpy().tolist() == [[1, 0, 2], [0, -1, 0], [0, 0, 0]]
