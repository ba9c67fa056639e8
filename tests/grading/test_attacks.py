"""What a submission might try against the machine that grades it, and what stands against it.

An attack is code in a student's kernel that says whether it `won`. In the sandbox it must not; with
the sandbox off, or with the bound out of reach, the same code does, so that each test would notice
if its defence were gone. (Attacks on the judge are in test_grading.py, those on whoever reads
feedback in test_feedback.py.)
"""

import contextlib
import os
import re
import socket
import subprocess
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from waiting import wait_for

import drinkdeep
from drinkdeep import mnist_files
from drinkdeep.grading.sandbox import bubblewrap, cgroup, forkserver
from drinkdeep.grading.sandbox.forkserver import fork_server
from drinkdeep.grading.sandbox.limits import Limits
from drinkdeep.grading.sandbox.student import StudentKernel

PACKAGE = Path(drinkdeep.__file__).parent
NOTHING = "gASVAgAAAAAAAAB9lC4="  # an empty dict, as the judge sends it
BEGIN = """
import glob, os, signal, socket, subprocess, sys, tempfile, time
tmp, won = tempfile.gettempdir(), False
"""
AS_ROOT = os.geteuid() == 0


@dataclass(frozen=True)
class Attack:
    """``code`` sets `won`. What only root can do isn't tried by others without the sandbox."""

    code: str
    needs_root: bool = False


# What there is to be seen or touched. The names in braces are those of `target`.
ATTACKS = {
    "environment": Attack("won = 'A_SECRET' in os.environ"),
    "gradebook": Attack("won = open({gradebook!r}).read() != ''"),
    "gradebook-by-a-link": Attack(
        "os.symlink({gradebook!r}, 'link-{unique}')\nwon = open('link-{unique}').read() != ''"
    ),
    "gradebook-through-proc": Attack("won = open('/proc/{pid}/root' + {gradebook!r}).read() != ''"),
    "solutions": Attack("won = os.path.exists({solutions!r})"),
    "other-submissions": Attack(
        "won = any(name.endswith('.ipynb') for top in ('/home', '/kernels', {course!r})"
        " for _, _, names in os.walk(top) for name in names)"
    ),
    "submissions-in-the-exchange": Attack("won = open({exchange!r}).read() != ''"),
    "the-grader": Attack("won = os.listdir({grader!r}) != []"),
    "labels-of-the-test-set": Attack("won = os.path.getsize({labels!r}) > 0"),
    "labels-in-the-cache": Attack(
        "won = os.path.exists(os.path.join(os.environ.get('DRINKDEEP_CACHE', {cache!r}),"
        " 'MNIST/raw/t10k-labels-idx1-ubyte'))"
    ),
    "processes-of-the-machine": Attack(
        "won = any('pytest' in open(f'/proc/{{number}}/cmdline').read()"
        " for number in os.listdir('/proc') if number.isdigit())"
    ),
    "memory-of-the-grader": Attack("won = open('/proc/{pid}/maps').read() != ''"),
    "memory-of-the-supervisor": Attack(
        "import re\n"
        "supervisor = f'/proc/{{os.getppid()}}'\n"
        "start = re.search('[0-9a-f]+', open(supervisor + '/maps').read())[0]\n"
        "memory = open(supervisor + '/mem', 'rb')\n"
        "memory.seek(int(start, 16))\n"
        "won = len(memory.read(10)) == 10",
        needs_root=True,
    ),
    "ptrace": Attack(
        "import ctypes\n"
        "libc, attach, detach = ctypes.CDLL(None), 16, 17\n"
        "won = libc.ptrace(attach, os.getppid(), 0, 0) == 0\n"
        "if won: os.waitpid(os.getppid(), 0x40000000)  # until it has stopped (__WALL)\n"
        "libc.ptrace(detach, os.getppid(), 0, 0)",
        needs_root=True,
    ),
    "signal-to-the-grader": Attack("os.kill({pid}, 0)\nwon = True"),
    "server-on-the-machine": Attack(
        "won = socket.create_connection(('127.0.0.1', {port}), 60).recv(2) == b'hi'"
    ),
    "socket-without-a-file": Attack(
        "s = socket.socket(socket.AF_UNIX)\ns.connect({abstract!r})\nwon = s.recv(2) == b'hi'"
    ),
    "forkserver": Attack(
        "s = socket.socket(socket.AF_UNIX)\n"
        "found = [p for f in ('/kernels', {kernels!r}) for p in glob.glob(f + '/forkserver')]\n"
        "s.connect(found[0])\n"
        "won = True"
    ),
    "sockets-of-other-kernels": Attack(
        "won = any(glob.glob(folder + '/*/' + name)"
        " for folder in ('/kernels', {kernels!r}) for name in ('s-*', 'queries'))"
    ),
    "folder-of-its-sockets": Attack(
        "import ipykernel\n"
        "path = os.path.join(os.path.dirname(ipykernel.get_connection_file()), 'more')\n"
        "open(path, 'w').close()\nos.remove(path)\nwon = True"
    ),
    "installed-packages": Attack(
        "import tqdm\n"
        "path = os.path.join(os.path.dirname(tqdm.__file__), 'attack-{unique}')\n"
        "open(path, 'w').close()\nos.remove(path)\nwon = True"
    ),
    "helper-package": Attack(
        "path = os.path.join({package!r}, 'attack-{unique}')\n"
        "open(path, 'w').close()\nos.remove(path)\nwon = True"
    ),
    "root-folder": Attack(
        "path = '/attack-{unique}'\nopen(path, 'w').close()\nos.remove(path)\nwon = True",
        needs_root=True,
    ),
    "settings-of-the-system": Attack(
        "open('/proc/sys/kernel/core_pattern', 'a').close()\nwon = True", needs_root=True
    ),
    "a-disk": Attack(
        "path = 'disk-{unique}'\n"
        "os.mknod(path, 0o60600, os.makedev(7, 0))\nos.remove(path)\nwon = True",
        needs_root=True,
    ),
    "mount": Attack(
        "import ctypes\n"
        "os.mkdir('m-{unique}')\n"
        "libc = ctypes.CDLL(None)\n"
        "won = libc.mount(b'none', b'm-{unique}', b'tmpfs', 0, None) == 0\n"
        "libc.umount(b'm-{unique}')",
        needs_root=True,
    ),
    "namespace-of-users": Attack(
        "made = subprocess.run(['unshare', '--user', 'true'], capture_output=True)\n"
        "won = made.returncode == 0",
        needs_root=True,
    ),
    "root": Attack("os.setuid(0)\nwon = True", needs_root=True),
}

# What takes too much: the code, the bounds that it meets besides TIGHT, and what the student reads.
# Who holds something holds it for `patience` seconds, so that whoever counts comes to look.
TIGHT = Limits(
    cell_seconds=30,
    clock_seconds=60,
    interrupt_seconds=1,
    memory_bytes=2**29,
    processes=60,
    disk_bytes=2**24,
    files=100,
    open_files=100,
)
PATIENCE = 30
"""Seconds within which the supervisor gets to look, and to act, on a busy machine."""
LOOSE = {"memory_bytes": 2**33, "processes": 4000, "disk_bytes": 2**30, "open_files": 1000}
BOMBS = {
    "memory": ("x = bytearray(3 * 2**30)\nwon = True", {}, "MemoryError"),
    "memory-of-many": (
        "told, tell = os.pipe()\n"
        "stay, leave = os.pipe()\n"
        "for _ in range(4):\n"
        "    if os.fork() == 0:\n"
        "        os.close(leave)\n"
        "        x = bytearray(200 * 2**20)\n"
        "        for place in range(0, len(x), 4096): x[place] = 1\n"
        "        os.write(tell, b'.')\n"
        "        os.read(stay, 1)\n"
        "        os._exit(0)\n"
        "for _ in range(4): os.read(told, 1)\n"
        "time.sleep(patience)\n"
        "os.close(leave)\n"
        "won = True",
        {},
        "Ended by the grader for taking more than 0.5 GB of memory in cell 7.",
    ),
    "forks": (
        "stay, leave = os.pipe()\n"
        "try:\n"
        "    for _ in range(80):\n"
        "        if os.fork() == 0:\n"
        "            os.close(leave)\n"
        "            os.read(stay, 1)\n"
        "            os._exit(0)\n"
        "    won = True\n"
        "finally:\n"
        "    os.close(leave)",
        {"memory_bytes": 2**32},
        "Resource temporarily unavailable",
    ),
    "forks-of-forks": (
        "told, tell = os.pipe()\n"
        "for _ in range(80):  # each is the child of the one before, and all stay\n"
        "    try:\n"
        "        child = os.fork()\n"
        "    except OSError as error:\n"
        "        os.write(tell, str(error).encode())\n"
        "        os._exit(1)\n"
        "    if child:\n"
        "        break\n"
        "else:\n"
        "    os.write(tell, b'all are there')\n"
        "    os._exit(0)\n"
        "if os.getpid() != pid:\n"
        "    os.waitpid(child, 0)\n"
        "    os._exit(0)\n"
        "heard = os.read(told, 100).decode()\n"
        "assert heard == 'all are there', heard\n"
        "won = True",
        {"memory_bytes": 2**32},
        "Resource temporarily unavailable",
    ),
    "busy-for-ever": (
        "while time.process_time() < 4: pass\nwon = True",
        {"cell_seconds": 1},
        "Stopped after 1 s of CPU time in cell 7.",
    ),
    "busy-in-a-child": (
        "child = os.fork()\n"
        "if child == 0:\n"
        "    while time.process_time() < 3: pass\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "won = True",
        {"cell_seconds": 1},
        "Stopped after 1 s of CPU time in cell 7.",
    ),
    # Each is seen by the supervisor, and none is waited for.
    "busy-in-children-that-nobody-waits-for": (
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "for _ in range(6):\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        while time.process_time() < 0.6: pass\n"
        "        os._exit(0)\n"
        "    while os.path.exists(f'/proc/{child}'): time.sleep(0.01)\n"
        "won = True",
        {"cell_seconds": 1},
        "Stopped after 1 s of CPU time in cell 7.",
    ),
    "memory-files": (
        "files = [os.memfd_create('x') for _ in range(4)]\n"
        "for file in files:\n"
        "    for _ in range(150): os.write(file, bytes(2**20))\n"
        "time.sleep(patience)\nwon = True",
        {"disk_bytes": 2**28},
        "MemoryError",
    ),
    "memory-files-that-nobody-has-open": (
        "import mmap\nmaps = []\n"
        "for _ in range(4):\n"
        "    file = os.memfd_create('x')\n"
        "    for _ in range(150): os.write(file, bytes(2**20))\n"
        "    maps.append(mmap.mmap(file, 150 * 2**20))\n"
        "    sum(maps[-1][::4096])\n"
        "    os.close(file)\n"
        "time.sleep(patience)\nwon = True",
        {"disk_bytes": 2**28},
        "MemoryError",
    ),
    "folders-in-memory": (
        "folders = {'/dev/shm', os.environ['HOME'], tmp}  # the last may be the one before\n"
        "for folder in folders:\n"
        "    with open(folder + '/much', 'wb') as file:\n"
        "        for _ in range(600 // len(folders)): file.write(bytes(2**20))\n"
        "time.sleep(patience)\nwon = True",
        {"disk_bytes": 2**29},
        "MemoryError",
    ),
    "shared-memory-that-nobody-has": (
        "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.shmat.restype = ctypes.c_void_p\n"
        "libc.shmdt.argtypes = [ctypes.c_void_p]\n"
        "for _ in range(4):\n"
        "    number = libc.shmget(0, 150 * 2**20, 0o1600)\n"
        "    place = libc.shmat(number, None, 0)\n"
        "    ctypes.memset(place, 1, 150 * 2**20)\n"
        "    libc.shmdt(place)\n"
        "time.sleep(patience)\nwon = True",
        {},
        "MemoryError",
    ),
    "asleep": (
        "time.sleep(2 + patience)\nwon = True",
        {"clock_seconds": 1},
        "Stopped after 1 s on the clock in cell 7.",
    ),
    "ignoring-interrupts": (
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "while time.process_time() < 4: pass\nwon = True",
        {"cell_seconds": 1},
        "Stopped after 1 s of CPU time in cell 7.",
    ),
    "stopping-itself": (
        "subprocess.Popen(['sh', '-c', f'sleep {2 + patience}; kill -CONT {os.getpid()}'])\n"
        "os.kill(os.getpid(), signal.SIGSTOP)\nwon = True",
        {"clock_seconds": 1},
        "Stopped after 1 s on the clock in cell 7.",
    ),
    "full-disk": (
        "with open('/dev/shm/much', 'wb') as file:\n"
        "    for _ in range(20): file.write(bytes(2**20))\n"
        "won = True",
        {},
        "File too large",
    ),
    "full-disk-of-many-files": (
        "for n in range(20):\n"
        "    with open(f'/dev/shm/{n}', 'wb') as file: file.write(bytes(2**20))\n"
        "won = True",
        {},
        "No space left on device",
    ),
    "many-files": (
        "for n in range(200): open(f'{tmp}/{n}', 'w').close()\nwon = True",
        {},
        "No space left on device",
    ),
    "many-open-files": (
        "files = [open('/dev/null') for _ in range(200)]\nwon = True",
        {},
        "Too many open files",
    ),
}

# What stays for whoever comes next, or is there at the same time: done by one, found by another.
TRACES = {
    "file-in-tmp": (
        "open(tmp + '/{unique}', 'w').close()",
        "won = os.path.exists(tmp + '/{unique}')\nos.remove(tmp + '/{unique}')",
    ),
    "file-in-shared-memory": (
        "open('/dev/shm/{unique}', 'w').close()",
        "won = os.path.exists('/dev/shm/{unique}')\nos.remove('/dev/shm/{unique}')",
    ),
    "shared-memory-of-system-v": (
        "import ctypes\nassert ctypes.CDLL(None).shmget({key}, 64, 0o1666) >= 0",
        "import ctypes\nlibc = ctypes.CDLL(None)\nfound = libc.shmget({key}, 64, 0)\n"
        "won = found >= 0\nlibc.shmctl(found, 0, None)",
    ),
    "server": (
        "server = socket.create_server(('127.0.0.1', {free_port}))",
        "socket.create_connection(('127.0.0.1', {free_port}), 60)\nwon = True",
    ),
    "socket-without-a-file": (
        "server = socket.socket(socket.AF_UNIX)\nserver.bind('\\x00{unique}')\nserver.listen()",
        "s = socket.socket(socket.AF_UNIX)\ns.connect('\\x00{unique}')\nwon = True",
    ),
    "process": (
        "subprocess.Popen(['sh', '-c', 'sleep 30; : {unique}'], start_new_session=True)",
        "won = any('{unique}' in open(f'/proc/{{number}}/cmdline').read()"
        " for number in os.listdir('/proc') if number.isdigit())",
    ),
}


def tried(student: StudentKernel, code: str, place: str = "cell 7") -> tuple[bool, str]:
    """Whether an attack won, and what its cell put out."""
    outputs = student.run(BEGIN + code, place)
    told = " ".join(o.get("text") or o.get("evalue") or o.get("ename") or "" for o in outputs)
    told += " ".join(o.get("ename", "") for o in outputs)
    return student.answer("won", NOTHING) is True, told


@pytest.fixture(scope="module")
def no_server() -> Iterator[None]:
    """No fork server has been started yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forkserver, "_servers", {})
        yield


@pytest.fixture(scope="module")
def target(
    tmp_path_factory: pytest.TempPathFactory, no_server: None
) -> Iterator[dict[str, object]]:
    """What there is to be had on the machine that grades."""
    course = tmp_path_factory.mktemp("course")
    gradebook = course / "gradebook.db"
    gradebook.write_text("the grades of all")
    notebook = course / "submitted" / "bitdiddle" / "01_cost" / "01_cost.ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.write_text("{}")
    # In the exchange's own place where we may write there; the sandbox begins after that.
    exchange = bubblewrap.EXCHANGE if AS_ROOT else course
    made = [folder for folder in (exchange, exchange / "exchange") if not folder.exists()]
    handed_in = exchange / "exchange" / f"bitdiddle-{uuid.uuid4()}.ipynb"
    handed_in.parent.mkdir(parents=True, exist_ok=True)
    handed_in.write_text("{}")
    abstract = f"\0drink-deep-{uuid.uuid4()}"
    by_name = socket.socket(socket.AF_UNIX)
    by_name.bind(abstract)
    by_name.listen()
    by_port = socket.create_server(("127.0.0.1", 0))
    for server in (by_name, by_port):
        threading.Thread(target=greet, args=(server,), daemon=True).start()
    yield {
        "gradebook": str(gradebook),
        "course": str(course),
        "exchange": str(handed_in),
        "pid": os.getpid(),
        "solutions": str(PACKAGE.parent / "solutions"),
        "grader": str(PACKAGE / "grading"),
        "package": str(PACKAGE),
        "labels": str(mnist_files.SHIPPED / f"{mnist_files.TEST_LABELS}.gz"),
        "cache": str(mnist_files.root()),
        "port": by_port.getsockname()[1],
        "abstract": abstract,
    }
    by_name.close()
    by_port.close()
    handed_in.unlink()
    for folder in reversed(made):
        folder.rmdir()


def greet(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            visitor, _ = server.accept()
            visitor.sendall(b"hi")
            visitor.close()


@pytest.fixture(scope="module")
def fenced(sandbox: None, target: dict[str, object]) -> Iterator[StudentKernel]:
    os.environ["A_SECRET"] = "don't tell"
    try:
        with StudentKernel(Limits()) as student:
            yield student
    finally:
        del os.environ["A_SECRET"]


@pytest.fixture(scope="module")
def unfenced(sandbox: None, target: dict[str, object]) -> Iterator[StudentKernel]:
    os.environ["A_SECRET"] = "don't tell"
    with StudentKernel(Limits(), sandboxed=False) as student:
        yield student


@pytest.mark.parametrize("name", ATTACKS)
def test_what_there_is_can_not_be_had(
    fenced: StudentKernel, unfenced: StudentKernel, target: dict[str, object], name: str
) -> None:
    attack = ATTACKS[name]
    for student, fence in ((fenced, True), (unfenced, False)):
        code = attack.code.format(
            **target, kernels=str(fork_server(sandboxed=fence).folder), unique=uuid.uuid4().hex
        )
        won, told = tried(student, code)
        if fence:
            assert not won
        elif AS_ROOT or not attack.needs_root:
            assert won, told


@pytest.mark.parametrize("name", BOMBS)
def test_a_submission_takes_no_more_than_it_may(sandbox: None, name: str) -> None:
    code, bounds, words = BOMBS[name]
    with StudentKernel(Limits(**{**vars(TIGHT), **bounds})) as student:
        won, told = tried(student, prepared(code, PATIENCE))
        assert not won
        assert words in told
    with StudentKernel(Limits(**LOOSE)) as student:
        won, told = tried(student, prepared(code, 1))
        assert won, told


def prepared(code: str, patience: int) -> str:
    """One of BOMBS with the names that it uses."""
    return f"pid, patience = os.getpid(), {patience}\n{code}"


FLOODS = {
    "text": "for _ in range(1000): print(1000 * 'x', flush=True)",
    "a-display-drawn-anew": (
        "from IPython.display import display, HTML\n"
        "shown = display(HTML('x'), display_id=True)\n"
        "shown.update(HTML(1_000_000 * 'x'))"
    ),
    "many-displays-drawn-anew": (
        "from IPython.display import display, HTML\n"
        "for _ in range(100): display(HTML('x'), display_id='one')\n"
        "from IPython.display import update_display\n"
        "update_display(HTML(9_000 * 'x'), display_id='one')"
    ),
    "an-error": "raise ValueError(1_000_000 * 'x')",
    "a-picture": (
        "from IPython.display import display\ndisplay({'image/png': 1_000_000 * 'A'}, raw=True)"
    ),
}


@pytest.mark.parametrize("code", FLOODS.values(), ids=FLOODS)
def test_a_flood_of_output_is_cut_off(sandbox: None, code: str) -> None:
    for most, cut in ((10_000, True), (10_000_000, False)):
        with StudentKernel(Limits(output_characters=most)) as student:
            outputs = student.run(code)
            assert student.run("print(1)")[0].text == "1\n"
        told = "".join(output.get("text", "") for output in outputs)
        assert told.count("… and more, not shown.") == cut
        assert (len(str(outputs)) < 20_000) == cut


def test_what_is_overwritten_or_cleared_is_no_flood(sandbox: None) -> None:
    bar = "for i in range(500): print(100 * '=' + f' {i:3}', end='\\r', flush=True)\nprint('done')"
    cleared = (
        "from IPython.display import clear_output\n"
        "for i in range(50):\n    clear_output()\n    print(1000 * 'x' + str(i))"
    )
    with StudentKernel(Limits(output_characters=10_000)) as student:
        for code, end in ((bar, "done"), (cleared, "49")):
            text = "".join(output.text for output in student.run(code))
            assert text.strip().endswith(end)
            assert "and more" not in text


def test_a_display_of_an_earlier_cell_is_not_drawn_anew(sandbox: None) -> None:
    with StudentKernel(Limits()) as student:
        student.run("from IPython.display import display\nshown = display('x', display_id=True)")
        outputs = student.run("shown.update('y')\nprint('still here')")
    assert [output.text for output in outputs] == ["still here\n"]


@pytest.mark.parametrize(
    "name", [n for n, (_, _, words) in BOMBS.items() if re.search("(?i)memory|cpu time", words)]
)
def test_the_bounds_hold_without_a_control_group(
    sandbox: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """They hold with one, too, where one can be made: all of BOMBS has one there."""
    monkeypatch.setattr(cgroup, "make", dict)
    code, bounds, words = BOMBS[name]
    with StudentKernel(Limits(**{**vars(TIGHT), **bounds})) as student:
        won, told = tried(student, prepared(code, PATIENCE))
    assert not won
    assert words in told


def counted(account: str) -> bool:
    """Whether a control group with this account can be made here."""
    made = cgroup.make()
    cgroup.remove(made.values())
    return account in made


@pytest.mark.skipif(not counted(cgroup.MEMORY), reason="no control group counts memory here")
def test_a_control_group_counts_memory_that_is_under_way(
    sandbox: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import socket\none, other = socket.socketpair()\n"
        "for _ in range(4):\n"
        "    file = os.memfd_create('x')\n"
        "    for _ in range(150): os.write(file, bytes(2**20))\n"
        "    socket.send_fds(one, [b'x'], [file])\n"
        "    os.close(file)\n"
        "time.sleep(patience)\nwon = True"
    )
    limits = Limits(**{**vars(TIGHT), "disk_bytes": 2**28})
    with StudentKernel(limits) as student:
        won, told = tried(student, prepared(code, PATIENCE))
    assert not won
    assert "MemoryError" in told
    monkeypatch.setattr(cgroup, "make", dict)
    with StudentKernel(limits) as student:
        won, told = tried(student, prepared(code, 2))
    assert won, told


@pytest.mark.skipif(
    not (counted(cgroup.CPU) or counted(cgroup.MEMORY)), reason="no control group can be made here"
)
def test_groups_that_a_killed_run_has_left_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "PREFIX", f"drinkdeep-test-{uuid.uuid4().hex}-")
    with subprocess.Popen(["sleep", "60"]) as process:
        busy = cgroup.make()
        for account in cgroup.enter(busy, process.pid).values():
            os.close(account)
        left = cgroup.make()
        cgroup.remove_left()
        assert all(folder.exists() for folder in left.values()), "it may await its kernel"
        monkeypatch.setattr(cgroup, "LEFT_SECONDS", -1)
        cgroup.remove_left()
        assert not any(folder.exists() for folder in left.values())
        assert all(folder.exists() for folder in busy.values())
        process.kill()
    cgroup.remove(busy.values())
    assert not any(folder.exists() for folder in busy.values())


def test_what_no_control_group_counts_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "make", dict)
    assert all(text in cgroup.not_seen() for text in cgroup.WITHOUT.values())
    monkeypatch.setattr(cgroup, "make", lambda: dict.fromkeys(cgroup.WITHOUT, Path("nowhere")))
    assert cgroup.not_seen() == ""


@pytest.mark.skipif(not counted(cgroup.CPU), reason="no control group counts CPU time here")
def test_a_control_group_counts_what_nobody_has_seen(
    sandbox: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each child is gone before the supervisor's next look; the group goes with the kernel."""
    made: list[dict[str, Path]] = []  # others of this machine come and go meanwhile
    make = cgroup.make

    def noted() -> dict[str, Path]:
        made.append(make())
        return made[-1]

    monkeypatch.setattr(cgroup, "make", noted)
    code = (
        "many = '''\n"  # in a small process, whose forks take next to nothing
        "import contextlib, os, signal, time\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "for _ in range(400):\n"
        "    if os.fork() == 0:\n"
        "        while time.process_time() < 0.01: pass\n"
        "        os._exit(0)\n"
        "    with contextlib.suppress(ChildProcessError): os.wait()  # until it has ended\n"
        "'''\n"
        "subprocess.run([sys.executable, '-ISc', many], check=True)\n"
        "won = True"
    )
    with StudentKernel(Limits(**{**vars(TIGHT), "cell_seconds": 2})) as student:
        group = made[0][cgroup.CPU]
        assert (group / "cgroup.procs").read_text() != ""
        won, told = tried(student, code)
        assert not won
        assert "Stopped after 2 s of CPU time" in told
    assert not any(folder.exists() for folder in made[0].values())


@pytest.mark.parametrize("name", TRACES)
def test_a_kernel_knows_nothing_of_another(sandbox: None, name: str) -> None:
    leave, find = TRACES[name]
    for fence in (True, False):
        with socket.create_server(("127.0.0.1", 0)) as server:
            free_port = server.getsockname()[1]
        unique = uuid.uuid4()
        names = {"unique": unique.hex, "free_port": free_port, "key": unique.int % 2**31}
        with (
            StudentKernel(TIGHT, sandboxed=fence) as one,
            StudentKernel(TIGHT, sandboxed=fence) as another,
        ):
            _, told = tried(one, leave.format(**names))
            assert told.strip() == ""
            won, told = tried(another, find.format(**names))
            assert won != fence, told


def test_nothing_outlives_its_kernel(sandbox: None) -> None:
    mark = uuid.uuid4().hex
    code = (
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        f"        os.execvp('sh', ['sh', '-c', 'sleep 300; : {mark}'])\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)  # only then is its child nobody's, to be found by nobody\n"
    )
    for fence in (True, False):
        with StudentKernel(TIGHT, sandboxed=fence) as student:
            tried(student, code)
            wait_for(lambda: running(mark))
        if fence:
            # Told to end at once, and gone as soon as the system has time for it.
            wait_for(lambda: not running(mark))
            continue
        left = running(mark)
        for process in left:
            for one in (*process.children(recursive=True), process):
                one.kill()
        assert left


def running(mark: str) -> list[psutil.Process]:
    """The processes with this in their command line."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if any(mark in part for part in process.cmdline()):
                found.append(process)
    return found


def test_after_a_stop_the_rest_is_graded(sandbox: None) -> None:
    """A cell that took too long ends there; the names of the others are still to be had."""
    with StudentKernel(Limits(**{**vars(TIGHT), "clock_seconds": 3})) as student:
        student.run("answer = 41 + 1")
        tried(student, "time.sleep(30)")
        assert student.timed_out
        assert student.answer("answer", NOTHING) == 42


def test_sleep_in_every_cell_comes_to_an_end(sandbox: None) -> None:
    """Each cell is within its own bound, and what needs no time is still to be had."""
    with StudentKernel(Limits(notebook_seconds=10)) as student:
        assert tried(student, "won = True") == (True, "")
        for _ in range(3):
            won, told = tried(student, "time.sleep(60)\nwon = True")
            assert not won
            assert "Stopped as the notebook had taken 10 s on the clock in cell 7." in told
        assert student.timed_out
        student.run("answer = 41 + 1")
        assert student.answer("answer", NOTHING) == 42
