"""*Validate* says in a sentence what is wrong, and what to do about it.

It is nbgrader's own command here, as the instructor's course and the student's tree set it up.
``test_journeys.py`` presses the button, which does the same.
"""

import copy
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import answer_bank
import nbformat
import pytest
from courses import ROOT, cell
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from people import Desk
from programs import environment

from drinkdeep import nbgrader_version
from drinkdeep.cells import grade_id
from drinkdeep.desk import lab, validate

pytestmark = pytest.mark.slow

NAME = "01_cost"
SOLVED = answer_bank.solutions(NAME)
SUCCESS = "Success! Your notebook passes all the tests."


@pytest.fixture
def course(student_tree: Path) -> Path:
    """The student's tree. Most tests are of it alone, since one command takes seconds."""
    return student_tree


@pytest.fixture
def notebook() -> NotebookNode:
    """The student's, with all of it answered."""
    own = answer_bank.filled(copy.deepcopy(answer_bank.released(NAME)), SOLVED)
    cell(own, "in_your_words").source = "The slope is zero almost everywhere."
    return own


def said(course: Path, notebook: NotebookNode, path: Path) -> str:
    """What nbgrader says of this notebook, on one line."""
    nbformat.write(notebook, path)
    done = command(course, path)
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split())


def command(
    course: Path, path: Path, folder: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """``nbgrader validate``, in the course's folder or another. It changes no file."""
    before = path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "validate", path],
        cwd=folder or course,
        env={**os.environ, "PYTHONPATH": str(course), **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert path.read_bytes() == before
    assert "Traceback" not in done.stdout + done.stderr
    return done


def test_what_is_right_passes(course: Path, notebook: NotebookNode, tmp_path: Path) -> None:
    assert said(course, notebook, tmp_path / f"{NAME}.ipynb") == SUCCESS


@pytest.mark.parametrize("change", [{"id": "a"}, {"id": "a b"}, {}])
def test_ids_that_are_no_good_bury_nothing(
    course: Path, notebook: NotebookNode, tmp_path: Path, change: dict[str, str]
) -> None:
    cell(notebook, "huber").source = "def huber(e, delta):\n    return e"
    raw = json.loads(nbformat.writes(notebook))
    for one in raw["cells"]:
        del one["id"]
        one |= change
    path = tmp_path / f"{NAME}.ipynb"
    path.write_text(json.dumps(raw))
    done = command(course, path)
    assert "VALIDATION FAILED ON 1 CELL(S)!" in done.stdout
    assert "Id" not in done.stderr.replace("IPKernelApp", "")
    assert "nbformat" not in done.stderr


@pytest.mark.parametrize("end", ["os._exit(1)", "os.kill(os.getpid(), 9)"])
def test_a_kernel_that_ends_is_no_success(
    course: Path, notebook: NotebookNode, tmp_path: Path, end: str
) -> None:
    """The second is what a system does that has no memory left."""
    cell(notebook, "huber").source = f"import os\n{end}"
    answer = said(course, notebook, tmp_path / f"{NAME}.ipynb")
    assert "VALIDATION FAILED ON 1 CELL(S)!" in answer
    assert f"The following cell failed: import os {end} The error was: ✗ The kernel ended" in answer
    assert "let neither it nor a cell above it use all of the memory, or end Python as" in answer


def test_a_cell_that_is_gone_is_no_success(
    course: Path, notebook: NotebookNode, tmp_path: Path
) -> None:
    notebook.cells = [
        c for c in notebook.cells if grade_id(c) not in ("test_huber", "in_your_words")
    ]
    path = tmp_path / f"{NAME}.ipynb"
    answer = said(course, notebook, path)
    assert "VALIDATION FAILED ON 2 CELL(S)!" in answer
    for what in ("checks of exercise “2. The Huber loss”", "answer of exercise “12. In your own"):
        assert f"✗ The cell with the {what}" in answer
    assert answer.count("is gone: this command, in a terminal, brings it back and keeps") == 2


def test_a_cell_that_was_changed_is_no_success(
    course: Path, notebook: NotebookNode, tmp_path: Path
) -> None:
    """Of its own nbgrader would say so without a cure, and say nothing of the other cells."""
    cell(notebook, "test_huber").source = "pass"
    cell(notebook, "mean_squared_error").source = "raise NotImplementedError()"
    answer = said(course, notebook, tmp_path / f"{NAME}.ipynb")
    assert "VALIDATION FAILED ON 2 CELL(S)!" in answer
    assert "The following cell failed: pass The error was: ✗ The cell with the checks of" in answer
    assert "“2. The Huber loss” was changed: this command, in a terminal, brings it back" in answer
    assert "✗ name 'mean_squared_error' is not defined" in answer


def test_a_notebook_that_has_lost_its_tests_is_no_success(
    course: Path, notebook: NotebookNode, tmp_path: Path
) -> None:
    """As nb-clean and others leave it by default."""
    for one in notebook.cells:
        one.metadata = NotebookNode()
    answer = said(course, notebook, tmp_path / f"{NAME}.ipynb")
    assert "VALIDATION FAILED ON 1 CELL(S)!" in answer
    assert "✗ This notebook has lost its tests: another program has dropped" in answer
    assert "drinkdeep restore" in answer


def test_what_a_formatter_has_changed_is_no_change(
    course: Path, notebook: NotebookNode, tmp_path: Path
) -> None:
    test = cell(notebook, "test_huber")
    test.source = test.source.replace("\n", "  # \r\n", 1).replace("expect(", "expect( ")
    cell(notebook, "setup").source = cell(notebook, "setup").source.replace("\n", "\r\n")
    assert said(course, notebook, tmp_path / f"{NAME}.ipynb") == SUCCESS


def test_an_error_in_the_answers_cell_is_told_as_that(
    course: Path, notebook: NotebookNode, tmp_path: Path
) -> None:
    cell(notebook, "huber").source = "def huber(e, delta)\n    return e"
    cell(
        notebook, "mean_squared_error"
    ).source = "import google.colab\ndef mean_squared_error(y_hat, y):\n    return 0"
    answer = said(course, notebook, tmp_path / f"{NAME}.ipynb")
    assert "✗ Your code raised SyntaxError: expected ':' (line 1 of the cell that should" in answer
    assert "✗ Your code raised ModuleNotFoundError: No module named 'google" in answer
    assert "is not defined" not in answer


def test_an_instructor_gets_the_same_words(notebook: NotebookNode, tmp_path: Path) -> None:
    notebook.cells.remove(cell(notebook, "test_huber"))
    path = tmp_path / f"{NAME}.ipynb"
    assert "“2. The Huber loss” is gone: this command" in said(ROOT, notebook, path)
    path.write_text("")
    assert NOT_LOOKED_AT in command(ROOT, path).stderr


def test_code_that_was_made_text_is_no_success(
    course: Path, notebook: NotebookNode, tmp_path: Path
) -> None:
    """As when a student presses M beside a cell."""
    made_text(notebook)
    answer = said(course, notebook, tmp_path / f"{NAME}.ipynb")
    assert answer.startswith("Code was made text, or text code, in 1 cell(s): `drinkdeep restore`,")


def made_text(notebook: NotebookNode) -> None:
    own = cell(notebook, "huber")
    own.cell_type = "markdown"
    del own["outputs"], own["execution_count"]


def test_the_command_that_brings_it_back_can_be_copied(
    notebook: NotebookNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my exercises"
    folder.mkdir()
    path = folder / f"{NAME}.ipynb"
    notebook.cells.remove(cell(notebook, "test_huber"))
    nbformat.write(notebook, path)
    monkeypatch.chdir(folder)
    validate.validate(notebook)
    command = notebook.cells[0].outputs[0].traceback[-1].strip()
    monkeypatch.chdir("/")
    subprocess.run(command, shell=True, env=environment(), check=True, capture_output=True)
    assert cell(nbformat.read(path, as_version=4), "test_huber")


def test_a_notebook_under_another_name_is_no_success(
    course: Path, notebook: NotebookNode, tmp_path: Path
) -> None:
    answer = said(course, notebook, tmp_path / "Mine.ipynb")
    assert "VALIDATION FAILED ON 1 CELL(S)!" in answer
    assert f"rename it to {NAME}.ipynb, with a right click on it in JupyterLab's file" in answer


def test_a_loop_without_an_end_is_stopped_where_it_stands(
    notebook: NotebookNode,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stop_soon: Callable[[str], None],
) -> None:
    stop_soon("test_huber")
    monkeypatch.chdir(tmp_path)
    cell(notebook, "huber").source = "def huber(e, delta):\n    while True:\n        pass"
    nbformat.write(notebook, f"{NAME}.ipynb")
    validate.validate(notebook)
    wrong = {
        grade_id(c): "".join(output.traceback)
        for c in notebook.cells
        for output in c.get("outputs", [])
        if output.output_type == "error"
    }
    assert wrong == {"test_huber": "✗ Stopped after 2 s: look for a loop that has no end."}


def test_what_the_course_did_not_give_out_is_run_as_it_is(tmp_path: Path) -> None:
    strange = nbformat.v4.new_notebook(cells=[new_code_cell("1 / 0")])
    assert said(ROOT, strange, tmp_path / "strange.ipynb") == SUCCESS


@pytest.fixture(scope="module")
def desk(student_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    tree = shutil.copytree(student_tree, tmp_path_factory.mktemp("desk") / "drinkdeep")
    home = tmp_path_factory.mktemp("home")
    exchange = home / "exchange" / "drinkdeep"
    (exchange / "inbound").mkdir(parents=True)
    shutil.copytree(tree / "exercises" / NAME, exchange / "outbound" / NAME)
    settings = f"c.Exchange.root = {str(exchange.parent)!r}"
    desk = Desk(tree, home, tree, settings, command=("drinkdeep", "lab"))
    desk.start()
    try:
        desk.wait()
        yield desk
    finally:
        desk.stop()


def doubled(text: str) -> str:
    """As when a student copies a cell to try something in it."""
    notebook = nbformat.reads(text, as_version=4)
    twin = copy.deepcopy(cell(notebook, "huber"))
    twin.id = "another1"
    notebook.cells.append(twin)
    return str(nbformat.writes(notebook))


DAMAGES = [doubled, lambda text: text[:9000], lambda text: ""]
NOT_LOOKED_AT = "This notebook can't be looked at, because a cell is in it twice"


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_terminal_has_a_sentence_for_a_notebook_that_is_damaged(
    course: Path, tmp_path: Path, damage: Callable[[str], str]
) -> None:
    path = tmp_path / "my exercises" / f"{NAME}.ipynb"
    path.parent.mkdir()
    path.write_text(damage(nbformat.writes(answer_bank.released(NAME))), encoding="utf-8")
    told = command(course, path)
    assert told.returncode == 1
    (line,) = (line for line in told.stderr.splitlines() if "ERROR" in line)
    assert NOT_LOOKED_AT in line
    cure = told.stderr.splitlines()[-1].strip()
    assert cure == f"drinkdeep restore '{path}'"


def test_with_another_version_of_nbgrader_it_says_so_and_leaves_the_rest_to_it(
    notebook: NotebookNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nbgrader_version, "WRITTEN_FOR", "0.9.5")
    before = copy.deepcopy(notebook.cells)
    validate.validate(notebook)
    sign, *others = notebook.cells
    words = " ".join(line.strip() for line in sign.outputs[0].traceback)
    assert words.startswith(
        "✗ What *Validate* says was written for nbgrader 0.9.5, and this is 0.9"
    )
    assert others == before


def test_a_terminal_of_jupyterlab_has_it_in_every_folder(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.ipynb"
    path.write_text("")
    told = command(ROOT, path, tmp_path, JUPYTER_CONFIG_PATH=str(lab.CONFIG))
    assert NOT_LOOKED_AT in told.stderr


def asked(desk: Desk, address: str, **what: str) -> dict[str, Any]:
    """What the server answers to a button of nbgrader's."""
    request = urllib.request.Request(
        f"{desk.url}/assignments/{address}",
        data=urlencode(what).encode(),
        headers={"Authorization": f"token {desk.token}"},
    )
    answer: dict[str, Any] = json.load(urllib.request.urlopen(request, timeout=60))
    return answer


def pressed(desk: Desk, path: Path) -> tuple[str, str]:
    """The sentence and the command that the button shows for a notebook that can't be run."""
    answer = asked(desk, "validate", path=path.relative_to(desk.folder).as_posix())
    assert answer["success"] is False
    *lines, command = answer["value"].splitlines()
    return " ".join(lines), command


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_button_has_a_sentence_for_a_notebook_that_is_damaged(
    desk: Desk, damage: Callable[[str], str]
) -> None:
    path = desk.folder / "exercises" / NAME / f"{NAME}.ipynb"
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    sentence, command = pressed(desk, path)
    assert sentence.startswith(NOT_LOOKED_AT)
    subprocess.run(command, shell=True, env=desk.environment, check=True, capture_output=True)
    assert nbformat.read(path, as_version=4).cells == answer_bank.released(NAME).cells


def test_the_button_has_a_sentence_for_what_is_not_the_notebooks_fault(desk: Desk) -> None:
    sentence, command = pressed(desk, desk.folder / "exercises" / NAME / "gone.ipynb")
    assert sentence.startswith("The notebook was not run (FileNotFoundError: [Errno 2]")
    assert command == "drinkdeep check"


def test_the_button_says_how_code_that_was_made_text_is_brought_back(
    desk: Desk, notebook: NotebookNode
) -> None:
    path = desk.folder / "exercises" / NAME / f"{NAME}.ipynb"
    made_text(notebook)
    nbformat.write(notebook, path)
    answer = asked(desk, "validate", path=path.relative_to(desk.folder).as_posix())
    (failed,) = answer["value"]["failed"]
    assert failed["source"] == cell(notebook, "huber").source
    sentence, _, command = failed["error"].rpartition("\n")
    assert sentence.startswith("✗ This was a code cell and is a markdown cell: this command, in a")
    subprocess.run(command, shell=True, env=desk.environment, check=True, capture_output=True)
    mended = cell(nbformat.read(path, as_version=4), "huber")
    assert (mended.cell_type, mended.source) == ("code", failed["source"])


def test_submit_says_that_the_notebook_has_another_name(desk: Desk) -> None:
    path = desk.folder / "exercises" / NAME / f"{NAME}.ipynb"
    inbound = desk.home / "exchange" / "drinkdeep" / "inbound"
    what = {"course_id": "drinkdeep", "assignment_id": NAME}
    renamed = path.rename(path.with_name("Mine.ipynb"))
    answer = asked(desk, "submit", **what)
    assert answer["success"] is False
    assert " ".join(answer["value"].split()) == (
        f"Nothing was handed in, because the assignment's folder has no {NAME}.ipynb: rename yours "
        "to that, with a right click on it in JupyterLab's file browser, and submit again."
    )
    assert not list(inbound.iterdir())
    renamed.rename(path)
    assert asked(desk, "submit", **what)["success"] is True
    assert list(inbound.glob(f"*/{NAME}.ipynb"))


def test_submit_has_a_sentence_for_what_is_not_the_students_fault(desk: Desk) -> None:
    answer = asked(desk, "submit", course_id="drinkdeep", assignment_id="02_gradient_descent")
    assert "Traceback" not in answer["value"]
    said = " ".join(answer["value"].split())
    assert said.startswith("Nothing was handed in (")
    assert said.endswith("and if all is OK, show this to your teacher.")
