"""A hash of the code of a script, so that an edit re-runs only the jobs that use it."""

import ast
import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent


def jobs_import_this_code() -> None:
    """Let the jobs of this process import our modules from here, even if convaudit is installed.

    Otherwise Python would prefer the installed one, and the job's key would be a hash of other code
    than the job runs.
    """
    before = os.environ.get("PYTHONPATH", "")
    if str(SCRIPTS) not in before.split(os.pathsep):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(SCRIPTS), before]))


@cache
def fingerprint(script: str) -> str:
    """Hash a script and every module of ours that it imports, directly or through another.

    A module's packages belong to it: their ``__init__.py``, which Python runs first, and the data
    files that lie beside it, such as templates. Other modules of the same package do not.

    Args:
        script: file name of a script, such as ``predict.py``.
    """
    digest = hashlib.sha256()
    for path in sorted(closure(SCRIPTS / script)):
        digest.update(f"{path.relative_to(SCRIPTS)}\0".encode())
        digest.update(_digest(path))
    return digest.hexdigest()


@cache
def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def closure(script: Path) -> set[Path]:
    """The script and every file of this project that it imports or that its packages contain."""
    reached: set[Path] = set()
    pending = [script]
    while pending:
        path = pending.pop()
        if path in reached:
            continue
        reached.add(path)
        if path.suffix == ".py":
            pending += _imports(path)
        if path.name == "__init__.py":
            pending += _data(path.parent)
    return reached


@cache
def _imports(path: Path) -> list[Path]:
    found: list[Path] = []
    for node in _statements(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found += _files(alias.name)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += _files(node.module)
            for alias in node.names:
                found += _files(f"{node.module}.{alias.name}")
    return found


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """All statements within a node. Expressions, nine tenths of a tree, hold no import."""
    for blocks in ("body", "orelse", "finalbody", "handlers", "cases"):
        for statement in getattr(node, blocks, ()):
            yield statement
            yield from _statements(statement)


@cache
def _files(module: str) -> list[Path]:
    parts = module.split(".")
    folders = [SCRIPTS.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    candidates = [folders[-1].with_suffix(".py"), *(each / "__init__.py" for each in folders)]
    return [file for file in candidates if file.is_file()]


def _data(package: Path) -> list[Path]:
    """Files of a package that are no code, in folders of their own too, but not in subpackages."""
    found: list[Path] = []
    for entry in package.iterdir():
        if entry.is_file() and entry.suffix not in {".py", ".pyc"}:
            found.append(entry)
        elif (
            entry.is_dir() and entry.name != "__pycache__" and not (entry / "__init__.py").exists()
        ):
            found += _data(entry)
    return found
