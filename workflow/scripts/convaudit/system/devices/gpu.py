"""One job per GPU: each job holds a file lock, which the kernel releases when the process ends."""

import fcntl
import os
import tempfile
import time
from pathlib import Path
from typing import IO

CHOICE = "CONVAUDIT_DEVICE"
"""Environment variable with the setting ``device``. Jobs inherit it; it is in no key, so a change
re-runs no job."""

_held: list[IO[str]] = []


def choose(device: str) -> None:
    """Set the device of this process and its children: ``auto``, ``cpu`` or ``gpu``."""
    os.environ[CHOICE] = device


def chosen() -> str:
    """The value that ``choose`` set; ``auto`` if it was not called."""
    return os.environ.get(CHOICE, "auto")


def devices() -> list[str]:
    """Indices of the NVIDIA GPUs of this machine, by their device files."""
    return sorted((p.name[6:] for p in Path("/dev").glob("nvidia[0-9]*")), key=int)


def why_none() -> str:
    """Why this process computes on the processor, if it does."""
    if chosen() == "cpu":
        return "the config says device: cpu"
    return "CUDA_VISIBLE_DEVICES hides the GPU" if devices() else "this machine shows no GPU"


def lease(available: list[str] | None = None, folder: Path | None = None) -> str:
    """Wait for a free GPU, reserve it until this process ends, and hide all others.

    Call it before TensorFlow is imported. If ``CUDA_VISIBLE_DEVICES`` is already set (by Slurm or
    by the user), it is not changed. A killed process releases its GPU at once.
    With ``device: cpu`` no GPU is reserved, so nothing waits.

    Args:
        available: indices of the GPUs; None stands for all of the machine.
        folder: folder of the lock files; None stands for one per user in the temporary folder.

    Returns:
        The value of ``CUDA_VISIBLE_DEVICES``: the index of the GPU, or "-1" if there is none.
    """
    if chosen() == "cpu":
        return hide()
    if (preset := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return preset
    available = devices() if available is None else available
    folder = folder or Path(tempfile.gettempdir()) / f"convaudit-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    device = _first_free(available, folder) if available else "-1"
    os.environ["CUDA_VISIBLE_DEVICES"] = device
    return device


def hide() -> str:
    """Hide all GPUs from this process. Call it before TensorFlow is imported."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    return "-1"


def _first_free(available: list[str], folder: Path) -> str:
    while True:
        for device in available:
            lock = (folder / f"{device}.lock").open("w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
            else:
                _held.append(lock)
                return device
        time.sleep(0.2)
