"""Run other tools (peers) in environments of their own, one round at a time."""

import json
import subprocess
import venv
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parent / ".cache" / "peers"


def environment(name: str) -> Path:
    """The Python of a peer's environment; it is made at first use and when its versions change."""
    folder, requirements = CACHE / name, HERE / "peers" / f"{name}.txt"
    python, installed = folder / "bin" / "python", folder / "installed"
    if not installed.exists() or installed.read_text() != requirements.read_text():
        venv.create(folder, clear=True, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", "--requirement", requirements]
        subprocess.run(install, check=True)
        installed.write_text(requirements.read_text())
    return python


class Peer:
    """A process of ``peers/NAME.py``, which does one task after the other.

    Args:
        name: of the script and of the environment.
        settings: arguments of the script, passed as JSON.
    """

    def __init__(self, name: str, settings: dict) -> None:
        self._name = name
        command = [environment(name), HERE / "peers" / f"{name}.py", json.dumps(settings)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, task: str) -> str:
        """Let the script do a task, and return the line that it prints when it is done.

        Raises:
            RuntimeError: the peer's process ended.
        """
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{task}\n")
        self._process.stdin.flush()
        if answer := self._process.stdout.readline():
            return answer.strip()
        raise RuntimeError(f"{self._name} ended, with code {self._process.wait()}")

    def close(self) -> None:
        self._process.communicate()
