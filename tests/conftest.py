"""A small audit of a toy model, which is run once in a copy of the workflow for all tests."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile

import cv2
import numpy as np
import pytest
from filelock import FileLock

import convaudit  # noqa: F401 -- before TensorFlow, whose kernels it chooses

ROOT = Path(__file__).parents[1]
COLOURS = {"blue": (40, 60, 220), "red": (220, 50, 40)}
SETTINGS = (
    "model=toy.keras",
    "images=photos",
    "shard_size=12",
    "max_quarantined=0.2",
    "filters={count: 4, size: 16, steps: 3}",
)


UNTRIED = ("shortcuts={enabled: false}", "trust={enabled: false}")
"""Switches both off in audits whose tests look at neither; this saves two starts of TensorFlow."""


FORKS = """
import json, os, sys
import pandas, pyarrow.parquet, pydantic  # what each run would import anew
from snakemake.cli import main
for line in sys.stdin:
    folder, environment, arguments, *streams = json.loads(line)
    if not os.fork():
        for number, path in enumerate([os.devnull, *streams]):
            os.dup2(os.open(path, os.O_RDWR), number)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        main(arguments)
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""


@cache
def forks() -> subprocess.Popen:
    """A process that has imported Snakemake, and runs it in a fork for each line that it reads."""
    return subprocess.Popen(
        [sys.executable, "-c", FORKS],
        env={**os.environ, "SLURM_CONF": os.devnull},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


LONGEST = (
    *("slurm", "demo", "rerun", "faults", "compare_workflow", "installed"),
    *("shortcuts", "workflow"),
)
"""Test files that begin first, so that at the end no worker waits for another one's long file. The
first makes the audit that most others share; the second runs beside it and does not need it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {f"test_{name}": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(LONGEST)))


@dataclass
class Audit:
    """A copy of the workflow with a toy model and toy images, and a way to run Snakemake there."""

    folder: Path
    settings: tuple[str, ...] = SETTINGS
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str, config: tuple[str, ...] = ()) -> list[str]:
        return [sys.executable, "-m", "snakemake", *arguments, "--config", *self.config(*config)]

    def snakemake(
        self, *arguments: str, config: tuple[str, ...] = (), timeout: float | None = None
    ) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.command(*arguments, config=config),
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def forked(self, *arguments: str, config: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
        """Like ``snakemake``, for short runs, most of whose time would be that of their imports."""
        given = [*arguments, "--config", *self.config(*config)]
        with NamedTemporaryFile("r") as out, NamedTemporaryFile("r") as err:
            run = [str(self.folder), self._environment(), given, out.name, err.name]
            print(json.dumps(run), file=forks().stdin, flush=True)
            code = int(forks().stdout.readline())
            return subprocess.CompletedProcess(given, code, out.read(), err.read())

    def _environment(self) -> dict[str, str]:
        # The Slurm plugin looks for a controller at each start: 9 s where there is none.
        return {**os.environ, "SLURM_CONF": os.devnull, **self.environment}

    def start(self, *arguments: str, config: tuple[str, ...] = ()) -> subprocess.Popen:
        """Start a run in a process group of its own."""
        return subprocess.Popen(
            self.command("--cores", "2", *arguments, config=config),
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def run(self, *arguments: str, config: tuple[str, ...] = ()) -> str:
        done = self.snakemake("--cores", "2", *arguments, config=config)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def plan(self, *config: str) -> dict[str, int]:
        """The jobs of a dry run, by rule."""
        done = self.forked("--dry-run", config=config)
        assert done.returncode == 0, done.stdout + done.stderr
        return job_counts(done.stdout + done.stderr)

    def config(self, *config: str) -> list[str]:
        """The arguments after ``--config``; given values replace those of the audit itself."""
        return list({entry.partition("=")[0]: entry for entry in self.settings + config}.values())


def job_counts(printed: str) -> dict[str, int]:
    """The jobs by rule, read from what a dry run printed."""
    table = re.search(r"^Job stats:\n.*\n[- ]+\n((?:\w+ +\d+\n)+)", printed, re.MULTILINE)
    if not table:
        assert "Nothing to be done" in printed, printed
        return {}
    counts = {name: int(n) for name, n in (row.split() for row in table[1].splitlines())}
    return {name: n for name, n in counts.items() if name not in {"all", "total"}}


def paint(path: Path, colour: tuple[int, int, int], seed: int) -> None:
    """A noisy picture of one colour."""
    noise = np.random.default_rng(seed).integers(-30, 30, (24 + seed % 5, 30, 3))
    image = (np.array(colour) + noise).clip(0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image[:, :, ::-1])


def copy_workflow(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("Snakefile", "workflow", "config", "profiles", "environment.yml"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)


def save_toy_model(path: Path) -> None:
    """Two channels, one for blue and one for red; the class is the colour with the greater sum."""
    import keras

    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(2, 3, padding="same", activation="relu", name="colours")(inputs)
    x = keras.layers.MaxPooling2D(2, name="pool")(x)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="mix")(x)
    x = keras.layers.GlobalAveragePooling2D(name="average")(x)
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax", name="head")(x))
    kernel = np.zeros((3, 3, 3, 2), np.float32)
    kernel[1, 1] = [[-1, 1], [0, 0], [1, -1]]
    model.get_layer("colours").set_weights([kernel, np.zeros(2, np.float32)])
    mix = np.zeros((3, 3, 2, 4), np.float32)
    mix[1, 1] = [[1, 0, 0.5, -1], [0, 1, 0.5, -1]]
    model.get_layer("mix").set_weights([mix, np.zeros(4, np.float32)])
    head = np.array([[4, 0], [0, 4], [0, 0], [0, 0]], np.float32)
    model.get_layer("head").set_weights([head, np.zeros(2, np.float32)])
    model.save(path)


def make_audit(folder: Path, model: Path) -> Audit:
    """A copy of the workflow with toy images, in which nothing has run yet."""
    copy_workflow(folder)
    shutil.copy2(model, folder / "toy.keras")
    for label, colour in COLOURS.items():
        for number in range(9):
            paint(folder / "photos" / label / f"{number}.png", colour, number)
    paint(folder / "photos" / "blue" / "odd.png", COLOURS["red"], 7)
    (folder / "photos" / "red" / "broken.jpg").write_bytes(b"")
    return Audit(folder)


def make_twin(audit: Audit, folder: Path) -> Audit:
    """The same model and images, times included, in which nothing has run yet."""
    copy_workflow(folder)
    shutil.copy2(audit.folder / "toy.keras", folder)
    shutil.copytree(audit.folder / "photos", folder / "photos")
    return Audit(folder)


@pytest.fixture(scope="session")
def shared(tmp_path_factory, worker_id) -> Callable[[str, Callable[[Path], object]], Path]:
    """Make a folder once for all workers of pytest-xdist; the first that needs it fills it."""
    base = tmp_path_factory.getbasetemp()
    common = base if worker_id == "master" else base.parent

    def folder(name: str, fill: Callable[[Path], object]) -> Path:
        path, made = common / name, common / f"{name}.made"
        with FileLock(common / f"{name}.lock"):
            if not made.exists():
                path.mkdir()
                fill(path)
                made.touch()
        return path

    return folder


@pytest.fixture(scope="session")
def toy_model(shared) -> Path:
    return shared("model", lambda folder: save_toy_model(folder / "toy.keras")) / "toy.keras"


@pytest.fixture(scope="session")
def fresh(toy_model, tmp_path_factory):
    """Make a copy of the workflow with toy images, in which nothing has run yet."""
    return lambda: make_audit(tmp_path_factory.mktemp("audit"), toy_model)


@pytest.fixture(scope="session")
def twin(finished, tmp_path_factory):
    """Make an audit of the finished one's model and images, in which nothing has run yet."""
    return lambda: make_twin(finished, tmp_path_factory.mktemp("twin"))


@pytest.fixture(scope="session")
def finished(toy_model, shared) -> Audit:
    """The toy audit, run to its end. Tests must leave it as it is."""
    return Audit(shared("finished", lambda folder: make_audit(folder, toy_model).run()))


@pytest.fixture
def clone(finished, tmp_path_factory) -> Audit:
    """A copy of the finished audit to change, with new modification times everywhere."""
    folder = tmp_path_factory.mktemp("clone") / "audit"
    shutil.copytree(finished.folder, folder, copy_function=shutil.copyfile)
    return Audit(folder)
