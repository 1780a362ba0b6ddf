"""The origin of a result, and whether it is still unchanged."""

import hashlib
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from convaudit import provenance
from convaudit.errors import AuditError
from convaudit.system.checksums import read_manifest, write_manifest
from faults import results
from planning.settings import Settings
from verify import verify


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def origin(finished) -> dict:
    return json.loads((finished.folder / "results" / "provenance.json").read_text())


def test_it_has_the_versions(origin):
    for package in ("tensorflow", "keras", "numpy", "opencv-python", "snakemake"):
        assert origin[package] == version(package)
    assert origin["python"] == ".".join(map(str, sys.version_info[:3]))
    assert origin["convaudit"] and origin["machine"]["processor"]


def test_it_has_the_whole_effective_config(origin):
    given = {"model": "toy.keras", "images": "photos", "shard_size": 12, "max_quarantined": 0.2}
    given["filters"] = {"count": 4, "size": 16, "steps": 3}
    # It does not matter whether the dataset was listed at the last start.
    assert origin["config"] == Settings.model_validate(given).model_dump(exclude={"watch"})
    assert origin["seed"] == 0 and origin["tensorflow_threads"] == 2 and origin["gpus"] == []


def test_it_has_the_hash_of_the_model_of_the_ledger_and_of_each_result(origin, finished):
    assert origin["model_sha256"] == sha256(finished.folder / "toy.keras")
    folder = finished.folder / "results"
    expected = {path: sha256(folder / path) for path in results(folder)}
    assert "index/ledger.parquet" in expected and len(expected) > 50
    plan = {"index/plan.json", "index/files.parquet"}
    manifest = folder / "manifest-sha256.txt"
    assert read_manifest(manifest) == {p: h for p, h in expected.items() if p not in plan}
    assert origin["manifest_sha256"] == sha256(manifest)
    command = ["sha256sum", "--check", "--strict", "--quiet", manifest.name]
    subprocess.run(command, cwd=folder, check=True)


def test_a_manifest_encodes_what_would_break_a_line(tmp_path):
    lines = {"a b.png": "0" * 64, "100 %\n.png": "1" * 64}
    write_manifest(tmp_path / "manifest", lines.items())
    assert (tmp_path / "manifest").read_text().splitlines()[1] == "1" * 64 + "  100 %25%0A.png"
    assert read_manifest(tmp_path / "manifest") == lines


def test_it_has_the_hash_of_every_other_file_that_was_read(tmp_path):
    paths = [tmp_path / name for name in ("weights.h5", "layers.py", "classes.txt")]
    for path in [*paths, tmp_path / "manifest"]:
        path.write_text(path.name)
    found = provenance.record(
        key="key",
        code={},
        devices={},
        config={"seed": 0},
        model_sha256=None,
        inputs=[*map(str, paths), "imagenet"],
        manifest=tmp_path / "manifest",
    )
    assert found["model_sha256"] is None
    assert found["inputs_sha256"] == {str(path): sha256(path) for path in paths}


def test_the_commit_and_whether_files_differ_from_it(tmp_path):
    def git(*arguments: str) -> str:
        name = ("-c", "user.name=a", "-c", "user.email=a@b")
        command = ["git", "-C", str(tmp_path), *name, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert provenance.revision(tmp_path) == {"commit": None, "dirty": None}
    git("init")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "--message", "first")
    commit = git("rev-parse", "HEAD")
    (tmp_path / "result").write_text("not of the code")
    assert provenance.revision(tmp_path) == {"commit": commit, "dirty": False}
    (tmp_path / "file").write_text("two")
    assert provenance.revision(tmp_path) == {"commit": commit, "dirty": True}


def test_verify_names_each_file_that_differs(clone, capsys, monkeypatch):
    folder = clone.folder / "results"
    where = {
        "results": folder,
        "model": str(clone.folder / "toy.keras"),
        "images": clone.folder / "photos",
        "settings": Settings(
            model=str(clone.folder / "toy.keras"), images=str(clone.folder / "photos")
        ),
        "threads": 2,
    }
    monkeypatch.chdir(clone.folder)
    with pytest.raises(
        AuditError, match="config: images: these results are of photos, not of demo"
    ):
        verify(**where | {"settings": Settings(model="toy.keras", images="demo")})
    verify(**where | {"settings": Settings(model="toy.keras", images="photos")})
    assert "verified" in capsys.readouterr().out
    verify(**where)
    assert "verified" in capsys.readouterr().out
    (folder / "channels.parquet").write_bytes(b"tampered")
    (folder / "filters" / "mix.png").unlink()
    (clone.folder / "toy.keras").write_bytes(b"another")
    (clone.folder / "photos" / "blue" / "1.png").write_bytes(b"another")
    (clone.folder / "photos" / "red" / "1.png").unlink()
    (clone.folder / "photos" / "red" / "2\n\x1b[31m.png").write_bytes(b"new")
    (folder / "gradcam" / "overlays" / "0000" / "planted.jpg").write_bytes(b"new")
    with pytest.raises(AuditError, match="7 files differ"):
        verify(**where)
    assert capsys.readouterr().out.splitlines() == [
        "missing: filters/mix.png",
        "changed: channels.parquet",
        "new: gradcam/overlays/0000/planted.jpg",
        "image missing: red/1.png",
        "image changed: blue/1.png",
        r"image new: red/2\n\x1b[31m.png",
        f"input changed: {clone.folder / 'toy.keras'}",
    ]
    with (folder / "manifest-sha256.txt").open("a") as manifest:
        manifest.write(f"{'0' * 64}  planted\n")
    with pytest.raises(AuditError, match=r"manifest-sha256\.txt is not as the report wrote it"):
        verify(**where)
