import os

import pandas as pd
import pytest

from convaudit import dataset
from convaudit.errors import AuditError


def make(folder, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(path.encode())


def test_the_first_folder_is_the_label(tmp_path):
    make(tmp_path, "cat/1.jpg", "cat/deep/2.jpg", "dog/3.JPG", "loose.png")
    found = dataset.scan(tmp_path)
    assert dict(zip(found["path"], found["label"].fillna("-"), strict=True)) == {
        "cat/1.jpg": "cat",
        "cat/deep/2.jpg": "cat",
        "dog/3.JPG": "dog",
        "loose.png": "-",
    }
    assert found["size"].tolist() == [9, 14, 9, 9]
    assert found["mtime_ns"].iat[0] == (tmp_path / "cat/1.jpg").stat().st_mtime_ns


def test_hidden_files_are_ignored_and_others_never(tmp_path):
    make(tmp_path, ".DS_Store", ".hidden/1.jpg", "Thumbs.db", "a.jpg", "notes.txt", "x.jpg/b.jpg")
    assert dataset.scan(tmp_path)["path"].tolist() == ["a.jpg", "notes.txt", "x.jpg/b.jpg"]


def test_links_are_followed_but_not_in_circles(tmp_path):
    make(tmp_path, "real/a.jpg")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "up").symlink_to(tmp_path)
    (tmp_path / "broken.jpg").symlink_to("nowhere.jpg")
    found = dataset.scan(tmp_path).set_index("path")["fault"].fillna("fine")
    assert found["real/a.jpg"] == found["link/a.jpg"] == "fine"
    assert found["real/up"] == "a link to a folder that contains it"
    assert found["broken.jpg"] == "no such file"


def test_a_pipe_is_no_image(tmp_path):
    make(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    found = dataset.scan(tmp_path).set_index("path")["fault"].fillna("fine")
    assert found["pipe.jpg"] == "not a regular file"


def test_a_name_that_is_not_utf8_is_a_fault_and_not_a_crash(tmp_path):
    make(tmp_path, "a.jpg")
    with open(os.fsencode(tmp_path) + b"/caf\xe9.jpg", "wb"):
        pass
    found = dataset.scan(tmp_path).set_index("path")["fault"].fillna("fine")
    assert found["caf\\xe9.jpg"] == "its name is not valid UTF-8: rename it"


def test_a_table_gives_paths_relative_to_itself_or_absolute(tmp_path):
    make(tmp_path, "photos/a.jpg", "elsewhere/b.jpg")
    table = tmp_path / "table.csv"
    absolute = str(tmp_path / "elsewhere" / "b.jpg")
    pd.DataFrame(
        {"path": ["photos/a.jpg", absolute, "gone.jpg"], "label": ["007", "", "x"]}
    ).to_csv(table, index=False)
    found = dataset.scan(table).set_index("path").fillna("-")
    assert found.loc["photos/a.jpg", ["label", "size", "fault"]].tolist() == ["007", 12, "-"]
    assert found.loc[absolute, "label"] == "-"
    assert found.loc["gone.jpg", "fault"] == "no such file"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,label\na.jpg,x\n", "no column 'path'"),
        ("path\na.jpg\na.jpg\n", "twice"),
        ("path\n", "has no file"),
    ],
)
def test_a_bad_table_is_one_line(tmp_path, content, message):
    table = tmp_path / "table.csv"
    table.write_text(content)
    with pytest.raises(AuditError, match=message) as raised:
        dataset.scan(table)
    assert "\n" not in str(raised.value)


def test_nothing_there(tmp_path):
    with pytest.raises(AuditError, match="no folder or table"):
        dataset.scan(tmp_path / "nowhere")
    with pytest.raises(AuditError, match="has no file"):
        dataset.scan(tmp_path)
