"""Names, labels and metadata can't break out of the results folder, a page or a shell command."""

import ast
import csv
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from conftest import COLOURS, ROOT, Audit, paint
from convaudit.dataset import images
from convaudit.dataset.prepared import prepared
from convaudit.errors import AuditError
from quarantine import quarantine

EVIL = "<img src=x onerror=alert(1)>"
FILES = (
    "$(touch pwned).png",
    "`touch pwned`;touch pwned #.png",
    "'\"; touch pwned; '.png",
    "{wildcards.shard}{results}%s.png",
    "-rf ..png",
    f"{EVIL}.png",
    "line\nbreak\x1b[31m.png",
    "x" * 240 + ".png",
)
QUARANTINED = {
    "pipe.jpg": "not a regular file",
    "folder.jpg": "not a regular file",
    "device.jpg": "not a regular file",
    "kernel.jpg": "the file is empty (0 bytes)",
    "circle.jpg": "too many levels of symbolic links",
    "=gone.jpg": "no such file",
    "page.jpg": "a web page, not an image",
}
LABELS = (f"{EVIL}</script><script>alert(1)</script>", "=cmd|' /C calc'!A0 {shard} $(touch pwned)")


class Page(HTMLParser):
    """The scripts of a page that a browser would run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts = 0
        self.handlers: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]


@pytest.fixture(scope="module")
def hostile(fresh) -> Audit:
    audit = fresh()
    photos = audit.folder / "photos"
    rows = []
    for label, colour in zip(LABELS, COLOURS.values(), strict=True):
        for number, name in enumerate(FILES):
            folder = "up/../" if number % 2 else ""
            (photos / "up").mkdir(exist_ok=True)
            path = photos / f"{len(rows)}{name}"
            paint(photos / "plain.png", colour, number)
            image = Image.open(photos / "plain.png")
            exif = Image.Exif()
            exif[0x010E] = exif[0x9286] = f"{EVIL}$(touch pwned)"
            image.save(path, exif=exif, icc_profile=EVIL.encode())
            rows.append((f"{folder}{path.name}", label))
    (photos / "plain.png").unlink()
    os.mkfifo(photos / "pipe.jpg")
    (photos / "folder.jpg").mkdir()
    (photos / "device.jpg").symlink_to("/dev/zero")
    (photos / "kernel.jpg").symlink_to("/proc/kmsg")
    (photos / "circle.jpg").symlink_to("circle.jpg")
    (photos / "page.jpg").write_text("<html>404")
    rows += [(name, LABELS[0]) for name in QUARANTINED]
    pd.DataFrame(rows, columns=["path", "label"]).to_csv(photos / "table.csv", index=False)
    (audit.folder / "classes.txt").write_text("\n".join(LABELS))
    before = outside(audit.folder)
    audit.run(
        "--notemp",
        config=(
            "images=photos/table.csv",
            "classes=classes.txt",
            "shard_size=512",
            "max_quarantined=0.5",
            "filters={count: 1, size: 16, steps: 1, layers: [mix]}",
        ),
    )
    assert outside(audit.folder) == before
    return audit


def outside(folder: Path) -> set[str]:
    """Files of a working directory that are neither results nor Snakemake's own."""
    every = (path.relative_to(folder) for path in folder.rglob("*"))
    return {str(p) for p in every if p.parts[0] not in {"results", ".snakemake"}}


def test_every_image_is_audited_under_a_tame_name(hostile):
    folder = hostile.folder / "results"
    predictions = pd.read_parquet(folder / "predictions.parquet")
    assert len(predictions) == 2 * len(FILES)
    assert set(predictions["label"]) == set(LABELS)
    assert predictions["correct"].all()
    names = [path.name for path in folder.rglob("*")]
    assert [name for name in names if not re.fullmatch(r"[A-Za-z0-9_.\- ]{1,120}", name)] == []
    assert len(list((folder / "gradcam" / "overlays" / "0000").glob("*.jpg"))) == len(predictions)


def test_every_image_has_its_own_pixels_or_a_reason(hostile):
    folder = hostile.folder / "results"
    rows = pd.read_parquet(folder / "preprocess" / "0000.parquet")
    pixels = np.load(folder / "preprocess" / "0000.npy")
    files = rows[["path", "sha256"]].itertuples(index=False)
    read_again = prepared(hostile.folder / "photos", files, (16, 16), "area")
    assert np.array_equal(read_again, pixels)
    for path, found in zip(rows["path"], pixels, strict=True):
        image = np.asarray(Image.open(hostile.folder / "photos" / path))
        assert np.array_equal(found, images.resize(image, (16, 16), "area")), path
    quarantined = pd.read_csv(folder / "quarantine.csv").set_index("path")["reason"].to_dict()
    assert {path.removeprefix("./"): why for path, why in quarantined.items()} == QUARANTINED
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["images_audited"] == len(rows) and summary["images_quarantined"] == 7
    assert summary["images_read"] == len(rows) + 7


def test_no_shell_ran_a_name(hostile):
    assert list(hostile.folder.rglob("pwned*")) == []
    assert not Path("pwned").exists()


def test_no_page_runs_a_name(hostile, finished):
    ours, plain = (audit.folder / "results" / "report" for audit in (hostile, finished))
    for path in ours.rglob("*.html"):
        page = Page(path.read_text())
        twin = plain / path.relative_to(ours)
        usual = Page((twin if twin.exists() else plain / "index.html").read_text())
        assert page.handlers == []
        assert page.scripts <= usual.scripts
        assert [link for link in page.links if link.lower().startswith("javascript")] == []
    index = (ours / "index.html").read_text()
    assert "&lt;img src=x onerror=alert(1)&gt;" in index
    assert EVIL not in index


def test_a_quarantined_name_is_no_formula_and_is_kept(tmp_path):
    names = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\r=1", "NA", "a\r\nb", 'q"q,', "plain"]
    shard = tmp_path / "0000.quarantine.csv"
    pd.DataFrame({"path": names, "reason": "text"}).to_csv(shard, index=False, quoting=1)
    table = tmp_path / "quarantine.csv"
    quarantine(shards=[str(shard)], table=str(table), files=99, max_quarantined=1)
    with table.open(newline="") as file:
        found = [row["path"] for row in csv.DictReader(file)]
    assert sorted(Path(name) for name in found) == sorted(Path(name) for name in names)
    assert not [name for name in found if name[0] in "=+-@\t\r"]


class Payload:
    """An object that runs code when it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path("pwned"),)


def test_an_npz_is_never_unpickled(clone):
    maps = clone.folder / "results" / "gradcam" / "maps" / "0000.npz"
    evil = np.empty(1, object)
    evil[0] = Payload()
    np.savez(maps, maps=evil, image_id=evil, class_index=evil)
    drawn = "results/gradcam/overlays/0000"
    done = clone.snakemake("--cores", "2", drawn, config=("gradcam={alpha: 0.5}",))
    assert done.returncode != 0
    assert "convaudit gradcam shard 0000" in done.stderr
    assert "Object arrays cannot be loaded" in done.stderr
    assert list(clone.folder.rglob("pwned")) == []


def test_no_code_unpickles_evaluates_or_asks_a_shell():
    for path in (ROOT / "workflow").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword):
                assert node.arg not in {"allow_pickle", "shell"} or not getattr(
                    node.value, "value", True
                ), path
            elif isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                assert not names & {"pickle", "marshal", "shelve", "joblib"}, path
            elif isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in {"eval", "exec", "os.system"}, path


def test_what_is_not_named_as_an_image_ends_no_audit(tmp_path):
    def table(*rows: tuple[str, str]) -> str:
        path = tmp_path / "0000.quarantine.csv"
        pd.DataFrame(rows, columns=["path", "reason"]).to_csv(path, index=False, quoting=1)
        return str(path)

    text, unknown = "text, not an image", "not an image of a known format (JPEG, …)"
    listed = str(tmp_path / "quarantine.csv")
    shards = [table(("README", text), ("a/LICENSE", text))]
    quarantine(shards=shards, table=listed, files=4, max_quarantined=0.1)
    assert len(pd.read_csv(listed)) == 2
    for name, reason in (("b.JPG", text), ("IM0001", unknown), ("x.dcm", unknown)):
        shards = [table(("README", text), (name, reason))]
        with pytest.raises(AuditError, match="2 of 4 files can't be audited"):
            quarantine(shards=shards, table=listed, files=4, max_quarantined=0.1)
    with pytest.raises(AuditError, match="1 of 1 files"):
        quarantine(shards=[table(("README", text))], table=listed, files=1, max_quarantined=0.1)
