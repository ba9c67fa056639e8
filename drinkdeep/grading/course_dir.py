"""The course that an instructor's command is about: how it is named, and nbgrader's view of it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from drinkdeep.grading.errors import CourseError

if TYPE_CHECKING:
    from nbgrader.apps import NbGrader


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say how every such command is told of the course."""
    parser.add_argument(
        "--course-dir",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="the course; default: here",
    )
    parser.add_argument(
        "--db", metavar="URL", help="the gradebook, if not the one of nbgrader_config.py"
    )


def course_folder(folder: Path) -> Path:
    """Give the folder back, if it is that of a course.

    Raises
    ------
    CourseError
        If it isn't.
    """
    if not (folder / "nbgrader_config.py").is_file():
        raise CourseError(
            f"{folder.resolve()} is not the folder of a course, which has a nbgrader_config.py: go "
            "there, or name it with --course-dir."
        )
    return folder


def application(db: str | None = None) -> "NbGrader":
    """Make an application of nbgrader's, with the settings of the course in which we are."""
    from nbgrader.apps import ExportApp

    app = ExportApp()
    app.initialize(["--log-level=ERROR", *([f"--db={db}"] if db else [])])
    return app
