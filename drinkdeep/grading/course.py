"""What the grader knows of the course whose exercises it grades. No other file of it knows any.

Exercises of another course, in the form that CONTRIBUTING.md describes, are graded by the rest as
it is: what stands here is then that course's.
"""

from collections.abc import Iterator
from pathlib import Path

from drinkdeep import mnist_files
from drinkdeep.grading.errors import SandboxError

MODULES: tuple[str, ...] = ("drinkdeep.mnist", "drinkdeep.models", "drinkdeep.training")
"""What most exercises import: loaded once, before there is a kernel."""

DATA = "/data"
"""The folder in which a kernel finds the course's data."""

ENVIRONMENT = {"DRINKDEEP_CACHE": DATA}
"""How code of the course finds it there."""

EMPTY: tuple[Path, ...] = (mnist_files.SHIPPED / f"{mnist_files.TEST_LABELS}.gz",)
"""Files of an installed package that would give answers away; a kernel finds them empty."""


def data() -> Iterator[tuple[Path, str]]:
    """Yield each file of the data, and its path below :data:`DATA`; none that gives answers away.

    Raises
    ------
    SandboxError
        If a file can't be had.
    """
    try:
        raw = mnist_files.root() / "MNIST" / "raw"
    except mnist_files.MnistError as error:
        raise SandboxError(str(error)) from error
    for name in mnist_files.SHA256:
        if name != mnist_files.TEST_LABELS:
            yield raw / name, f"MNIST/raw/{name}"
