"""The toy audit's report in a real browser, opened from disk."""

import shutil

import pytest
from playwright.sync_api import Page, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser():
    found = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    assert found, "these tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def page(browser, finished):
    """The report's first page; it may say nothing in the console and ask nothing of a network."""
    opened: Page = browser.new_page(viewport={"width": 1440, "height": 900})
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "request",
        lambda request: (
            request.url.startswith(("file:", "data:")) or complaints.append(request.url)
        ),
    )
    opened.on("requestfailed", lambda request: complaints.append(request.url))
    opened.address = (finished.folder / "results" / "report" / "index.html").as_uri()
    opened.goto(opened.address)
    opened.wait_for_selector(".tile-image canvas[role=img]")
    yield opened
    opened.close()
    assert complaints == []


def count(page: Page) -> str:
    return page.inner_text("#count")


def test_every_section_is_reached_from_the_top(page):
    for link in page.query_selector_all("nav a"):
        assert page.query_selector(link.get_attribute("href")), link.inner_text()


def test_every_picture_of_the_page_is_there(page):
    for image in page.locator("main img[src]:visible").element_handles():
        image.scroll_into_view_if_needed()
        page.wait_for_function("image => image.complete", arg=image)
        assert image.evaluate("image => image.naturalWidth") > 0, image.get_attribute("src")
        assert image.get_attribute("alt") is not None


def test_filters_sort_and_share(page):
    assert count(page) == "19 of 19 images"
    page.select_option("[name=truth]", "wrong")
    assert count(page) == "1 of 19 images"
    assert "truth=wrong" in page.url
    page.reload()
    page.wait_for_selector(".tile-image canvas[role=img]")
    assert count(page) == "1 of 19 images"
    page.select_option("[name=truth]", "")
    page.select_option("[name=predicted]", label="blue")
    assert count(page) == "9 of 19 images"
    page.select_option("[name=sort]", "probability")
    shown = [float(t.split()[-1][:-1]) for t in page.locator(".tile-image span").all_inner_texts()]
    assert shown == sorted(shown, reverse=True)
    page.check("[name=up]")
    shown = [float(t.split()[-1][:-1]) for t in page.locator(".tile-image span").all_inner_texts()]
    assert shown == sorted(shown)


def test_the_verdict_leads_to_the_images_behind_it(page):
    page.click(".strip a.bad")
    page.wait_for_function("document.querySelector('#count').innerText.startsWith('1 of')")


def test_a_class_leads_to_its_overlays(page):
    page.click("#calibration tbody a >> nth=0")
    page.wait_for_function("document.querySelector('#count').innerText.startsWith('10 of')")


def test_lightbox_by_keyboard_and_by_shared_link(page):
    page.focus("#gallery")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    first = page.inner_text("dialog .about")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("dialog .about") != first
    page.keyboard.press("2")
    assert "view=heat" in page.url
    shared = page.url
    second = page.inner_text("dialog .about")
    page.keyboard.press("Escape")
    assert page.query_selector("dialog[open]") is None
    page.goto("about:blank")
    page.goto(shared)
    page.wait_for_selector("dialog[open]")
    assert page.inner_text("dialog .about") == second
    assert page.wait_for_function("document.querySelector('dialog img').naturalWidth > 0")


def test_a_layer_s_page_has_an_anchor_a_channel(page):
    page.click(".layers a")
    page.wait_for_selector("#channel-0")
    assert page.locator(".channel").count() == 2
    assert page.locator(".channel .thumb").count() > 2


def test_it_fits_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
