"""Workers of a Dask cluster."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drinkdeep.grading.errors import WorkerLostError, WorkersError

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 60.0
"""Seconds without any worker after which that is said."""


@dataclass(frozen=True)
class Certificates:
    """The files with which we show a ``tls://`` scheduler who we are, and see who it is."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


@contextmanager
def dask_cluster(address: str, certificates: Certificates = Certificates()) -> Iterator[Executor]:
    """Give the workers of a Dask scheduler. While there are none, say so on the standard error.

    Parameters
    ----------
    address
        The scheduler's, as it prints it.
    certificates
        For ``tls://``; what isn't given is taken from Dask's own configuration.

    Raises
    ------
    WorkersError
        If there is no Dask here, or no scheduler there.
    """
    try:
        from distributed import Client, Security
    except ImportError:
        raise WorkersError(
            "--scheduler needs Dask, which is not installed: `pip install distributed`."
        ) from None
    given = {
        "tls_ca_file": certificates.ca,
        "tls_client_cert": certificates.cert,
        "tls_client_key": certificates.key,
    }
    files = {name: str(path.absolute()) for name, path in given.items() if path is not None}
    if lacking := [path for path in files.values() if not Path(path).is_file()]:
        raise WorkersError(f"There is no file {lacking[0]}.")
    security = Security(**files)
    secured = security.get_connection_args("client").get("ssl_context") is not None
    if address.startswith("tls://") and not secured:
        raise WorkersError(
            f"{address} wants certificates: name the files that the scheduler was started with, by "
            "--tls-ca-file, --tls-cert and --tls-key."
        )
    if files and not address.startswith("tls://"):
        raise WorkersError(
            f"Certificates are for an address that begins with tls://, and {address} doesn't."
        )
    try:
        client = Client(address, timeout=15, set_as_default=False, security=security)
    except (OSError, ValueError, TimeoutError) as error:
        doubt = ", to the certificates" if secured else ""
        raise WorkersError(
            f"No Dask scheduler answers at {address} ({type(error).__name__}): start one with "
            f"`dask scheduler`, or see to the address{doubt}."
        ) from None
    with client:
        _Watch(client, address).start()
        yield client.get_executor(pure=False)  # two submissions alike are two all the same


class _Watch(threading.Thread):
    """Says that no worker comes: a run that waits for one looks like one that is slow."""

    def __init__(
        self, client: "Client", address: str, say: Callable[[str], None] | None = None
    ) -> None:
        super().__init__(daemon=True)
        self._client, self._address = client, address
        self._say = say or (lambda text: print(text, file=sys.stderr, flush=True))

    def run(self) -> None:
        """Look now and then, until the client is closed."""
        since = time.monotonic()
        told = False
        while self._client.status in ("running", "connecting"):
            if self._client.scheduler_info(n_workers=-1)["workers"]:
                since, told = time.monotonic(), False
            elif not told and time.monotonic() - since >= PATIENCE:
                told = True
                self._say(
                    f"\nNo worker has come to {self._address} for {PATIENCE:.0f} seconds. The run "
                    "goes on waiting; Ctrl-C stops it, and nothing is lost. See what became of the "
                    "jobs (Slurm: `squeue`, and the slurm-*.out files; Kubernetes: `kubectl get "
                    "pods`): one that asks for more than any machine has is never started, and one "
                    "that ends at once says why."
                )
            time.sleep(min(1.0, PATIENCE / 4))


def translate_error(error: BaseException) -> BaseException:
    """Put an executor's error in our words, if there are any."""
    name = type(error).__name__
    if name == "KilledWorker":
        return WorkerLostError(str(error))
    if isinstance(error, CancelledError) or name == "FutureCancelledError":
        return WorkersError("The workers are gone: see whether the Dask scheduler still runs.")
    if isinstance(error, ImportError) or "deserialization" in str(error):
        return WorkersError(
            "The workers or their scheduler can't read the work: install the requirements of the "
            "course there too, in the same versions."
        )
    return error
