"""A control group for each kernel, where there may be one: the system's own accounts of it.

``cpu.stat`` has the CPU time of all processes that there ever were in the group, and
``memory.stat`` the memory that they hold, by whatever means. Without them the supervisor adds up
what it sees, and :func:`not_seen` says what that leaves out. They are had as root, or where a
subtree has been delegated: the CPU time in version 2 of cgroups, the memory in either version,
wherever its controller is on.
"""

import contextlib
import functools
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

CPU, MEMORY = "cpu.stat", "memory.stat"
PREFIX = "drinkdeep-"

WITHOUT = {
    CPU: "of a process that nobody waits for, up to its last tenth of a second of CPU time, or all "
    "of it if it lived for less",
    MEMORY: "a memory file that no process has open, for it is under way between two",
}
"""What isn't counted without an account."""

LEAVING_SECONDS = 5
"""A process is gone a little later than its parent hears of it: on a busy machine, that much."""

LEFT_SECONDS = 60
"""An empty group that is as old was left by a run that was killed; others await their kernel."""


def make() -> dict[str, Path]:
    """Make a group for a kernel; each account that can be had, and the folder that has it."""
    name = f"{PREFIX}{uuid.uuid4().hex}"
    made: dict[str, Path] = {}
    for account, parent in _places().items():
        with contextlib.suppress(OSError):
            (parent / name).mkdir(exist_ok=True)  # both accounts may be in one
            made[account] = parent / name
    return made


def not_seen() -> str:
    """Say in a sentence what isn't bounded here, for want of an account; nothing if all is."""
    made = make()
    remove(made.values())
    lacking = [text for account, text in WITHOUT.items() if account not in made]
    return (
        f"No control group can be made here that counts all (as root or delegated), so this is not "
        f"bounded, and all else is: {'; '.join(lacking)}."
        if lacking
        else ""
    )


def enter(group: Mapping[str, Path], process: int) -> dict[str, int]:
    """Bring a process into a group; a descriptor of each account that it is counted in."""
    opened = {}
    for account, folder in group.items():
        with contextlib.suppress(OSError):
            (folder / "cgroup.procs").write_text(str(process))
            opened[account] = os.open(folder / account, os.O_RDONLY | os.O_CLOEXEC)
    return opened


def cpu_seconds(group: Mapping[str, Path]) -> float:
    """Return the CPU seconds of all processes that there ever were in a group."""
    text = (group[CPU] / CPU).read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if "usage_usec" in line) / 1e6


def remove(folders: Iterable[Path]) -> None:
    """Remove a group once nobody is in it any more; it stays if somebody stays."""
    end = time.monotonic() + LEAVING_SECONDS
    for folder in set(folders):
        while folder.exists():
            with contextlib.suppress(OSError):
                folder.rmdir()
                break
            if time.monotonic() > end:
                break
            time.sleep(0.001)


def remove_left() -> None:
    """Remove the groups that runs have left which were killed."""
    for parent in set(_places().values()):
        for folder in parent.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):  # it is in use, or gone already
                if time.time() - folder.stat().st_ctime > LEFT_SECONDS:
                    folder.rmdir()


@functools.cache
def _places() -> dict[str, Path]:
    """Below which group each account can be had: our own, or the next above it."""
    found: dict[str, Path] = {}
    for account, parent in _candidates():
        if account in found:
            continue
        folder = parent / f"{PREFIX}{uuid.uuid4().hex}"
        try:
            folder.mkdir()
        except OSError:
            continue
        # Without a say over the group above both, nobody can be brought from ours into the new one.
        if os.access(parent / "cgroup.procs", os.W_OK) and (folder / account).is_file():
            found[account] = parent
        remove([folder])
    return found


def _candidates() -> Iterator[tuple[str, Path]]:
    """Yield where each account might be had, the best place first."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        groups = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    except OSError:
        return
    for account, kind, controller in (
        (CPU, "cgroup2", ""),
        (MEMORY, "cgroup2", ""),
        (MEMORY, "cgroup", "memory"),
    ):
        own = next((path for _, names, path in groups if controller in names.split(",")), None)
        places = [
            mount[4]
            for mount in mounts
            for found, *_, options in [mount[mount.index("-") + 1 :]]
            if found == kind and (not controller or controller in options.split(","))
        ]
        if own and places:
            # Whose own group has processes in it can't have memory counted below, but beside it.
            for group in (Path(own), *Path(own).parents):
                yield account, Path(places[0]) / group.relative_to("/")
