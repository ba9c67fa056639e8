"""A class around one exchange: each person at a JupyterLab of their own."""

import secrets
import socket
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from programs import environment
from waiting import wait_for

BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Desk:
    """JupyterLab in a folder, with a home and settings of its user's own.

    ``settings`` are lines of the user's nbgrader_config.py, which comes on top of the folder's;
    ``package`` is the folder whose ``drinkdeep`` they have; ``command`` opens JupyterLab.
    """

    folder: Path
    home: Path
    package: Path
    settings: str = ""
    command: tuple[str, ...] = ("jupyter", "lab")
    options: tuple[str, ...] = ("--ServerApp.port_retries=0",)
    port: int = field(default_factory=free_port)
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return environment(
            HOME=str(self.home),
            JUPYTER_CONFIG_DIR=str(self.home / ".jupyter"),
            JUPYTER_DATA_DIR=str(self.home / "data"),
            JUPYTER_RUNTIME_DIR=str(self.home / "runtime"),
            PYTHONPATH=str(self.package),
        )

    @property
    def log(self) -> str:
        return (self.home / "lab.log").read_text(encoding="utf-8")

    def start(self) -> None:
        config = self.home / ".jupyter"
        config.mkdir(parents=True, exist_ok=True)
        (config / "nbgrader_config.py").write_text(f"c = get_config()\n{self.settings}\n")
        with (self.home / "lab.log").open("w") as log:
            self.process = subprocess.Popen(
                [
                    BIN / self.command[0],
                    *self.command[1:],
                    "--no-browser",
                    "--allow-root",
                    f"--port={self.port}",
                    *self.options,
                    f"--IdentityProvider.token={self.token}",
                ],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait(self) -> None:
        """Return once it answers; fail with its log if it ends, or doesn't."""
        try:
            wait_for(self._answers)
        except AssertionError:
            raise RuntimeError(self.log) from None

    def _answers(self) -> bool:
        assert self.process.poll() is None
        try:
            urllib.request.urlopen(f"{self.url}/api/status?token={self.token}", timeout=5)
        except OSError:
            return False
        return True

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def at(self, path: str) -> str:
        """The address of a path in this JupyterLab, with nothing else open in it."""
        return f"{self.url}/{path}?token={self.token}&reset"

    def empty(self) -> str:
        """The address of a new workspace. It stays good, where ``reset`` empties it again.

        JupyterLab follows the address once more when a link on a page leads to the page itself, as
        those of nbgrader's assignment list do.
        """
        return f"{self.url}/lab/workspaces/{secrets.token_hex(4)}?token={self.token}"
