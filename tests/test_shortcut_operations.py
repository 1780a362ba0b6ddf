"""Operations on pixels, statistics and halves of the search for shortcuts, by hand."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import norm

from convaudit.properties.pixel_properties import measure_one
from convaudit.shortcuts.candidate import Candidate, Evidence
from convaudit.shortcuts.changes import operations, recipes
from convaudit.shortcuts.cues.evidence import class_auc, partial_spearman
from convaudit.shortcuts.halves import CONFIRM, DISCOVER, halves
from convaudit.shortcuts.judging.decisions import severity_of
from convaudit.shortcuts.judging.wording import text_of
from convaudit.shortcuts.laboratory.paired import paired_difference, pairs_needed
from convaudit.shortcuts.laboratory.trials import Trial
from convaudit.shortcuts.sample import margins
from photographs import procedural


def even(level: int = 100, side: int = 40) -> np.ndarray:
    return np.full((side, side, 3), level, np.uint8)


def test_newcombes_example_by_hand():
    """Newcombe 1998, table III, row (a): 36, 12, 2, 0 of 50 gives 0.20, 0.0569 to 0.3404."""
    first = np.repeat([True, True, False, False], [36, 12, 2, 0])
    second = np.repeat([True, False, True, False], [36, 12, 2, 0])
    found = paired_difference(first, second, 0.95)
    assert (found.pairs, found.both, found.first, found.second) == (50, 36, 12, 2)
    assert found.value == pytest.approx(0.20)
    assert (found.low, found.high) == pytest.approx((0.0569, 0.3404), abs=2e-4)


def test_without_a_flip_the_interval_is_wilsons():
    found = paired_difference(np.zeros(40), np.zeros(40), 0.95)
    z = norm.ppf(0.975) ** 2
    assert found.high == pytest.approx(z / (40 + z))
    assert found.low == -found.high


def test_pairs_that_would_decide():
    assert pairs_needed(0.0, 0.0, 0.999) == pytest.approx(19 * norm.ppf(0.975) ** 2, abs=1)
    assert pairs_needed(0.5, 0.5, 0.95) == pytest.approx(
        norm.ppf(0.975) ** 2 * 0.25 / 0.4**2, abs=1
    )


def turning(flips: int) -> Trial:
    """A trial with 40 pairs in which the cue turns some images and the control none."""
    with_cue, with_control = np.arange(40) < flips, np.zeros(40, bool)
    turned = paired_difference(with_cue, with_control, 0.95)
    return Trial(turned, [], [str(n) for n in range(40)], with_cue, with_control)


@pytest.mark.parametrize(("flips", "severity"), [(40, "block"), (20, "ask"), (14, "warn")])
def test_a_patch_or_a_blur_that_turns_few_images_does_not_block(flips, severity):
    """At 95 %, 14 flips have a lower end of 0.19, 20 flips one of 0.33, 40 flips one of 0.88."""
    evidence = Evidence(0.0, 0.5, 80)
    patch = Candidate("patch", "overlay", 0, "a", 1.0, evidence, np.zeros(1), None, "patch")
    trial = turning(flips)
    assert (trial.difference.low >= 0.4) == (severity == "block")
    assert severity_of(patch, evidence, "confirmed", trial) == severity
    signs = {"softness": 2.0, "softer": 1.0}
    blur = replace(patch, cue="sharpness", kind="acquisition", name="blur", detail=signs)
    assert severity_of(blur, Evidence(0.0, 0.9, 80), "confirmed", trial) == severity
    place = replace(patch, cue="place")
    assert severity_of(place, evidence, "confirmed", trial) == "block"


@pytest.mark.parametrize(
    ("flips", "severity"), [(40, "ask"), (17, "ask"), (14, "warn"), (0, "ask")]
)
def test_the_look_of_a_class_that_turns_few_images_is_a_warning(flips, severity):
    """With 0 flips only the removal can have confirmed it, so a person is asked."""
    evidence = Evidence(0.0, 0.9, 80)
    tone = Candidate("contrast", "appearance", 0, "a", 1.0, evidence, np.zeros(1), None, "tone")
    assert severity_of(tone, evidence, "confirmed", turning(flips)) == severity
    assert severity_of(tone, evidence, "undecided", turning(flips)) == "note"
    assert severity_of(tone, evidence, "data_only", turning(flips)) == "warn"


@pytest.mark.parametrize(
    ("cue", "signs", "severity"),
    [
        ("sharpness", {"softness": 1.5}, "block"),
        ("sharpness", {"softness": 1.1}, "ask"),  # radiographs in focus have as much
        ("sharpness", {"softness": 2.3, "softer": 0.9}, "block"),
        ("sharpness", {"softness": 2.3, "softer": 0.6}, "ask"),  # drawn figures differ as much
        ("sharpness", {"softness": np.nan, "softer": np.nan}, "ask"),  # all are plain
        ("noise", {"evenness": 0.6, "strength": 20.0}, "block"),
        ("noise", {"evenness": 0.6, "strength": 4.0}, "ask"),  # so have ordinary photographs
        ("noise", {"evenness": 0.5, "strength": 20.0}, "ask"),  # gravel is nearly as even
        ("noise", {"density": 0.04, "dots": 0.9}, "block"),
        ("noise", {"density": 0.04, "dots": 0.7}, "ask"),  # strokes may be the thing itself
    ],
)
def test_blur_and_noise_without_clear_signs_are_asked_about(cue, signs, severity):
    evidence = Evidence(0.0, 0.9, 80)
    each = Candidate(cue, "acquisition", 0, "a", 1.0, evidence, np.zeros(1), None, cue)
    found = severity_of(replace(each, detail=signs), evidence, "confirmed", turning(40))
    assert found == severity


def test_auc_counts_ties_half():
    values = np.array([1.0, 2, 2, 3, np.nan])
    member = np.array([False, False, True, True, True])
    # Pairs (member, other): (2,1) 1, (2,2) 1/2, (3,1) 1, (3,2) 1: 3.5 of 4.
    assert class_auc(values, member) == 3.5 / 4


def test_a_correlation_between_classes_does_not_count():
    """Value and margin are unrelated within each class; only the levels of the classes differ."""
    random = np.random.default_rng(0)
    strata = np.repeat([0, 1], 300)
    values, margin = random.normal(size=(2, 600)) + 5 * strata
    r, z = partial_spearman(values, margin, strata)
    assert abs(r) < 0.1 and abs(z) < 2
    r, z = partial_spearman(margin, margin, strata)
    assert r > 0.99 and z > 20


def test_margins_of_each_head():
    scores = np.array([[3.0, 1.0, 2.5]])
    assert margins(scores, "softmax", 0) == pytest.approx(0.5)
    assert margins(scores, "softmax", 1) == pytest.approx(-2)
    assert margins(scores, "sigmoid", 1) == pytest.approx(1)
    assert margins(np.array([[0.7]]), "binary", 1) == pytest.approx(0.7)
    assert margins(np.array([[0.7]]), "binary", 0) == pytest.approx(-0.7)


def test_halves_keep_groups_together_and_classes_even():
    groups = np.array([f"group {i // 2}" for i in range(400)])
    strata = np.arange(400) // 100
    found = halves(groups, strata)
    assert (found[::2] == found[1::2]).all()
    for stratum in range(4):
        inside = found[strata == stratum]
        assert abs((inside == DISCOVER).sum() - (inside == CONFIRM).sum()) <= 2
    # The order in which images are listed does not matter.
    order = np.random.default_rng(1).permutation(400)
    assert (halves(groups[order], strata[order]) == found[order]).all()


@pytest.mark.parametrize("levels", [-60, 60])
def test_brightness_moves_the_mean(levels):
    image = procedural(1)
    found = operations.brightened(image, levels)
    moved = operations.luminance(found).mean() - operations.luminance(image).mean()
    assert moved == pytest.approx(levels, abs=0.5)


def test_brightness_is_a_gamma_curve():
    assert (operations.brightened(even(100), 7) == 107).all()
    image = np.repeat(np.uint8([0, 16, 64, 255])[:, None, None], 3, axis=2)
    curve = [0, 63.87, 127.75, 255]  # 255 * sqrt(v / 255)
    found = operations.brightened(image, (sum(curve) - 335) / 4)
    assert found[:, 0, 0].tolist() == [0, 64, 128, 255]
    # A picture of black and white alone has no pixel that a gamma curve moves.
    assert (operations.brightened(image[[0, 3]], 60) == image[[0, 3]]).all()


def test_contrast_and_saturation_about_their_means():
    image = np.zeros((2, 2, 3), np.uint8)
    image[0], image[1] = 80, 120
    assert operations.contrasted(image, 2)[:, 0, 0].tolist() == [60, 140]
    assert operations.toned(image, 150, 2)[:, 0, 0].tolist() == [110, 190]
    red = np.full((1, 1, 3), (200, 100, 100), np.uint8)
    grey = round(0.299 * 200 + 0.701 * 100)
    assert operations.saturated(red, 0)[0, 0].tolist() == [grey] * 3


def test_recoloured_has_the_donors_mean_and_deviation_in_each_channel():
    drawing = np.zeros((20, 20, 3), np.uint8)
    drawing[5:15, 8:12] = 200  # a tenth of the picture: mean 20, deviation 60
    donor = np.zeros((10, 10, 3), np.uint8)
    donor[2:7, 4:6] = (200, 50, 0)  # means 20, 5 and 0, deviations 60, 15 and 0
    found = operations.recoloured(drawing, donor)
    assert found[6, 9].tolist() == [200, 50, 0]
    assert not found[0, 0].any()
    assert np.unique(found.reshape(-1, 3), axis=0).tolist() == [[0, 0, 0], [200, 50, 0]]


def test_recoloured_by_another_grey_picture_stretches_the_tones():
    image = np.repeat(np.array([[50, 150]], np.uint8)[..., None], 3, axis=2)  # 100 +- 50
    donor = np.repeat(np.array([[90, 110]], np.uint8)[..., None], 3, axis=2)  # 100 +- 10
    assert operations.recoloured(image, donor)[0, :, 0].tolist() == [90, 110]
    assert operations.recoloured(donor, image)[0, :, 0].tolist() == [50, 150]


def test_scaled_keeps_black_and_clips_white():
    tones = np.repeat(np.array([[0, 10, 100, 200]], np.uint8)[..., None], 3, axis=2)
    assert operations.scaled(tones, 1.5)[0, :, 1].tolist() == [0, 15, 150, 255]


def test_a_tint_moves_a_and_b_and_keeps_lightness():
    found = operations.tinted(even(120), 10, -5)
    lab = cv2.cvtColor(found.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0]
    before = cv2.cvtColor(even(120).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0]
    assert lab - before == pytest.approx([0, 10, -5], abs=0.6)


def test_sharpened_adds_what_a_blur_takes_away():
    image = np.random.default_rng(0).integers(90, 160, (40, 50, 3), np.uint8)
    plain = image.astype(float)
    blurred = gaussian_filter(plain, (1.5, 1.5, 0), mode="mirror", truncate=4)
    expected = np.clip(plain + 2 * (plain - blurred), 0, 255)
    assert np.abs(operations.sharpened(image, 2) - expected).max() <= 1


def test_an_image_is_sharpened_until_it_is_as_sharp_as_the_donor():
    image = procedural(1, 120, 160)
    donor = operations.sharpened(procedural(2, 120, 160), 2.5)
    recipe = recipes.BY_NAME["sharpen"]
    changed = recipe.insert(image, donor, 0)
    goal = measure_one(donor, "sharpness")
    assert measure_one(image, "sharpness") < goal - 0.5
    assert measure_one(changed, "sharpness") == pytest.approx(goal, abs=0.05)
    control = recipe.control(image, changed, donor, 0)
    assert measure_one(control, "sharpness") < measure_one(image, "sharpness")
    length = [np.sqrt(np.mean((x - image.astype(float)) ** 2)) for x in (changed, control)]
    assert length[1] == pytest.approx(length[0], rel=0.05)


def test_as_far_goes_as_far():
    image, other = even(100), even(200)
    found = operations.as_far(image, even(110), other)
    assert (found == 110).all()


def test_the_control_of_noise_has_the_energy_that_is_asked_for():
    found = operations.cloudy(even(128, 200), 12, 3)
    assert np.std(found.astype(float)) == pytest.approx(12, rel=0.05)


def test_coarsened_and_resampled_keep_what_they_should():
    image = procedural(2)
    assert operations.coarsened(image, 1, "linear") is image
    coarse = operations.coarsened(image, 4, "linear")
    assert coarse.shape == image.shape and coarse.mean() == pytest.approx(image.mean(), abs=0.5)
    # The second of four pixels lies 1/8 of the way to the centre of the block before its own.
    stripes = np.repeat(image[:1], 300, axis=0)
    own = stripes[0].reshape(100, 4, 3).mean(axis=1)
    second = operations.coarsened(stripes, 4, "linear")[150, 5::4]
    assert np.abs(second - (own[:-1] / 8 + own[1:] * 7 / 8)).max() <= 1
    assert operations.resampled(image, 50, 70).shape == (50, 70, 3)
    # Each block of 4 x 4 repeated pixels has their mean colour.
    made = operations.repeated(image, 75, 100).reshape(75, 4, 100, 4, 3)
    means = image.reshape(75, 4, 100, 4, 3).mean(axis=(1, 3))
    assert np.ptp(made, axis=(1, 3)).max() == 0
    assert np.abs(made[:, 0, :, 0] - means).max() <= 0.5
    assert operations.repeated(image, 999, 999).shape == image.shape


def test_a_paste_is_opaque_inside_and_absent_outside():
    mask = np.zeros((40, 40), bool)
    mask[10:30, 10:30] = True
    found = operations.pasted(even(0), even(200), operations.feathered(mask, 2))
    assert (found[15:25, 15:25] == 200).all() and (found[~mask] == 0).all()


def test_a_hole_in_an_even_picture_is_healed_evenly():
    image = even(90, 100)
    mask = np.zeros((100, 100), bool)
    mask[40:60, 40:60] = True
    marked = np.where(mask[..., None], 255, image).astype(np.uint8)
    assert np.abs(operations.healed(marked, mask)[44:56, 44:56].astype(int) - 90).max() <= 4


def test_a_mark_is_added_in_grey_levels():
    template = np.full((40, 40, 3), -30.0, np.float32)
    mask = np.zeros((40, 40))
    mask[:20] = 1
    found = operations.added(even(100), template, mask)
    assert (found[:20] == 70).all() and (found[20:] == 100).all()


@pytest.mark.parametrize(("removed", "enough"), [(0, True), (30, False)])
def test_a_cue_that_is_enough_but_not_needed_is_said_to_be_so(removed, enough):
    """The cue turns 40 of 40 images; without it 0 or 30 of 40 images change."""

    def trial(flips: int) -> Trial:
        flipped, still = np.arange(40) < flips, np.zeros(40, bool)
        return Trial(paired_difference(flipped, still, 0.999), [], [], flipped, still)

    text = text_of("gravel", "confirmed", trial(40), trial(removed), 0.999)
    assert "(95 % interval, corrected for the number of suspects: " in text
    assert ("So the cue is enough for the prediction “gravel”" in text) is enough


def test_pasting_changes_only_what_the_mask_covers_and_rounds_halves_to_even():
    image, patch = even(100), even(201)
    opacity = np.zeros(image.shape[:2], np.float32)
    opacity[10:20, 30:50], opacity[10, 30] = 1, 0.5  # 100 + 0.5 x 101 = 150.5
    found = operations.pasted(image, patch, opacity)
    expected = image.copy()
    expected[10:20, 30:50], expected[10, 30] = 201, 150
    np.testing.assert_array_equal(found, expected)
    assert (image == 100).all()


def test_pasting_nothing_changes_nothing():
    image = procedural(3)
    nothing = np.zeros(image.shape[:2], np.float32)
    np.testing.assert_array_equal(operations.pasted(image, even(0), nothing), image)
