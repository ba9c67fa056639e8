"""Running an exercise from top to bottom, for *Validate* and for ``drinkdeep progress``."""

import subprocess
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

# A cell that takes longer, such as a loop without an end, is stopped, and the others still run.
CELL_SECONDS = 600


def run(notebook: NotebookNode, folder: Path, **hooks: Any) -> NotebookNode | None:
    """Run every cell in a kernel of its own, in ``folder``, whatever the others do.

    Returns the cell that was running when the kernel ended, if it did: the cells below were not
    run. ``hooks`` are nbclient's, such as ``on_cell_complete``.
    """
    # Whoever only imports us, as every nbgrader command does, has no use for a kernel.
    from nbclient import NotebookClient
    from nbclient.exceptions import DeadKernelError

    last = None

    def begun(cell: NotebookNode, **_: object) -> None:
        nonlocal last
        last = cell

    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_SECONDS,
        interrupt_on_timeout=True,
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=begun,
        **hooks,
    )
    try:
        # What a kernel says of itself as it starts is nothing to a student.
        client.execute(stderr=subprocess.DEVNULL)
    except DeadKernelError:
        return last
    return None


def ended(name: str) -> str:
    """What to say when the kernel ended while it ran the cell of this name."""
    # exit() lets the kernel finish its cell, and often the next, before it ends.
    return (
        f"The kernel ended while it ran {name}, so what stands below was not looked at: "
        "let neither it nor a cell above it use all of the memory, or end Python as exit() does."
    )
