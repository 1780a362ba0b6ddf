"""Each method compared with numbers by hand and with a plain loop over its formula."""

import numpy as np
import pytest
import tensorflow as tf

from convaudit.attribution.cam import METHODS
from convaudit.attribution.scorecam import scorecam

# Two channels of a 2x2 map. Channel 0 lights the left column, channel 1 the lower row.
A = np.array([[[1, 0], [0, 0]], [[3, 2], [0, 4]]], np.float32)[None]
G = np.array([[[2, -1], [0, 1]], [[4, -1], [2, 0]]], np.float32)[None]


def run(method: str, activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    return METHODS[method](tf.constant(activations), tf.constant(gradients)).numpy()


BY_HAND = {
    # Mean gradients (2+0+4+2)/4 = 2 and (-1+1-1+0)/4 = -1/4; the mean of the two channels.
    "gradcam": [[(2 * 1) / 2, 0], [(2 * 3 - 2 / 4) / 2, 0]],
    # Elementwise products; negative ones are cut only after the sum over channels.
    "hirescam": [[2, 0], [3 * 4 - 2, 0]],
    "layercam": [[2, 0], [12, 0]],
    # Weights (1*2 + 3*4)/4 = 7/2 and (2*-1)/(2+4) = -1/3.
    "xgradcam": [[3.5, 0], [3 * 3.5 - 2 / 3, 0]],
    # Channel 0, total 4: alpha = g2/(2 g2 + 4 g3) = 4/(8+32), 16/(32+256), 4/(8+32); each times g.
    # Channel 1, total 6: only g = 1 counts, alpha = 1/(2+6).
    "gradcam++": [
        [0.1 * 2 * 2 + 16 / 288 * 4, 0],
        [3 * (0.1 * 2 * 2 + 16 / 288 * 4) + 2 / 8, 4 / 8],
    ],
}


@pytest.mark.parametrize("method", BY_HAND)
def test_by_hand(method: str) -> None:
    assert np.allclose(run(method, A, G)[0], BY_HAND[method], atol=1e-6)


def test_eigencam_by_hand() -> None:
    # Rank one: positions (1, 0, 2, 2) times channels (3, 4): the singular vector is (3, 4)/5.
    positions, channels = np.array([1, 0, 2, 2.0]), np.array([3, 4.0])
    activations = np.float32(np.outer(positions, channels).reshape(1, 2, 2, 2))
    for values in (activations, np.float32(np.tile(activations, 4))):
        expected = positions.reshape(2, 2) * np.linalg.norm(values[0, 0, 0])
        assert np.allclose(run("eigencam", values, values), expected, atol=1e-4)


@pytest.mark.parametrize("shape", [(3, 5, 4, 7), (3, 2, 3, 9)])
def test_eigencam_is_the_projection_on_the_first_singular_vector(shape: tuple[int, ...]) -> None:
    activations = np.random.default_rng(0).random(shape, np.float32)
    for image, found in zip(activations, run("eigencam", activations, activations), strict=True):
        matrix = image.reshape(-1, shape[-1]).astype(np.float64)
        projected = matrix @ np.linalg.svd(matrix)[2][0]
        projected *= np.sign(projected.sum())
        assert np.allclose(found.ravel(), np.maximum(projected, 0), atol=1e-5)


def loop(method: str, a: np.ndarray, g: np.ndarray) -> np.ndarray:
    """The map of one image, position by position, by the formulas of the papers."""
    height, width, channels = a.shape
    total = np.zeros((height, width))
    for k in range(channels):
        a_k, g_k = a[:, :, k].astype(np.float64), g[:, :, k].astype(np.float64)
        weight = np.zeros((height, width))
        if method == "gradcam":
            weight += g_k.sum() / (height * width) / channels
        elif method == "hirescam":
            weight += g_k
        elif method == "layercam":
            weight += np.where(g_k > 0, g_k, 0)
        elif method == "xgradcam":
            weight += sum(a_k[i] @ g_k[i] for i in range(height)) / a_k.sum()
        elif method == "gradcam++":
            for i, j in np.ndindex(height, width):
                alpha = g_k[i, j] ** 2 / (2 * g_k[i, j] ** 2 + a_k.sum() * g_k[i, j] ** 3)
                weight += alpha * max(g_k[i, j], 0)
        total += weight * a_k
    return np.maximum(total, 0)


@pytest.mark.parametrize("method", BY_HAND)
def test_a_batch_is_what_a_loop_gives_one_by_one(method: str) -> None:
    generator = np.random.default_rng(1)
    a = np.maximum(generator.normal(size=(5, 4, 3, 6)), 0.1).astype(np.float32)
    g = generator.normal(size=a.shape).astype(np.float32)
    batch = run(method, a, g)
    for i in range(len(a)):
        assert np.allclose(batch[i], loop(method, a[i], g[i]), rtol=1e-4, atol=1e-5)
        assert np.allclose(batch[i], run(method, a[i : i + 1], g[i : i + 1])[0], atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_no_evidence_is_zero_and_not_nan(method: str) -> None:
    nothing = np.zeros((2, 3, 3, 4), np.float32)
    against = -np.ones((2, 3, 3, 4), np.float32)
    assert np.array_equal(run(method, nothing, nothing), nothing[..., 0])
    assert np.array_equal(run(method, nothing, against), nothing[..., 0])
    if method != "eigencam":
        assert np.array_equal(run(method, -against, against), nothing[..., 0])


def test_scorecam_by_hand() -> None:
    # A 2x2 input of the map's size. Masks: channel 0 is 1 at the left and 0 at the right, channel
    # 1 the other way round, channel 2 is constant, so it shows nothing.
    inputs = np.zeros((1, 2, 2, 3), np.float32)
    inputs[0, :, 0, 0], inputs[0, :, 1, 0] = 1, 0.5
    activations = np.zeros((1, 2, 2, 3), np.float32)
    activations[0, :, 0, 0], activations[0, :, 1, 1], activations[..., 2] = 2, 4, 1
    maps = scorecam(
        lambda x: tf.reduce_sum(x, axis=(1, 2, 3)), tf.constant(inputs), tf.constant(activations)
    )
    left, right, nothing = np.exp([2, 1, 0]) / np.exp([2, 1, 0]).sum()
    expected = [[2 * left + nothing, 4 * right + nothing]] * 2
    assert np.allclose(maps[0], expected, atol=1e-6)


def test_scorecam_of_a_batch_is_one_by_one_and_by_a_loop() -> None:
    generator = np.random.default_rng(2)
    inputs = generator.random((3, 6, 6, 3), np.float32)
    activations = np.maximum(generator.normal(size=(3, 6, 6, 5)), 0).astype(np.float32)
    slope = generator.normal(size=(6, 6, 3)).astype(np.float32)

    def score(x: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(x * slope, axis=(1, 2, 3))

    batch = scorecam(score, tf.constant(inputs), tf.constant(activations)).numpy()
    for i in range(3):
        scores = []
        for k in range(5):
            a = activations[i, :, :, k]
            mask = (a - a.min()) / (a.max() - a.min())
            scores.append((inputs[i] * mask[..., None] * slope).sum())
        weights = np.exp(scores - np.max(scores))
        expected = activations[i] @ (weights / weights.sum())
        assert np.allclose(batch[i], expected, atol=1e-5)
