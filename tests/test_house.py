"""Rules of the code: versions agree, files are short, imports run one way."""

import ast
import inspect
import re
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from planning.generated import conda_environments

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"


def locked(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE | re.IGNORECASE))


def declared() -> dict[str, SpecifierSet]:
    """The version ranges that the project declares, for all users and for those of a GPU."""
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
    assert len((ROOT / "Snakefile").read_text().splitlines()) < 90
    for path in (*SCRIPTS.rglob("*.py"), *SCRIPTS.rglob("*.js")):
        assert len(path.read_text().splitlines()) <= 400, path


FLOORS = (
    ("errors",),
    ("system", "metrics"),
    ("dataset", "provenance"),
    ("models",),
    ("attribution", "activations", "feature_visualization", "properties", "drawing", "demo"),
    ("onepass",),
    ("predictions", "checks", "shortcuts", "trust", "preview"),
    ("verdict", "comparison"),
    ("report",),
    ("jobs",),
    ("planning",),
    ("scripts",),
)
"""The folders ("rooms") in layers, the lowest first; a folder imports only from lower layers.

All but the last three are subpackages or modules of ``convaudit``; "scripts" are the rule scripts.
"""


def room_of(module: str) -> str:
    """The room of a module that is given by its dotted name from workflow/scripts."""
    parts = module.split(".")
    if parts[0] == "convaudit":
        return parts[1] if len(parts) > 1 else "convaudit"
    return parts[0] if parts[0] in {"jobs", "planning"} else "scripts"


def imported(path: Path) -> set[str]:
    """Return the dotted names that a file imports from this project: modules, packages, or names
    in them.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if (SCRIPTS / name.split(".")[0]).is_dir()}


def arrows() -> dict[tuple[str, str], list[str]]:
    """The imports between folders, with the files that have them."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(SCRIPTS.rglob("*.py")):
        here = room_of(".".join(path.relative_to(SCRIPTS).with_suffix("").parts))
        for room in {room_of(name) for name in imported(path)} - {here}:
            found.setdefault((here, room), []).append(path.name)
    return found


def test_imports_lead_down_the_floors():
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    found = arrows()
    assert ("report", "models") in found and ("scripts", "jobs") in found
    upwards = {
        arrow: files
        for arrow, files in found.items()
        # The package itself holds its version and is imported before TensorFlow.
        if arrow[1] not in {"convaudit", "__version__"} and floor[arrow[0]] <= floor[arrow[1]]
    }
    assert not upwards


def test_every_room_has_a_floor():
    entries = (path for path in (SCRIPTS / "convaudit").iterdir() if path.name[0] != "_")
    rooms = {path.stem for path in entries if path.is_dir() or path.suffix == ".py"}
    assert rooms <= {room for floor in FLOORS for room in floor}


def packages() -> list[Path]:
    """The folders of the library, of planning and of jobs."""
    return sorted(path.parent for path in SCRIPTS.rglob("__init__.py"))


def test_at_most_twelve_modules_lie_side_by_side():
    # Not in workflow/scripts and workflow/rules: these hold one file a rule.
    for package in packages():
        modules = [path.name for path in package.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= 12, f"{package}: make a subpackage of those with one subject"


def test_imports_run_one_way_inside_a_room():
    """Modules and subpackages of one folder: no import cycle between them."""
    for package in packages():
        prefix = f"{'.'.join(package.relative_to(SCRIPTS).parts)}."
        graph: dict[str, set[str]] = {}
        for path in package.rglob("*.py"):
            here = path.relative_to(package).with_suffix("").parts[0]
            inside = (
                name.removeprefix(prefix) for name in imported(path) if name.startswith(prefix)
            )
            graph.setdefault(here, set()).update({name.split(".")[0] for name in inside} - {here})
        assert len(graph) > 1 and list(TopologicalSorter(graph).static_order())


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


def test_the_contributors_page_calls_a_script_as_it_is():
    import predict

    page = (ROOT / "CONTRIBUTING.md").read_text()
    code = page.partition("```python\n")[2].partition("```")[0]
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    call = next(node for node in calls if ast.unparse(node.func) == "predict.predict")
    given = {keyword.arg for keyword in call.keywords}
    expected = set(inspect.signature(predict.predict).parameters)
    assert given == expected, "mend the example in CONTRIBUTING.md"


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
        "verdict",
        "gate",
        "bundle",
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
