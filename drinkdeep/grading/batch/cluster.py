"""Workers of a Dask cluster."""

from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager

from drinkdeep.grading.errors import WorkerLostError, WorkersError


@contextmanager
def dask_cluster(address: str) -> Iterator[Executor]:
    """The workers of a Dask scheduler.

    Raises
    ------
    WorkersError
        If there is no Dask here, or no scheduler there.
    """
    try:
        from distributed import Client
    except ImportError:
        raise WorkersError(
            "--scheduler needs Dask, which is not installed: `pip install distributed`."
        ) from None
    try:
        client = Client(address, timeout=15, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise WorkersError(
            f"No Dask scheduler answers at {address} ({type(error).__name__}): start one with "
            "`dask scheduler`, or see to the address."
        ) from None
    with client:
        yield client.get_executor(pure=False)  # two submissions alike are two all the same


def translate_error(error: BaseException) -> BaseException:
    """An error of an executor in our words, if there are any."""
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
