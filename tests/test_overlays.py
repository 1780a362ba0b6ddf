"""Overlays are the notebook's (listings 5-43 and 5-44), without its divisions by zero."""

import cv2
import numpy as np
import pytest

from convaudit.dataset import images
from convaudit.drawing.encoding import encode_jpeg, encode_png
from convaudit.drawing.overlays import normalised, overlay
from convaudit.drawing.sprites import sprites
from convaudit.errors import AuditError
from convaudit.preview.disk_space import overlays_share

RNG = np.random.default_rng(5)
PHOTO = RNG.integers(0, 256, (91, 120, 3), np.uint8)


def notebook_overlay(image: np.ndarray, cam: np.ndarray) -> np.ndarray:
    """Listings 5-43 and 5-44 in OpenCV's BGR; imwrite rounds and clips."""
    heatmap = np.maximum(cam, 0)
    heatmap /= np.max(heatmap)
    heatmap = cv2.resize(heatmap, (image.shape[1], image.shape[0]))
    heatmap = np.uint8(255 * heatmap)
    heatmap = cv2.applyColorMap(heatmap, cv2.COLORMAP_JET)
    superimposed = heatmap * 0.4 + image[..., ::-1]
    return np.clip(np.rint(superimposed), 0, 255).astype(np.uint8)[..., ::-1]


def bilinear(small: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear interpolation by its definition: half-pixel centres, repeated edges."""

    def weights(old: int, new: int) -> np.ndarray:
        centres = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        return np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(old)))

    return weights(small.shape[0], height) @ small @ weights(small.shape[1], width).T


def test_the_notebooks_overlay_to_the_pixel():
    cam = np.maximum(RNG.normal(size=(14, 14)), 0).astype(np.float32)
    assert (overlay(PHOTO, cam, 0.4, "jet", "add") == notebook_overlay(PHOTO, cam)).all()


def test_heat_shows_on_any_ground():
    """By hand: jet's ends are (0, 0, 128) and (128, 0, 0), of which 0.6 x heat is taken."""
    cam = np.array([[0, 1]])
    for ground, hot in ((255, [179, 102, 102]), (0, [77, 0, 0]), (100, [117, 40, 40])):
        photo = np.full((1, 2, 3), ground, np.uint8)
        drawn = overlay(photo, cam, alpha=0.6)
        assert drawn[0, 0].tolist() == [ground] * 3
        assert np.abs(drawn[0, 1] - np.array(hot)).max() <= 1


def test_every_level_of_heat_is_blended_as_the_formula_says():
    cam = RNG.random((9, 9)).astype(np.float32)
    levels = (bilinear(normalised(cam), *PHOTO.shape[:2]) * 255).astype(int)
    ramp = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_JET)[:, 0, ::-1]
    share = 0.6 * levels[..., None] / 255
    expected = ramp[levels] * share + PHOTO * (1 - share)
    difference = np.abs(overlay(PHOTO, cam) - expected)
    assert np.quantile(difference, 0.99) < 4 and difference.max() < 8  # of a level's rounding


def test_heat_stays_on_the_part_that_the_network_saw():
    photo = np.full((20, 60, 3), 200, np.uint8)
    drawn = overlay(photo, np.ones((2, 2)), part=(0, 20, 20, 20))
    assert (drawn[:, :20] == 200).all() and (drawn[:, 40:] == 200).all()
    assert (drawn[:, 20:40] != 200).all()
    narrow = overlay(photo[:1, :1], np.ones((2, 2)), part=(0.4, 0.4, 0.2, 0.2))
    assert narrow.shape == (1, 1, 3)


def test_the_resizing_has_half_pixel_centres():
    cam = np.maximum(RNG.normal(size=(4, 3)), 0)
    black = np.zeros((40, 33, 3), np.uint8)
    levels = bilinear(normalised(cam), 40, 33) * 255
    grey = overlay(black, cam, alpha=1, colormap="bone", blend="add")
    ramp = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_BONE)[:, 0, ::-1]
    found = [np.flatnonzero((ramp == pixel).all(1)) for pixel in grey.reshape(-1, 3)]
    error = [np.abs(f - want).min() for f, want in zip(found, levels.ravel(), strict=True)]
    assert max(error) < 1.01


def test_heat_by_hand():
    assert normalised(np.array([[1, 3], [2, 5]])).tolist() == [[0, 0.5], [0.25, 1]]
    tiny = normalised(np.array([[0, 1e-40], [5e-41, 1e-40]]))
    assert tiny.tolist() == [[0, 1], [0.5, 1]]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("cam", [[[0, 0]], [[-1, -2]], [[np.nan, 1]], [[np.inf, 1]]])
def test_no_evidence_leaves_the_photo(cam):
    assert not normalised(np.array(cam)).any()
    assert (overlay(PHOTO, np.array(cam)) == PHOTO).all()


def test_the_same_evidence_everywhere_is_hot_everywhere():
    assert (normalised(np.full((3, 3), 0.2)) == 1).all()


def test_colours_are_rgb():
    black = np.zeros((2, 2, 3), np.uint8)
    hot = overlay(black, np.array([[0, 1], [1, 1]]), alpha=1, blend="add")
    assert hot[0, 0].tolist() == [0, 0, 128]
    assert hot[1, 1].tolist() == [128, 0, 0]


def test_alpha_is_the_strength_of_the_colours():
    white = np.full((2, 2, 3), 100, np.uint8)
    warm = overlay(white, np.array([[0, 1], [1, 1]]), alpha=0.5, blend="add")
    assert warm[1, 1].tolist() == [164, 100, 100]
    assert (overlay(white, np.eye(2), alpha=0) == white).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (2000, 1), (7, 7)])
def test_any_shape(shape):
    photo = np.full((*shape, 3), 50, np.uint8)
    assert overlay(photo, np.eye(7)).shape == photo.shape


def test_a_photo_that_may_not_be_written_is_not_written():
    photo = PHOTO.copy()
    photo.flags.writeable = False
    overlay(photo, np.eye(3))
    assert (photo == PHOTO).all()


def test_an_unknown_colour_map_is_named():
    with pytest.raises(AuditError, match="rainbows"):
        overlay(PHOTO, np.eye(3), colormap="rainbows")


def test_sprites_have_their_places():
    greys = np.arange(1, 21, dtype=np.uint8)
    sheet = sprites(np.broadcast_to(greys[:, None, None, None], (20, 150, 150, 3)))
    assert sheet.shape == (256, 2048, 3)
    for index, grey in enumerate(greys):
        top, left = index // 16 * 128, index % 16 * 128
        assert (sheet[top : top + 128, left : left + 128] == grey).all()
    assert not sheet[128:, 4 * 128 :].any()


def test_sprites_keep_the_aspect_ratio():
    sheet = sprites(np.full((1, 50, 100, 3), 9, np.uint8), columns=1, size=40)
    assert (sheet[10:30] == 9).all()
    assert not sheet[:10].any()
    assert not sheet[30:].any()
    assert (sprites(np.full((1, 3, 2000, 3), 9, np.uint8), columns=1, size=40) == 9).any()


def test_a_shard_without_images_has_a_sheet():
    sheet = sprites(np.empty((0, 50, 50, 3), np.uint8))
    assert sheet.shape == (128, 2048, 3)
    assert encode_jpeg(sheet)


def test_encoders_keep_colours():
    assert (images.decode(encode_png(PHOTO)) == PHOTO).all()
    plain = np.full((16, 16, 3), [200, 100, 50], np.uint8)
    assert np.abs(images.decode(encode_jpeg(plain)).astype(int) - plain).max() <= 3


def test_a_picture_too_large_for_its_format_is_named():
    with pytest.raises(AuditError, match="8 x 65501 pixels is too large"):
        encode_jpeg(np.zeros((65_501, 8, 3), np.uint8))
    with pytest.raises(AuditError, match="1000001 x 1 pixels is too large"):
        encode_png(np.zeros((1, 1_000_001, 3), np.uint8))


def test_the_forecast_counts_the_overlays_that_are_stored():
    assert overlays_share("all", True, 0.9) == overlays_share("all", False, None) == 1
    assert overlays_share("none", True, 0.5) == 0
    assert overlays_share("errors", True, 0.75) == 0.25
    assert overlays_share("errors", False, None) == 0
    assert overlays_share("errors", True, None) == 1
