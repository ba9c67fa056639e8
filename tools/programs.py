"""The programs that were installed beside this Python, found by their names."""

import os
import sys
from pathlib import Path


def environment(**more: str) -> dict[str, str]:
    """Give the environment for a command that calls them: nbgrader calls alembic by its name.

    ``more`` are variables besides, or in place of those that we have.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, **more}
