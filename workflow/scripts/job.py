"""What every script does around its one function: log, fail in one line, choose a device."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convaudit import gpu
from convaudit.errors import AuditError

if TYPE_CHECKING:
    from convaudit.loading import Loaded
    from convaudit.network import Network

TENSORFLOW_THREADS = 2
"""Threads of TensorFlow's pool. Fixed: how sums are split, so their last bits, follow from it."""


@contextmanager
def job(name: str, log: str) -> Iterator[None]:
    """Log to ``log``; end in one line, with exit code 1, where something goes wrong.

    A traceback is for the log alone. ``name`` says which job it was: rule, shard or layer.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=log,
        filemode="w",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    try:
        yield
    except AuditError as error:
        logging.error("%s", error)
        sys.exit(f"convaudit {name}: {error}")
    except MemoryError:
        logging.exception("out of memory")
        sys.exit(f"convaudit {name}: out of memory; give the rule more mem_mb or lower batch_size")
    except Exception as error:
        logging.exception("unexpected error")
        reason = (str(error).splitlines() or [""])[0]
        sys.exit(f"convaudit {name}: {type(error).__name__}: {reason} (the full story: {log})")
    logging.info("done")


def start_tensorflow(threads: int = TENSORFLOW_THREADS) -> None:
    """Lease a GPU, then import TensorFlow quietly, with a fixed number of threads.

    Operations are deterministic; GPU memory grows as needed.
    """
    device = gpu.lease()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _silent():
        import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    for found in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(found, True)
    logging.info("TensorFlow %s, CUDA_VISIBLE_DEVICES=%s", tf.__version__, device)


@contextmanager
def _silent() -> Iterator[None]:
    """Keep away what TensorFlow's libraries write while they load, past every log level."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def open_network(model: dict[str, Any]) -> "tuple[Loaded, Network]":
    """Start TensorFlow and load the model that the config names."""
    start_tensorflow()
    import keras

    from convaudit import loading
    from convaudit.network import Network

    keras.utils.set_random_seed(model["seed"])
    loaded = loading.load(
        model["source"],
        weights=model["weights"],
        trust=model["trust"],
        custom_modules=model["custom_modules"],
    )
    return loaded, Network(loaded.model, model["output"])
