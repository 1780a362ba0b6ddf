"""The workflow's files, wherever they are: in a checkout, or installed with the library."""

from collections.abc import Mapping
from pathlib import Path

_HERE = Path(__file__).resolve().parent

ROOT = _HERE.parent if (_HERE.parent / "Snakefile").is_file() else _HERE
"""The folder of Snakefile, workflow/, config/ and profiles/."""

SCRIPTS = ROOT / "workflow" / "scripts"


def require_same(scripts: Mapping[str, Path]) -> None:
    """Check that the scripts of a Snakefile from elsewhere equal the installed ones.

    A job's key is a hash over the installed code, so no other code may run under it.

    Args:
        scripts: path of each script by its name.

    Raises:
        RuntimeError: a script differs, or is not installed.
    """
    for name, path in scripts.items():
        own = SCRIPTS / name
        # Snakemake drops the last line break of a fetched file.
        if not own.is_file() or own.read_bytes().rstrip() != path.read_bytes().rstrip():
            raise RuntimeError(
                f"convaudit: {name} beside the Snakefile is another than the installed "
                "library's: install the library from the same commit or tag"
            )
