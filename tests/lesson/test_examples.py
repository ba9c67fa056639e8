"""The examples in the docstrings of what notebooks import are run, and there are some."""

import doctest
import importlib
import inspect
import re
from types import ModuleType

import pytest

MODULES = [
    *("mnist", "models", "training", "recipes", "checks"),
    *("figures.laboratory", "figures.picture"),
]


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"drinkdeep.{request.param}")


@pytest.mark.slow
def test_the_examples_give_what_they_say(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


def test_what_has_an_example_says_where_it_belongs(module: ModuleType) -> None:
    """A reader who meets a name finds the chapter that teaches it."""
    assert module.__doc__
    if re.search(r"chapter\s\d", module.__doc__):
        return
    for name, member in vars(module).items():
        if getattr(member, "__module__", "") == module.__name__ and ">>>" in (member.__doc__ or ""):
            assert re.search(r"[Cc]hapters?\s\d", inspect.cleandoc(member.__doc__)), name
