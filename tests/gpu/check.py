"""Check in ten minutes on a machine with an NVIDIA GPU that the audit uses it, and rightly.

    make env GPU=1
    .venv/bin/python tests/gpu/check.py > gpu.txt

Prints one page to send back. It audits the demo twice, on the processor and on the GPU, in a
temporary folder. ``tests/test_gpu_check.py`` runs its parts with pretended devices.
"""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
PROBABILITY, LOGIT, MAP = 1e-3, 1e-3, 5e-3
"""Largest accepted differences between processor and GPU: of a probability; of logits and maps,
relative to the largest value. Convolutions sum float32 in another order; TF32 is off."""
HOLD = (
    "import sys; from pathlib import Path; from convaudit.system.devices import gpu; "
    "print(gpu.lease(sys.argv[2:], Path(sys.argv[1])), flush=True); input()"
)
MEMORY = """
from jobs.tensorflow_job import start_tensorflow
start_tensorflow()
import tensorflow as tf
tf.random.normal((64, 1024, 1024)).numpy()
print(tf.config.experimental.get_memory_info("GPU:0")["peak"])
"""
EXHAUST = """
import logging
logging.basicConfig(level="WARNING")
from jobs.tensorflow_job import start_tensorflow
start_tensorflow()
import keras, numpy as np
from convaudit.models.network import Network
from convaudit.models.scaling import SCALINGS
from convaudit.onepass import OnePass
from convaudit.system.out_of_memory import within_memory
net = Network(keras.applications.VGG16(weights=None))
pixels = np.zeros((4096, *net.input_shape), np.uint8)
def work(batch):
    look = OnePass(net, SCALINGS["unit"], net.target_layer[0], [], batch_size=batch)
    return look(pixels[:batch]) and batch
print(within_memory(work, 4096))
"""


def main() -> None:
    print(f"# convaudit on a GPU: {time.strftime('%Y-%m-%d')}\n")
    print(_run(["nvidia-smi", "-L"]).strip() or "nvidia-smi: not there")
    from convaudit.system.devices import gpu

    devices = gpu.devices()
    _say("devices", lambda: f"{devices}; {python('-m', 'jobs.gpu_check').splitlines()[-1]}")
    if not devices:
        sys.exit("No GPU here: nothing else can be checked.")
    _say("lease", lambda: lease(devices))
    _say("memory growth", memory_growth)
    _say("out of memory", out_of_memory)
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder)
        for device in ("cpu", "gpu"):
            _say(f"audit, device: {device}", lambda device=device: audit(results, device))
        _say("agreement", lambda: agreement(results / "cpu", results / "gpu"))
        _say("speed", lambda: speed(results / "cpu", results / "gpu"))


def lease(devices: list[str]) -> str:
    """As many processes as devices have one each; one more waits, and gets that of a killed one."""
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment()
        environment.pop("CUDA_VISIBLE_DEVICES", None)

        def hold() -> subprocess.Popen:
            return subprocess.Popen(
                [sys.executable, "-c", HOLD, folder, *devices],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )

        holders = [hold() for _ in devices]
        try:
            had = [holder.stdout.readline().strip() for holder in holders]
            assert sorted(had) == sorted(devices), f"leased {had}"
            holders.append(hold())
            waits = not select.select([holders[-1].stdout], [], [], 2)[0]
            assert waits, "a further process did not wait"
            holders[0].kill()
            assert holders[-1].stdout.readline().strip() == had[0]
        finally:
            for holder in holders:
                holder.kill()
                holder.communicate()
    return f"{len(devices)} processes, {len(devices)} devices; one more waited"


def memory_growth() -> str:
    """TensorFlow allocates the memory that it needs, not all of the GPU's."""
    peak = int(python("-c", MEMORY).split()[-1])
    assert peak < 2e9, f"{peak / 1e9:.1f} GB for 0.3 GB of numbers"
    return f"{peak / 1e9:.2f} GB at most for 0.27 GB of numbers"


def out_of_memory() -> str:
    """4,096 images of VGG16 at once need some 50 GB: the batch is halved until it fits."""
    said = python("-c", EXHAUST, errors=True)
    fitting = int(said.split()[-1])
    halved = said.count("out of memory: again with batches of")
    assert fitting == 4096 >> halved
    return f"batches of {fitting} fitted after {halved} halvings" + " (none needed)" * (not halved)


def audit(folder: Path, device: str) -> str:
    """Audit the demo; the GPU's audit uses the model of the processor's, so both audit the same."""
    given = {"results": str(folder / device), "device": device}
    if device == "gpu":
        demo = folder / "cpu" / "demo"
        given |= {"model": str(demo / "model.keras"), "images": str(demo / "images")}
    config = [f"{key}= {json.dumps(value)} " for key, value in given.items()]
    began = time.perf_counter()
    python("-m", "snakemake", "--cores", "4", "--quiet", "all", "--config", *config)
    record = json.loads((folder / device / "devices" / "0000.json").read_text())
    assert record["kind"] == device, f"shard 0000 was computed on {record}"
    return f"{time.perf_counter() - began:.0f} s on {record['name']}"


def agreement(one: Path, other: Path) -> str:
    """Compare predictions and maps of two audits of the same model and images."""
    first, second = (pd.read_parquet(each / "predictions.parquet") for each in (one, other))
    assert first["path"].tolist() == second["path"].tolist()
    flips = int((first["predicted"] != second["predicted"]).sum())
    probability = float((first["probability"] - second["probability"]).abs().max())
    logit = float((first["logit"] - second["logit"]).abs().max() / first["logit"].abs().max())
    heat = max(
        _furthest(path, other / "gradcam" / "maps" / path.name)
        for path in sorted((one / "gradcam" / "maps").glob("*.npz"))
    )
    text = (
        f"{flips} of {len(first)} predictions differ; probability {probability:.1e} (at most "
        f"{PROBABILITY:g}), logit {logit:.1e} ({LOGIT:g}), maps {heat:.1e} ({MAP:g})"
    )
    assert flips == 0 and probability <= PROBABILITY and logit <= LOGIT and heat <= MAP, text
    return text


def speed(one: Path, other: Path) -> str:
    """Seconds of the jobs that compute most."""
    parts = []
    for stage in ("predict/0000.tsv", "filters/conv2d_4.tsv"):
        seconds = [
            float(pd.read_csv(each / "benchmarks" / stage, sep="\t")["s"][0])
            for each in (one, other)
        ]
        parts.append(f"{stage[:-4]}: {seconds[0]:.0f} s on the processor, {seconds[1]:.0f} s")
    return "; ".join(parts)


def _furthest(one: Path, other: Path) -> float:
    """The largest difference of two shards' maps, over the largest value of either map."""
    maps = []
    for path in (one, other):
        with np.load(path, allow_pickle=False) as stored:
            maps.append(stored["maps"].astype(np.float32) * stored["scale"][:, None, None])
    top = np.maximum(maps[0].max(axis=(1, 2)), 1e-12)
    return float((np.abs(maps[0] - maps[1]).max(axis=(1, 2)) / top).max())


def python(*arguments: str, errors: bool = False) -> str:
    """The output of our Python; with ``errors`` its warnings come first."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return (done.stderr if errors else "") + done.stdout


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(SCRIPTS)}


def _run(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def _say(what: str, check: Callable[[], str]) -> None:
    try:
        print(f"{what:<18}ok      {check()}", flush=True)
    except Exception as error:
        print(f"{what:<18}FAILED  {type(error).__name__}: {error}", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(SCRIPTS))
    main()
