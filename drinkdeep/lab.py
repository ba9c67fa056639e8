"""JupyterLab on the course: ``drinkdeep lab``, which is what ``make lab`` runs."""

import argparse
import os
import sys

from drinkdeep.environment import COURSE, Trouble, python, space

WELCOME = "book/welcome.ipynb"
SETTINGS = (
    # JupyterLab would ask its makers' server for news and updates; the pins decide here.
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``drinkdeep lab`` takes."""
    parser.add_argument(
        "options",
        nargs=argparse.REMAINDER,
        help="handed on to JupyterLab, such as --port=9000 or --no-browser",
    )


def run(arguments: argparse.Namespace) -> int:
    """Open JupyterLab on the welcome notebook, and stay until it is closed; the exit code."""
    os.chdir(COURSE)
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
    LabApp.launch_instance([*SETTINGS, *arguments.options, WELCOME])
    return 0
