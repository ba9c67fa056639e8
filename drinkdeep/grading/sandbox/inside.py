"""Inside the sandbox: a process that has torch loaded, and forks a kernel of itself on request.

It runs as a script, without the rest of the grader, which isn't to be seen in there:

    inside.py FOLDER {fenced|unfenced} MODULE …

Whoever connects to the socket in FOLDER sends one line of JSON, a request, and gets a kernel, with
the modules loaded that the request names; those stay loaded for the kernels that come after. The
connection stays open as the kernel's control: through it come what the kernel may take, interrupts,
and, from here, why it was stopped. When it closes, the kernel ends, with all that it has started.

Of each kernel there are two processes. The *supervisor* is the first process in namespaces of the
kernel's own (process numbers, mounts, network, IPC), so that nothing in there outlives it. It is
brought into a control group, where there may be one, makes an empty disk, and keeps watch. The
*kernel* is its child: an unprivileged user in a namespace that allows no further one. Student code
runs there only.
"""

import contextlib
import ctypes
import gc
import importlib
import itertools
import json
import os
import resource
import select
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

import psutil

STUDENT = 1000
"""The user that a kernel takes itself to be."""

FIRST_USER = 200_000
"""Where root grades, each kernel is another user of the system, counted from here."""

USERS = 100_000
"""How many there are, before the first one's turn comes again."""

HOME = "/student"
ADDRESS = "forkserver"
"""The name of the fork server's socket."""

KERNEL = "/kernel"
"""Where a kernel finds its own sockets; nothing can be written there once they are made."""

BESIDE = "beside"
"""In a kernel's folder, what its code is to find in the folder that it works in."""

_LIBC = ctypes.CDLL(None, use_errno=True)
# <linux/sched.h>, <linux/mount.h>, <linux/prctl.h>, <linux/capability.h>
_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = (
    0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC, _PRIVATE = (
    1, 2, 4, 8, 32, 4096, 16384, 1 << 18,
)  # fmt: skip
_SET_DUMPABLE, _CAPBSET_DROP, _SET_NO_NEW_PRIVS = 4, 24, 38
_CAPABILITY_VERSION = 0x20080522
# <sys/mman.h>
_COLLAPSE = 25
# <malloc.h>
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3

LOADED = (
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    # What these import when a kernel starts.
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.extensions.storemagic",
    "numpy.random",
    "tornado.platform.asyncio",
    "cloudpickle",  # by which a test's names come
    "torch.utils.data",
    "drinkdeep.checks",
    "drinkdeep.transport",
)

ARGUMENTS = ("--HistoryManager.enabled=False",)
"""How a kernel is started, besides the place of its sockets."""

LARGE_PAGE = 2 * 2**20
"""Bytes."""

READY = b"."
"""What kernel and supervisor tell each other at each step of the start."""

ACCOUNTS = {"cpu.stat": b"c", "memory.stat": b"m"}
"""How the supervisor is told which of a control group's accounts it gets."""

SET_ASIDE = 2**30
"""Bytes of addresses for stacks and arenas of threads."""

MAPPED_FROM, KEPT = 32 * 2**20, 256 * 2**20
"""Bytes from which on memory is asked of the system anew, the most that GNU's C library takes; and
how many that were freed are kept."""

REQUEST_SECONDS = 10
"""For a request to come, once somebody has called."""

TICK = 0.1
"""Seconds between two looks at what a kernel takes."""


def main() -> None:
    """Load what all submissions load, then serve requests for ever."""
    folder, fenced = Path(sys.argv[1]), sys.argv[2] == "fenced"  # and what most kernels import
    listener = socket.socket(socket.AF_UNIX)
    # Renamed once it listens, so that no client connects too early; later requests queue.
    listener.bind(str(folder / f"{ADDRESS}.new"))
    listener.listen()
    (folder / f"{ADDRESS}.new").rename(folder / ADDRESS)
    keep_freed_memory()
    gc.disable()  # nothing of what is loaded goes, and to look for it takes an eighth of the time
    _load((*LOADED, *sys.argv[3:]))
    sys.modules["torch"].set_num_threads(1)
    app = _prepared_app()
    gc.freeze()
    gc.enable()
    _join_pages()
    own = _own_namespace() if fenced else None
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for number in itertools.cycle(range(USERS)):
        control, _ = listener.accept()
        # Who says nothing, or nothing that makes sense, gets nothing.
        with control, contextlib.suppress(OSError, ValueError):
            control.settimeout(REQUEST_SECONDS)
            request: dict[str, Any] = json.loads(control.makefile("r", encoding="utf-8").readline())
            control.settimeout(None)
            _load(request["modules"])
            if (_fork_alone(own) if own is not None else os.fork()) == 0:
                listener.close()
                if own is not None:
                    os.close(own)
                alone = own is not None
                _found_kernel(control, request, folder, number, app, fenced=fenced, alone=alone)


def keep_freed_memory() -> None:
    """Have the C library keep what it frees, for the next tensor.

    By itself it gives a few MB back each time, and the system then fills them with zeros again,
    page by page, which takes longer than to compute with them.
    """
    with contextlib.suppress(AttributeError):  # another C library than GNU's
        _LIBC.mallopt(_MMAP_THRESHOLD, MAPPED_FROM)
        _LIBC.mallopt(_TRIM_THRESHOLD, KEPT)


def _load(modules: Iterable[str]) -> None:
    """Import what takes long; nothing here may start a thread, which a fork would lose."""
    news = [name for name in modules if name not in sys.modules]
    for name in news:
        with contextlib.suppress(Exception):  # a cell that imports it will say what is wrong
            importlib.import_module(name)
    if news:
        # What is loaded stays shared between the kernels: the collector would write to all of it.
        gc.freeze()


def _prepared_app() -> Any:
    """Make what all kernels have alike as they start: ipykernel's application, IPython's shell.

    Up to here neither needs a thread, a socket or a file, so that their forks have them whole.
    """
    import asyncio

    from ipykernel.ipkernel import IPythonKernel
    from ipykernel.kernelapp import IPKernelApp
    from IPython.core.application import BaseIPythonApplication

    class Settings(BaseIPythonApplication):
        """The part of the application that reads its settings: once."""

        def initialize(self, argv: Any = None) -> None:
            if not self.initialized_once:
                super().initialize(argv)  # type: ignore[no-untyped-call]
            self.initialized_once = True

        initialized_once = False

    class App(IPKernelApp, Settings):
        """A kernel's application, whose settings have been read before."""

    class Kernel(IPythonKernel):
        """A kernel in which every cell comes to an end.

        Also one over whose code IPython itself stumbles, such as a sum of thousands of terms, to
        read which Python's recursion is not deep enough: ipykernel would say that it is idle, and
        not reply. And one that awaits what never comes: ipykernel notes an interrupt for its loop,
        which a signal doesn't wake.
        """

        async def do_execute(self, *args: Any, **options: Any) -> Any:
            shell: Any = self.shell
            awake = asyncio.ensure_future(_stay_awake())
            try:
                return await super().do_execute(*args, **options)  # type: ignore[no-untyped-call]
            except Exception as error:
                shell.showtraceback()
                return {
                    "status": "error",
                    "execution_count": shell.execution_count,
                    "ename": type(error).__name__,
                    "evalue": str(error),
                    "traceback": [],
                }
            finally:
                awake.cancel()

    app: Any = App.instance()
    app.kernel_class = Kernel
    Settings.initialize(app, list(ARGUMENTS))
    # A kernel takes the shell that is there, if one is.
    IPythonKernel.shell_class.default_value.instance(
        parent=app,
        profile_dir=app.profile_dir,
        compiler_class=IPythonKernel.compiler_class.default_value,
    )
    app.log.setLevel(app.log_level)  # else each message makes a record, which nobody gets
    return app


async def _stay_awake() -> None:
    import asyncio

    while True:
        await asyncio.sleep(1)


def _join_pages() -> None:
    """Have what is loaded in large pages, where the system has them: a fork copies one entry each.

    Of small ones there are 70,000, which would take longer than all else at the start of a kernel.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/maps").read_text().splitlines():
            addresses, rights, _, _, _, *name = line.split()
            start, end = (int(address, 16) for address in addresses.split("-"))
            first, last = -(-start // LARGE_PAGE) * LARGE_PAGE, end // LARGE_PAGE * LARGE_PAGE
            if "w" in rights and name in ([], ["[heap]"]) and first < last:
                # Where it can't be done, all is as it was.
                _LIBC.madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), _COLLAPSE)


def _own_namespace() -> int | None:
    """Open our namespace of processes, if its children's may be another for a while.

    It takes a say over the namespace, which bubblewrap leaves to root.
    """
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    if _LIBC.setns(own, _NEWPID) == 0:
        return own
    os.close(own)
    return None


def _fork_alone(own: int) -> int:
    """As ``os.fork``; the child is the first process that it can see."""
    _call(_LIBC.unshare, _NEWPID)  # which is for the children
    child = -1
    try:
        child = os.fork()
    finally:
        if child != 0:
            _call(_LIBC.setns, own, _NEWPID)
    return child


def _found_kernel(
    control: socket.socket,
    request: dict[str, Any],
    folder: Path,
    number: int,
    app: Any,
    *,
    fenced: bool,
    alone: bool,
) -> NoReturn:
    """In a fork: become the supervisor of a kernel, and never return."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        request["folder"] = str(folder / request["folder"])
        if fenced:
            _call(_LIBC.unshare, _NEWNS | _NEWUTS | _NEWIPC | _NEWNET)
        if fenced and not alone:
            _call(_LIBC.unshare, _NEWPID)
            if os.fork():  # the first child is the first process of the new namespace
                os._exit(0)
        _Supervisor(control, request, FIRST_USER + number, app, fenced=fenced).run()
    except BaseException as error:
        with contextlib.suppress(OSError):
            _send(control, {"failed": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(0)
    raise AssertionError


class _Supervisor:
    """Starts a kernel, watches it, and ends it."""

    def __init__(
        self,
        control: socket.socket,
        request: dict[str, Any],
        user: int,
        app: Any,
        *,
        fenced: bool,
    ) -> None:
        self._control = control
        self._request = request
        self._app = app
        self._fenced = fenced
        self._user = user if os.getuid() == 0 else os.getuid()
        self._group = user if os.getuid() == 0 else os.getgid()
        self._bounds: dict[str, float] | None = None
        self._accounts: dict[str, int] = {}
        """Of a control group, a descriptor of each account that can be had."""
        self._seen: dict[tuple[int, float], float] = {}
        """Process → its CPU seconds when it was seen last."""
        self._files = _FilesInMemory(request["scratch"] if fenced else [])

    def run(self) -> None:
        """Live all of a kernel's life."""
        self._accounts = _join_group(self._control)
        if self._fenced:
            _make_disk(self._request, self._user, self._group)
        wakeup, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        to_kernel, from_supervisor = os.pipe()
        to_supervisor, from_kernel = os.pipe()
        self._kernel = os.fork()
        if self._kernel == 0:
            for descriptor in (
                self._control.fileno(),
                wakeup,
                waker,
                from_supervisor,
                to_supervisor,
            ):
                os.close(descriptor)
            for account in self._accounts.values():
                os.close(account)
            _run_kernel(self._app, self._request, to_kernel, from_kernel, fenced=self._fenced)
        os.close(to_kernel)
        os.close(from_kernel)
        if self._fenced:
            if os.read(to_supervisor, 4096) == READY:  # it has its user namespace
                self._name_user()
            _call(_LIBC.prctl, _SET_DUMPABLE, 0, 0, 0, 0)  # no debugger gets at the supervisor
            os.write(from_supervisor, READY)
        said = os.read(to_supervisor, 4096)
        if said != READY:
            raise RuntimeError(said.decode(errors="replace") or "the kernel ended at once")
        if self._fenced:
            # Not before: what a student calls like a module must not keep a kernel from starting.
            _lay_beside(Path(KERNEL, BESIDE), Path(HOME), self._user, self._group)
            flags = _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV
            _call(_LIBC.mount, None, KERNEL.encode(), None, flags, None)
        _send(self._control, {"started": True})
        try:
            self._watch(wakeup)
        finally:
            for process in self._processes():
                with contextlib.suppress(psutil.Error):
                    process.kill()

    def _name_user(self) -> None:
        """Say who the kernel's user is outside of its namespace; inside it is STUDENT."""
        folder = Path("/proc") / str(self._kernel)
        (folder / "setgroups").write_text("deny")
        (folder / "uid_map").write_text(f"{STUDENT} {self._user} 1")
        (folder / "gid_map").write_text(f"{STUDENT} {self._group} 1")

    # Watching.

    def _watch(self, wakeup: int) -> None:
        """Until the kernel has ended, or nobody wants it any more."""
        self._control.setblocking(False)
        received = b""
        asked = 0.0  # when an interrupt was sent
        while True:
            ready, _, _ = select.select([self._control.fileno(), wakeup], [], [], TICK)
            if wakeup in ready:
                os.read(wakeup, 4096)
                if self._reap():
                    return
            if self._control.fileno() in ready:
                try:
                    part = self._control.recv(65536)
                except OSError:
                    return
                if not part:
                    return
                received += part
                *lines, received = received.split(b"\n")
                for line in lines:
                    message = json.loads(line)
                    if "interrupt" in message:
                        self._interrupt()
                    else:
                        asked = 0.0
                        self._start_bounds(message.get("bounds"))
            if not ready or self._bounds is not None:
                excess, gone = self._excess(asked)
                if gone:
                    _send(self._control, {"stopped": excess})
                    return
                if excess and not asked:
                    asked = time.monotonic()
                    _send(self._control, {"stopped": excess})
                    self._interrupt()

    def _start_bounds(self, bounds: dict[str, float] | None) -> None:
        self._bounds = bounds
        self._since = time.monotonic()
        # Taken at the first tick from now: what is answered by then has taken next to nothing.
        self._cpu_before: float | None = None
        self._next_look = self._since + TICK

    def _excess(self, asked: float) -> tuple[str, bool]:
        """Say what is more than allowed, if anything is, and whether the kernel must be killed."""
        now = time.monotonic()
        if self._bounds is not None and now < self._next_look:
            return "", False
        self._next_look = now + TICK
        processes = self._processes()
        if len(processes) > self._request["processes"]:
            return "processes", True
        most = self._request["memory"]
        # The group's account can be a little late, and ours can miss something.
        if _memory(processes, self._files, at_most=most) > most or self._memory_of_group() > most:
            return "memory", True
        if self._bounds is None:
            return "", False
        if asked:
            return "interrupt", now - asked > self._bounds["grace"]
        if self._cpu_before is None:
            self._cpu_before = self._cpu(processes)
        elif self._cpu(processes) - self._cpu_before > self._bounds["cpu"]:
            return "cpu", False
        return ("clock", False) if now - self._since > self._bounds["clock"] else ("", False)

    def _processes(self) -> list[psutil.Process]:
        """List the kernel, and all that has come of it: orphans become children of ours."""
        processes: list[psutil.Process] = psutil.Process().children(recursive=True)
        return processes

    def _cpu(self, processes: list[psutil.Process]) -> float:
        """Return the CPU seconds of all processes that there ever were."""
        if "cpu.stat" in self._accounts:
            # Our own is in it, too.
            return self._account("cpu.stat")["usage_usec"] / 1e6 - time.process_time()
        for process in processes:
            with contextlib.suppress(psutil.Error):
                # Without those of its children: these have been seen, too, waited for or not.
                self._seen[process.pid, process.create_time()] = sum(process.cpu_times()[:2])
        seen = sum(self._seen.values())
        # Of those that were waited for, the system knows what nobody has seen.
        waited = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        for process in processes:
            with contextlib.suppress(psutil.Error):
                waited += sum(process.cpu_times()[:4])
        return max(seen, waited)

    def _memory_of_group(self) -> int:
        """Bytes that the control group counts, whoever holds them; 0 where there is none.

        Version 1 of cgroups says ``rss`` of what version 2 calls ``anon``.
        """
        if "memory.stat" not in self._accounts:
            return 0
        counts = self._account("memory.stat")
        return counts.get("anon", counts.get("rss", 0)) + counts["shmem"]

    def _account(self, name: str) -> dict[str, int]:
        text = os.pread(self._accounts[name], 2**16, 0).decode()
        return {key: int(number) for key, number in map(str.split, text.splitlines())}

    def _reap(self) -> bool:
        """Take note of ended processes; whether the kernel is among them."""
        while True:
            try:
                number, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if number == self._kernel:
                return True
            if number == 0:
                return False

    def _interrupt(self) -> None:
        with contextlib.suppress(OSError):
            os.kill(self._kernel, signal.SIGINT)


class _FilesInMemory:
    """What is held in memory under some name, whoever has it open or mapped, or nobody.

    These are the folders in memory, System V's shared memory, and memory files. A memory file that
    is under way between two processes is not seen here; a control group counts it.
    """

    def __init__(self, folders: list[str]) -> None:
        self._folders = folders
        self._next = 0.0
        self._memory_files: dict[tuple[int, int], int] = {}

    def held(self, processes: list[psutil.Process]) -> int:
        """Bytes."""
        total = sum(self._memory_files_of(processes).values())
        for folder in self._folders:
            use = os.statvfs(folder)
            total += (use.f_blocks - use.f_bfree) * use.f_frsize
        if self._folders:  # else it is the whole system's
            header, *segments = Path("/proc/sysvipc/shm").read_text().splitlines()
            column = header.split().index("rss")
            total += sum(int(segment.split()[column]) for segment in segments)
        return total

    def names(self, device_and_inode: tuple[int, int]) -> bool:
        """Return whether it is a memory file that is counted."""
        return device_and_inode in self._memory_files

    def _memory_files_of(self, processes: list[psutil.Process]) -> dict[tuple[int, int], int]:
        """Return each by device and inode, and its bytes; as it was when there is little time."""
        start = time.monotonic()
        if start >= self._next:
            self._memory_files = {}
            for process in processes:
                with contextlib.suppress(OSError):
                    for entry in os.scandir(f"/proc/{process.pid}/fd"):
                        with contextlib.suppress(OSError):
                            if str(Path(entry.path).readlink()).startswith("/memfd:"):
                                file = entry.stat()
                                key = (file.st_dev, file.st_ino)
                                self._memory_files[key] = 512 * file.st_blocks
            now = time.monotonic()
            self._next = now + 20 * (now - start)
        return self._memory_files


def _memory(processes: list[psutil.Process], files: _FilesInMemory, *, at_most: int) -> int:
    """Bytes that the processes hold by any means; pages of files on disk are not counted.

    Pages that forks share, and memory that has a name, count more than once, unless that would be
    more than ``at_most``: then it is worth the time to tell them apart.
    """
    named = files.held(processes)
    held = sum(_field_bytes(p, "status", ("RssAnon:", "RssShmem:")) for p in processes)
    if held + named <= at_most:
        return held + named
    anonymous = sum(_field_bytes(p, "smaps_rollup", ("Pss_Anon:",)) for p in processes)
    return anonymous + named + sum(_shared_without_name(p, files) for p in processes)


def _shared_without_name(process: psutil.Process, files: _FilesInMemory) -> int:
    """Bytes that a process shares with its forks, or holds of a file that nobody has open."""
    total = 0
    counts = False
    try:
        with Path(f"/proc/{process.pid}/smaps").open() as maps:
            for line in maps:
                first, *others = line.split()
                if not first.endswith(":"):  # a mapping begins: addresses, rights, place, file
                    name = others[4] if len(others) > 4 else ""
                    major, minor = (int(part, 16) for part in others[2].split(":"))
                    file = (os.makedev(major, minor), int(others[3]))
                    counts = name == "/dev/zero" or (
                        name.startswith("/memfd:") and not files.names(file)
                    )
                elif counts and first == "Pss:":
                    total += 1024 * int(others[0])
    except OSError:  # it has just ended
        pass
    return total


def _field_bytes(process: psutil.Process, file: str, fields: tuple[str, ...]) -> int:
    """Return what the lines of a file in the process's /proc add up to."""
    try:
        text = Path(f"/proc/{process.pid}/{file}").read_text()
    except OSError:  # it has just ended
        return 0
    return sum(1024 * int(line.split()[1]) for line in text.splitlines() if line.startswith(fields))


def _join_group(control: socket.socket) -> dict[str, int]:
    """Wait to be brought into a control group; a descriptor of each account that there is.

    Whoever gets this message is told by the system which of their processes sent it.
    """
    _send(control, {"supervisor": True})
    names, descriptors, _, _ = socket.recv_fds(control, len(ACCOUNTS), len(ACCOUNTS))
    told = [account for account, letter in ACCOUNTS.items() if letter in names]
    return dict(zip(told, descriptors, strict=True))


def _make_disk(request: dict[str, Any], user: int, group: int) -> None:
    """Mounts of the kernel's own: a /proc, empty folders in memory, and its sockets."""
    _call(_LIBC.mount, None, b"/", None, _REC | _PRIVATE, None)
    mount(request["folder"], KERNEL, "", _BIND)
    os.chown(KERNEL, user, group)
    # Where the sockets of all kernels are, is for nobody.
    mount("tmpfs", str(Path(request["folder"]).parent), "tmpfs", _RDONLY)
    mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    for folder in request["scratch"]:
        size = f"size={request['disk']},nr_inodes={request['files']},mode=700"
        mount("tmpfs", folder, "tmpfs", _NOSUID | _NODEV, size)
        os.chown(folder, user, group)
    mount("devpts", "/dev/pts", "devpts", _NOSUID | _NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    if os.getuid() == 0:
        os.setgroups([])


def _lay_beside(source: Path, home: Path, user: int, group: int) -> None:
    """Copy files to where a kernel works; they are its user's, and gone with it."""
    if source.is_dir():
        shutil.copytree(source, home, dirs_exist_ok=True)
        for root, folders, names in os.walk(source):
            place = home / Path(root).relative_to(source)
            for name in (".", *folders, *names):
                os.chown(place / name, user, group)


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """As mount(2); raises OSError."""
    _call(
        _LIBC.mount,
        source.encode(),
        target.encode(),
        kind.encode() or None,
        flags,
        options.encode() or None,
    )


def _run_kernel(
    app: Any, request: dict[str, Any], supervisor: int, ready: int, *, fenced: bool
) -> NoReturn:
    """In a fork: give up all rights, and be a kernel."""
    import numpy as np

    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if fenced:
            _call(_LIBC.unshare, _NEWUSER)
            os.write(ready, READY)
            os.read(supervisor, 1)  # the namespace has its user now
            # A namespace inside of this one would give rights in it, and a new count of processes.
            Path("/proc/sys/user/max_user_namespaces").write_text("0")
            os.setresgid(STUDENT, STUDENT, STUDENT)
            os.setresuid(STUDENT, STUDENT, STUDENT)
            _drop_capabilities()
            folder = KERNEL
        else:
            os.setsid()
            folder = request["folder"]
        os.close(supervisor)
        # The fork server's own are pipes that all kernels would share.
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(nowhere, descriptor)
        _set_limits(request, fenced=fenced)
        beside = Path(folder, BESIDE)
        os.chdir(HOME if fenced else beside if beside.is_dir() else folder)
        np.random.seed()  # or all kernels would draw alike
        connection = Path(folder) / "connection.json"
        connection.write_text(json.dumps({**request["connection"], "ip": f"{folder}/s"}))
        sys.argv = ["ipykernel_launcher"]
        sys.path[0] = ""
        app.connection_file = str(connection)
        # In the home that it has now.
        Path(app.profile_dir.location).mkdir(parents=True, exist_ok=True)
        app.profile_dir.check_dirs()
        app.initialize()
        app.shell.kernel = app.kernel
        os.write(ready, READY)
        os.close(ready)
        app.start()
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(ready, f"{type(error).__name__}: {error}".encode()[:4096])
    finally:
        os._exit(0)
    raise AssertionError


def _drop_capabilities() -> None:
    """None is left, and none can come back."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        _call(_LIBC.prctl, _CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _call(_LIBC.capset, header, (ctypes.c_uint32 * 6)())
    _call(_LIBC.prctl, _SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _set_limits(request: dict[str, Any], *, fenced: bool) -> None:
    """Bound what the system itself can refuse; the supervisor sees to what it can't."""
    bounds = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: request["disk"],
        resource.RLIMIT_NOFILE: request["open_files"],
    }
    if fenced:  # elsewhere all processes of the user would count
        bounds[resource.RLIMIT_NPROC] = request["processes"]
        # On top of what the libraries map, and of what threads set aside and never touch.
        mapped = psutil.Process().memory_info().vms + SET_ASIDE
        bounds[resource.RLIMIT_AS] = mapped + request["memory"]
    for kind, most in bounds.items():
        resource.setrlimit(kind, (most, most))


def _call(function: Callable[..., int], *arguments: Any) -> None:
    """Make a system call; raises OSError as Python's own do."""
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__}: {os.strerror(number)}")


def _send(control: socket.socket, message: dict[str, Any]) -> None:
    with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
        control.send(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
