"""A class around one exchange, each at a real JupyterLab of their own, in a real browser."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Desk:
    """A JupyterLab in a folder, with settings and files of its own user's.

    ``settings`` are what the user's nbgrader_config.py says, beside that of the folder.
    """

    folder: Path
    home: Path
    settings: str = ""
    command: tuple[str, ...] = ("jupyter", "lab")
    port: int = field(default_factory=free_port)
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        config = self.home / ".jupyter"
        return {
            **os.environ,
            "HOME": str(self.home),
            "JUPYTER_CONFIG_DIR": str(config),
            "JUPYTER_DATA_DIR": str(self.home / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        }

    def __enter__(self) -> "Desk":
        config = self.home / ".jupyter"
        config.mkdir(parents=True, exist_ok=True)
        (config / "nbgrader_config.py").write_text(f"c = get_config()\n{self.settings}\n")
        self.log = (self.home / "lab.log").open("w")
        self.process = subprocess.Popen(
            [
                BIN / self.command[0],
                *self.command[1:],
                "--no-browser",
                "--allow-root",
                f"--port={self.port}",
                "--ServerApp.port_retries=0",
                f"--IdentityProvider.token={self.token}",
                "--LabApp.news_url=None",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            ],
            cwd=self.folder,
            env=self.environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        end = time.monotonic() + 90
        while time.monotonic() < end and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/api/status?token={self.token}&reset", timeout=5)
                return self
            except OSError:
                time.sleep(0.2)
        raise RuntimeError((self.home / "lab.log").read_text())

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()

    def at(self, path: str) -> str:
        """The address of a file in this JupyterLab."""
        return f"{self.url}/lab/tree/{path}?token={self.token}&reset"
