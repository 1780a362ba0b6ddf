"""The pages of the report, also with hostile names, labels and paths."""

import base64
import json
import re
import shlex
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pydantic import TypeAdapter
from snakemake.cli import parse_config

from convaudit.models.facts import LayerInfo
from convaudit.report import charts, pages, rendering, results, thumbnails
from convaudit.report.findings.all_findings import findings
from convaudit.report.findings.finding import Finding
from convaudit.report.gallery.data import _call, _score, columns
from convaudit.report.gallery.data import write as write_gallery
from convaudit.report.gallery.sort_orders import ranks
from convaudit.report.pages import write_report
from convaudit.report.regions import NOWHERE
from convaudit.report.results import Results
from convaudit.report.sections import mean_heat, misclassified, ordinary, suspects
from convaudit.report.wording import percent, plain, short, tail
from convaudit.verdict.decision import Decision
from fabricated import FACTS
from planning.run.command import command_line
from planning.settings import load
from summaries import summary_of

HOSTILE = "</script><script>alert('x')</script>\u2028\"'`<img src=x onerror=alert(1)>"


def of(table: pd.DataFrame) -> pa.Table:
    """The predictions as the report reads them."""
    return pa.Table.from_pandas(table, preserve_index=False)


def hostile() -> pd.DataFrame:
    """Of four images of two classes with hostile names; two are wrong, one map is empty."""
    return pd.DataFrame(
        {
            "image_id": [f"id-{i}" for i in range(4)],
            "path": [f"{HOSTILE}/{i}.jpg" for i in range(4)],
            "label": [HOSTILE, HOSTILE, "b", "b"],
            "label_index": pd.array([0, 0, 1, 1], "Int32"),
            "predicted": [HOSTILE, "b", HOSTILE, "b"],
            "predicted_index": [0, 1, 0, 1],
            "probability": [0.9, 0.8, 0.7, 0.6],
            "logit": [2.0, 1.5, 1.0, 0.5],
            "true_probability": [0.9, 0.2, 0.3, 0.6],
            "correct": pd.array([True, False, False, True], "boolean"),
            "map_max": [4.0, 2.0, 1.0, 0.0],
            "map_empty": [False, False, False, True],
            "heat_concentration": [0.9, 0.9, 0.9, np.nan],
            "heat_border": [1.0, 1.0, 1.0, np.nan],
            "top_classes": [[HOSTILE, "b"], ["b", HOSTILE], [HOSTILE, "b"], ["b", HOSTILE]],
            "top_probabilities": [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]],
            "shard": "0000",
            "row": range(4),
            "height": 10,
            "width": 20,
        }
    )


@pytest.fixture
def audit(tmp_path) -> Results:
    """Four images of two classes with hostile names; two are wrong, one map is empty."""
    sheet = tmp_path / "gradcam" / "sprites" / "0000" / "0.jpg"
    sheet.parent.mkdir(parents=True)
    cv2.imwrite(str(sheet), np.full((128, 16 * 128, 3), 99, np.uint8))
    predictions = hostile()
    maps = np.zeros((4, 3, 3), np.float16)
    maps[:3, 0, 0] = [4, 2, 1]
    layer = LayerInfo(HOSTILE, "layer", "Conv2D", (3, 3, 1), 9, True, True)
    return Results(
        facts=replace(
            FACTS,
            format=".keras",
            input=(6, 6, 3),
            classes=2,
            target_layer=HOSTILE,
            target_why=HOSTILE,
            scaling_known=False,
            scaling_why=HOSTILE,
            layers=(layer,),
        ),
        scaling_check={"used": "unit", "images": 0, "accuracies": {}, "better": None},
        class_names=[HOSTILE, "b"],
        predictions=of(predictions),
        quarantine=pd.DataFrame({"path": [HOSTILE], "reason": [HOSTILE]}),
        duplicates=pd.DataFrame(
            {"group": [1], "path": [HOSTILE], "label": [HOSTILE], "across_labels": [True]}
        ),
        channels=pd.DataFrame(
            {
                "layer": [HOSTILE],
                "channel": [0],
                "mean": [1.0],
                "std": [1.0],
                "max": [2.0],
                "active_fraction": [0.5],
                "dead": [False],
                "top_images": [["id-0", "id-1"]],
                "top_values": [[2.0, 1.0]],
                "top_y": [[0.5, 0.1]],
                "top_x": [[0.25, 0.9]],
                "histogram": [[1, 0, 3]],
                "class_means": [[2.0, 1.0]],
                "selectivity": [1 / 3],
                "selective_for": pd.array([0], "Int32"),
            }
        ),
        maps=lambda shard: {
            "image_id": predictions["image_id"].to_numpy(str),
            "class_index": predictions["predicted_index"].to_numpy(),
            "maps": maps,
        },
        photos=None,
        filters={},
        activations={"id-1": {HOSTILE: "../grid.png"}},
        settings={
            "overlays": "all",
            "model": HOSTILE,
            "weights": "imagenet",
            "images": HOSTILE,
            "preprocess": {"interpolation": "area"},
            "filters": {"margin": 5, "size": 64},
            "activations": {"per_row": 16},
            "gradcam": {"layer": "auto", "method": "gradcam", "score": "logit"},
        },
        command="snakemake",
        provenance={"commit": HOSTILE, "convaudit": "0.1.0"},
    )


def write(report: Path, audit: Results, decision: Decision | None = None) -> None:
    summary = summary_of(audit)
    write_report(report, audit, findings(audit, summary["slices"]), summary, decision)


def written(audit: Results, folder: Path, decision: Decision | None = None) -> Path:
    report = folder / "report"
    report.mkdir()
    write(report, audit, decision)
    return report


def changed(audit: Results, names: tuple[str, str] = ("a", "b"), **columns: object) -> Results:
    """The audit with other columns and harmless names."""
    plain = {
        "label": np.array(names)[[0, 0, 1, 1]],
        "predicted": np.array(names)[[0, 1, 0, 1]],
        "path": [f"photos/{at}.jpg" for at in range(4)],
        "top_classes": [list(names)] * 4,
    }
    table = hostile().assign(**{**plain, **columns})
    return replace(audit, class_names=list(names), predictions=of(table))


def test_names_can_t_end_a_script_or_open_an_element(audit, tmp_path):
    report = tmp_path / "report"
    report.mkdir()
    write(report, audit)
    pages = list(report.rglob("*.html"))
    assert {page.name for page in pages} >= {"index.html", "images.html", "layer.html", "1-0.html"}
    for path in pages:
        page = path.read_text()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    for path in report.glob("data/*.js"):
        text = path.read_text()
        assert "</" not in text and "\u2028" not in text


def test_a_number_that_several_languages_need_has_one_source(audit, tmp_path):
    data = (written(audit, tmp_path) / "data" / "columns.js").read_text()
    about = json.loads(data.removeprefix("convaudit.columns(").removesuffix(");\n"))
    assert about["sprite"] == {"side": 128, "columns": 16, "sheet": 64}
    assert about["regions"][4] == "centre" and about["no_label"] == 65535
    inferno = np.frombuffer(base64.b64decode(about["palettes"]["inferno"]), np.uint8)
    levels = np.arange(256, dtype=np.uint8)[None]
    assert np.array_equal(inferno.reshape(256, 3), thumbnails.colours(levels)[0])
    sheet = rendering.style()
    assert sheet.startswith(":root { --patterns: 8; --thumbs: 16; }")
    for name in (*pages.SCRIPTS, "style.css"):
        text = (rendering.STATIC / name).read_text()
        assert not re.search(r"top left corner|SPRITE|65535;|\b0\.66\b|16 \* 88|1600%", text), name


def test_a_dossier_marks_the_crop_and_names_the_class(audit, tmp_path):
    report = tmp_path / "report"
    report.mkdir()
    write(report, audit)
    page = (report / "layers" / "layer.html").read_text()
    assert "--cx: 0.250; --cy: 0.500" in page and "--cx: 0.900; --cy: 0.100" in page
    assert "0.33 for" in page
    assert "1 images" in page and "3 images" in page


def text_of(page: Path) -> str:
    return re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", page.read_text(), flags=re.DOTALL)


def test_without_labels_nothing_is_right_or_wrong(audit, tmp_path):
    none = pd.array([None] * 4, "Int32")
    unlabelled = changed(
        audit,
        label=None,
        label_index=none,
        correct=pd.array([None] * 4, "boolean"),
        true_probability=np.nan,
    )
    report = written(unlabelled, tmp_path)
    text = text_of(report / "index.html")
    assert "without labels" in text and "The images have no labels" in text
    for page in report.rglob("*.html"):
        assert not re.search(r"\b(nan|NaN|None|inf)\b", text_of(page)), page
    assert "accuracy with" not in text and "is predicted as" not in text
    summary = summary_of(unlabelled)
    undecided = {**summary, "verdict": {**summary["verdict"], "result": "undecided"}}
    again = tmp_path / "again"
    again.mkdir()
    write_report(again, unlabelled, [], undecided)
    text = text_of(again / "index.html")
    assert "Give the images labels" in text and "Audit more images" not in text


def test_suspects_and_findings_of_one_story_are_one_card():
    titles = [("a", "confirmed"), ("b", "undecided"), ("b", "undecided"), ("b", "confirmed")]
    shown = suspects._stories(
        [{"title": t, "status": s, "images": [f"id-{at}"]} for at, (t, s) in enumerate(titles)]
    )
    assert [(each["title"], each["status"], each["like"], each["images"]) for each in shown] == [
        ("a", "confirmed", 0, ["id-0"]),
        ("b", "undecided", 1, ["id-1", "id-2"]),
        ("b", "confirmed", 0, ["id-3"]),
    ]
    kinds = [("heat", 0), ("data", None), ("heat", 0), ("heat", 2)]
    cards = [
        {"kind": kind, "region": region, "text": str(at), "also": []}
        for at, (kind, region) in enumerate(kinds)
    ]
    assert [(each["text"], each["also"]) for each in pages._stories(cards)] == [
        *(("0", ["2"]), ("1", []), ("3", [])),
    ]


def suspect(name: str, target: str, status: str, images: list[str]) -> dict[str, object]:
    """An entry of ``interventions.json``."""
    return {
        **{"id": name, "class": target, "status": status, "images": images},
        **{"title": f"“{target}” depends on {name}", "severity": "block", "text": "Given it, ..."},
        **{"cue": "place", "kind": "overlay", "image_count": len(images)},
        "data": {"auc": 0.9, "r": 0.0, "n": 4},
    }


def tried(
    *suspects: dict[str, object], checked: tuple[str, ...] = (), carriers: tuple[str, ...] = ()
) -> dict[str, object]:
    """The content of ``interventions.json``; all confirmed suspects have the same carriers."""
    cue = {"checked": list(checked), "carriers": list(carriers)}
    return {
        "suspects": list(suspects),
        "cues": {each["id"]: cue for each in suspects if each["status"] == "confirmed"},
        **{"images": 4, "labelled": 4, "forward_passes": 9, "undecidable": [], "blind_to": []},
        "placebos": {"tried": 0, "confirmed": 0},
    }


def test_a_wrong_image_names_the_suspect_of_its_predicted_class_whose_cue_it_carries(
    audit, tmp_path
):
    shortcuts = tried(
        suspect("s-refuted", "b", "refuted", ["id-1"]),
        suspect("s-right", "b", "confirmed", ["id-3"]),
        suspect("s-true-class", "a", "confirmed", ["id-1"]),
        suspect("s-mark", "b", "undecided", ["id-0", "id-1"]),
    )
    audit = replace(changed(audit), shortcuts=shortcuts)
    report = written(audit, tmp_path)
    page = (report / "index.html").read_text()
    link = '#s-mark" title="“b” depends on s-mark">suspect 3</a>'
    assert page.count(f'carries the cue of <a href="{link}') == 1  # not on id-2, nor on right ones
    assert page.count("carries the cue of <a") == 1
    assert "<b>3. “b” depends on s-mark</b>" in page and 'id="s-mark"' in page
    pair = (report / "pairs" / "0-1.html").read_text()
    assert f'carries the cue of <a href="../index.html{link}' in pair
    (tmp_path / "finding").mkdir()
    finding = Finding("heat", "A place", "Of 1 image ...", "images.html#truth=wrong", 1, [1], 0)
    write_report(tmp_path / "finding", audit, [finding], summary_of(audit))
    page = (tmp_path / "finding" / "index.html").read_text()
    assert 'the cue of <a href="#s-mark">suspect 3</a> (not decided): “b”' in page


def test_a_wrong_image_says_whether_it_was_checked_for_a_confirmed_suspect(audit, tmp_path):
    """Images 1 and 2 are wrongly predicted as b; of them 1 is checked and has no cue."""
    cards = {}
    for name, carriers in {"absent": ("id-0",), "carries": ("id-0", "id-1")}.items():
        found = tried(
            suspect("s-open", "b", "undecided", []),
            suspect("s-other", "a", "confirmed", []),
            suspect("s-mark", "b", "confirmed", []),
            checked=("id-0", "id-1"),
            carriers=carriers,
        )
        (tmp_path / name).mkdir()
        shown = suspects.cards(found, tmp_path, {})
        cards[name] = [
            (card["id"], card["rank"], said)
            for image in ("id-1", "id-2")
            for card, said in [suspects.cue_of(shown, image, "b")]
        ]
        assert suspects.cue_of(shown, "id-1", "c") is None
    # Confirmed suspects come first, so the mark of b is the second.
    assert cards["absent"] == [("s-mark", 2, "absent"), ("s-mark", 2, "unchecked")]
    assert cards["carries"] == [("s-mark", 2, "carries"), ("s-mark", 2, "unchecked")]

    shortcuts = tried(suspect("s-mark", "b", "confirmed", []), checked=("id-0",))
    report = written(replace(changed(audit), shortcuts=shortcuts), tmp_path)
    text = " ".join(text_of(report / "index.html").split())
    assert text.count("was not checked for the cue of suspect 1") == 1  # of b; the other is of a
    assert "carries the cue of suspect 1" not in text and "lacks the cue" not in text
    assert (
        "The cue was found in 0 of the 0 checked images of “b”, and in 0 of 1 of other classes."
        in text
    )


def test_a_decision_stands_above_the_gates_and_names_suspects_by_their_titles(audit, tmp_path):
    audit = replace(changed(audit), shortcuts=tried(suspect("s-mark", "b", "confirmed", [])))
    made = {"name": "Ada Lovelace", "date": "2026-11-25", "decision": "refused", "result": "fail"}
    notes = {"s-mark": "a sticker", "s-gone": "not shown"}
    decision = TypeAdapter(Decision).validate_python(
        {**made, "audit_key": "key", "policy_sha256": "0", "suspects": notes}
    )
    report = written(audit, tmp_path, decision)
    top = (report / "index.html").read_text().partition('<table class="gates">')[0]
    assert "<b>Refused</b> by Ada Lovelace on 2026-11-25" in top
    assert "<dt>“b” depends on s-mark</dt><dd>a sticker</dd>" in top
    assert "<dt>s-gone</dt><dd>not shown</dd>" in top


def test_undecided_suspects_without_a_card_are_counted_and_not_their_stories(tmp_path):
    """Five suspects, two of one story, make four stories; three of them have a card."""
    found = tried(*(suspect(f"s-{at}", "b", "undecided", []) for at in (0, 0, 1, 2, 3)))
    shown = suspects.cards(found, tmp_path, {})
    assert (len(shown["cards"]), shown["counts"]["undecided"], shown["hidden"]) == (3, 5, 2)
    assert shown["cards"][0]["like"] == 1
    found["suspects"][1]["id"] = "s-other"
    card = suspects.card_of(found, shown["cards"])
    assert card.keys() == {"s-0", "s-other", "s-1", "s-2"}
    assert card["s-0"] is card["s-other"] is shown["cards"][0]


def test_the_deciding_suspect_is_the_first_that_blocks_or_asks():
    cards = [{"severity": name} for name in ("note", "ask", "block")]
    assert suspects.reason({"cards": cards}) == {"severity": "ask"}
    assert suspects.reason({"cards": cards[:1]}) is None
    assert suspects.reason(None) is None


def test_a_guessed_scaling_stands_in_the_verdict(audit, tmp_path):
    report = written(audit, tmp_path)
    verdict = (report / "index.html").read_text().partition('id="findings"')[0]
    assert "<b>The scaling is a guess.</b>" in verdict
    assert (report / "index.html").read_text().count("which is a guess: ") == 1
    shutil.rmtree(report)
    report = written(replace(audit, facts=replace(audit.facts, scaling_known=True)), tmp_path)
    assert "is a guess" not in (report / "index.html").read_text()


def test_the_first_page_names_its_model_by_its_hash(audit, tmp_path):
    demo = {**audit.settings, "model": "demo", "images": "demo"}
    report = written(replace(audit, settings=demo, model_sha256="0123456789abcdef" * 4), tmp_path)
    text = " ".join(text_of(report / "index.html").split())
    assert "demo model on demo images" in text
    assert "Model of the demo (SHA-256 0123456789ab). Images of the demo" in text
    assert "0123456789abcdef" * 4 in text
    listed = replace(audit, settings={**demo, "images": "a/list.csv", "model": "VGG16"})
    assert listed.source == "from the table a/list.csv"
    assert listed.identity == "VGG16, weights imagenet"


def test_a_channel_that_noise_did_not_excite_is_not_said_to_do_nothing(audit, tmp_path):
    table = pd.DataFrame(
        {"channel": [0], "activation_start": [0.0], "activation_end": [0.0], "dead": [True]}
    )
    report = written(replace(audit, filters={"layer": ("../grid.png", table)}), tmp_path)
    page = (report / "layers" / "layer.html").read_text()
    assert "no pattern found from" in page and "pattern still" in page
    assert "→" not in text_of(report / "layers" / "layer.html")


def test_the_confusion_has_recall_and_precision_beside_it(audit):
    # Each class has two images: both of the first and one of the second are predicted right.
    answered = changed(audit, predicted_index=[0, 0, 0, 1])
    assert answered.confusion.tolist() == [[2, 0], [1, 1]]
    found = misclassified.matrix(answered)
    assert [row["recall"] for row in found["rows"]] == [1.0, 0.5]
    assert found["precision"] == [2 / 3, 1.0]


def test_a_pair_s_page_has_its_own_legend(audit, tmp_path):
    assert "heat-key" in (written(audit, tmp_path) / "pairs" / "1-0.html").read_text()


def test_heat_that_is_nearly_even_is_given_no_place(audit):
    flat = np.full((9, 9), 1 / 81)
    hot = flat.copy()
    hot[:3, :3] *= 1.3
    said = [
        mean_heat.Place(0, None, 9, heat / heat.sum(), 0.0).shown(audit.class_names, 1.0)["spread"]
        for heat in (flat, hot)
    ]
    assert said == [True, False]


@pytest.mark.parametrize(("after", "fixes"), [(0.05, True), (0.4, False)])
def test_a_temperature_that_makes_calibration_worse_is_not_said_to_fix_it(after, fixes):
    numbers = {"temperature_error_before": 0.15, "temperature_error_after": after}
    said = ordinary._cooled({"temperature": 2.0, **numbers})
    assert f"(equal-count bins) is {after:.1%} instead of 15.0%" in said
    assert ("does not fix" in said) is not fixes


def test_a_number_is_written_out():
    values = [0, 4.35e-05, 0.123456, 12.3456, 1234567.0, 1e-9]
    assert [plain(value) for value in values] == [
        "0",
        "0.00004",
        "0.123",
        "12.3",
        "1,234,567",
        "≈ 0",
    ]


def test_without_errors_it_says_so(audit, tmp_path):
    right = pd.array([0, 1, 0, 1], "Int32")
    fine = changed(audit, label_index=right, correct=pd.array([True] * 4, "boolean"))
    text = text_of(written(fine, tmp_path) / "index.html")
    assert "There are none: every labelled image is predicted right." in text
    assert "100.0%" in text and "Confused pairs" not in text


def test_an_error_has_both_scores_though_the_true_class_is_far_down(audit, tmp_path):
    far = changed(
        audit, top_classes=[["b"]] * 4, top_probabilities=[[0.8]] * 4, true_probability=0.0123
    )
    text = " ".join(text_of(written(far, tmp_path) / "index.html").split())
    assert "predicted b 80.0% true a 1.2%" in text


def test_a_share_is_all_or_none_only_where_it_is():
    values = [0, 1e-5, 0.0123, 0.99996, 1, None]
    assert [percent(value) for value in values] == [
        "0.0%",
        "<0.1%",
        "1.2%",
        ">99.9%",
        "100.0%",
        "–",
    ]


class Outline(HTMLParser):
    """What a screen reader needs: the levels of headings, and the pictures without a text."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.silent: list[str] = []
        self.language: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "html":
            self.language = given.get("lang")
        if tag == "img" and "alt" not in given:
            self.silent.append(str(given))
        if given.get("role") == "img" and tag != "canvas" and not given.get("aria-label"):
            self.silent.append(str(given))


def test_every_page_can_be_heard(audit, tmp_path):
    for path in written(audit, tmp_path).rglob("*.html"):
        outline = Outline()
        outline.feed(path.read_text())
        assert outline.language == "en"
        assert outline.silent == [], path
        assert outline.levels.count(1) == 1, path
        deeper = zip(outline.levels, outline.levels[1:], strict=False)
        assert all(below <= above + 1 for above, below in deeper), path


def luminance(colour: str) -> float:
    """Relative luminance of #rgb or #rrggbb (WCAG 2)."""
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    shares = np.array([int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)])
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def test_contrast():
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    style = (rendering.STATIC / "style.css").read_text()
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]+);", style))
    for ink in ("ink", "soft", "faint", "right", "wrong"):
        for paper in ("paper", "wash", "tint"):
            least = 4.5 if ink != "faint" or paper == "paper" else 4
            assert contrast(colours[ink], colours[paper]) >= least, (ink, paper)
    assert contrast(colours["hot"], colours["paper"]) >= 3
    assert ":focus-visible" in style
    # Nothing moves by itself, so there is no motion to reduce.
    assert not re.search("animation|transition|scroll-behavior", style)


def test_a_colour_that_has_a_name_is_used_by_its_name():
    root, rest = (rendering.STATIC / "style.css").read_text().split("}\n* {")
    named = set(re.findall(r"--\w+: (#[0-9a-f]+);", root))
    scripts = [(rendering.STATIC / name).read_text() for name in pages.SCRIPTS]
    for text in (rest, *scripts):
        assert named and not named & set(re.findall(r"#[0-9a-f]{3,8}\b", text))


def test_a_legend_says_what_the_colours_mean():
    drawn = str(charts.heat_key(top=0.2, cells=20))
    assert "4.0 × even" in drawn and "Not linear" in drawn
    # Colours follow the root: even heat, a quarter of the greatest, lies half-way.
    assert '<text x="160.0" y="30" text-anchor="middle">even heat</text>' in drawn


def test_names_and_numbers_are_ranked(audit):
    ranked = changed(
        audit,
        path=["b", "c", "a", "b"],
        logit=[2.0, -1.0, 2.0, 3.0],
        true_probability=[np.nan, 0.5, 0.1, np.nan],
        width=[4, 2, 2, 2],
        height=[2, 4, 2, 2],
        shard=["0000", "0000", "0001", "0001"],
    )
    found = {name: places.tolist() for name, places in ranks(ranked)}
    # The greatest number comes first, and the first name.
    assert found["path"] == [2, 1, 3, 2]
    assert found["logit"] == [2, 1, 2, 3]
    assert found["true_probability"] == [1, 3, 2, 1]
    assert found["area"] == [2, 2, 1, 1] and found["aspect"] == [3, 1, 2, 2]


def test_sizes_are_told(audit):
    """The median of four is half-way between the second and the third."""
    sizes = pages._sizes(changed(audit, width=[10, 20, 20, 40], height=10))
    assert sizes["aspect"] == "1.00 to 4.00, half of them under 2.00"
    assert sizes["sizes"].startswith("10 to 40 wide, 10 to 10 high; commonest 20 × 10 (2), ")
    assert sizes["squeezed"] == 3


def test_more_pictures_than_a_sheet_holds_go_on_the_next(audit, tmp_path, monkeypatch):
    """Two to a sheet: the third of a layer is the first of the second sheet."""
    monkeypatch.setattr(thumbnails, "ON_SHEET", 2)
    top = [["id-0", "id-1", "id-2"]]
    three = {"top_images": top, "top_values": [[3.0, 2, 1]], "top_y": [[0.5] * 3]}
    table = audit.channels.assign(**three, top_x=[[0.5] * 3])
    page = (written(replace(audit, channels=table), tmp_path) / "layers/layer.html").read_text()
    styles = re.findall(r'style="(--x: \d+; --y: \d+); background-image: url\(\'(.+?)\'', page)
    assert styles == [
        ("--x: 0; --y: 0", "layer.jpg"),
        ("--x: 1; --y: 0", "layer.jpg"),
        ("--x: 0; --y: 0", "layer~1.jpg"),
    ]
    sheets = [cv2.imread(str(tmp_path / "report/layers" / name)) for _, name in styles[1:]]
    assert sheets[0].shape == sheets[1].shape == (96, 16 * 96, 3)
    # A picture is drawn where its channel looks for it, and nothing beside it.
    assert sheets[0][48, [48, 144]].min() > 80 > 20 > sheets[0][48, 240].max()
    assert sheets[1][48, 48].min() > 80 > 20 > sheets[1][48, [144, 240]].max()


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model": "VGG16", "images": "/photos of mine/it's", "classes": "names.txt"},
        {"model": "1e5", "images": "null", "output": "no", "trust_model": True, "seed": 7},
        {
            "custom_modules": ["a.py", "b c.py"],
            "filters": {"layers": ["conv 1"], "count": 16, "step_size": 0.5},
            "activations": {"examples": ["a.jpg", "b.jpg"]},
            "preprocess": {"scaling": "torch"},
        },
    ],
)
def test_the_command_gives_the_same_settings_back(config):
    settings = load(config)
    program, *words = shlex.split(command_line(settings.model_dump(exclude={"watch"})))
    assert (program, words[:3]) == ("snakemake", ["--cores", "all", "--config"])
    # Model and images are named although they are the defaults.
    assert {word.partition("=")[0] for word in words[3:]} >= {"model", "images"}
    again = load(parse_config(words[3:]))
    assert again == settings.model_copy(update={"results": "again"})
    # The results folder does not matter, so that the same run gives the same bytes.
    elsewhere = settings.model_copy(update={"results": "elsewhere"}).model_dump()
    assert shlex.split(command_line(elsewhere)) == [program, *words]


def test_a_photo_is_found_from_the_page():
    assert results._photos("demo") == "../demo/images/"
    assert results._photos("my photos") == "../../my%20photos/"
    assert results._photos("/data/list.csv") == "file:///data/"
    assert tail("a/b/c.jpg") == "…/b/c.jpg" and tail("b/c.jpg") == "b/c.jpg"


def test_the_gallery_has_each_confidence_as_the_first_page_has_it(audit, tmp_path):
    sure = changed(audit, probability=np.float32([0.99999, 1, 0.999991, 0.5]))
    assert dict(columns(sure))["probability"].tolist() == sure.probability.tolist()
    written(sure, tmp_path)
    text = (tmp_path / "report/data/columns.js").read_text()
    stored = json.loads(text.removeprefix("convaudit.columns(").removesuffix(");\n"))
    packed = base64.b64decode(stored["probability"])
    assert np.frombuffer(packed, np.float32).tolist() == sure.probability.tolist()
    assert stored["count"] == 4 and stored["shards"] == ["0000"] and stored["starts"] == [0, 4]
    assert [_score(value) for value in (0, 1e-9, 0.123456, 0.9999999, 1)] == [
        0,
        1e-5,
        0.12346,
        0.99999,
        1,
    ]


def test_data_scripts_give_back_what_went_in():
    text = _call("shard", "0000", {"paths": [HOSTILE]})
    arguments = text.removeprefix("convaudit.shard(").removesuffix(");\n")
    assert json.loads(f"[{arguments}]") == ["0000", {"paths": [HOSTILE]}]


def test_the_summary_counts(audit):
    summary = summary_of(audit)
    assert summary["images_read"] == 5
    assert summary["images_audited"] + summary["images_quarantined"] == summary["images_read"]
    assert (summary["accuracy"], summary["errors"], summary["empty_maps"]) == (0.5, 2, 1)
    assert summary["duplicates_across_labels"] == 1
    json.dumps(summary, allow_nan=False)


def test_mean_heat_is_a_mean_of_shares(audit):
    count, mean = audit.mean_maps.mean(predicted=1)
    assert count == 1
    assert mean[0, 0] == 1 and mean.sum() == 1
    assert audit.mean_maps.hottest.tolist() == [0, 0, 0, NOWHERE]


def test_a_synset_s_first_word_is_its_name():
    assert short("n02120505 grey fox, gray fox") == "grey fox"
    assert short("brick, red") == "brick, red"


def test_every_field_of_the_summary_is_explained(audit):
    told = (Path(__file__).parents[1] / "docs" / "report.md").read_text()
    assert {field for field in summary_of(audit) if f"`{field}`" not in told} == set()


def test_the_first_page_says_whether_the_maps_may_be_believed(audit, tmp_path):
    test = {"name": "removal", "value": 0.54, "low": 0.35, "high": 0.72, "limit": 0.5}
    test |= {"images": 24, "passed": False, "gates": True, "text": "share of images"}
    empty = dict.fromkeys(("value", "low", "high", "passed"))
    trust = {"heat_usable": False, "images": 24, "tests": [test, {**test, **empty}]}
    near = {"radius": 6, "groups": 2, "images": 5, "images_across_labels": 3}
    training = {"files": 900, "images": 7, "share": 0.07, "exact": 4}
    training |= {"accuracy_among": 1.0, "accuracy_without": 0.5}
    told = replace(audit, trust=trust, near_duplicates={**near, "training": training})
    text = text_of(written(told, tmp_path) / "index.html")
    assert (
        "No: the maps of this model fail their tests, so what is read from them is only a "
        "suspicion." in text
    )
    assert "0.54" in text
    assert "0.35 to 0.72" in text
    assert "too few images" in text
    assert "5 images look alike, in 2 groups" in text
    assert "7 audited images (7.0%) are copies of one of the 900 training images; 4 of them" in text
    shutil.rmtree(tmp_path / "report")
    plain_text = text_of(written(audit, tmp_path) / "index.html")
    assert "The maps were not tested: trust.enabled is false." in " ".join(plain_text.split())


@pytest.mark.parametrize(
    ("radius", "said", "resemble"),
    [
        (6, "their difference hashes are at most 6 of 64 bits apart.", False),
        (2, "their difference hashes are at most 2 of 64 bits apart.", True),
        (0, "their difference hashes are equal.", True),
        (None, "copies can't be told from them. Only files with the same content", False),
    ],
)
def test_the_report_says_how_alike_near_duplicates_are(audit, tmp_path, radius, said, resemble):
    near = {"radius": radius, "groups": 2, "images": 5, "images_across_labels": 3, "training": None}
    page = text_of(written(replace(audit, near_duplicates=near), tmp_path) / "index.html")
    assert said in page
    assert ("images of this dataset resemble each other" in page) == resemble


@pytest.mark.parametrize("choice", ["all", "errors", "none"])
def test_the_gallery_links_the_overlays_that_are_on_the_disk_alone(audit, tmp_path, choice):
    settings = {**audit.settings, "overlays": choice}
    write_gallery(tmp_path / "gallery", replace(audit, settings=settings))
    linked = set()
    for path in (tmp_path / "gallery").glob("[0-9]*.js"):
        linked |= set(re.findall(r"gradcam/overlays/[^/]+/([^\"]+)\.jpg", path.read_text()))
    ids = np.array(audit.predictions["image_id"].to_pylist())
    expected = {"all": ids, "errors": ids[audit.wrong], "none": ids[:0]}[choice]
    assert linked == set(expected.tolist())
    assert choice == "none" or linked


@pytest.mark.parametrize(
    ("status", "says", "never"),
    [
        ("confirmed", "in part: does not stop a signature", "this model does not use it"),
        ("data_only", "this model does not use it", "does not stop a signature"),
    ],
)
def test_a_warning_says_whether_the_model_uses_the_cue(audit, tmp_path, status, says, never):
    warned = {**suspect("s-tone", "b", status, []), "severity": "warn"}
    report = written(replace(changed(audit), shortcuts=tried(warned)), tmp_path)
    text = " ".join(text_of(report / "index.html").split())
    assert says in text and never not in text
