"""Grading one submission: a pure function from notebooks to a notebook.

It needs no gradebook and no folder of the course, so it can run in any process.
"""

import copy
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from drinkdeep.cells import grade_id
from drinkdeep.checks import Raised
from drinkdeep.grading.assignment import Assignment
from drinkdeep.grading.judge import Judge, Verdict
from drinkdeep.grading.sandbox import SandboxedKernelManager
from drinkdeep.transport import LIMIT, MIME, TransportError, decode

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """What a submission may take."""

    cell_seconds: int = 120
    """For one cell of the student's, on the clock."""
    answer_seconds: int = 120
    """For one expression that a test looks at, on the clock."""
    interrupt_seconds: int = 10
    """For the kernel to come to its senses when it was interrupted."""
    output_characters: int = 200_000
    """For all that one cell puts out; the rest is dropped, and said to be."""


def execute(
    submission: NotebookNode,
    source: NotebookNode,
    *,
    seed: int,
    limits: Limits | None = None,
    sandboxed: bool = True,
) -> NotebookNode:
    """Run a sanitized submission, and grade it by its assignment's source notebook.

    A test cell runs after its solution cell, wherever the student has moved them. Its outputs are
    the words for the student and, as its value, the score, which is how nbgrader takes partial
    credit. The same arguments give the same notebook, except for what a student's code draws by
    itself. ``seed`` is what the hidden tests' inputs follow from.
    """
    notebook = copy.deepcopy(submission)
    assignment = Assignment(source)
    judge = Judge(assignment, seed)
    with Student(limits or Limits(), sandboxed=sandboxed) as student:
        done: set[str] = set()
        waiting: list[NotebookNode] = []
        for place, cell in enumerate(notebook.cells):
            name = grade_id(cell)
            if name in assignment.tests:
                waiting.append(cell)
            elif cell.cell_type == "code":
                cell.outputs, cell.execution_count = student.run(cell.source), place + 1
                done.add(name or "")
            # A solution cell that isn't there at all has been answered elsewhere, or nowhere.
            for test in [w for w in waiting if assignment.tests[grade_id(w) or ""].name in done]:
                _grade(judge, assignment, test, student)
                waiting.remove(test)
        for test in waiting:
            _grade(judge, assignment, test, student)
    notebook.metadata["drinkdeep"] = {"seed": seed}
    return notebook


def _grade(judge: Judge, assignment: Assignment, cell: NotebookNode, student: "Student") -> None:
    verdict: Verdict = judge.grade(assignment.tests[grade_id(cell) or ""], student.answer)
    cell.outputs = [
        new_output("stream", name="stdout", text=f"{verdict}\n"),
        new_output("execute_result", {"text/plain": str(verdict.score)}, execution_count=None),
    ]


class Student:
    """The kernel in which a student's code runs. What comes out of it is bounded data."""

    def __init__(self, limits: Limits, *, sandboxed: bool = True) -> None:
        """Prepare; the kernel starts when the context is entered."""
        self._limits = limits
        self._folder = tempfile.TemporaryDirectory(prefix="dd-", ignore_cleanup_errors=True)
        self._manager = SandboxedKernelManager(Path(self._folder.name), sandboxed=sandboxed)
        self._client = _Client(
            new_notebook(cells=[new_code_cell()]),
            km=self._manager,
            allow_errors=True,
            startup_timeout=60,
            coalesce_streams=True,
            store_widget_state=False,
            shutdown_kernel="immediate",
            extra_arguments=["--HistoryManager.enabled=False"],
        )
        self._gone = ""

    def __enter__(self) -> "Student":
        """Start the kernel."""
        # What ipykernel says to a terminal is for nobody here.
        self._context = self._client.setup_kernel(cleanup_kc=True, stdout=DEVNULL)
        self._context.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        """End the kernel, and all that it has started."""
        self._context.__exit__(*exception)
        self._folder.cleanup()

    def run(self, code: str) -> list[NotebookNode]:
        """The outputs of a cell of the student's; whatever goes wrong is the last of them."""
        return self._execute(code, self._limits.cell_seconds, self._limits.output_characters)

    def answer(self, expression: str, shipped: str) -> Any:
        """The value of an expression among the student's names; see :mod:`drinkdeep.transport`."""
        call = f'__import__("drinkdeep.transport").transport.answer({expression!r}, {shipped!r})'
        outputs = self._execute(call, self._limits.answer_seconds, 2 * LIMIT)
        for output in outputs:
            if output.output_type == "display_data" and MIME in output.data:
                try:
                    return decode(str(output.data[MIME]))
                except TransportError as error:
                    return Raised(("TransportError",), str(error))
        for output in outputs:
            if output.output_type == "error":
                return Raised((output.ename,), output.evalue)
        return Raised(("TransportError",), "The kernel gave no answer.")

    def _execute(self, code: str, seconds: int, characters: int) -> list[NotebookNode]:
        if self._gone:
            return [_error("KernelError", self._gone)]
        cell = new_code_cell(code)
        self._client.nb.cells[0] = cell  # where nbclient draws a display anew
        self._client.timeout = seconds
        self._client.room = characters
        try:
            self._client.execute_cell(cell, 0, store_history=False)
        except CellTimeoutError:
            self._interrupt()
            return [*cell.outputs, _error("TimeoutError", f"It was stopped after {seconds} s.")]
        except DeadKernelError:
            self._gone = (
                "The kernel died in a cell above: its memory ran out, or the code ended it."
            )
            return [*cell.outputs, _error("KernelError", "The kernel died in this cell.")]
        except Exception as error:
            logger.warning("A cell could not be run to its end: %s", error)
            return [*cell.outputs, _error("KernelError", "The kernel stopped answering.")]
        return list(cell.outputs)

    def _interrupt(self) -> None:
        """Stop what runs; a kernel that then doesn't answer is given up."""
        client = self._client.kc
        assert isinstance(client, AsyncKernelClient)
        try:
            run_sync(self._manager.interrupt_kernel)()
            run_sync(client.wait_for_ready)(timeout=self._limits.interrupt_seconds)
        except RuntimeError:
            self._gone = "The kernel stopped answering in a cell above."


def _error(name: str, text: str) -> NotebookNode:
    error: NotebookNode = new_output(
        "error", ename=name, evalue=text, traceback=[f"{name}: {text}"]
    )
    return error


class _Client(NotebookClient):
    """nbclient, with a bound on what a cell puts out."""

    room = 0
    """The characters that the cell may still put out."""

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: Any) -> Any:
        """Take an output while there is room."""
        if self.room < 0:
            return None
        self.room -= len(str(msg["content"]))
        if self.room < 0:
            outs.append(new_output("stream", name="stdout", text="\n… and more, not shown.\n"))
            return None
        return super().output(outs, msg, display_id, cell_index)
