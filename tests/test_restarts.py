"""Channels that are silent for noise: live ones respond from another start, dead ones stay dead."""

import numpy as np
import pytest

from convaudit.feature_visualization.ascent import maximise
from convaudit.feature_visualization.restarts import maximise_with_restarts
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS
from test_ascent import network_of, set_kernel
from toys import layers

OPTIONS = {"scaling": SCALINGS["none"], "size": 16}


def thresholds(activation: str = "relu") -> Network:
    """Four channels: one live, two silent for noise (red minus blue over a threshold, and behind a
    silent layer), one that no image excites.
    """
    conv = layers.Conv2D(3, 3, activation=activation, name="conv")
    network = network_of(conv)
    kernel = np.ones((3, 3, 1, 1)) * np.array([1.0, 0, -1])[:, None] * np.ones((1, 3))
    set_kernel(conv, kernel)
    conv.set_weights([conv.get_weights()[0], np.array([300, -800, -1e6], np.float32)])
    return network


@pytest.mark.parametrize("activation", ["relu", "relu6"])
def test_a_live_channel_is_not_called_dead(activation):
    network, every = thresholds(activation), np.arange(3)
    alone = maximise(network, "conv", every, **OPTIONS)
    assert alone.dead[1:].tolist() == [True, True]
    found, attempts = maximise_with_restarts(network, "conv", every, restarts=2, **OPTIONS)
    assert found.dead.tolist()[1:] == [False, True]
    assert attempts.tolist()[1:] == [1, 0]
    assert found.end[1] > found.start[1] == 0
    if activation == "relu":  # the first channel's pattern is the notebook's, to the pixel
        assert (attempts[0], found.dead[0]) == (0, False)
        assert np.array_equal(found.images[0], alone.images[0])


def test_no_restart_is_the_notebook():
    network, every = thresholds(), np.arange(3)
    alone = maximise(network, "conv", every, **OPTIONS)
    found, attempts = maximise_with_restarts(network, "conv", every, restarts=0, **OPTIONS)
    assert all(np.array_equal(a, b) for a, b in zip(found, alone, strict=True))
    assert not attempts.any()


def test_a_channel_behind_a_silent_layer_wakes():
    first = layers.Conv2D(1, 1, activation="relu", name="first")
    second = layers.Conv2D(1, 1, activation="relu", name="second")
    network = network_of(first, second)
    set_kernel(first, np.array([1.0, 0, -1]).reshape(1, 1, 3, 1))
    first.set_weights([first.get_weights()[0], np.array([-60], np.float32)])
    set_kernel(second, np.ones((1, 1, 1, 1)))
    one = np.array([0])
    assert maximise(network, "second", one, **OPTIONS).dead[0]
    found, attempts = maximise_with_restarts(network, "second", one, restarts=2, **OPTIONS)
    assert (found.dead[0], attempts[0]) == (False, 1)
