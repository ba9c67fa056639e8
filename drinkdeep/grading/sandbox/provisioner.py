"""Kernels from the fork server, for jupyter_client: a provisioner, and a manager that uses it."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from queue import Empty
from types import MappingProxyType
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Instance, Tuple

from drinkdeep.grading.errors import SandboxError
from drinkdeep.grading.sandbox import cgroup, inside
from drinkdeep.grading.sandbox.bubblewrap import SCRATCH
from drinkdeep.grading.sandbox.forkserver import ForkServer, fork_server
from drinkdeep.grading.sandbox.limits import Limits

START_SECONDS = 120
SUPERVISOR = b'{"supervisor": true}\n'
CREDENTIALS = struct.Struct("3i")
"""Of the sender, as <sys/socket.h> has it: process, user, group."""


class ForkProvisioner(KernelProvisionerBase):
    """Provides jupyter_client with kernels that are forks of the fork server."""

    server = Instance(ForkServer)
    limits = Instance(Limits)
    folder = Instance(Path)
    modules = Tuple()

    _control: socket.socket | None = None
    _received = b""
    _group: Mapping[str, Path] = MappingProxyType({})
    _counted = False
    """Whether the group counts the CPU time."""

    @property
    def has_process(self) -> bool:
        """Whether there is a kernel."""
        return self._control is not None

    async def pre_launch(self, **options: Any) -> dict[str, Any]:
        """Choose the sockets."""
        manager = self.parent
        assert isinstance(manager, AsyncKernelManager)
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        return await super().pre_launch(cmd=[], **options)

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """Have a kernel forked, and wait until it listens.

        Raises
        ------
        SandboxError
            If none was started.
        """
        key = self.connection_info["key"]
        assert isinstance(key, bytes)
        connection = {**self.connection_info, "key": key.decode()}
        self._control = self.server.request(
            {
                "folder": self.folder.name,
                "scratch": SCRATCH,
                "modules": self.modules,
                "connection": connection,
                "memory": self.limits.memory_bytes,
                "processes": self.limits.processes,
                "disk": self.limits.disk_bytes,
                "files": self.limits.files,
                "open_files": self.limits.open_files,
            }
        )
        self._control.setblocking(False)
        if (supervisor := await self._supervisor()) is not None:
            self._bring_into_group(supervisor)
        reply = await self._reply()
        if "started" not in reply:
            raise SandboxError(f"No kernel was started: {reply.get('failed', 'it ended at once')}")
        return self.connection_info

    async def _supervisor(self) -> int | None:
        """Return the number of the process that has sent the first message; None if none comes."""
        assert self._control is not None
        end = time.monotonic() + START_SECONDS
        while (left := end - time.monotonic()) > 0:
            try:
                # One message alone: what is said after it is read as all else is.
                part, given, *_ = self._control.recvmsg(
                    len(SUPERVISOR), socket.CMSG_SPACE(CREDENTIALS.size)
                )
            except BlockingIOError:
                await self._spoken(left)
                continue
            except OSError:
                return None
            self._received += part if part != SUPERVISOR else b""
            for level, kind, data in given:
                if part == SUPERVISOR and (level, kind) == (
                    socket.SOL_SOCKET,
                    socket.SCM_CREDENTIALS,
                ):
                    return int(CREDENTIALS.unpack(data[: CREDENTIALS.size])[0])
            return None
        return None

    def _bring_into_group(self, supervisor: int) -> None:
        """Let the system count what the kernel takes, if it may be; then let it start."""
        assert self._control is not None
        self._group = cgroup.make()
        accounts = cgroup.enter(self._group, supervisor)
        self._counted = cgroup.CPU in accounts
        with contextlib.suppress(OSError):
            names = b"".join(inside.ACCOUNTS[account] for account in accounts)
            socket.send_fds(self._control, [names or inside.READY], [*accounts.values()])
        for account in accounts.values():
            os.close(account)

    def cpu_clock(self) -> Callable[[], float] | None:
        """Return what tells the group's CPU seconds; None where there is no account of them."""
        return partial(cgroup.cpu_seconds, self._group) if self._counted else None

    async def _reply(self) -> dict[str, Any]:
        """Return the supervisor's first words, or nothing if there are none in time."""
        end = time.monotonic() + START_SECONDS
        while (left := end - time.monotonic()) > 0:
            still_open = self.is_open()
            for message in self.receive():
                return message
            if not still_open:
                break
            await self._spoken(left)
        return {}

    async def _spoken(self, seconds: float) -> None:
        """Until the supervisor has said something, or let go; so many seconds at most."""
        loop = asyncio.get_running_loop()
        said = asyncio.Event()
        number = self.fileno()
        loop.add_reader(number, said.set)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(said.wait(), seconds)
        finally:
            loop.remove_reader(number)

    def send(self, message: dict[str, Any]) -> None:
        """Tell the supervisor something."""
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.sendall(json.dumps(message).encode() + b"\n")

    def receive(self) -> Iterator[dict[str, Any]]:
        """Yield what the supervisor has said since the last time."""
        self.is_open()
        *lines, self._received = self._received.split(b"\n")
        for line in lines:
            yield json.loads(line)

    def fileno(self) -> int:
        """Something can be read there when the supervisor has spoken, or let go."""
        assert self._control is not None
        return self._control.fileno()

    def is_open(self) -> bool:
        """Take in what has come; whether the control is still held at its other end."""
        if self._control is None:
            return False
        while True:
            try:
                part = self._control.recv(65536)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not part:
                return False
            self._received += part

    async def poll(self) -> int | None:
        """None while there is a kernel; its supervisor lets go of the socket when there is none."""
        return None if self.is_open() else 0

    async def wait(self) -> int | None:
        """Until the kernel has ended."""
        while await self.poll() is None:
            await self._spoken(1)
        if self._control is not None:
            self._control.close()
            self._control = None
        return 0

    async def send_signal(self, signum: int) -> None:
        """Interrupts are all that get in."""
        if signum == signal.SIGINT:
            self.send({"interrupt": True})

    async def kill(self, restart: bool = False) -> None:
        """End the kernel and all that it has started: its supervisor goes, and takes them along."""
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_WR)
            await self.wait()  # the manager would look again after a tenth of a second only

    async def terminate(self, restart: bool = False) -> None:
        """There is one way to end."""
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        """Remove what is left of it: nobody is in its group any more."""
        cgroup.remove(self._group.values())


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
    """A kernel from this process's fork server, in the sandbox or unsafely without it."""

    def __init__(
        self,
        limits: Limits,
        *,
        sandboxed: bool = True,
        modules: tuple[str, ...] = (),
        beside: Mapping[str, bytes] = MappingProxyType({}),
        **options: Any,
    ) -> None:
        """Prepare; the kernel will find these modules loaded, and these files in its folder."""
        self._server = fork_server(sandboxed=sandboxed)
        self._limits = limits
        self._modules = modules
        self.folder = Path(tempfile.mkdtemp(prefix="k", dir=self._server.folder))
        self.seen_inside = Path(inside.KERNEL) if sandboxed else self.folder
        """Where the kernel finds the folder."""
        for name, content in beside.items():
            path = self.folder / inside.BESIDE / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        super().__init__(
            transport="ipc",
            ip=str(self.folder / "s"),
            connection_file=f"{self.folder}.json",
            **options,
        )

    def client(self, **options: Any) -> _Client:  # type: ignore[override]  # as nbclient wants
        """Return a client, not connected yet."""
        return _Client(**self.get_connection_info(session=True), parent=self, **options)

    @property
    def kernel_spec(self) -> KernelSpec:
        """How jupyter_client finds :class:`ForkProvisioner`: by the entry point of the package."""
        config = {
            "server": self._server,
            "limits": self._limits,
            "folder": self.folder,
            "modules": self._modules,
        }
        provisioner = {"provisioner_name": "drinkdeep-forked", "config": config}
        return KernelSpec(language="python", metadata={"kernel_provisioner": provisioner})

    def watch(self, bounds: dict[str, float]) -> None:
        """Bound what runs from now on: seconds ``cpu`` and ``clock``, and ``grace`` to stop."""
        list(self.kernel.receive())  # said after the last rest
        self.kernel.send({"bounds": bounds})

    def rest(self) -> str:
        """End the bounds; what the kernel was stopped for, or nothing."""
        self.kernel.send({"bounds": None})
        reasons = [message["stopped"] for message in self.kernel.receive()]
        return reasons[0] if reasons else ""

    @property
    def kernel(self) -> ForkProvisioner:
        """The kernel, once it has been started."""
        assert isinstance(self.provisioner, ForkProvisioner)
        return self.provisioner

    def clear(self) -> None:
        """Remove what the sockets have left."""
        shutil.rmtree(self.folder, ignore_errors=True)
        Path(f"{self.folder}.json").unlink(missing_ok=True)
