"""What *Validate* says, in JupyterLab and as ``nbgrader validate``: words instead of tracebacks.

``nbgrader_config.py`` has nbgrader call :func:`in_words` whenever a cell fails.
"""

from nbformat import NotebookNode

from drinkdeep.cells import is_test


def in_words(cell: NotebookNode, **_: object) -> None:
    """Say in a sentence why a test cell failed. The traceback is there when the cell is run."""
    if is_test(cell):
        for output in cell.outputs:
            if output.output_type == "error":
                output.traceback = _words(output).splitlines()


def _words(error: NotebookNode) -> str:
    if error.ename == "Miss":  # a check of drinkdeep.checks, which has words of its own
        return "\n".join(error.traceback)
    if error.ename == "NotImplementedError":
        return "✗ Not answered yet: write in place of `raise NotImplementedError()`."
    if error.ename == "NameError":
        return f"✗ {error.evalue}: no cell above gives this name a meaning."
    where = "Run the task's cells in the notebook: the traceback there says where."
    return f"✗ Your code raised {error.ename}: {error.evalue}\n  {where}"
