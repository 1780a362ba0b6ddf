"""A hash of the code that makes a result, so that an edit re-runs just what it concerns."""

import ast
import hashlib
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent


@cache
def fingerprint(script: str) -> str:
    """Hash a script and every module of ours that it imports, directly or through another.

    Templates and other files beside a package's modules count as the package's.

    Args:
        script: file name of a script, such as ``predict.py``.
    """
    digest = hashlib.sha256()
    for path in sorted(_closure(SCRIPTS / script)):
        digest.update(f"{path.relative_to(SCRIPTS)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _closure(script: Path) -> set[Path]:
    reached: set[Path] = set()
    pending = [script]
    while pending:
        path = pending.pop()
        if path in reached:
            continue
        reached.add(path)
        if path.suffix == ".py":
            pending += _imports(path)
        if path.name == "__init__.py" and path.parent.parent != SCRIPTS:
            pending += [p for p in path.parent.rglob("*") if p.is_file() and p.suffix != ".pyc"]
    return reached


@cache
def _imports(path: Path) -> list[Path]:
    found: list[Path] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found += _files(alias.name)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += _files(node.module)
            for alias in node.names:
                found += _files(f"{node.module}.{alias.name}")
    return found


@cache
def _files(module: str) -> tuple[Path, ...]:
    path = SCRIPTS.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return tuple(candidate for candidate in candidates if candidate.is_file())
