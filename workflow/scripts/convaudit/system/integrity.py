"""Find damaged files among those that a job reads."""

import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq


def damaged(files: Iterable[str | Path]) -> list[str]:
    """The files that do not exist or can't be read, in the given order.

    A truncated .npy, .npz or .parquet file is always found. A file that was replaced by another
    valid file is not found; only a hash can tell (``snakemake verify``).
    """
    return [str(path) for path in files if not _whole(Path(path))]


def _whole(path: Path) -> bool:
    check = _CHECKS.get(path.suffix)
    try:
        return path.exists() if check is None else check(path)
    except Exception:
        return False


def _npy(path: Path) -> bool:
    np.load(path, mmap_mode="r", allow_pickle=False)
    return True


def _zip(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return archive.testzip() is None


def _parquet(path: Path) -> bool:
    pq.read_table(path)
    return True


_CHECKS: dict[str, Callable[[Path], bool]] = {".npy": _npy, ".npz": _zip, ".parquet": _parquet}
