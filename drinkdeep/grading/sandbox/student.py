"""The kernel in which a student's code runs, as the grader uses it."""

import contextlib
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete, DeadKernelError
from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_notebook, new_output

from drinkdeep.checks import Raised
from drinkdeep.grading.errors import SandboxError
from drinkdeep.grading.graded import Stop
from drinkdeep.grading.sandbox.inside import TICK
from drinkdeep.grading.sandbox.limits import Limits
from drinkdeep.grading.sandbox.provisioner import ForkedKernelManager
from drinkdeep.grading.sandbox.queries import QueryChannel
from drinkdeep.notebook.surrogates import mended
from drinkdeep.transport import TransportError, decode

logger = logging.getLogger(__name__)

MORE = "\n… and more, not shown.\n"
SHORT = 100
"""The characters of an error's name that are kept, where the rest is too long."""

EMPTY: dict[str, Any] = {
    "cell_type": "code",
    "id": "cell",
    "metadata": {},
    "execution_count": None,
    "outputs": [],
    "source": "",
}
"""A cell in which nothing stands."""


class StudentKernel:
    """The kernel in which a student's code runs. What comes out of it is bounded data."""

    def __init__(
        self,
        limits: Limits,
        *,
        sandboxed: bool = True,
        modules: tuple[str, ...] = (),
        beside: Mapping[str, bytes] | None = None,
    ) -> None:
        """Prepare; the kernel starts when the context is entered, with these modules loaded.

        ``beside`` are the files that its folder holds then, by name.
        """
        self.timed_out = False
        """Whether anything was stopped for the time it took."""
        self.kernel_died = False
        """Whether the kernel died without being stopped by us."""
        self._limits = limits
        # In case the supervisor fails.
        self._most = limits.clock_seconds + limits.interrupt_seconds + 60
        try:
            self._manager = ForkedKernelManager(
                limits, sandboxed=sandboxed, modules=modules, beside=beside or {}
            )
            self._queries = QueryChannel(self._manager)
        except OSError as error:  # the machine's fault, which the next submission would meet too
            raise SandboxError(
                f"No kernel can be prepared on this machine ({error}): see to its folder for "
                "temporary files, which TMPDIR names."
            ) from error
        self._client = _Client(
            new_notebook(cells=[from_dict(EMPTY)]),
            km=self._manager,
            allow_errors=True,
            startup_timeout=60,
            coalesce_streams=True,
            store_widget_state=False,
            shutdown_kernel="immediate",
            timeout=self._most,
        )
        self._gone = ""
        self._stops: list[Stop] = []

    def __enter__(self) -> "StudentKernel":
        """Start the kernel."""
        self._context = self._client.setup_kernel(cleanup_kc=True)
        self._context.__enter__()
        self._end = time.monotonic() + self._limits.notebook_seconds
        return self

    def __exit__(self, *exception: Any) -> None:
        """End the kernel, and all that it has started."""
        self._queries.close()
        self._context.__exit__(*exception)
        self._manager.clear()

    def run(self, code: str, place: str = "a cell") -> list[NotebookNode]:
        """Run a cell, and return its outputs; whatever goes wrong is the last of them."""
        cell = from_dict({**EMPTY, "source": code})
        self._client.nb.cells[0] = cell  # where nbclient draws a display anew
        self._client.begin(self._limits.output_characters)

        def execute() -> None:
            self._client.execute_cell(cell, 0, store_history=False)

        error = self._bounded(execute, place, self._limits.cell_seconds)
        outputs = [*cell.outputs, _error(*error)] if error else list(cell.outputs)
        return [mended(output) for output in outputs]

    def answer(self, expression: str, shipped: str) -> Any:
        """Ask for an expression's value among the names; see :mod:`drinkdeep.transport`."""
        if self._gone:
            return Raised(("KernelError",), self._gone)
        client = self._client.kc
        assert client is not None  # the kernel has started
        said: str | None = None

        def wait() -> None:
            nonlocal said
            said = self._queries.answer(self._most)
            if said is None:
                raise DeadKernelError("The kernel doesn't answer.")

        error = None
        self._queries.ask(client, expression, shipped)
        # The supervisor's watch is so coarse that it need not hear of what is answered at once.
        with contextlib.suppress(DeadKernelError):
            said = self._queries.answer(TICK)
        if said is None:
            error = self._bounded(wait, "a test", self._limits.answer_seconds)
        if error:
            return Raised((error[0],), error[1])
        if not said:
            return Raised(("TransportError",), "The kernel gave no answer.")
        try:
            return decode(said)
        except TransportError as refused:
            return Raised(("TransportError",), str(refused))

    @property
    def ended(self) -> bool:
        """Whether it answers no more, or the notebook's time is up."""
        return bool(self._gone) or time.monotonic() > self._end

    def cpu_clock(self) -> Callable[[], float] | None:
        """Return what tells the CPU seconds of all that runs here; None if nothing can."""
        return self._manager.kernel.cpu_clock()

    def take_stops(self) -> list[Stop]:
        """Return what was stopped since this was last asked."""
        stops, self._stops = self._stops, []
        return stops

    def _bounded(
        self, work: Callable[[], None], place: str, seconds: int
    ) -> tuple[str, str] | None:
        """Let the kernel do something; what stopped it, if anything did: an error and its words."""
        if self._gone:
            return "KernelError", self._gone
        left = self._end - time.monotonic()
        bounds = {
            "cpu": seconds,
            # Even when all is used up: most cells need no longer.
            "clock": max(TICK, min(self._limits.clock_seconds, left)),
            "grace": self._limits.interrupt_seconds,
        }
        self._manager.watch(bounds)
        failed = False
        unread = None
        try:
            work()
        except DeadKernelError:
            failed = True
        except Exception as error:
            # Ours, as we read what the kernel says: that is no sign that the kernel has ended.
            logger.warning("What %s put out could not be read: %r", place, error)
            failed = not self._manager.kernel.is_open()
            unread = (
                None if failed else ("OutputError", f"What it put out can't be read, in {place}.")
            )
        stopped = self._manager.rest()
        if not (stopped or failed):
            return unread
        if stopped == "clock" and left < self._limits.clock_seconds:
            stopped = "notebook"
        name, text = _why(stopped, seconds, self._limits)
        self._stops.append(Stop(name, f"{text} in {place}."))
        self.timed_out = self.timed_out or name == "TimeoutError"
        if failed:
            self.kernel_died = not stopped
            self._gone = f"Not run: there was no kernel any more. {text} in {place}."
        return name, f"{text} in {place}."


def _why(stopped: str, seconds: int, limits: Limits) -> tuple[str, str]:
    """Return the error, and the words, for what a kernel was stopped for."""
    if stopped == "cpu":
        return "TimeoutError", f"Stopped after {seconds} s of CPU time"
    if stopped == "clock":
        return "TimeoutError", f"Stopped after {limits.clock_seconds} s on the clock"
    if stopped == "notebook":
        most = limits.notebook_seconds
        return "TimeoutError", f"Stopped as the notebook had taken {most} s on the clock"
    if stopped == "memory":
        size = limits.memory_bytes / 2**30
        return "MemoryError", f"Ended by the grader for taking more than {size:.2g} GB of memory"
    if stopped == "processes":
        return (
            "KernelError",
            f"Ended by the grader for starting more than {limits.processes} processes",
        )
    return "KernelError", "The kernel died"


def _error(name: str, text: str) -> NotebookNode:
    error: NotebookNode = new_output(
        "error", ename=name, evalue=text, traceback=[f"{name}: {text}"]
    )
    return error


class _Client(NotebookClient):
    """nbclient, with a bound on what stands below a cell in the end, deaf to what it can't read."""

    most = 0
    """The characters that may stand there."""
    _held = 0
    """How many do, at most: what was overwritten since it was last looked at is among them."""

    def begin(self, most: int) -> None:
        """Begin a cell: displays of others can't be drawn anew any more."""
        self.most = most
        self._held = 0
        self.clear_display_id_mapping(0)

    def process_message(self, msg: Any, cell: Any, cell_index: Any) -> Any:
        """Take a message; one that nbclient stumbles over is passed by, and the cell goes on."""
        try:
            done = super().process_message(msg, cell, cell_index)
        except (CellExecutionComplete, DeadKernelError):
            raise
        except Exception as error:
            logger.info("A message was passed by: %r", error)
            done = None
        # It may have drawn a display anew, and nbclient asks nobody.
        if msg["content"].get("transient"):
            self._held = _size(cell.outputs)
            if self._held > self.most:
                self._cut(cell.outputs, cell_index)
        return done

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: Any) -> Any:
        """Take an output while there is room."""
        if self.clear_before_next_output:
            self._held = 0
        size = len(str(msg["content"]))
        if self._held + size > self.most:
            _overwrite(outs)
            self._held = _size(outs)
        if self._held + size > self.most:
            if not (outs and outs[-1].get("text", "").endswith(MORE)):
                if msg["msg_type"] == "error":
                    name = str(msg["content"].get("ename", ""))[:SHORT]
                    outs.append(new_output("error", ename=name, evalue="", traceback=[name]))
                outs.append(new_output("stream", name="stdout", text=MORE))
            return None
        self._held += size
        return super().output(outs, msg, display_id, cell_index)

    def clear_output(self, outs: Any, msg: Any, cell_index: Any) -> None:
        """Make room again."""
        super().clear_output(outs, msg, cell_index)
        self._held = _size(outs)

    def handle_comm_msg(self, *_: Any) -> None:
        """Leave widgets alone: nobody sees them, and what they print is an output like others."""

    def _cut(self, outs: list[NotebookNode], cell_index: int) -> None:
        """Leave out the outputs that make it too much."""
        self.clear_display_id_mapping(cell_index)
        while outs and _size(outs) > self.most:
            outs.pop()
        outs.append(new_output("stream", name="stdout", text=MORE))
        self._held = _size(outs)


def _size(outputs: list[NotebookNode]) -> int:
    return sum(len(str(output)) for output in outputs)


def _overwrite(outputs: list[NotebookNode]) -> None:
    """Leave out what a carriage return has overwritten, as a terminal does."""
    names = {output.get("name") for output in outputs}
    if len(names) == 1 and None not in names:  # else each has a place that a display may count on
        outputs[0].text = "".join(output.text for output in outputs)
        del outputs[1:]
    for output in outputs:
        if output.output_type == "stream":
            output.text = re.sub(r"[^\n]*\r(?=[^\r\n])", "", output.text)
