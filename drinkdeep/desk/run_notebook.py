"""Run a notebook from top to bottom: for *Validate*, ``drinkdeep progress``, tools and tests."""

import subprocess
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

# A cell that takes longer, such as a loop without an end, is stopped, and the others still run.
CELL_SECONDS = 600


def run(notebook: NotebookNode, folder: Path, **options: Any) -> NotebookNode | None:
    """Run every cell in a kernel of its own, in ``folder``, whatever the others do.

    ``options`` are nbclient's, such as ``on_cell_complete``; with ``allow_errors=False`` it stops
    at the first cell that fails and raises nbclient's ``CellExecutionError``. Returns the cell that
    was running when the kernel ended, if it did: the cells below were not run.
    """
    # Whoever only imports us, as every nbgrader command does, has no use for a kernel.
    from nbclient import NotebookClient
    from nbclient.exceptions import DeadKernelError

    last = None

    def begun(cell: NotebookNode, **_: object) -> None:
        nonlocal last
        last = cell

    usual = {"timeout": CELL_SECONDS, "interrupt_on_timeout": True, "allow_errors": True}
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=begun,
        **{**usual, **options},
    )
    try:
        # What a kernel says of itself as it starts is nothing to a student.
        client.execute(stderr=subprocess.DEVNULL)
    except DeadKernelError:
        return last
    return None


def ended(name: str) -> str:
    """Say that the kernel ended while it ran the cell of this name."""
    # exit() lets the kernel finish its cell, and often the next, before it ends.
    return (
        f"The kernel ended while it ran {name}, so what stands below was not looked at: "
        "let neither it nor a cell above it use all of the memory, or end Python as exit() does."
    )
