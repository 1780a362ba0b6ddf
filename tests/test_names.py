"""Names for files are safe, readable and unique, whatever a file is called."""

import re
import unicodedata

import pytest

from convaudit.dataset.image_ids import clashes, image_id

HOSTILE = [
    "../../etc/passwd",
    "..",
    ".",
    "",
    "/",
    "a\nb.jpg",
    "a\0b.jpg",
    "'\"`$(rm -rf ~);.jpg",
    "<script>alert(1)</script>.jpg",
    "-rf.jpg",
    "CON.jpg",
    "é" * 127 + ".",
    "x" * 255,
    "日本/写真.jpg",
    "undecodable \udcff\udc80.jpg",
    "{shard}.jpg",
    "a/b/../c.jpg",
    "right-to-left \u202egpj.exe",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_safe_whatever_the_name(path):
    name = image_id(path)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,59}-[0-9a-f]{8}", name)
    assert name == image_id(path)


def test_the_slug_is_readable():
    assert image_id("cats/cat.1700.jpg").startswith("cat-1700-")
    assert image_id("plage/Été à Nice (1).JPG").startswith("Ete-a-Nice-1-")
    assert image_id("日本/写真.jpg").startswith("image-")


def test_the_digits_are_of_the_relative_path():
    # sha256 of b"cats/cat.1700.jpg"
    assert image_id("cats/cat.1700.jpg") == "cat-1700-e2f80513"


def test_different_paths_have_different_names():
    composed = unicodedata.normalize("NFC", "café/é.jpg")
    decomposed = unicodedata.normalize("NFD", composed)
    paths = [*HOSTILE, composed, decomposed, "a/x.jpg", "b/x.jpg", "a/x.png", "a/X.jpg"]
    assert len({image_id(path).lower() for path in paths}) == len(paths)


# Found by trying: the first 8 digits of their hashes are the same.
ALIKE = ["21550/x.png", "36917/x.png"]


def test_names_that_are_alike_are_found():
    assert image_id(ALIKE[0]) == image_id(ALIKE[1]) == "x-08bd9493"
    assert clashes(["a.jpg", *ALIKE, "b.jpg", ALIKE[0]]) == {2: 1, 4: 1}
    assert clashes([path.replace("x", "X") for path in ALIKE]) == {}
    assert clashes([]) == {}
