"""The report names what was planted into an audit, and nothing else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from convaudit.dataset.depth import depth_notes
from convaudit.metrics.cues import CueShare
from convaudit.metrics.slices import slices
from convaudit.models.facts import LayerInfo
from convaudit.report.findings.all_findings import findings, other_scalings
from convaudit.report.findings.slice_findings import slice_findings
from convaudit.report.results import Results
from convaudit.report.wording import slice_words
from fabricated import FACTS, LAYER

NO_CHECK = {"used": "unit", "images": 0, "accuracies": {}, "better": None}


def audit(predicted, correct, *, corner, sure=None, check=NO_CHECK, **changes) -> Results:
    """Images of two classes with maps of 9 x 9 cells: if ``corner``, four fifths of an image's heat
    are in the top left ninth, else it is even."""
    count = len(predicted)
    maps = np.ones((count, 9, 9), np.float32)
    maps[np.asarray(corner), :3, :3] = 0.8 * 72 / 0.2 / 9
    names = np.array(["brick", "gravel"])
    right = np.asarray(correct)
    table = pd.DataFrame(
        {
            "image_id": [f"id-{i}" for i in range(count)],
            "path": [f"{i:03}.jpg" for i in range(count)],
            "label_index": pd.array(np.where(right, predicted, 1 - predicted), "Int32"),
            "predicted": names[predicted],
            "predicted_index": predicted,
            "probability": np.linspace(0.6, 0.9, count) if sure is None else sure,
            "logit": 0.0,
            "true_probability": 0.0,
            "correct": pd.array(right, "boolean"),
            "map_empty": False,
            "shard": "0000",
            "row": range(count),
        }
    )
    pooling = LayerInfo("pool", "pool", "MaxPooling2D", (1, 1, 1), 0, True, False)
    layers = (replace(LAYER, name="conv"), pooling)
    parts = {
        "quarantine": pd.DataFrame({"path": [], "reason": []}),
        "duplicates": pd.DataFrame({"across_labels": pd.array([], bool)}),
        "channels": pd.DataFrame({"layer": [], "dead": pd.array([], bool)}),
    }
    return Results(
        facts=replace(FACTS, layers=layers),
        scaling_check=check,
        class_names=list(names),
        predictions=pa.Table.from_pandas(table, preserve_index=False),
        maps=lambda shard: {"maps": maps},
        photos=None,
        filters={},
        activations={},
        settings={},
        command="",
        provenance={},
        **parts | changes,
    )


def said(audited: Results) -> list[tuple[str, str]]:
    return [(finding.kind, finding.text) for finding in findings(audited)]


def test_the_corner_that_goes_along_with_errors_is_named_first():
    predicted = np.repeat([1, 0], [20, 40])
    audited = audit(predicted, np.repeat([False, True], [15, 45]), corner=np.arange(60) < 20)
    errors, told = findings(audited)
    assert errors.title == "Errors go with heat in the top left corner"
    assert errors.text == (
        "20 images have over a third of their heat in the top left corner; 15 of them (75%) are "
        "predicted wrongly, all as gravel. Of the other 40 images, 0 (0%) are predicted wrongly."
    )
    # The most confident first.
    assert (errors.count, errors.rows) == (15, [14, 13, 12, 11, 10, 9])
    assert told.title == "“gravel” has its heat in the top left corner"
    assert told.text == (
        "Images predicted as gravel gather 80% of their heat in the top left corner, one of nine "
        "equal regions: 7.2 times as much as if the heat were even. Images predicted as other "
        "classes have 11% of their heat there. The 5 right predictions among them have 80% there."
    )
    # Right predictions come first, because errors would hide the class.
    assert (told.count, told.rows) == (20, [*range(15, 20), 0])


@pytest.mark.parametrize(("passes", "undecidable", "named"), [(0, 2, True), (900, 1, False)])
def test_heat_of_a_class_is_told_only_where_no_suspect_was_tried(passes, undecidable, named):
    """With too few images of every class nothing is tried, although the search is switched on."""
    predicted = np.repeat([1, 0], [20, 40])
    audited = audit(predicted, np.ones(60, bool), corner=np.arange(60) < 20)
    tried = {"suspects": [], "forward_passes": passes, "undecidable": ["a", "b"][:undecidable]}
    titles = [each.title for each in findings(replace(audited, shortcuts=tried))]
    assert ("“gravel” has its heat in the top left corner" in titles) is named


def test_even_heat_and_errors_at_random_say_nothing_of_heat():
    numbers = np.arange(60)
    audited = audit(numbers % 2, numbers % 5 > 0, corner=numbers < 0)
    assert said(audited) == []


@pytest.mark.parametrize("wrong", [4, 5])
def test_of_fewer_than_five_nothing_is_said(wrong):
    numbers = np.arange(60)
    audited = audit(numbers % 2, numbers >= wrong, corner=numbers < wrong)
    texts = [text for _, text in said(audited)]
    assert any("are predicted wrongly" in text for text in texts) == (wrong == 5)


def test_classes_in_another_order_are_named_in_theirs():
    """90 of 100 images are predicted as the other class."""
    predicted, right = np.arange(100) % 2, np.arange(100) < 10
    first = findings(audit(predicted, right, corner=np.zeros(100, bool)))[0]
    assert (first.kind, first.link) == ("classes", "#confusion")
    assert "The accuracy is 10% on 100 labelled images" in first.text
    assert "in the order gravel, brick, it would be 90%" in first.text


def test_a_better_scaling_comes_before_everything():
    numbers = np.arange(60)
    accuracies = {"unit": 0.09, "torch": 0.75}
    check = {"used": "unit", "images": 64, "accuracies": accuracies, "better": "torch, BGR"}
    check |= {"set": {"preprocess.scaling": "torch", "preprocess.channels": "bgr"}}
    check |= {"advice": "preprocess.scaling: torch and preprocess.channels: bgr"}
    check |= {"accuracy": 0.75, "also": ["classes: FILE"]}
    first, *_ = findings(audit(numbers % 2, numbers >= 8, corner=numbers < 8, check=check))
    assert first.kind == "scaling"
    assert "The accuracy is 9% on 64 labelled images with the scaling of this audit" in first.text
    better = "with preprocess.scaling: torch and preprocess.channels: bgr it would be 75%"
    assert better in first.text
    assert "The accuracy is as high with classes: FILE: look" in first.text


def test_a_better_scaling_silences_another_order_of_the_classes():
    """Following the advice about the order would give every class a wrong name."""
    check = {"used": "unit", "images": 64, "accuracies": {"unit": 0.1}, "better": "unit, BGR"}
    check |= {"advice": "preprocess.channels: bgr", "accuracy": 0.99, "also": []}
    predicted, right = np.arange(100) % 2, np.arange(100) < 10
    found = findings(audit(predicted, right, corner=np.zeros(100, bool), check=check))
    assert [finding.kind for finding in found].count("classes") == 0
    assert found[0].kind == "scaling"


def test_overconfidence():
    numbers = np.arange(60)
    audited = audit(numbers % 2, numbers % 2 == 0, corner=numbers < 0, sure=0.95)
    ((kind, text),) = said(audited)
    assert (kind, text) == (
        "trust",
        "Its mean confidence is 95.0%, but its accuracy is 50.0%. 30 wrong predictions have a "
        "confidence over 90%.",
    )


def channels(layer: str, dead: list[bool]) -> pd.DataFrame:
    return pd.DataFrame({"layer": layer, "dead": dead})


@pytest.mark.parametrize("layers", [["conv", "pool"], ["pool"], ["conv"]])
def test_a_channel_that_pooling_passes_on_is_counted_once(layers):
    numbers, dead = np.arange(10), [True, False, False, False]
    watched = pd.concat([channels(layer, dead) for layer in layers], ignore_index=True)
    ((_, text),) = said(audit(numbers % 2, numbers >= 0, corner=numbers < 0, channels=watched))
    assert text == "1 of 4 channels (25%) are dead: they fire for no image."


def test_the_data_s_own_faults():
    numbers = np.arange(10)
    audited = audit(
        numbers % 2,
        numbers >= 0,
        corner=numbers < 0,
        quarantine=pd.DataFrame({"path": ["a"], "reason": ["empty"]}),
        duplicates=pd.DataFrame({"across_labels": [True, True, False]}),
        channels=channels("conv", [True] + [False] * 9),
    )
    texts = [text for kind, text in said(audited) if kind == "data"]
    assert texts[0].startswith("2 files have the same content as a file with another label")
    assert texts[1] == "1 of 11 files could not be read or are not images."
    assert texts[2] == "1 of 10 channels (10%) are dead: they fire for no image."


FAILED = {
    "heat_usable": False,
    "images": 60,
    "tests": [
        {"name": "removal", "gates": True, "passed": False},
        {"name": "completeness", "gates": False, "passed": False},
        {"name": "pointing game", "gates": True, "passed": True},
    ],
}


def test_what_is_read_from_maps_that_fail_their_tests_is_suspected():
    predicted = np.repeat([1, 0], [20, 40])
    right, corner = np.repeat([False, True], [15, 45]), np.arange(60) < 20
    found = findings(audit(predicted, right, corner=corner, trust=FAILED))
    heat = [finding for finding in found if finding.kind == "heat"]
    assert heat
    for finding in heat:
        assert finding.title.startswith("Suspected: ")
        assert finding.text.endswith("because the maps of this model fail their own tests.")
    (own,) = [finding for finding in found if finding.title == "The heat maps fail their own tests"]
    assert own.text.startswith(
        "The maps were tested on 60 images and fail 1 of the 2 tests that decide: removal. What is"
    )


def test_an_experiment_removes_the_doubt_in_what_is_read_from_maps():
    predicted = np.repeat([1, 0], [20, 40])
    right, corner = np.repeat([False, True], [15, 45]), np.arange(60) < 20
    mark = {"id": "s-mark", "status": "confirmed", "class": "gravel", "title": "a mark"}
    ids = [f"id-{number}" for number in range(60)]
    tried = {
        "suspects": [{**mark, "images": []}],
        "cues": {"s-mark": {"checked": ids, "carriers": ids[:20]}},
        **{"forward_passes": 9, "undecidable": []},
    }
    (errors,) = [
        each
        for each in findings(audit(predicted, right, corner=corner, trust=FAILED, shortcuts=tried))
        if each.kind == "heat"
    ]
    assert errors.title == "Errors go with heat in the top left corner"
    assert errors.text.endswith("would not prove it; the experiment of suspect 1 does.")


def test_what_is_said_of_other_scalings_is_one_text():
    """Of 60 images 45 are right; 64 were compared, and with the own scaling 58 of them."""
    predicted, right = np.arange(60) % 2, np.arange(60) >= 15
    check = {**NO_CHECK, "images": 64, "accuracies": {"unit": 58 / 64}}
    guess = {"used": "unit", "images": 32, "changed": {"unit": 0.0, "tf": 0.375}}
    known = audit(predicted, right, corner=np.zeros(60, bool), check=check)
    assert other_scalings(known) == (
        "Other scalings were not compared, because with “unit” the accuracy already is 91% on 64 "
        "labelled images (75.0% on all 60 labelled images)."
    )
    guessed = replace(known, scaling_check={**check, "guess": {**guess, "likelier": None}})
    assert other_scalings(guessed).startswith(
        "Other scalings were run on 32 images and change this share of the predictions: 38% with "
        "tf. Their accuracy was not compared, because with “unit” the accuracy already is 91%"
    )
    facts = replace(FACTS, layers=known.facts.layers, scaling_known=False, scaling_why="a guess: x")
    texts = [text for _, text in said(replace(guessed, facts=facts))]
    assert any(other_scalings(guessed) in text for text in texts)


def test_maps_that_pass_or_were_not_tested_are_not_doubted():
    predicted = np.repeat([1, 0], [20, 40])
    right, corner = np.repeat([False, True], [15, 45]), np.arange(60) < 20
    for usable in (True, None):
        trust = {**FAILED, "heat_usable": usable}
        titles = [f.title for f in findings(audit(predicted, right, corner=corner, trust=trust))]
        assert not [title for title in titles if "Suspected" in title or "fail" in title]


def test_images_that_look_alike_and_images_of_the_training():
    numbers = np.arange(10)
    training = {"images": 4, "exact": 1, "share": 0.4, "accuracy_among": 1.0}
    near = {"images_across_labels": 3, "training": {**training, "accuracy_without": 0.5}}
    audited = audit(numbers % 2, numbers >= 0, corner=numbers < 0, near_duplicates=near)
    alike, leak = (text for kind, text in said(audited) if kind == "data")
    assert alike.startswith("3 images look nearly the same as an image with another label")
    assert "4 audited images (40.0%) are among the training images, 1 of them as the same" in leak
    assert "The accuracy is 100.0% on these and 50.0% on the others." in leak


def test_what_is_assumed_and_how_images_are_resized_is_said():
    numbers = np.arange(10)
    resizing = {"used": "area", "images": 60, "labelled": 54, "better": "bilinear"}
    resizing |= {"accuracies": {"area": 0.8, "bilinear": 0.95}, "changed": {}}
    audited = audit(
        numbers % 2,
        numbers >= 0,
        corner=numbers < 0,
        check=NO_CHECK | {"resizing": resizing},
        assumptions=("six files look like masks", *depth_notes(np.array([8, 12, 12, 16]))),
    )
    kinds = dict(said(audited))
    assert "80% on 54 labelled images that are resized as in this audit" in kinds["scaling"]
    assert "set preprocess.interpolation: bilinear and run the audit again" in kinds["scaling"]
    assert kinds["data"] == (
        "Six files look like masks. The upper 8 bits are read of 2 images as values of 12 bits and "
        "of 1 image as values of 16 bits, so the brightness of one and of another can't be "
        "compared."
    )
    assert depth_notes(np.full(9, 8)) == []


def test_slices_that_are_one_story_are_one_finding():
    bad = np.arange(200) < 40
    columns = {
        "camera": pd.Series(np.where(bad, "old", "new")),
        "year": pd.Series(np.where(np.arange(200) < 44, "2019", "2024")),
    }
    rows = [each.facts() for each in slices(columns, ~bad)]
    audited = audit(np.zeros(200, int), np.ones(200, bool), corner=np.zeros(200, bool))
    (found,) = [each for each in findings(audited, rows) if each.kind == "slice"]
    assert found.title == "The accuracy is lower on camera = old"
    assert found.text == (
        "The accuracy is 0.0% on 40 images with camera = old (95 % interval 0.0% to 8.8%) and "
        "100.0% on all other images. This slice has mostly the same errors: year = 2019."
    )


def row(name: str, right: int, story: str, suspect: dict[str, object] | None) -> dict[str, object]:
    """A slice of 40 images in ``summary.json``, with made-up intervals."""
    shares = {"accuracy": right / 40, "accuracy_95_low": 0.1, "accuracy_95_high": 0.6}
    return {
        **{"name": name, "story": story, "support": 40, "right": right, "suspect": suspect},
        **{**shares, "rest_accuracy": 0.9},
    }


def test_slices_whose_errors_carry_a_suspect_s_cue_are_one_finding_with_it():
    """a and c are tied to the mark, a takes b along, d is a story of its own."""
    mark = {"id": "s-mark", "checked": 13, "carriers": 12}
    rows = [
        row("a = 1", 10, "a = 1", mark),
        row("b = 1", 12, "a = 1", None),
        row("c = 1", 16, "c = 1", {**mark, "checked": 24, "carriers": 24}),
        row("d = 1", 20, "d = 1", None),
        {**row("e = 1", 30, "", None), "story": None},
    ]
    common = {"title": "“gravel” depends on a mark", "images": []}
    shortcuts = {
        "suspects": [
            {"id": "s-open", "status": "undecided", "title": "x", "images": []},
            {"id": "s-mark", "status": "confirmed", **common},
        ]
    }
    carried, own = slice_findings(rows, shortcuts)
    assert carried.title == "The errors on 3 slices go with suspect 1"
    assert carried.link == "#s-mark" and carried.suspect == CueShare("s-mark", 13, 12)
    assert carried.text == (
        "The accuracy is 25.0% on 40 images with a = 1 (95 % interval 10.0% to 60.0%) and 90.0% on "
        "all other images. 13 of these 30 errors were checked for the cue of suspect 1 (“gravel” "
        "depends on a mark); 12 of them carry it. 2 more slices have mostly the same errors, or "
        "errors with the same cue: b = 1, c = 1."
    )
    assert (own.title, own.link) == ("The accuracy is lower on d = 1", "#slices")
    (alone,) = slice_findings(rows[2:3], shortcuts)
    assert alone.title == "The errors on c = 1 go with suspect 1"
    assert alone.text.endswith(
        "24 of these 24 errors carry the cue of suspect 1 (“gravel” depends on a mark)."
    )


@pytest.mark.parametrize("carriers", [10, 2])
def test_errors_that_go_with_heat_are_tied_to_a_suspect(carriers):
    """15 images are wrongly predicted as gravel; 10 of them were checked."""
    predicted, right = np.repeat([1, 0], [20, 40]), np.repeat([False, True], [15, 45])
    shortcuts = {
        "suspects": [{"id": "s-mark", "status": "confirmed", "class": "gravel"}],
        "cues": {
            "s-mark": {
                "checked": [f"id-{at}" for at in [*range(5, 15), *range(20, 40)]],
                "carriers": [f"id-{at}" for at in range(5, 5 + carriers)],
            }
        },
        **{"undecidable": [], "forward_passes": 9},
    }
    audited = audit(predicted, right, corner=np.arange(60) < 20, shortcuts=shortcuts)
    shortcuts["suspects"][0] |= {"title": "a mark", "images": []}
    heat, *_ = findings(audited)
    assert heat.kind == "heat"
    assert heat.suspect == (CueShare("s-mark", 10, 10) if carriers == 10 else None)


def with_maps(audited: Results, maps: np.ndarray, *, sides: int = 9) -> Results:
    layers = (replace(LAYER, name="last", shape=(sides, sides, 4)), *audited.facts.layers)
    facts = replace(audited.facts, layers=layers)
    return replace(audited, maps=lambda shard: {"maps": maps}, facts=facts)


def corner_maps(count: int, hot: np.ndarray, empty: np.ndarray) -> np.ndarray:
    maps = np.ones((count, 9, 9), np.float32)
    maps[hot, :3, :3] = 0.8 * 72 / 0.2 / 9
    maps[empty] = 0
    return maps


def test_empty_maps_are_counted_in_the_sentence():
    numbers = np.arange(80)
    predicted = (numbers < 40).astype(int)
    maps = corner_maps(80, predicted == 1, numbers < 28)
    audited = audit(predicted, numbers >= 0, corner=numbers < 0)
    texts = [text for kind, text in said(with_maps(audited, maps)) if kind == "heat"]
    assert len(texts) == 1
    assert "Only 12 of these 40 images are counted: the maps of the others are empty." in texts[0]


def test_maps_that_are_too_coarse_place_nothing_and_the_report_says_so():
    numbers = np.arange(80)
    predicted = (numbers < 40).astype(int)
    audited = audit(predicted, numbers % 40 > 12, corner=predicted == 1)
    maps = corner_maps(80, predicted == 1, numbers < 0)
    assert "heat" in [kind for kind, _ in said(with_maps(audited, maps, sides=4))]
    found = findings(with_maps(audited, maps, sides=3))
    assert "heat" not in [finding.kind for finding in found]
    (coarse,) = [each for each in found if each.title == "The maps are too coarse to say where"]
    assert coarse.text.startswith("The maps of layer “last” have 3 x 3 cells. On maps as coarse")


def test_a_class_that_gathers_its_heat_by_chance_is_not_named():
    """Maps of noise, 200 classes of six images: many of 1,600 pairs of class and region pass the
    thresholds, but none is significant.
    """
    draw = np.random.default_rng(0)
    predicted = np.repeat(np.arange(200), 6)
    maps = draw.exponential(1, (1200, 4, 4)).astype(np.float32) ** 3
    audited = audit(predicted % 2, predicted >= 0, corner=predicted < 0)
    names = [f"class {number}" for number in range(200)]
    table = audited.predictions.to_pandas().assign(
        predicted_index=predicted, label_index=pd.array(predicted, "Int32")
    )
    audited = replace(
        audited, class_names=names, predictions=pa.Table.from_pandas(table, preserve_index=False)
    )
    assert [kind for kind, _ in said(with_maps(audited, maps)) if kind == "heat"] == []


def test_a_slice_is_named_in_words_with_its_unit():
    assert slice_words("luminance_mean = 12 to 34") == "luminance mean 12 to 34 levels"
    assert slice_words("jpeg_quality = 70 to 80") == "jpeg quality 70 to 80"
    assert slice_words("meta_taken_by = A_1") == "taken by = A_1"
    assert slice_words("folder 1 = north") == "folder 1 = north"
