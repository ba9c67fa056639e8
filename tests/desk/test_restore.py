"""A damaged exercise comes back as it was given out, with the answers, and nothing is lost."""

import copy
from collections.abc import Callable
from pathlib import Path

import answer_bank
import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from drinkdeep.cells import grade_id, is_task
from drinkdeep.desk import restore

NAME = "01_cost"
RELEASED = answer_bank.released(NAME)
ANSWER = "def huber(e, delta):\n    return e"


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(c for c in notebook.cells if grade_id(c) == name)


def sources(notebook: NotebookNode) -> list[str]:
    return [c.source for c in notebook.cells]


def deleted(notebook: NotebookNode) -> None:
    notebook.cells = [
        c for c in notebook.cells if grade_id(c) not in ("setup", "test_huber", "trap")
    ]


def edited(notebook: NotebookNode) -> None:
    cell(notebook, "test_huber").source = "pass"
    notebook.cells[0].source = "# My exercises"


def turned(notebook: NotebookNode) -> None:
    notebook.cells.reverse()


def retyped(notebook: NotebookNode) -> None:
    place = notebook.cells.index(cell(notebook, "huber"))
    old = notebook.cells[place]
    notebook.cells[place] = new_markdown_cell(old.source, metadata=old.metadata)


def without_metadata(notebook: NotebookNode) -> None:
    """As some editors save it; the cells' ids in the file remain."""
    for one in notebook.cells:
        one.metadata = NotebookNode()


def untagged(notebook: NotebookNode) -> None:
    cell(notebook, "test_huber").metadata.tags = ["skip-execution"]


DAMAGE: list[Callable[[NotebookNode], None]] = [
    *(deleted, edited, turned, retyped, without_metadata, untagged)
]


@pytest.fixture
def notebook() -> NotebookNode:
    """The student's, with one answer."""
    own = copy.deepcopy(RELEASED)
    cell(own, "huber").source = ANSWER
    return own


@pytest.fixture
def saved(notebook: NotebookNode, tmp_path: Path) -> Callable[[], Path]:
    def save() -> Path:
        path = tmp_path / f"{NAME}.ipynb"
        nbformat.write(notebook, path)
        return path

    return save


def test_the_course_knows_what_it_gave_out() -> None:
    for name in answer_bank.ASSIGNMENTS:
        found = restore.released(f"{name}.ipynb")
        assert found
        assert found[1].cells == answer_bank.released(name).cells


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_damage_is_mended_and_answers_stay(
    damage: Callable[[NotebookNode], None],
    notebook: NotebookNode,
    saved: Callable[[], Path],
) -> None:
    wanted = copy.deepcopy(notebook)
    damage(notebook)
    path = saved()
    before = path.read_bytes()
    said = restore.restore(path)
    restored = nbformat.read(path, as_version=4)
    assert sources(restored) == sources(wanted)
    assert [c.metadata for c in restored.cells] == [c.metadata for c in wanted.cells]
    assert path.with_name(f"{NAME}.ipynb.backup-1").read_bytes() == before
    assert "with 1 answer of yours. What it was is in 01_cost.ipynb.backup-1." in said


def test_cells_of_the_students_own_stay_where_they_were(
    notebook: NotebookNode, saved: Callable[[], Path]
) -> None:
    place = notebook.cells.index(cell(notebook, "huber"))
    notebook.cells.insert(place + 1, new_code_cell("huber(torch.ones(1), 1)"))
    notebook.cells.insert(0, new_markdown_cell("My notes"))
    wanted = sources(notebook)
    deleted(notebook)
    path = saved()
    restore.restore(path)
    assert sources(nbformat.read(path, as_version=4)) == wanted


def test_an_answer_that_is_there_twice_is_kept_twice(
    notebook: NotebookNode, saved: Callable[[], Path]
) -> None:
    second = copy.deepcopy(cell(notebook, "huber"))
    second.source = "def huber(e, delta):\n    return 2 * e"
    second.id = "another1"
    notebook.cells.insert(notebook.cells.index(cell(notebook, "huber")) + 1, second)
    path = saved()
    restore.restore(path)
    restored = nbformat.read(path, as_version=4)
    assert cell(restored, "huber").source == second.source, "the last counts, as in grading"
    assert ANSWER in sources(restored)
    assert sum(is_task(c) for c in restored.cells) == sum(is_task(c) for c in RELEASED.cells)


def test_a_whole_notebook_is_left_alone(saved: Callable[[], Path]) -> None:
    path = saved()
    before = path.read_bytes()
    assert "nothing was changed" in restore.restore(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_of_a_file_that_was_cut_off_the_answers_are_saved(saved: Callable[[], Path]) -> None:
    path = saved()
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"return e") + 400])
    assert "with 1 answer of yours" in restore.restore(path)
    assert cell(nbformat.read(path, as_version=4), "huber").source == ANSWER


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"cells": 3}'])
def test_of_a_file_with_nothing_in_it_the_release_comes_back(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / f"{NAME}.ipynb"
    path.write_bytes(content)
    restore.restore(path)
    assert sources(nbformat.read(path, as_version=4)) == sources(RELEASED)
    if content:
        assert path.with_name(f"{NAME}.ipynb.backup-1").read_bytes() == content


def test_a_renamed_notebook_gets_its_name_back(saved: Callable[[], Path]) -> None:
    path = saved().rename(saved().with_name("Mine.ipynb"))
    assert "Mine.ipynb is left as it was" in restore.restore(path)
    there = nbformat.read(path.with_name(f"{NAME}.ipynb"), as_version=4)
    assert cell(there, "huber").source == ANSWER
    with pytest.raises(restore.Trouble, match="is there as well: rename the one"):
        restore.restore(path)


def test_what_the_course_does_not_know_is_taken_from_a_notebook_that_is_named(
    saved: Callable[[], Path], tmp_path: Path
) -> None:
    strange = tmp_path / "strange.ipynb"
    strange.write_text("{}")
    with pytest.raises(restore.Trouble, match="--from THAT_NOTEBOOK"):
        restore.restore(strange)
    path = saved()
    assert "nothing was changed" in restore.restore(path, source=path)


def test_on_a_full_disk_the_file_stays_as_it_was(
    notebook: NotebookNode, saved: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted(notebook)
    path = saved()
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for name in ("shutil.copy2", "pathlib.Path.write_text"):
        with monkeypatch.context() as patched:
            patched.setattr(name, full)
            with pytest.raises(restore.Trouble, match="No space left on device"):
                restore.restore(path)
        assert path.read_bytes() == before
