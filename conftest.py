"""What pytest needs to know of the whole project: its threads and memory, and nbval's comparing."""

import gc
import os
from functools import partial
from typing import Any

import book_run
import pytest

# There are more processes than cores (see the Makefile), so one thread for each, and for the
# kernels and commands that it starts: more would wait for one another most of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Nothing of what is imported goes, and to look for it takes an eighth of the time.
gc.disable()


def pytest_collection_finish() -> None:
    """Look through what the tests themselves make."""
    gc.freeze()
    gc.enable()


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Compare text only: committed notebooks carry no HTML, which is drawn at every build.

    Each output with HTML has a text beside it, which is compared; nbval documents this hook.
    """
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("text/html",)
        if collector.path.is_relative_to(collector.config.rootpath / "book"):
            collector.setup = partial(take_from_the_book, collector, collector.setup)


def take_from_the_book(collector: Any, start_a_kernel: Any) -> None:
    """Have a chapter's outputs from the book, if it holds a run of the chapter as it is now."""
    run = book_run.of(collector.path, collector.config.rootpath)
    if run is None:
        start_a_kernel()
    else:
        collector.kernel = book_run.BookRun(run)
        collector.setup_sanitize_files()
