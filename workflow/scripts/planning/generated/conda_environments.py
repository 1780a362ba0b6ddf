"""Write conda's environment files, which install exactly the files of the locks: ``make lock``."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
LOCKS = {"environment.yml": "requirements.lock", "environment-gpu.yml": "requirements-gpu.lock"}

_HEAD = """# For conda: `conda env create -f {name}`. Written by `make lock`; do not edit.
# Python is conda's; all else comes from PyPI, the very files of {lock}, by their hashes.
# They stand here and not as `-r {lock}`, since Snakemake copies this file alone.
name: convaudit
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python=3.12
  - pip
  - pip:
"""


def text(name: str) -> str:
    """The text of an environment file."""
    lock = (ROOT / LOCKS[name]).read_text()
    entries = re.sub(r"\s*\\\n\s*", " ", lock).strip().splitlines()
    quoted = (entry.replace("'", "''") for entry in entries)
    return _HEAD.format(name=name, lock=LOCKS[name]) + "".join(
        f"      - '{entry}'\n" for entry in quoted
    )


if __name__ == "__main__":
    for name in LOCKS:
        (ROOT / name).write_text(text(name))
