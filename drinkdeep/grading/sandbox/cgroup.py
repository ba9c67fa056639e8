"""A control group for each kernel, where there may be one: the system's own count of its CPU time.

It has the time of all processes that there ever were in it. Without it the supervisor adds up what
it sees: the time of a process that ends unheeded, its parent not waiting for it, counts as it was
seen last. Version 2 of cgroups is what is used, as root or where a subtree has been delegated.
"""

import contextlib
import os
import time
import uuid
from pathlib import Path

WITHOUT = (
    "No control group can be made here (cgroup v2, as root or delegated): of a process that nobody "
    "waits for, the last tenth of a second of CPU time is not bounded, and all else is."
)

LEAVING_SECONDS = 5
"""A process is gone a little later than its parent hears of it: on a busy machine, that much."""


def make() -> Path | None:
    """The folder of a new control group below our own; None where none can be made."""
    parent = _own()
    if parent is None:
        return None
    folder = parent / f"drinkdeep-{uuid.uuid4().hex}"
    try:
        folder.mkdir()
    except OSError:
        return None
    # Without a say over our own group, nobody can be brought from there into the new one.
    if os.access(parent / "cgroup.procs", os.W_OK) and (folder / "cpu.stat").is_file():
        return folder
    remove(folder)
    return None


def available() -> bool:
    """Whether one can be made here."""
    folder = make()
    if folder is not None:
        remove(folder)
    return folder is not None


def enter(folder: Path, process: int) -> int | None:
    """Bring a process into a group; a descriptor of its ``cpu.stat``, None if it can't be had."""
    try:
        (folder / "cgroup.procs").write_text(str(process))
        return os.open(folder / "cpu.stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def remove(folder: Path) -> None:
    """Remove a group once nobody is in it any more; it stays if somebody stays."""
    end = time.monotonic() + LEAVING_SECONDS
    while True:
        with contextlib.suppress(OSError):
            folder.rmdir()
        if not folder.exists() or time.monotonic() > end:
            return
        time.sleep(0.005)


def _own() -> Path | None:
    """The folder of the group that we are in ourselves."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        groups = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    places = [line.split()[4] for line in mounts if " - cgroup2 " in line]
    own = [line[len("0::") :] for line in groups if line.startswith("0::")]
    return Path(places[0] + own[0]) if places and own else None
