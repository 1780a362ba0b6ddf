"""The house keeps its own promises: versions agree, files stay short, arrows run one way."""

import ast
import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from planning import conda_environments

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"


def locked(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE | re.IGNORECASE))


def declared() -> dict[str, SpecifierSet]:
    """The ranges that the project names for its users, and for those of a GPU."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["gpu"]]
    return {found.name: found.specifier for found in map(Requirement, named)}


def test_the_locks_hold_to_the_project_s_ranges():
    for lock in ("requirements.lock", "requirements-gpu.lock", "requirements-test.lock"):
        versions = locked(lock)
        for name, specifier in declared().items():
            assert versions[name] in specifier, f"{lock}: {name}"
            assert len(list(specifier)), f"{name} has no range"


def test_conda_s_environments_are_the_locks():
    for name in conda_environments.LOCKS:
        assert (ROOT / name).read_text() == conda_environments.text(name), "run: make lock"
        entries = yaml.safe_load((ROOT / name).read_text())["dependencies"][-1]["pip"]
        versions = dict(entry.partition(" ")[0].split("==") for entry in entries)
        assert versions == locked(conda_environments.LOCKS[name])
        assert all("--hash=sha256:" in entry for entry in entries)


def test_the_other_locks_only_add_to_the_users_lock():
    users = locked("requirements.lock")
    for lock in ("requirements-test.lock", "requirements-gpu.lock"):
        versions = locked(lock)
        assert {name: versions.get(name) for name in users} == users


def test_files_are_short():
    assert len((ROOT / "Snakefile").read_text().splitlines()) < 80
    for path in SCRIPTS.rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 400, path


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


def test_the_library_knows_nothing_of_the_workflow():
    for path in (SCRIPTS / "convaudit").rglob("*.py"):
        assert not imports(path) & {"snakemake", "planning", "jobs"}, path


def test_the_scripts_that_draw_and_tabulate_do_not_reach_tensorflow():
    from planning.fingerprint import closure

    for script in (
        "index",
        "preprocess",
        "quarantine",
        "predictions",
        "gradcam",
        "report",
        "compare",
    ):
        for path in closure(SCRIPTS / f"{script}.py"):
            if path.suffix == ".py":
                assert not imports(path) & {"tensorflow", "keras"}, path


def test_nothing_heavy_is_imported_to_parse_the_snakefile():
    from planning.fingerprint import closure

    for path in (p for p in closure(SCRIPTS / "planning" / "audit.py") if p.suffix == ".py"):
        top_level = {
            (alias.name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert not top_level & {"tensorflow", "keras", "cv2", "skimage"}, path
