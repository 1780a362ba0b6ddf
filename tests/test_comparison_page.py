"""The page of a comparison: its content, its limits and its links."""

import json
import re
from html import unescape

import pytest

import compare
import fabricated

COUNT = 3400


@pytest.fixture(scope="module")
def audits(tmp_path_factory):
    """A fabricated audit, one with another model's answers to the same images (every 17th image is
    right now) and one with the same model's answers to other files.
    """
    folder = tmp_path_factory.mktemp("side by side")
    fabricated.results(folder / "first", COUNT, overlays=False)
    fabricated.again(folder / "first", folder / "models", model="another")
    fabricated.again(folder / "first", folder / "datasets", files="f")
    return folder


def made(folder, first: str, second: str) -> tuple[str, dict]:
    out = folder / f"{first} and {second}"
    compare.compare_audits(
        audits=[str(folder / first), str(folder / second)],
        own=None,
        key="its key",
        page=str(out / "comparison"),
        numbers=str(out / "comparison.json"),
    )
    page = (out / "comparison" / "index.html").read_text()
    return page, json.loads((out / "comparison.json").read_text())


def wrong_and_changed() -> int:
    """Images whose number ends in 3 are wrong; the second model predicts every 17th image of a
    shard of 512, from the third on, as its true class.
    """
    return sum(number % 10 == 3 and number % 512 % 17 == 3 for number in range(COUNT))


def test_mended_images_are_shown_up_to_a_limit(audits):
    page, numbers = made(audits, "first", "models")
    assert numbers["key"] == "its key"
    assert numbers["comparison"]["mended"] == pytest.approx(wrong_and_changed() / COUNT)
    assert page.count('<figure class="card">') == min(24, wrong_and_changed())
    assert ("These are 24 of" in page) == (wrong_and_changed() > 24)


def test_turned_round_the_mended_ones_are_lost_and_alarm(audits):
    page, numbers = made(audits, "models", "first")
    assert numbers["comparison"]["negative_flips"] == pytest.approx(wrong_and_changed() / COUNT)
    assert numbers["comparison"]["accuracy_difference_95_high"] < 0
    assert re.search(r'alarm"><div><h3>The accuracy is lower by', page)


def test_links_lead_to_the_image_in_either_gallery(audits):
    page, _ = made(audits, "first", "models")
    links = re.findall(r'href="(\.\./\.\./[^"]+/images\.html#image=\d+-\d+)"', page)
    names = {unescape(link).split("/")[2] for link in links}
    assert names == {"first", "models"}
    for link in re.findall(r'href="#([\w-]+)"', page):
        assert f'id="{link}"' in page


def test_the_page_stands_alone(audits):
    for second in ("models", "datasets"):
        page, _ = made(audits, "first", second)
        assert not re.search(r'(src|href)="(https?:|//)', page)
        assert set(re.findall(r'<img src="(.{5})', page)) <= {"data:"}


def test_two_datasets_have_no_gallery_but_outputs_and_heat(audits):
    page, numbers = made(audits, "first", "datasets")
    assert numbers["kind"] == "datasets"
    assert "One model on two datasets" in page and "Right before" not in page
    assert numbers["datasets"]["outputs"][0]["ks"] < 0.1
    assert page.count('<figure class="place twin">') == 12
    assert not (audits / "first and datasets" / "comparison" / "images.parquet").exists()


def test_the_same_audits_give_the_same_bytes(audits):
    first, _ = made(audits, "first", "models")
    again, _ = made(audits, "first", "models")
    assert first == again
