import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from convaudit.dataset import ledger, scan, table_files
from convaudit.errors import AuditError


def make(folder, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(path.encode())


def test_the_first_folder_is_the_label(tmp_path):
    make(tmp_path, "cat/1.jpg", "cat/deep/2.jpg", "dog/3.JPG", "loose.png")
    found = scan.scan(tmp_path).files
    assert dict(zip(found["path"], found["label"].fillna("-"), strict=True)) == {
        "cat/1.jpg": "cat",
        "cat/deep/2.jpg": "cat",
        "dog/3.JPG": "dog",
        "loose.png": "-",
    }
    assert found["size"].tolist() == [9, 14, 9, 9]
    assert found["mtime_ns"].iat[0] == (tmp_path / "cat/1.jpg").stat().st_mtime_ns


def test_hidden_files_are_ignored_and_others_never(tmp_path):
    make(tmp_path, ".DS_Store", ".hidden/1.jpg", "Thumbs.db", "a.jpg", "notes", "x.jpg/b.jpg")
    make(tmp_path, "__MACOSX/a.jpg", "._a.jpg", "@eaDir/a.jpg")
    assert scan.scan(tmp_path).files["path"].tolist() == ["a.jpg", "notes", "x.jpg/b.jpg"]


def test_links_are_followed_but_not_in_circles(tmp_path):
    make(tmp_path, "real/a.jpg")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "up").symlink_to(tmp_path)
    (tmp_path / "broken.jpg").symlink_to("nowhere.jpg")
    found = scan.scan(tmp_path).files.set_index("path")["fault"].fillna("fine")
    assert found["real/a.jpg"] == found["link/a.jpg"] == "fine"
    assert found["real/up"] == "a link to a folder that contains it"
    assert found["broken.jpg"] == "no such file"


def test_a_pipe_is_no_image(tmp_path):
    make(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    found = scan.scan(tmp_path).files.set_index("path")["fault"].fillna("fine")
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
    found = scan.scan(tmp_path).files.set_index("path")["fault"].fillna("fine")
    assert found["./caf\\xe9.jpg"] == "its name is not valid UTF-8: rename it"
    assert found["caf\\xe9.jpg"] == "fine"


def test_empty_and_huge_files_are_not_opened(tmp_path):
    make(tmp_path, "a.jpg")
    (tmp_path / "empty.jpg").touch()
    with (tmp_path / "huge.tif").open("wb") as file:
        file.truncate(10**12)
    found = scan.scan(tmp_path).files.set_index("path")["fault"].fillna("fine")
    assert found["empty.jpg"] == "the file is empty (0 bytes)"
    assert found["huge.tif"] == "too large: a file of 1,000.0 GB"


UNREADABLE = """
import json, sys
from pathlib import Path
from convaudit.dataset import scan
found = scan.scan(Path(sys.argv[1])).files.set_index("path")["fault"].fillna("fine")
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
    found = scan.scan(tmp_path).files
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
    found = scan.scan(table).files.set_index("path").fillna("-")
    assert found.loc["photos/a.jpg", ["label", "size", "fault"]].tolist() == ["007", 12, "-"]
    assert found.loc[absolute, "label"] == "-"
    assert found.loc["gone.jpg", "fault"] == "no such file"


def labels_of(table) -> list[str]:
    return scan.scan(table).files["label"].fillna("-").tolist()


def test_tables_as_spreadsheets_write_them(tmp_path):
    make(tmp_path, "a b.jpg", "c,d.jpg", 'e"f.jpg')
    table = tmp_path / "table.csv"
    table.write_bytes('\ufeffpath, label\r\na b.jpg, NA\r\n"c,d.jpg",x\r\n"e""f.jpg",\r\n'.encode())
    found = scan.scan(table).files
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
        ("kind,label\na.jpg,x\n", "no column 'path'"),
        ("a.jpg,x\nb.jpg,y\n", "begin it with path,label"),
        ("path\na.jpg\na.jpg\n", "twice"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a", "a Git LFS pointer"),
        ("path\n", "has no file"),
    ],
)
def test_a_bad_table_is_one_line(tmp_path, content, message):
    make(tmp_path, "a.jpg")
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


def test_files_that_are_no_images_are_counted(tmp_path):
    make(tmp_path, "a/1.jpg", "a/1.txt", "a/1.xml", "b/2.jpg", "b/2.TXT", "notes.md", "b/odd")
    found = scan.scan(tmp_path)
    assert found.files["path"].tolist() == ["a/1.jpg", "b/2.jpg", "b/odd"]
    assert found.others == {".md": 1, ".txt": 2, ".xml": 1}
    with pytest.raises(AuditError, match=r"has no image, only other files \(1 .md\)"):
        make(tmp_path / "notes", "a.md")
        scan.scan(tmp_path / "notes")


def test_files_are_left_out(tmp_path):
    make(tmp_path, "a/1.jpg", "a/1_mask.jpg", "b/2.jpg")
    found = scan.scan(tmp_path, ["*_mask.*"])
    assert found.files["path"].tolist() == ["a/1.jpg", "b/2.jpg"]
    assert found.notes == ("exclude leaves out 1 files that match '*_mask.*'",)
    with pytest.raises(AuditError, match="nothing is left"):
        scan.scan(tmp_path, ["*.jpg"])


def test_columns_with_other_names(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg")
    table = tmp_path / "table.csv"
    for header, columns, expected in (
        ("filename,class", table_files.Columns(), ["x", "y"]),
        ("Path;ClassId", table_files.Columns(), ["x", "y"]),
        ("Image Name\tCategory", table_files.Columns(), ["x", "y"]),
        ("foto,sorte", table_files.Columns("foto", "sorte"), ["x", "y"]),
        ("filename,sorte", table_files.Columns(), ["-", "-"]),
    ):
        mark = max(",;\t", key=header.count)
        table.write_text(f"{header}\na.jpg{mark}x\nb.jpg{mark}y\n")
        found = scan.scan(table, (), columns)
        assert found.files["label"].fillna("-").tolist() == expected
        assert found.files["fault"].isna().all()
        if "foto" not in header:
            assert "the path is taken from the column" in found.notes[0]
    assert "columns='{label: NAME}'" in found.notes[1]
    with pytest.raises(AuditError, match=r"config: columns.label: \S+ has no column 'kind'"):
        scan.scan(table, (), table_files.Columns(label="kind"))


def test_a_column_that_numbers_the_classes_otherwise_is_mentioned(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    table = tmp_path / "table.csv"
    table.write_text("path,label,class_id\na.jpg,dog,0\nb.jpg,cat,1\nc.jpg,dog,0\n")
    assert "set columns='{label: class_id}'" in scan.scan(table).notes[0]
    table.write_text("path,label,class_id\na.jpg,dog,1\nb.jpg,cat,0\nc.jpg,dog,1\n")
    assert scan.scan(table).notes == ()


def test_one_hot_labels(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    table = tmp_path / "table.csv"
    table.write_text("image,MEL,NV\na.jpg,1.0,0.0\nb.jpg,0,1\nc.jpg,1,0\n")
    found = scan.scan(table)
    assert found.files["label"].tolist() == ["MEL", "NV", "MEL"]
    assert "the name of the one column that holds a 1" in found.notes[0]


def test_a_tables_files_are_looked_for_in_a_folder_beside_it(tmp_path):
    make(tmp_path, "images/1.jpg", "images/2.jpg", "other/3.jpg")
    table = tmp_path / "train.csv"
    table.write_text("id,breed\n1,x\n2,y\n")
    found = scan.scan(table)
    assert found.files["path"].tolist() == ["images/1.jpg", "images/2.jpg"]
    assert "'1' is taken for 'images/1.jpg', from the table's folder" in found.notes[1]
    table.write_text("path,label\n/content/drive/images/1.jpg,x\n/content/drive/images/2.jpg,y\n")
    found = scan.scan(table)
    assert found.files["path"].tolist() == ["images/1.jpg", "images/2.jpg"]
    make(tmp_path, "other/1.jpg", "other/2.jpg")  # now it may be either
    table.write_text("path,label\n1.jpg,x\n2.jpg,y\n")
    assert scan.scan(table).files["fault"].tolist() == ["no such file"] * 2


def test_further_columns_are_kept_as_numbers_or_texts(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    table = tmp_path / "table.csv"
    table.write_text(
        ",path,label,camera, age,site,patient,empty,huge\n"
        "0,b.jpg,x,Canon,31,007,A1,,9007199254740993\n"
        "1,a.jpg,y,,,012,17,,1\n"
        "2,c.jpg,y,Fuji,2.5,1,3,,2\n"
    )
    files = scan.scan(table).files
    assert list(files.columns[5:]) == [
        "meta_camera",
        "meta_age",
        "meta_site",
        "meta_patient",
        "meta_empty",
        "meta_huge",
    ]
    assert files["meta_age"].dtype == float
    assert files["meta_age"].fillna(-1).tolist() == [-1, 31, 2.5]
    assert files["meta_camera"].fillna("-").tolist() == ["-", "Canon", "Fuji"]
    assert files["meta_site"].tolist() == ["012", "007", "1"]  # a code, no number
    assert files["meta_patient"].tolist() == ["17", "A1", "3"]
    assert files["meta_huge"].tolist() == ["1", "9007199254740993", "2"]
    shards = ledger.digests(ledger.assign(files, None, 8, lambda path: None))
    other = files.assign(meta_age=[1.0, 31, 2.5])
    assert ledger.digests(ledger.assign(other, None, 8, lambda path: None)) != shards


def test_a_parquet_table_keeps_plain_columns(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg")
    table = tmp_path / "table.parquet"
    pd.DataFrame(
        {
            "path": ["a.jpg", "b.jpg"],
            "bytes": [b"1", b"2"],
            "boxes": [[1, 2], [3]],
            "year": [2019, 2020],
            "flash": [True, False],
        }
    ).to_parquet(table)
    files = scan.scan(table).files
    assert list(files.columns[5:]) == ["meta_year", "meta_flash"]
    assert files["meta_year"].tolist() == [2019.0, 2020.0]
    assert files["meta_flash"].tolist() == ["True", "False"]


def test_images_inside_a_parquet_table_are_refused_by_name(tmp_path):
    table = tmp_path / "train.parquet"
    pd.DataFrame({"image": [{"bytes": b"1", "path": "a.png"}], "label": [0]}).to_parquet(table)
    with pytest.raises(AuditError, match="image may hold the images themselves"):
        scan.scan(table)
