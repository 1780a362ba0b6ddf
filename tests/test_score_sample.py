"""The pass keeps scores of a sample, the true class's rank and the Brier score. The tests make the
batches of the network themselves.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from convaudit import predictions
from convaudit.predictions import Shard, ShardPass


def passed(tmp_path, scores: np.ndarray, truth: list[int]):
    """The result of the pass for images whose pixels are their row numbers."""
    count, classes = scores.shape
    np.save(tmp_path / "pixels.npy", np.arange(count, dtype=np.uint8))
    ids = np.array([f"id-{at}" for at in range(count)])
    images = pd.DataFrame({"image_id": ids, "path": ids, "height": 2, "width": 3})
    names = [f"class {at}" for at in range(classes)]
    shard = Shard("0000", tmp_path / "pixels.npy", images, ids, np.array(truth), names)

    def one_pass(pixels: np.ndarray, wanted: np.ndarray) -> SimpleNamespace:
        chosen = scores[pixels]
        return SimpleNamespace(
            scores=chosen,
            probabilities=softmax(chosen, axis=1),
            explained=np.zeros(len(pixels), np.int32),
            maps=np.ones((len(pixels), 2, 2), np.float32),
            layers={},
            activations={},
        )

    run = ShardPass(
        shard, "softmax", lambda *given, **more: one_pass, "predicted", 1, (2, 2), tmp_path
    )
    return run.first([], None, batch_size=3)


def test_rank_and_brier_score_by_hand(tmp_path):
    scores = np.log(np.array([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.5, 0.3, 0.2], [0.6, 0.3, 0.1]]))
    table = passed(tmp_path, scores.astype(np.float32), [0, 2, -1, 2]).predictions
    assert table["true_rank"].tolist() == [1, 2, pd.NA, 3]
    # (0.3^2 + 0.2^2 + 0.1^2), (0.2^2 + 0.5^2 + 0.7^2), unlabelled, (0.6^2 + 0.3^2 + 0.9^2)
    brier = table["brier"].to_numpy(float, na_value=np.nan)
    assert brier == pytest.approx([0.14, 0.78, np.nan, 1.26], nan_ok=True)


@pytest.mark.parametrize(("most", "rows"), [(1000, [0, 1, 2, 3, 4, 5, 6]), (6, [0, 3, 6])])
def test_scores_are_kept_of_all_images_or_of_some_spread_evenly(tmp_path, monkeypatch, most, rows):
    monkeypatch.setattr(predictions, "_SAMPLED", most)
    scores = np.arange(14, dtype=np.float32).reshape(7, 2)
    found = passed(tmp_path, scores, [0] * 7)
    assert found.sample.rows.tolist() == rows
    assert found.sample.scores.tolist() == scores[rows].tolist()
    found.sample.save(tmp_path / "sample")
    with np.load(tmp_path / "sample") as stored:
        assert stored["row"].tolist() == rows and stored["scores"].dtype == np.float32
