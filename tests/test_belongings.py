"""Files of an earlier state of an audit are removed from the results and from the manifest."""

from jobs.results_folder import hashed_files, sweep

MAPS = "activation_maps/0000.h5"
KEPT = [
    "filters/block1.conv.csv",
    "filters/block1.conv.png",
    "gradcam/maps/0000.npz",
    "gradcam/overlays/0000/a-12345678.jpg",
    "gradcam/sprites/0000.drawn",
    "gradcam/sprites/0000/0.jpg",
    "predict/0000.npz",
    "preprocess/0000.npy",
    "preprocess/notes.txt",
    "quarantine.csv",
]
STALE = [
    "activation_maps/0001.h5",
    "filters/block2.conv.png",
    "gradcam/maps/0001.npz",
    "gradcam/overlays/0001/a-12345678.jpg",
    "gradcam/sprites/0001.drawn",
    "gradcam/sprites/0001/0.jpg",
    "predict/0001.parquet",
    "preprocess/0001.quarantine.csv",
    "preprocess/12345.npy",
]
UNHASHED = ["logs/report.log", "index/plan.json", ".convaudit/lock", "channels/a/conv/1.png"]


def test_only_what_is_of_a_gone_shard_or_layer_goes(tmp_path):
    for path in [MAPS, *KEPT, *STALE, *UNHASHED]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    removed = sweep(tmp_path, {"0000": (1, "digest")}, {"block1.conv": "block1/conv"})
    assert {path for path in STALE if not path.startswith(tuple(removed))} == set()
    assert not any((tmp_path / path).exists() for path in removed)
    assert sorted(hashed_files(tmp_path, keep="none")) == KEPT
    assert sorted(hashed_files(tmp_path, keep="maps")) == [MAPS, *KEPT]
    assert all((tmp_path / path).exists() for path in UNHASHED)
    assert sweep(tmp_path, ["0000"], ["block1.conv"]) == []
