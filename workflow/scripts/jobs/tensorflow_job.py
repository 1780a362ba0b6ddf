"""Start TensorFlow in a job: reserve a GPU, set threads and determinism, load the model."""

import gc
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from convaudit.errors import AuditError
from convaudit.models.facts import ModelSource
from convaudit.provenance import THREADS
from convaudit.system.devices import gpu

if TYPE_CHECKING:
    from convaudit.models.loading import Loaded
    from convaudit.models.network import Network


def start_tensorflow(threads: int = THREADS, *, on_gpu: bool = True) -> None:
    """Reserve a GPU or hide them all, then import TensorFlow.

    Operations are deterministic. GPU memory is allocated as it is needed.

    Args:
        threads: number of threads of an operation; the last bits of results depend on it.
        on_gpu: whether a GPU may be used.

    Raises:
        AuditError: there is a GPU that TensorFlow can't use, or ``device: gpu`` and there is none.
    """
    device = gpu.lease() if on_gpu else gpu.hide()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # By default Numba writes beside the code, where the user may have no right to write.
    os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(".snakemake", "numba").resolve()))
    # The import creates a million objects that all stay; collecting garbage takes a fifth of it.
    gc.disable()
    with _silent(), _scikit_learn_left_out():
        import tensorflow as tf
    gc.freeze()
    gc.enable()

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    # Newer GPUs would otherwise round the factors of convolutions to ten bits (TF32).
    tf.config.experimental.enable_tensor_float_32_execution(False)
    for found in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(found, True)
    from convaudit.system.devices.device import current

    logging.info("CUDA_VISIBLE_DEVICES=%s; %s", device, found := current())
    if on_gpu and found.kind == "cpu":
        _require_no_gpu(device)


def _require_no_gpu(device: str) -> None:
    """Refuse to continue without a GPU if one was expected: the processor is tens of times slower.

    Args:
        device: the value of CUDA_VISIBLE_DEVICES.

    Raises:
        AuditError: a GPU was leased, or the config asks for one.
    """
    if device not in {"", "-1"}:
        raise AuditError(
            f"GPU {device} is this job's, but TensorFlow does not see it: {_why_not()}: install "
            "NVIDIA's driver and CUDA's libraries (make env GPU=1, or pip install "
            "'convaudit[gpu]'), or set device: cpu"
        )
    if gpu.chosen() == "gpu":
        raise AuditError(
            "config: device: gpu, but this machine shows no GPU (no /dev/nvidia*, or "
            "CUDA_VISIBLE_DEVICES hides it): set device: auto or cpu, or run it elsewhere"
        )


def _why_not() -> str:
    """What TensorFlow prints about its devices, in another process whose output is kept."""
    code = "import tensorflow as tf; tf.config.list_physical_devices('GPU')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    logging.info("TensorFlow says:\n%s", done.stderr)
    said = [line.partition("] ")[2].strip() for line in done.stderr.splitlines()]
    telling = [line for line in said if "GPU" in line or "CUDA" in line]
    return telling[0].rstrip(".") if telling else "it does not say why"


@contextmanager
def _silent() -> Iterator[None]:
    """Discard what TensorFlow's libraries print while they load; no log level stops them."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def _scikit_learn_left_out() -> Iterator[None]:
    """Make Keras load without its wrappers for scikit-learn: a quarter of TensorFlow's import."""
    if "sklearn" in sys.modules:
        yield
        return
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # an import of it fails
    try:
        yield
    finally:
        del sys.modules["sklearn"]


def open_network(
    model: ModelSource, threads: int = THREADS, *, on_gpu: bool = True
) -> "tuple[Loaded, Network]":
    """Start TensorFlow and load the model that the config names.

    Args:
        model: the model that the config names.
        threads: number of threads of an operation; the last bits of results depend on it.
        on_gpu: whether a GPU may be used.

    Raises:
        AuditError: the model can't be loaded, is no classifier, or its file was replaced since the
            audit began.
    """
    start_tensorflow(threads, on_gpu=on_gpu)
    import keras

    from convaudit.models import loading
    from convaudit.models.inspection.task import require_classifier
    from convaudit.models.network import Network

    keras.utils.set_random_seed(model.seed)
    loaded = loading.load(
        model.source,
        weights=model.weights,
        trust=model.trust,
        custom_modules=model.custom_modules,
    )
    model.require_unchanged()
    network = Network(loaded.model, model.output)
    if model.task == "auto":
        require_classifier(network, loaded.training(model.output))
    return loaded, network
