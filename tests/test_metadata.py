"""Further columns of the user's table are copied to the predictions."""

from dataclasses import replace

import numpy as np
import pandas as pd

from conftest import COLOURS, paint
from convaudit.dataset import ledger
from convaudit.dataset import scan as scans
from convaudit.predictions import Shard, _table
from fabricated import FACTS
from index import index
from planning.make_plan import _by_shard
from preprocess import preprocess


def test_further_columns_reach_the_predictions(tmp_path):
    for number, name in enumerate(("a", "b", "c")):
        paint(tmp_path / f"{name}.png", COLOURS["red"], number)
    table = tmp_path / "table.csv"
    table.write_text(
        "path,label,camera,age of it\nc.png,red,Fuji,3\na.png,red,,\nb.png,blue,,4.5\n"
    )
    assigned = ledger.assign(scans.scan(table).files, None, 2, lambda path: None)
    files, book = tmp_path / "files.parquet", tmp_path / "ledger.parquet"
    files.write_bytes(_by_shard(assigned))
    index(files=files, images=table, ledger=str(book), threads=1)
    facts = tmp_path / "facts.json"
    facts.write_text(replace(FACTS, input=(8, 8, 3)).to_json())
    found = []
    for shard, (_, digest) in ledger.digests(assigned).items():
        rows = tmp_path / f"{shard}.parquet"
        preprocess(
            ledger=book,
            facts=str(facts),
            shard=shard,
            digest=digest,
            source=table,
            interpolation="area",
            pixels=str(tmp_path / "pixels.npy"),
            rows=str(rows),
            quarantine=str(tmp_path / "quarantine.csv"),
            threads=1,
        )
        part = pd.read_parquet(rows)
        numbers = {
            name: np.zeros(len(part))
            for name in ("probability", "logit", "true_probability", "brier", "map_max")
        } | {
            "predicted": np.zeros(len(part), int),
            "true_rank": np.ones(len(part), int),
            "top_classes": np.zeros((len(part), 1), int),
            "top_probabilities": np.ones((len(part), 1)),
        }
        ids = part["image_id"].to_numpy(str)
        whole = Shard(shard, tmp_path, part, ids, np.zeros(len(part), int), ["red", "blue"])
        found.append(_table(whole, [numbers]))
    predictions = pd.concat(found, ignore_index=True)
    assert predictions["path"].tolist() == ["a.png", "b.png", "c.png"]
    assert predictions["meta_age of it"].fillna(-1).tolist() == [-1, 4.5, 3]
    assert predictions["meta_camera"].fillna("-").tolist() == ["-", "-", "Fuji"]
    assert predictions["bits"].tolist() == [8, 8, 8]
