"""The index hashes readable files, gives the reason for the others, and never waits forever."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd

from convaudit.dataset import scan

INDEX = """
import sys
from pathlib import Path
import index
from convaudit.dataset import scan, ledger
from planning.make_plan import _by_shard
assigned = ledger.assign(scan.scan(Path(sys.argv[1])).files, None, 8, lambda path: None)
Path("files.parquet").write_bytes(_by_shard(assigned))
files = Path("files.parquet")
index.index(files=files, images=Path(sys.argv[1]), ledger="ledger.parquet", threads=2)
"""


def test_pipes_endless_and_locked_files_are_faults(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "good.jpg").write_bytes(b"good")
    (photos / "locked.jpg").write_bytes(b"locked")
    (photos / "locked.jpg").chmod(0)
    (photos / "endless.jpg").symlink_to("/dev/zero")
    (photos / "kernel.jpg").symlink_to("/proc/kmsg")
    os.mkfifo(photos / "pipe.jpg")
    # Root may read everything, but not as another user of a namespace.
    plain = ["unshare", "--user", "--map-user=1000"] if os.getuid() == 0 else []
    subprocess.run(
        [*plain, sys.executable, "-c", INDEX, photos],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(scan.__file__).parents[2])},
        check=True,
        timeout=60,
    )
    rows = pd.read_parquet(tmp_path / "ledger.parquet").set_index("path").fillna("-")
    assert rows["fault"].to_dict() == {
        "endless.jpg": "not a regular file",
        "good.jpg": "-",
        "kernel.jpg": "the file is empty (0 bytes)",
        "locked.jpg": "Permission denied",
        "pipe.jpg": "not a regular file",
    }
    assert (rows["sha256"] != "-").tolist() == [False, True, False, False, False]
