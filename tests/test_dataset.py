import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from convaudit.dataset import scan
from convaudit.errors import AuditError


def make(folder, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(path.encode())


def test_the_first_folder_is_the_label(tmp_path):
    make(tmp_path, "cat/1.jpg", "cat/deep/2.jpg", "dog/3.JPG", "loose.png")
    found = scan.scan(tmp_path)
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
    assert scan.scan(tmp_path)["path"].tolist() == ["a.jpg", "notes.txt", "x.jpg/b.jpg"]


def test_links_are_followed_but_not_in_circles(tmp_path):
    make(tmp_path, "real/a.jpg")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "up").symlink_to(tmp_path)
    (tmp_path / "broken.jpg").symlink_to("nowhere.jpg")
    found = scan.scan(tmp_path).set_index("path")["fault"].fillna("fine")
    assert found["real/a.jpg"] == found["link/a.jpg"] == "fine"
    assert found["real/up"] == "a link to a folder that contains it"
    assert found["broken.jpg"] == "no such file"


def test_a_pipe_is_no_image(tmp_path):
    make(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    found = scan.scan(tmp_path).set_index("path")["fault"].fillna("fine")
    assert found["pipe.jpg"] == "not a regular file"


def test_an_image_is_read_only_as_it_was_indexed(tmp_path):
    make(tmp_path, "a.jpg")
    sha256 = hashlib.sha256(b"a.jpg").hexdigest()
    assert scan.read_unchanged(tmp_path / "a.jpg", sha256) == b"a.jpg"
    (tmp_path / "a.jpg").write_bytes(b"b.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "a.jpg", tmp_path / "pipe.jpg"):
        with pytest.raises(AuditError, match="changed while the audit ran: run it again"):
            scan.read_unchanged(path, sha256)
    with pytest.raises(AuditError, match="no such file, though the audit has begun"):
        scan.read_unchanged(tmp_path / "gone.jpg", sha256)


def test_a_name_that_is_not_utf8_is_a_fault_and_not_a_crash(tmp_path):
    make(tmp_path, "a.jpg", "caf\\xe9.jpg")
    with open(os.fsencode(tmp_path) + b"/caf\xe9.jpg", "wb"):
        pass
    found = scan.scan(tmp_path).set_index("path")["fault"].fillna("fine")
    assert found["./caf\\xe9.jpg"] == "its name is not valid UTF-8: rename it"
    assert found["caf\\xe9.jpg"] == "fine"


def test_empty_and_huge_files_are_not_opened(tmp_path):
    make(tmp_path, "a.jpg")
    (tmp_path / "empty.jpg").touch()
    with (tmp_path / "huge.tif").open("wb") as file:
        file.truncate(10**12)
    found = scan.scan(tmp_path).set_index("path")["fault"].fillna("fine")
    assert found["empty.jpg"] == "the file is empty (0 bytes)"
    assert found["huge.tif"] == "too large: a file of 1,000.0 GB"


UNREADABLE = """
import json, sys
from pathlib import Path
from convaudit.dataset import scan
found = scan.scan(Path(sys.argv[1])).set_index("path")["fault"].fillna("fine")
print(json.dumps(found.to_dict()))
"""


def test_a_folder_that_cannot_be_listed_is_a_fault(tmp_path):
    make(tmp_path, "a.jpg", "locked/b.jpg")
    (tmp_path / "locked").chmod(0)
    # Root may read everything, but not as another user of a namespace.
    plain = ["unshare", "--user", "--map-user=1000"] if os.getuid() == 0 else []
    try:
        said = subprocess.run(
            [*plain, sys.executable, "-c", UNREADABLE, tmp_path],
            env=os.environ | {"PYTHONPATH": str(Path(scan.__file__).parents[2])},
            capture_output=True,
            check=True,
        ).stdout
    finally:
        (tmp_path / "locked").chmod(0o755)
    assert json.loads(said) == {
        "a.jpg": "fine",
        "locked": "the folder can't be listed: permission denied",
    }


def test_of_two_images_with_one_id_the_second_is_set_aside(tmp_path):
    make(tmp_path, "21550/x.png", "36917/x.png")
    found = scan.scan(tmp_path)
    assert found["fault"].fillna("fine").tolist() == [
        "fine",
        "its name gets the same id as 21550/x.png: rename one of them",
    ]


def test_a_table_gives_paths_relative_to_itself_or_absolute(tmp_path):
    make(tmp_path, "photos/a.jpg", "elsewhere/b.jpg")
    table = tmp_path / "table.csv"
    absolute = str(tmp_path / "elsewhere" / "b.jpg")
    pd.DataFrame(
        {"path": ["photos/a.jpg", absolute, "gone.jpg"], "label": ["007", "", "x"]}
    ).to_csv(table, index=False)
    found = scan.scan(table).set_index("path").fillna("-")
    assert found.loc["photos/a.jpg", ["label", "size", "fault"]].tolist() == ["007", 12, "-"]
    assert found.loc[absolute, "label"] == "-"
    assert found.loc["gone.jpg", "fault"] == "no such file"


def labels_of(table) -> list[str]:
    return scan.scan(table)["label"].fillna("-").tolist()


def test_tables_as_spreadsheets_write_them(tmp_path):
    make(tmp_path, "a b.jpg", "c,d.jpg", 'e"f.jpg')
    table = tmp_path / "table.csv"
    table.write_bytes('\ufeffpath, label\r\na b.jpg, NA\r\n"c,d.jpg",x\r\n"e""f.jpg",\r\n'.encode())
    found = scan.scan(table)
    assert found["fault"].isna().all()
    assert found["path"].tolist() == ["a b.jpg", "c,d.jpg", 'e"f.jpg']
    assert labels_of(table) == ["NA", "x", "-"]


def test_labels_of_a_parquet_table_are_texts(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg")
    table = tmp_path / "table.parquet"
    for labels, expected in (
        (["x", None], ["x", "-"]),
        ([7, 8], ["7", "8"]),
        ([7, None], ["7.0", "-"]),
        (pd.Categorical(["x", "y"]), ["x", "y"]),
    ):
        pd.DataFrame({"path": ["a.jpg", "b.jpg"], "label": labels}).to_parquet(table)
        assert labels_of(table) == expected


@pytest.mark.parametrize(
    ("paths", "message"),
    [(["a.jpg", None], "row 2 has no path"), ([b"a", b"\xe9"], "no readable table")],
)
def test_a_bad_parquet_table_is_one_line(tmp_path, paths, message):
    table = tmp_path / "table.parquet"
    pd.DataFrame({"path": paths}).to_parquet(table)
    with pytest.raises(AuditError, match=message) as raised:
        scan.scan(table)
    assert "\n" not in str(raised.value)


def test_class_folders_are_known_even_if_empty(tmp_path):
    make(tmp_path, "cat/1.jpg", ".hidden/1.jpg", "loose.jpg")
    (tmp_path / "dog").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path)
    assert scan.folders(tmp_path) == {"cat", "dog"}
    assert scan.folders(tmp_path / "loose.jpg") == set()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("path,label\na.jpg,x,y\n", "no readable table"),
        ("path,label\na.jpg,x\nb.jpg,x,y\n", "no readable table"),
        ("", "no readable table"),
        ("file,label\na.jpg,x\n", "no column 'path'"),
        ("path\na.jpg\na.jpg\n", "twice"),
        ("path\n", "has no file"),
    ],
)
def test_a_bad_table_is_one_line(tmp_path, content, message):
    table = tmp_path / "table.csv"
    table.write_text(content)
    with pytest.raises(AuditError, match=message) as raised:
        scan.scan(table)
    assert "\n" not in str(raised.value)


def test_nothing_there(tmp_path):
    with pytest.raises(AuditError, match="no folder or table"):
        scan.scan(tmp_path / "nowhere")
    with pytest.raises(AuditError, match="has no file"):
        scan.scan(tmp_path)
