"""The process that kernels are forks of, as the grader sees it: :class:`ForkServer` starts it.

Importing torch takes longer than most submissions do, so it is done once: bubblewrap starts one
process that has all loaded, and every kernel is a fork of it, in namespaces of its own.
:mod:`.inside` is what runs in there.
"""

import atexit
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from drinkdeep.grading.errors import SandboxError
from drinkdeep.grading.sandbox import inside
from drinkdeep.grading.sandbox.bubblewrap import KERNELS, SCRIPT, arguments, bubblewrap


class ForkServer:
    """The process that kernels are forked from, in the sandbox.

    It isn't waited for: what is ordered before it has loaded all, comes then. It ends with the
    thread that has started it. Other processes can be sent it to use it too.
    """

    def __init__(self, *, sandboxed: bool) -> None:
        """Start it; raises SandboxError where there is no sandbox."""
        self.folder = Path(tempfile.mkdtemp(prefix="dd-"))
        if sandboxed:
            command = [bubblewrap(), *arguments(self.folder), "--"]
            command += [sys.executable, SCRIPT, KERNELS, "fenced"]
        else:
            command = [sys.executable, inside.__file__, str(self.folder), "unfenced"]
        self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self._number = self._process.pid
        atexit.register(self.close)

    def __getstate__(self) -> dict[str, Any]:
        """Where it is found; only who has started it can end it."""
        return {**self.__dict__, "_process": None}

    def close(self) -> None:
        """End it, and every kernel with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def alive(self) -> bool:
        """Whether it can still give kernels."""
        try:
            return bool(psutil.Process(self._number).status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def request(self, request: dict[str, Any]) -> socket.socket:
        """Ask for a kernel; what comes back is its control, see :mod:`.inside`."""
        address = self.folder / inside.ADDRESS
        while not address.exists():
            if not self.alive:
                raise SandboxError(f"The sandbox did not start: {self._last_words()}")
            time.sleep(0.005)
        control = socket.socket(socket.AF_UNIX)
        try:
            control.connect(str(address))
        except ConnectionError:
            raise SandboxError("The sandbox has ended: run the command again.") from None
        control.sendall(json.dumps(request).encode() + b"\n")
        return control

    def _last_words(self) -> str:
        if self._process is None or self._process.stderr is None:
            return "it ended at once."
        return self._process.stderr.read().decode(errors="replace").strip()


_servers: dict[bool, ForkServer] = {}


def fork_server(*, sandboxed: bool) -> ForkServer:
    """The one that this process uses: that which it was given, or one that it starts."""
    found = _servers.get(sandboxed)
    if found is None or not found.alive:
        found = _servers[sandboxed] = ForkServer(sandboxed=sandboxed)
    return found


def use(shared: ForkServer, *, sandboxed: bool) -> None:
    """Let this process use a server that another one has started."""
    _servers[sandboxed] = shared
