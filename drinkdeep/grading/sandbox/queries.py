"""How the judge asks a student's kernel for values: a line there, and a line back.

A cell takes a kernel some ten messages through four threads, which is more work than most
expressions are. So the kernel is told once to serve (:func:`drinkdeep.transport.serve`), and then
answers a question whenever it is at rest.
"""

import contextlib
import json
import select
import socket
import time

import zmq
from jupyter_client.client import KernelClient
from nbclient.exceptions import DeadKernelError

from drinkdeep.grading.sandbox.provisioner import ForkedKernelManager
from drinkdeep.transport import LIMIT

ADDRESS = "queries"
"""The name of the socket in the kernel's folder."""


class QueryChannel:
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
        self._channels: tuple[zmq.Socket[bytes], zmq.Socket[bytes]] | None = None
        """The client's shell and iopub, for a plain poll."""
        self._demanded: str | None = None
        """The request to serve, while it is not replied to."""
        self._lost = False
        """Whether the line ended before the answer came."""
        self._to_send = b""
        self._received = bytearray()

    def close(self) -> None:
        """Close both sockets."""
        self._hang_up()
        self._listener.close()

    def ask(self, client: KernelClient, expression: str, shipped: str) -> None:
        """Ask for a value, as :func:`drinkdeep.transport.serve` says."""
        self._client = client
        if self._channels is None:  # it has one client, and to make these takes longer than to poll
            self._channels = (
                zmq.Socket.shadow(client.shell_channel.socket.underlying),
                zmq.Socket.shadow(client.iopub_channel.socket.underlying),
            )
        question = {"expression": expression, "shipped": shipped}
        self._to_send = json.dumps(question).encode() + b"\n"
        self._received.clear()
        self._lost = False
        if self._line is not None and select.select([self._line], [], [], 0)[0]:
            self._hang_up()  # nothing was asked, so what it says is no answer
        if self._line is None:
            self._demand()

    def answer(self, seconds: float) -> str | None:
        """Return what the kernel answers; None if it hasn't in so many seconds, and may do so yet.

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
                    self._hang_up()
                return text.decode(errors="replace") if newline else ""
        return None

    def _step(self, milliseconds: int) -> bool:
        """Wait until something happens; whether that was the end of an answer, or of answering."""
        assert self._channels is not None
        shell, iopub = self._channels
        control = self._manager.kernel.fileno()
        poller = zmq.Poller()
        for source in (shell, iopub, control):
            poller.register(source, zmq.POLLIN)
        if self._line is None:
            poller.register(self._listener, zmq.POLLIN)
        else:
            poller.register(self._line, zmq.POLLIN | (zmq.POLLOUT if self._to_send else 0))
        ready = dict(poller.poll(milliseconds))
        if iopub in ready:  # of no interest, but it would fill the queue
            iopub.recv_multipart()
        if self._line is None and self._listener.fileno() in ready:
            self._accept()
        elif self._line is not None and (event := ready.get(self._line.fileno(), 0)):
            return self._talk(self._line, writable=bool(event & zmq.POLLOUT))
        elif shell in ready:
            _, message = self._client.session.recv(shell)
            if message["parent_header"].get("msg_id") == self._demanded:
                self._demanded = None
                if self._line is None:
                    self._accept()
                return self._lost or self._line is None
        elif control in ready and not self._manager.kernel.is_open():
            raise DeadKernelError("The kernel has ended.")
        return False

    def _talk(self, line: socket.socket, *, writable: bool) -> bool:
        """Send some of the question, or else receive some of the answer; whether that is all."""
        try:
            if self._to_send and writable:
                self._to_send = self._to_send[line.send(self._to_send) :]
                return False
            part = line.recv(2**20)
        except BlockingIOError:
            return False
        except OSError:
            part = b""
        self._received += part
        if not part:  # it serves no longer; whether it replies to this says if it has ended
            self._hang_up()
            self._lost = True
            self._to_send = b""
            self._demand()
        return part.endswith(b"\n") or len(self._received) > LIMIT + 1

    def _demand(self) -> None:
        """Tell the kernel to serve."""
        address = str(self._manager.seen_inside / ADDRESS)
        serve = f'__import__("drinkdeep.transport").transport.serve({address!r})'
        self._demanded = self._client.execute(serve, silent=True, allow_stdin=False)

    def _accept(self) -> None:
        """Take the kernel's call, if there is one."""
        with contextlib.suppress(BlockingIOError):
            self._line, _ = self._listener.accept()
            self._line.setblocking(False)

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
