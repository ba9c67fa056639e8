"""JupyterLab on the course: ``drinkdeep lab``, which is what ``make lab`` runs."""

import argparse
import os
import sys
from pathlib import Path

from drinkdeep.desk.check import COURSE, Trouble, python, space

SETTINGS = (
    # The whole course, so that links lead from chapters to exercises. A file's name in place of
    # this would make that file's folder all that there is.
    f"--ServerApp.root_dir={COURSE}",
    "--LabApp.default_url=/lab/tree/book/welcome.ipynb",
    # JupyterLab would ask its makers' server for news and updates; the pins decide here.
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)
# JupyterLab's settings for the course: no question about news; for students, none of the tools
# with which assignments are made and graded. A user's own settings win.
CONFIG = Path(__file__).parent / "jupyter"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``drinkdeep lab`` takes JupyterLab's options, such as ``--port=9000`` or ``--no-browser``."""
    parser.set_defaults(others=[])
    parser.epilog = "JupyterLab's own options may follow, such as --port=9000 or --no-browser."


def run(arguments: argparse.Namespace) -> int:
    """Open JupyterLab on the welcome notebook, and stay until it is closed; the exit code."""
    os.chdir(COURSE)
    # A terminal in JupyterLab finds the course's commands, and nbgrader its own.
    _put_first("PATH", Path(sys.executable).parent)
    _put_first("JUPYTER_CONFIG_PATH", CONFIG)
    try:
        python()
        space()
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    try:
        from jupyterlab.labapp import LabApp
    except ImportError as error:
        print(
            f"JupyterLab does not load ({error}): run `make lab` in the course's folder, "
            "which installs it.",
            file=sys.stderr,
        )
        return 1
    LabApp.launch_instance([*SETTINGS, *arguments.others])
    return 0


def _put_first(variable: str, folder: Path) -> None:
    """Have whatever we start look into ``folder`` before the others that the variable names."""
    others = filter(None, [os.environ.get(variable)])
    os.environ[variable] = os.pathsep.join([str(folder), *others])
