"""One hash for a whole dataset."""

import pandas as pd

from convaudit.dataset.ledger import content_sha256


def hash_of(tmp_path, *rows) -> str:
    path = tmp_path / "ledger.parquet"
    pd.DataFrame(rows, columns=["path", "label", "sha256"]).to_parquet(path)
    return content_sha256(path)


def test_it_tells_datasets_apart_and_not_the_order_of_their_files(tmp_path):
    first, second, third = ("a.png", "x", "01"), ("b.png", None, "02"), ("c.png", "y", None)
    whole = hash_of(tmp_path, first, second, third)
    assert hash_of(tmp_path, third, first, second) == whole
    others = {
        hash_of(tmp_path, first, second),
        hash_of(tmp_path, ("a.png", "z", "01"), second, third),
        hash_of(tmp_path, ("a.png", "x", "03"), second, third),
        hash_of(tmp_path, ("d.png", "x", "01"), second, third),
    }
    assert len(others | {whole}) == 5
