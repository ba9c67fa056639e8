"""What pytest needs to know of the whole project: how nbval compares a notebook's outputs."""

import pytest


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Compare text only: committed notebooks carry no HTML, which is drawn at every build.

    Each output with HTML has a text beside it, which is compared; nbval documents this hook. The
    students' notebooks have no outputs to compare with: there it counts that they run, and what
    may fail in them is tagged.
    """
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("text/html",)
        if collector.path.is_relative_to(collector.config.rootpath / "exercises"):
            collector.compare_outputs = False
