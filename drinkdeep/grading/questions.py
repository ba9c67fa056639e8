"""How the judge asks a student's kernel for values: a line there, and a line back.

A cell takes a kernel some ten messages through four threads, which is more work than most
expressions are. So the kernel is told once to serve (:func:`drinkdeep.transport.serve`), and then
answers one question after another, until something else is wanted of it.
"""

import contextlib
import json
import socket
import time

import zmq
from jupyter_client.client import KernelClient
from nbclient.exceptions import DeadKernelError

from drinkdeep.grading.sandbox import ForkedKernelManager
from drinkdeep.transport import LIMIT

ADDRESS = "questions"
"""The name of the socket in the kernel's folder."""


class Questions:
    """The questions to one kernel."""

    def __init__(self, manager: ForkedKernelManager) -> None:
        """Prepare; the kernel need not have started yet."""
        self._manager = manager
        self._listener = socket.socket(socket.AF_UNIX)
        path = manager.folder / ADDRESS
        self._listener.bind(str(path))
        path.chmod(0o666)  # the kernel is another user, and nobody else gets into the folder
        self._listener.listen(1)
        self._listener.setblocking(False)
        self._line: socket.socket | None = None
        self._request: str | None = None
        self._to_send = b""
        self._received = bytearray()

    def close(self) -> None:
        """There are no more questions."""
        self.hang_up()
        self._listener.close()

    def hang_up(self) -> None:
        """Let the kernel do other things; the next question tells it to serve again."""
        self._request = None
        if self._line is not None:
            self._line.close()
            self._line = None
        # If a student's code has called in the kernel's place, that is still waiting.
        with contextlib.suppress(BlockingIOError):
            while True:
                self._listener.accept()[0].close()

    def ask(self, client: KernelClient, expression: str, shipped: str) -> None:
        """Ask for a value, as :func:`drinkdeep.transport.serve` says."""
        self._client = client
        question = {"expression": expression, "shipped": shipped}
        self._to_send = json.dumps(question).encode() + b"\n"
        self._received.clear()
        if self._request is None:
            address = str(self._manager.seen_inside / ADDRESS)
            serve = f'__import__("drinkdeep.transport").transport.serve({address!r})'
            self._request = client.execute(serve, silent=True, allow_stdin=False)

    def answer(self, seconds: float) -> str | None:
        """What the kernel answers; None if it hasn't in so many seconds, and may do so yet.

        There is nothing in it when the kernel no longer serves, or says more than is taken.

        Raises
        ------
        DeadKernelError
            When the kernel has ended.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._step(int(1000 * left) + 1):
                text, newline, _ = self._received.partition(b"\n")
                if not newline:
                    self.hang_up()
                return text.decode(errors="replace") if newline else ""
        return None

    def _step(self, milliseconds: int) -> bool:
        """Wait until something happens; whether that was the end of an answer, or of answering."""
        shell: zmq.Socket[bytes] = zmq.Socket.shadow(self._client.shell_channel.socket.underlying)
        iopub: zmq.Socket[bytes] = zmq.Socket.shadow(self._client.iopub_channel.socket.underlying)
        lead = self._manager.kernel.fileno()
        poller = zmq.Poller()
        for source in (shell, iopub, lead):
            poller.register(source, zmq.POLLIN)
        if self._line is None:
            poller.register(self._listener, zmq.POLLIN)
        else:
            poller.register(self._line, zmq.POLLIN | (zmq.POLLOUT if self._to_send else 0))
        ready = dict(poller.poll(milliseconds))
        if iopub in ready:  # of no interest, but it would fill the queue
            iopub.recv_multipart()
        if self._line is None and self._listener.fileno() in ready:
            self._line, _ = self._listener.accept()
            self._line.setblocking(False)
        elif self._line is not None and (event := ready.get(self._line.fileno(), 0)):
            try:
                if self._to_send and event & zmq.POLLOUT:
                    self._to_send = self._to_send[self._line.send(self._to_send) :]
                    return False
                part = self._line.recv(2**20)
            except BlockingIOError:
                return False
            except OSError:
                part = b""
            self._received += part
            if not part:  # it serves no longer; what comes next says whether it has ended
                self._line.close()
                self._line = None
            return part.endswith(b"\n") or len(self._received) > LIMIT + 1
        elif shell in ready:
            _, message = self._client.session.recv(shell)
            return bool(message["parent_header"].get("msg_id") == self._request)
        elif lead in ready and not self._manager.kernel.held():
            raise DeadKernelError("The kernel has ended.")
        return False
