"""The wheel: the command from an empty folder, and the audit as a module from a git address."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, copy_workflow
from other_workflow import CONFIG, snakefile
from planning.generated import documentation


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The folder of a ``pip install`` of the wheel, beside the packages that it needs."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--target", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture
def own(finished, tmp_path) -> Path:
    """A folder that holds only a user's model and photos."""
    for name in ("toy.keras", "photos"):
        (tmp_path / name).symlink_to(finished.folder / name)
    return tmp_path


def environment(*libraries: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, libraries))}


def convaudit(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(installed / "bin" / "convaudit"), *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment(installed), capture_output=True, text=True, check=False
    )


def test_the_wheel_has_the_library_and_all_that_jobs_need(installed):
    def files(folder: Path) -> set[str]:
        found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        return {str(path) for path in found if "__pycache__" not in path.parts}

    workflow = installed / "convaudit_workflow"
    assert files(workflow / "workflow") == files(ROOT / "workflow")
    assert files(installed / "convaudit") == files(ROOT / "workflow/scripts/convaudit")
    assert files(workflow / "profiles") == {"default/config.yaml"}
    assert files(workflow / "config") == files(ROOT / "config")
    assert (workflow / "environment.yml").read_bytes() == (ROOT / "environment.yml").read_bytes()


def test_the_inner_snakefile_is_the_outer_one():
    assert documentation.INNER.read_text() == documentation.inner_snakefile_text(), "run: make docs"


def test_the_command_audits_from_a_folder_that_has_nothing_of_the_workflow(installed, own):
    given = ("toy.keras", "photos", "--results", "out", "--cores", "2", "--set", "shard_size=12")
    done = convaudit(installed, own, "audit", *given, "--", "index", "--config", "seed=3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (own / "out" / "index" / "ledger.parquet").exists()
    assert not (own / "out" / "model").exists()
    again = convaudit(installed, own, "audit", *given, "--", "index", "--config", "seed=3", "-n")
    assert "Nothing to be done" in again.stdout + again.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("audit", "nix.keras", "photos"), "config: model: there is no file nix.keras"),
        (("inspect", "demo", "nix"), "images: there is no folder or table nix"),
        (("audit", "demo", "demo", "--set", "seed=x"), "config: seed: must be a valid integer"),
        (("audit", "demo", "demo", "--set", "seed"), "--set seed: must be KEY=VALUE"),
        (("verify", "nix"), "nix/provenance.json: No such file"),
        (("gate", "nix"), "nix/verdict.json: No such file"),
    ],
)
def test_its_errors_are_a_line(installed, tmp_path, arguments, said):
    done = convaudit(installed, tmp_path, *arguments)
    assert done.returncode == 1
    # The lines before it are Snakemake's, about the profile and the config file.
    assert said in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("result", "code"), [("pass", 0), ("fail", 10), ("undecided", 11), ("ask", 12)]
)
def test_the_gate_s_exit_code_is_the_verdict(installed, tmp_path, result, code):
    gate = {"name": "accuracy", "result": result, "text": "0.91 at least, 0.95 is asked"}
    (tmp_path / "verdict.json").write_text(
        json.dumps({"result": result, "gates": [gate], "remarks": []})
    )
    done = convaudit(installed, tmp_path, "gate", ".")
    assert done.returncode == code
    assert done.stdout.splitlines() == [
        f"{result:<10}accuracy: 0.91 at least, 0.95 is asked",
        f"verdict: {result}",
    ]


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"result": "perhaps", "gates": []}'])
@pytest.mark.parametrize(
    ("command", "name"), [("gate", "verdict.json"), ("verify", "provenance.json")]
)
def test_a_damaged_file_of_an_audit_is_a_line(installed, tmp_path, command, name, text):
    (tmp_path / name).write_text(text)
    done = convaudit(installed, tmp_path, command, ".")
    assert done.returncode == 1
    assert done.stderr.startswith(f"convaudit {command}: {name} ") and done.stderr.count("\n") == 1


def test_verify_takes_the_audit_s_own_config(installed, finished):
    done = convaudit(installed, finished.folder, "verify", "results")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verified: " in done.stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Path:
    """The workflow in a git repository, as another Snakemake finds it by its address."""
    folder = tmp_path_factory.mktemp("repository") / "convaudit"
    copy_workflow(folder)
    for command in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("add", "--all"),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "all"),
    ):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    return folder


def snakemake(own: Path, *arguments: str, libraries: tuple[Path, ...]) -> tuple[int, str]:
    command = [sys.executable, "-m", "snakemake", "count", "--configfile", "config.yaml"]
    command += ["--rerun-triggers", "params", "software-env", *arguments]
    done = subprocess.run(
        command, cwd=own, env=environment(*libraries), capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_another_workflow_uses_the_audit_from_a_git_address(installed, repository, finished, own):
    (own / "Snakefile").write_text(snakefile(f"git+file://{repository}/workflow/Snakefile@main"))
    (own / "config.yaml").write_text(CONFIG)
    code, said = snakemake(own, "--cores", "2", libraries=(installed,))
    assert code == 0, said
    assert (own / "count.txt").read_text() == "19"
    ours = own / "audited" / "predictions.parquet"
    assert ours.read_bytes() == (finished.folder / "results/predictions.parquet").read_bytes()
    assert "Nothing to be done" in snakemake(own, "--dry-run", libraries=(installed,))[1]


def test_a_git_address_needs_the_library_of_the_same_commit(
    installed, repository, tmp_path, tmp_path_factory
):
    own = tmp_path
    (own / "Snakefile").write_text(snakefile(f"git+file://{repository}/workflow/Snakefile@main"))
    (own / "config.yaml").write_text("convaudit: {model: demo, images: demo}")
    code, said = snakemake(own, "--dry-run", libraries=())
    assert code == 1 and "Traceback" not in said
    assert "needs the library in the Python that runs snakemake: pip install it" in said
    other = tmp_path_factory.mktemp("other") / "installed"
    shutil.copytree(installed, other)
    with (other / "convaudit_workflow/workflow/scripts/predict.py").open("a") as file:
        file.write("# another\n")
    code, said = snakemake(own, "--dry-run", libraries=(other,))
    assert code == 1 and "Traceback" not in said
    assert "predict.py beside the Snakefile is another than the installed library's" in said
