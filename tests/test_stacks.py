"""Arrays written a few rows at a time equal, byte for byte, those that NumPy writes at once."""

from pathlib import Path

import numpy as np
import pytest

from convaudit.system import array_files


@pytest.mark.parametrize("count", [0, 1, 9, 10, 1234])
def test_a_file_that_grew_is_the_file_that_numpy_saves(tmp_path: Path, count: int) -> None:
    rows = np.random.default_rng(0).integers(0, 256, (count, 2, 3), np.uint8)
    with array_files.growing(tmp_path / "grown.npy", (2, 3), np.uint8) as append:
        for start in range(0, count, 7):
            append(rows[start : start + 7])
    np.save(tmp_path / "whole.npy", rows)
    assert (tmp_path / "grown.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_spools_are_saved_as_numpy_saves_arrays(tmp_path: Path) -> None:
    maps = np.random.default_rng(0).normal(size=(40, 3, 5)).astype(np.float16)
    ids = np.array([f"image-{i}" for i in range(40)])
    first, second = (array_files.Spool((3, 5), np.float16, tmp_path) for _ in range(2))
    named, none = (
        array_files.Spool((), ids.dtype, tmp_path),
        array_files.Spool((), np.int32, tmp_path),
    )
    for start in range(0, 30, 8):
        first.append(maps[start : min(start + 8, 30)])
    second.append(maps[30:].astype(np.float32))
    named.append(ids)
    array_files.save(
        tmp_path / "ours.npz", {"id": [named], "maps": [first, second], "none": [none]}
    )
    np.savez_compressed(tmp_path / "numpy.npz", id=ids, maps=maps, none=np.empty(0, np.int32))
    assert (tmp_path / "ours.npz").read_bytes() == (tmp_path / "numpy.npz").read_bytes()
    blocks = list(array_files.blocks(tmp_path / "numpy.npz", "maps", 16))
    assert [len(block) for block in blocks] == [16, 16, 8]
    assert np.array_equal(np.concatenate(blocks), maps)
    assert {path.name for path in tmp_path.iterdir()} == {"ours.npz", "numpy.npz"}


def test_rows_are_taken_in_the_order_asked_for(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(20).reshape(10, 2))
    assert array_files.taken(tmp_path / "a.npy", np.array([7, 2])).tolist() == [[14, 15], [4, 5]]
    assert array_files.taken(tmp_path / "a.npy", slice(8, 99)).tolist() == [[16, 17], [18, 19]]
