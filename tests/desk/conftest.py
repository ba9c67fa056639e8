"""What tests of the student's side share."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import make_student_tree
import pytest
from nbformat import NotebookNode

from drinkdeep.cells import grade_id
from drinkdeep.desk import run_notebook


@pytest.fixture(scope="session")
def student_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What students get. It stays as it is: whoever changes something has a copy."""
    return make_student_tree.write(tmp_path_factory.mktemp("student"))[0]


@pytest.fixture
def stop_soon(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have one cell stopped after two seconds; the others may take what a busy machine takes."""

    def choose(name: str) -> None:
        def seconds(cell: NotebookNode) -> int:
            return 2 if grade_id(cell) == name else 600

        monkeypatch.setattr(run_notebook, "CELL_SECONDS", 2)
        monkeypatch.setattr(run_notebook, "run", partial(run_notebook.run, timeout_func=seconds))

    return choose
