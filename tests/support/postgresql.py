"""A PostgreSQL server of our own, that listens on a socket and nowhere else."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path


def programs() -> Path | None:
    """Where PostgreSQL's server is, the newest; Debian keeps it off the PATH."""
    found = [Path(path).parent for path in filter(None, [shutil.which("initdb")])]
    kept = Path("/usr/lib/postgresql").glob("*/bin")
    found += sorted(kept, key=lambda path: int(path.parent.name), reverse=True)
    return next(iter(found), None)


@contextlib.contextmanager
def server(folder: Path, user: str) -> Iterator[None]:
    """Start it for a user, with its socket in ``folder``, whose path has to be short."""
    program = programs()
    assert program
    # The server refuses to be run by root.
    owner = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    if owner:
        shutil.chown(folder, **owner)
    data = folder / "data"
    subprocess.run(
        [program / "initdb", "-D", data, "-U", user, "-A", "trust", "--no-sync"],
        check=True,
        capture_output=True,
        cwd=folder,
        **owner,
    )
    command = [program / "postgres", "-D", data, "-k", folder, "-F", "-c", "listen_addresses="]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, **owner) as run:
        assert run.stderr is not None
        for line in run.stderr:
            if "ready to accept connections" in line:
                break
        try:
            yield
        finally:
            run.terminate()
            run.communicate()
