"""The process that kernels are forks of, as the grader sees it: :class:`ForkServer` starts it.

Importing torch takes longer than most submissions do, so it is done once: bubblewrap starts one
process that has all loaded, and every kernel is a fork of it, in namespaces of its own.
:mod:`.inside` is what runs in there.
"""

import atexit
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from drinkdeep.grading import course
from drinkdeep.grading.errors import SandboxError
from drinkdeep.grading.sandbox import cgroup, inside
from drinkdeep.grading.sandbox.bubblewrap import KERNELS, SCRIPT, arguments, bubblewrap

LONGEST_FOLDER = 70
"""Bytes in the path of the folder in which a server makes its own: with its name, a kernel's and a
socket's, 107 are what the system takes."""
FORBIDDEN = re.compile(r"uid map|new namespace|RTM_NEWADDR|Operation not permitted")
"""What bubblewrap says where a system forbids what it needs."""


class ForkServer:
    """The process that kernels are forked from, in the sandbox.

    Nothing waits for it: requests that come while it loads are served once it has. It ends with the
    thread that has started it. Other processes can be sent it to use it too.
    """

    def __init__(self, *, sandboxed: bool) -> None:
        """Start it; raises SandboxError where there is no sandbox."""
        cgroup.remove_left()
        self.folder = _kernels_folder()
        if sandboxed:
            command = [bubblewrap(), *arguments(self.folder), "--"]
            command += [sys.executable, SCRIPT, KERNELS, "fenced", *course.MODULES]
        else:
            command = [sys.executable, inside.__file__, str(self.folder), "unfenced"]
            command += course.MODULES
        self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self._number = self._process.pid
        atexit.register(self.close)

    def __getstate__(self) -> dict[str, Any]:
        """Return where it is found; only who has started it can end it."""
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
        """Ask for a kernel; what comes back is its control socket, see :mod:`.inside`.

        Raises
        ------
        SandboxError
            If the server has ended, or never began to serve.
        """
        address = self.folder / inside.ADDRESS
        while not address.exists():
            if not self.alive:
                raise SandboxError(_not_started(self._last_words()))
            time.sleep(0.005)
        control = socket.socket(socket.AF_UNIX)
        # The system says of what comes which process has sent it.
        control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
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


def _not_started(words: str) -> str:
    """Say what to do about the last words of a sandbox that did not start."""
    cure = ""
    if FORBIDDEN.search(words):
        cure = (
            ". This system forbids bubblewrap to make user namespaces, as Ubuntu does since 23.10: "
            "the page “On a cluster” of the book says how it is allowed"
        )
    return f"The sandbox did not start: {words.rstrip('.')}{cure}."


def _kernels_folder() -> Path:
    """Return a new folder for the kernels' sockets, whose paths must be short."""
    chosen = tempfile.gettempdir()
    if len(os.fsencode(chosen)) > LONGEST_FOLDER:
        chosen = "/tmp"
    try:
        return Path(tempfile.mkdtemp(prefix="dd-", dir=chosen))
    except OSError as error:
        raise SandboxError(
            f"No folder for temporary files can be made in {chosen} ({error.strerror}): name one "
            f"by TMPDIR that you can write to, with at most {LONGEST_FOLDER} characters."
        ) from None


def check(*, sandboxed: bool) -> None:
    """See that this machine has what every submission needs; raises SandboxError."""
    if sandboxed:
        bubblewrap()
        list(arguments(Path()))
    _kernels_folder().rmdir()


_servers: dict[bool, ForkServer] = {}


def fork_server(*, sandboxed: bool) -> ForkServer:
    """Give this process's fork server; start one if none was given, or it has ended."""
    found = _servers.get(sandboxed)
    if found is None or not found.alive:
        found = _servers[sandboxed] = ForkServer(sandboxed=sandboxed)
    return found


def use(shared: ForkServer, *, sandboxed: bool) -> None:
    """Let this process use a server that another one has started."""
    _servers[sandboxed] = shared
