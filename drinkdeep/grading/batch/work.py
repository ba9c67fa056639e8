"""A submission's work: what a worker gets, and what it does.

All that it gets travels with the :class:`Work`: a worker has neither the gradebook nor the course's
folder.
"""

import functools
import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drinkdeep.grading.errors import WorkersError
from drinkdeep.grading.sandbox.limits import Limits
from drinkdeep.grading.version import grader_version

if TYPE_CHECKING:
    from drinkdeep.grading.judging.assignment import Assignment

# What executes is imported in perform(): the process that has the gradebook needs no torch.


@dataclass(frozen=True)
class Work:
    """A submission to be executed, with all that is needed for it."""

    notebooks: dict[str, tuple[str, str]]
    """The sanitized notebook and its source, as JSON, by name."""
    seed: int
    limits: Limits
    sandboxed: bool
    modules: tuple[str, ...]
    """What the assignment imports."""
    version: str
    """The grader's, so that a worker that has another one can say so."""
    beside: dict[str, bytes]
    """Files that the notebooks' code finds beside it, by name."""


# The judge takes what is printed for itself, so a process does one submission at a time.
_one_at_a_time = threading.Lock()


def perform(work: Work) -> dict[str, str]:
    """Execute a submission; its notebooks, as JSON, by name.

    Raises
    ------
    WorkersError
        If this process has another version of the grader.
    """
    if work.version != grader_version(work.modules):
        raise WorkersError(
            "A worker has another version of drinkdeep or of torch than this machine: install the "
            "same one there, and start the workers again."
        )
    # First, since it keeps out what takes long: a Dask worker has loaded nothing of ours yet.
    from drinkdeep.grading.batch import preload  # noqa: F401, I001
    import nbformat
    import torch

    from drinkdeep.grading.judging.execute import execute

    with _one_at_a_time:
        torch.set_num_threads(1)
        return {
            name: json.dumps(
                execute(
                    nbformat.v4.reads(submission),
                    _assignment(source),
                    seed=work.seed,
                    limits=work.limits,
                    sandboxed=work.sandboxed,
                    beside=work.beside,
                )
            )
            for name, (submission, source) in work.notebooks.items()
        }


@functools.lru_cache(maxsize=8)
def _assignment(source: str) -> "Assignment":
    """Return what a source asks: the same for a whole class."""
    import nbformat

    from drinkdeep.grading.judging.assignment import Assignment

    return Assignment(nbformat.v4.reads(source))
