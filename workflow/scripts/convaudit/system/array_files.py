"""NumPy files (.npy, .npz) that are written and read a few rows at a time, to save memory."""

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

_BLOCK = 2**22
"""Number of bytes that are read back at a time."""


@contextmanager
def growing(path: Path, shape: tuple[int, ...], dtype: Any) -> Iterator[Callable[..., None]]:
    """Write an .npy file row by row; the number of rows need not be known before the end.

    Args:
        path: the file.
        shape: shape of one row.
        dtype: type of the numbers.

    Yields:
        A function that appends rows (n, *shape).
    """
    count = 0

    def append(rows: np.ndarray) -> None:
        nonlocal count
        file.write(np.ascontiguousarray(rows, dtype).tobytes())
        count += len(rows)

    with path.open("wb") as file:
        _head(file, (0, *shape), dtype)
        start = file.tell()
        yield append
        # NumPy leaves room in the header for a first axis of any length.
        file.seek(0)
        _head(file, (count, *shape), dtype)
        if file.tell() != start:
            raise AssertionError(f"{path}: the header has grown into the rows")


def taken(path: str | Path, rows: np.ndarray | slice) -> np.ndarray:
    """Read some rows of an .npy file: (m, ...) for m rows.

    The file is mapped anew for each call; otherwise all pages once read would stay in memory.
    """
    return np.array(np.load(path, mmap_mode="r")[rows])


class Spool:
    """A temporary file of rows, which the system deletes when the process ends.

    Args:
        shape: shape of one row.
        dtype: type of the numbers; appended rows are converted to it.
        folder: folder for the temporary file.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 -- for as long as this lives
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.count = 0

    def append(self, rows: np.ndarray) -> None:
        """Append rows (n, *shape)."""
        self._file.write(np.ascontiguousarray(rows, self.dtype).tobytes())
        self.count += len(rows)

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        while block := self._file.read(_BLOCK):
            yield block


def save(file: Path, arrays: dict[str, list[Spool]]) -> None:
    """Write a compressed .npz as ``np.savez_compressed`` does.

    Args:
        arrays: for each array of the file the spools whose rows it holds, in this order.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, spools in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                count = sum(spool.count for spool in spools)
                _head(member, (count, *spools[0].shape), spools[0].dtype)
                for block in chain.from_iterable(spools):
                    member.write(block)


def blocks(file: str | Path, name: str, count: int) -> Iterator[np.ndarray]:
    """Yield the rows of one array of an .npz, up to ``count`` at a time: (m, ...) each.

    Raises:
        ValueError: the array is stored in another version of the .npy format than 1.0.
    """
    with zipfile.ZipFile(file) as archive, archive.open(f"{name}.npy") as member:
        version = npy.read_magic(member)
        if version != (1, 0):
            raise ValueError(f"{file}: {name} is of version {version}, not 1.0")
        (length, *shape), _, dtype = npy.read_array_header_1_0(member)
        size = prod(shape) * dtype.itemsize
        for start in range(0, length, count):
            rows = min(count, length - start)
            yield np.frombuffer(member.read(rows * size), dtype).reshape(rows, *shape)


def _head(file: IO[bytes], shape: tuple[int, ...], dtype: Any) -> None:
    descr = npy.dtype_to_descr(np.dtype(dtype))
    npy.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
