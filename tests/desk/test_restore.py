"""A damaged exercise comes back as it was given out, with the answers, and nothing is lost."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import answer_bank
import jupytext
import nbformat
import pytest
from courses import cell
from nbconvert import MarkdownExporter, PythonExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from drinkdeep.cells import grade_id, is_task
from drinkdeep.desk import restore
from drinkdeep.grading.judging.restore import restore as grading_restore

NAME = "01_cost"
RELEASED = answer_bank.released(NAME)
ANSWER = "def huber(e, delta):\n    return e"


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

    for name in ("shutil.copy2", "os.fsync"):
        with monkeypatch.context() as patched:
            patched.setattr(name, full)
            with pytest.raises(restore.Trouble, match="No space left on device"):
                restore.restore(path)
        assert path.read_bytes() == before


# What comes back from other tools

WORDS = "The slope is zero almost everywhere."


def without_ids(notebook: NotebookNode) -> None:
    """As a converter to a script and back leaves it."""
    for one in notebook.cells:
        one.metadata = NotebookNode()
        one.id = f"new-{id(one)}"


def test_answers_are_known_by_the_names_that_they_define_and_the_text_above_them(
    notebook: NotebookNode, saved: Callable[[], Path]
) -> None:
    cell(notebook, "in_your_words").source = WORDS
    without_ids(notebook)
    path = saved()
    assert "with 2 answers of yours" in restore.restore(path)
    restored = nbformat.read(path, as_version=4)
    assert cell(restored, "huber").source == ANSWER
    assert cell(restored, "in_your_words").source == WORDS
    assert len(restored.cells) == len(RELEASED.cells)


def test_one_rule_serves_the_student_and_the_grader(notebook: NotebookNode) -> None:
    cell(notebook, "in_your_words").source = WORDS
    without_ids(notebook)
    graded = grading_restore(notebook, answer_bank.source(NAME))
    assert cell(graded, "huber").source == ANSWER
    assert cell(graded, "in_your_words").source == WORDS
    given_back = restore.restored(notebook.cells, RELEASED)
    for name in map(grade_id, filter(is_task, RELEASED.cells)):
        assert cell(graded, str(name)).source == cell(given_back, str(name)).source


@pytest.mark.parametrize("words", [WORDS, "A cost is *one* number.\n\n- low: good\n- high: bad"])
def test_from_a_script_and_back_the_written_answer_comes_too(
    notebook: NotebookNode, words: str
) -> None:
    cell(notebook, "in_your_words").source = words
    notebook.cells.append(new_code_cell("# my own comment\nprint(1)"))
    script, _ = PythonExporter().from_notebook_node(notebook)
    back = jupytext.reads(script, fmt="py")
    assert len(back.cells) < len(RELEASED.cells), "texts have gone into the code above them"
    graded = grading_restore(back, answer_bank.source(NAME))
    given_back = restore.restored(back.cells, RELEASED)
    for found in (graded, given_back):
        assert cell(found, "in_your_words").source == words
        assert cell(found, "huber").source.strip() == ANSWER.strip()
        assert any("# my own comment\nprint(1)" in one.source for one in found.cells)


def test_from_markdown_and_back_the_written_answer_comes_too(notebook: NotebookNode) -> None:
    cell(notebook, "in_your_words").source = WORDS
    text, _ = MarkdownExporter().from_notebook_node(notebook)
    back = jupytext.reads(text, fmt="md:markdown")
    assert WORDS not in sources(back), "it stands in one cell with its task"
    for found in (
        grading_restore(back, answer_bank.source(NAME)),
        restore.restored(back.cells, RELEASED),
    ):
        assert cell(found, "in_your_words").source == WORDS
        assert cell(found, "huber").source.strip() == ANSWER.strip()


def test_who_repeats_the_task_in_the_answer_keeps_all_of_it(notebook: NotebookNode) -> None:
    answer = cell(notebook, "in_your_words")
    place = notebook.cells.index(answer)
    answer.source = f"{notebook.cells[place - 1].source}\n\n{WORDS}"
    whole = answer.source
    assert cell(restore.restored(notebook.cells, RELEASED), "in_your_words").source == whole
    graded = grading_restore(notebook, answer_bank.source(NAME))
    assert cell(graded, "in_your_words").source == whole


@pytest.mark.parametrize("form", ["utf-8-sig", "utf-16"])
def test_a_file_of_another_encoding_is_put_right(saved: Callable[[], Path], form: str) -> None:
    path = saved()
    path.write_text(path.read_text(encoding="utf-8"), encoding=form)
    assert "with 1 answer of yours" in restore.restore(path)
    assert cell(nbformat.read(path, as_version=4), "huber").source == ANSWER
    assert "nothing was changed" in restore.restore(path)


@pytest.mark.parametrize("broken", ["metadata", "source", "outputs"])
def test_one_broken_cell_costs_no_other(saved: Callable[[], Path], broken: str) -> None:
    path = saved()
    whole = json.loads(path.read_text(encoding="utf-8"))
    del next(c for c in whole["cells"] if broken in c)[broken]
    path.write_text(json.dumps(whole))
    restore.restore(path)
    restored = nbformat.read(path, as_version=4)
    assert cell(restored, "huber").source == ANSWER
    assert sources(restored)[1:] == [c.source for c in RELEASED.cells][1:] or ANSWER in sources(
        restored
    )


def test_after_a_merge_with_conflicts_all_answers_are_there(
    notebook: NotebookNode, tmp_path: Path
) -> None:
    """The teacher has changed the text of a task that the student has answered."""

    def git(*arguments: str, check: bool = True) -> None:
        name = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", "-C", tmp_path, *name, *arguments], check=check, capture_output=True)

    path = tmp_path / f"{NAME}.ipynb"
    git("init", "-q", "-b", "mine")
    nbformat.write(RELEASED, path)
    git("add", ".")
    git("commit", "-qm", "given out")
    git("branch", "teacher")
    cell(notebook, "in_your_words").source = WORDS
    nbformat.write(notebook, path)
    git("commit", "-qam", "answers")
    git("checkout", "-q", "teacher")
    theirs = copy.deepcopy(RELEASED)
    stub = cell(theirs, "huber")
    stub.source = stub.source.replace("def huber(", "def huber (")
    nbformat.write(theirs, path)
    git("commit", "-qam", "a better text")
    git("checkout", "-q", "mine")
    git("merge", "-q", "teacher", check=False)
    assert "<<<<<<< " in path.read_text(encoding="utf-8")
    assert "with 2 answers of yours" in restore.restore(path)
    restored = nbformat.read(path, as_version=4)
    assert cell(restored, "huber").source == ANSWER
    assert cell(restored, "in_your_words").source == WORDS


def test_of_two_answers_in_a_merge_both_are_kept(
    notebook: NotebookNode, saved: Callable[[], Path]
) -> None:
    """As nbdime leaves them: the marks stand in the cell."""
    first, last = ANSWER.split("\n")
    cell(
        notebook, "huber"
    ).source = f"{first}\n<<<<<<< local\n{last}\n=======\n    return 2 * e\n>>>>>>> remote"
    path = saved()
    said = restore.restore(path)
    assert "Of 1 of them a merge had left two versions: yours counts" in said
    restored = nbformat.read(path, as_version=4)
    assert cell(restored, "huber").source == ANSWER
    assert f"{first}\n    return 2 * e" in sources(restored)


def test_half_of_a_character_is_no_reason_to_fail(
    notebook: NotebookNode, saved: Callable[[], Path]
) -> None:
    deleted(notebook)
    path = saved()
    text = path.read_text(encoding="utf-8").replace("return e", "return e  # \\ud83d")
    path.write_text(text, encoding="utf-8")
    assert "with 1 answer of yours" in restore.restore(path)


def test_of_a_file_in_which_no_cell_can_be_read_it_is_said_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.ipynb"
    path.write_bytes(b"H4sIAAAAAAAA what a mail program made of it")
    said = restore.restore(path)
    assert said.startswith(f"Nothing in {path} could be read as a cell of a notebook")
    assert f"What it was is in {NAME}.ipynb.backup-1: look for them there." in said
    assert sources(nbformat.read(path, as_version=4)) == sources(RELEASED)


def test_of_a_union_of_two_versions_the_answer_is_kept(
    notebook: NotebookNode, saved: Callable[[], Path]
) -> None:
    """As `git merge-file --union` leaves it: a line's comma is missing."""
    path = saved()
    whole = json.dumps(ANSWER.split("\n")[1])
    text = path.read_text(encoding="utf-8")
    assert f"{whole}\n" in text
    path.write_text(text.replace(f"{whole}\n", f'{whole}\n    "# new"\n'), encoding="utf-8")
    assert "with 1 answer of yours" in restore.restore(path)
    restored = nbformat.read(path, as_version=4)
    assert cell(restored, "huber").source == f"{ANSWER}# new"


def test_of_a_union_with_two_texts_of_a_cell_the_answer_is_kept(
    notebook: NotebookNode, saved: Callable[[], Path]
) -> None:
    """One program writes a cell's text as a list of lines, and another as one text."""
    path = saved()
    text = path.read_text(encoding="utf-8")
    last = json.dumps(ANSWER.split("\n")[-1])
    end = text.index("]", text.index(last)) + 1
    stub = json.dumps(cell(RELEASED, "huber").source)
    path.write_text(f'{text[:end]}\n"source": {stub}{text[end:]}', encoding="utf-8")
    assert "with 1 answer of yours" in restore.restore(path)
    assert cell(nbformat.read(path, as_version=4), "huber").source == ANSWER
