"""Class lists as other programs write them."""

import json
import unicodedata

import numpy as np
import pytest

from convaudit.dataset.class_list import read
from convaudit.errors import AuditError

ACCENTED = "Été à Nîmes"


def test_a_class_list_is_read_in_order(tmp_path):
    path = tmp_path / "classes.txt"
    path.write_bytes(
        b"\xef\xbb\xbfdog \r\n" + unicodedata.normalize("NFD", ACCENTED).encode() + b"\n\n"
    )
    assert read(path) == ["dog", ACCENTED]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"cat\n\ndog\n", "line 2 is blank"),
        (b"caf\xe9\n", "not UTF-8"),
    ],
)
def test_a_bad_class_list_is_refused_in_one_line(tmp_path, content, reason):
    path = tmp_path / "classes.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AuditError, match=reason) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.txt", "0 cats\n1 dogs\n2 no pet\n"),  # Teachable Machine
        ("labels.txt", "1: cats\r\n2: dogs\r\n3: no pet\r\n"),
        ("labels.txt", "2\tno pet\n0\tcats\n1\tdogs"),
        ("classes.json", '{"cats": 0, "no pet": 2, "dogs": 1}'),  # class_indices of Keras
        ("classes.json", '{"2": "no pet", "0": "cats", "1": "dogs"}'),
        ("classes.json", '["cats", "dogs", "no pet"]'),
        ("classes.json", '{"version": 1, "class_names": ["cats", "dogs", "no pet"]}'),
        ("classes.csv", "index,name\n0,cats\n2,no pet\n1,dogs\n"),
        ("signnames.csv", "ClassId;SignName\n0;cats\n1;dogs\n2;no pet\n"),
        ("classes.csv", "cats,0\ndogs,1\nno pet,2\n"),
        ("classes.csv", "name\ncats\ndogs\nno pet\n"),
        ("classes.csv", "cats\ndogs\nno pet\n"),
        ("data.yaml", "train: ../train\nnc: 3\nnames: [cats, dogs, no pet]\n"),  # YOLO
        ("data.yaml", "names:\n  0: cats\n  1: dogs\n  2: no pet\n"),
    ],
)
def test_lists_as_other_programs_write_them(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert read(tmp_path / name) == ["cats", "dogs", "no pet"]


def test_ids_and_names_of_keras_applications(tmp_path):
    path = tmp_path / "imagenet_class_index.json"
    path.write_text(json.dumps({"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}))
    assert read(path) == ["n01440764 tench", "n01443537 goldfish"]


def test_arrays_of_texts(tmp_path):
    np.save(tmp_path / "classes.npy", np.array(["cats", "dogs"]))
    assert read(tmp_path / "classes.npy") == ["cats", "dogs"]
    np.save(tmp_path / "objects.npy", np.array(["cats", "dogs"], object), allow_pickle=True)
    with pytest.raises(AuditError, match="may run anything when they are read"):
        read(tmp_path / "objects.npy")


def test_names_that_begin_with_a_number_keep_it_where_the_labels_have_it(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_text("0 stars\n1 star\n")
    assert read(path, ["1 star", "0 stars"]) == ["0 stars", "1 star"]
    assert read(path, ["star"]) == ["stars", "star"]
    path.write_text("3 stars\n1 star\n")  # no index
    assert read(path) == ["3 stars", "1 star"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("classes.pkl", "x", "is a pickle, which may run any code"),
        ("classes.json", "{", "is no JSON"),
        ("classes.json", '{"cats": 0, "dogs": 2}', "neither a list of names nor"),
        ("classes.csv", "width,height\n3,4\n", "no column of names"),
        ("labels.txt", "version https://git-lfs.github.com/spec/v1\noid", "a Git LFS pointer"),
        ("data.yaml", "names: {", "is no YAML"),
    ],
)
def test_what_is_no_class_list_is_refused_in_one_line(tmp_path, name, content, reason):
    (tmp_path / name).write_text(content)
    with pytest.raises(AuditError, match=reason) as caught:
        read(tmp_path / name)
    assert name in str(caught.value) and "\n" not in str(caught.value)
