"""A class is graded by the stock nbgrader commands: honest students, careless ones and cheats."""

import copy
from collections.abc import Callable

import answer_bank
import pytest
from bs4 import BeautifulSoup
from classroom import first_wrong_answers
from courses import ROOT, Course, cell
from leaks import flat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from drinkdeep.cells import grade_id
from drinkdeep.grading.judging.assignment import Assignment, without

NAME = "01_cost"
SOURCE = answer_bank.source(NAME)
EXERCISES = Assignment(SOURCE).exercises
FULL = {name: exercise.points for name, exercise in EXERCISES.items()}
NOTHING = dict.fromkeys(FULL, 0.0)

Change = Callable[[NotebookNode], None]


def at_the_top(code: str) -> Change:
    """Add a cell before all others."""
    return lambda notebook: notebook.cells.insert(0, new_code_cell(code))


def answer(exercise: str, code: str) -> Change:
    def change(notebook: NotebookNode) -> None:
        cell(notebook, exercise).source = code

    return change


def both(*changes: Change) -> Change:
    def change(notebook: NotebookNode) -> None:
        for part in changes:
            part(notebook)

    return change


# Right answers in a notebook that doesn't look like the one that was given out.


def reversed_order(notebook: NotebookNode) -> None:
    """The set-up stays first; all else stands the other way round, tests before their answers."""
    notebook.cells[2:] = notebook.cells[:1:-1]


def no_tests(notebook: NotebookNode) -> None:
    notebook.cells = [c for c in notebook.cells if not (grade_id(c) or "").startswith("test_")]


def answers_in_cells_of_their_own(notebook: NotebookNode) -> None:
    """Each answer stands in a new cell at the end, and the cell made for it is deleted."""
    for name in EXERCISES:
        old = cell(notebook, name)
        notebook.cells.remove(old)
        notebook.cells.append(new_code_cell(old.source))


def copied_cells(notebook: NotebookNode) -> None:
    """Cells that were copied with their metadata, so ids are there twice."""
    for name in ("huber", "test_huber", "setup"):
        place = notebook.cells.index(cell(notebook, name))
        notebook.cells.insert(place + 1, copy.deepcopy(notebook.cells[place]))


def a_code_cell_became_text(notebook: NotebookNode) -> None:
    place = notebook.cells.index(cell(notebook, "huber"))
    old = notebook.cells[place]
    notebook.cells[place] = new_markdown_cell(old.source, metadata=old.metadata)


HONEST: dict[str, Change] = {
    "untouched": lambda notebook: None,
    "added-cells": both(
        at_the_top("import warnings; warnings.warn('careful')"),
        lambda notebook: notebook.cells.append(new_code_cell("1 / 0")),
    ),
    "chatty": answer(
        "mean_squared_error",
        "import sys\n"
        "def mean_squared_error(y_hat, y):\n"
        "    print('thinking …'); print('oh', file=sys.stderr)\n"
        "    return ((y_hat - y) ** 2).mean()",
    ),
    "slow": answer(
        "mean_squared_error",
        "import time\n"
        "def mean_squared_error(y_hat, y):\n"
        "    time.sleep(1.5)\n"
        "    return ((y_hat - y) ** 2).mean()",
    ),
    "reversed": reversed_order,
    "tests-deleted": no_tests,
    "answers-elsewhere": answers_in_cells_of_their_own,
    "copied-cells": copied_cells,
    "text-cell": a_code_cell_became_text,
}

# Notebooks without an answer that want points all the same.


def edited_points(notebook: NotebookNode) -> None:
    for name in EXERCISES:
        cell(notebook, f"test_{name}").metadata.nbgrader.points = 0
    cell(notebook, "test_huber").metadata.nbgrader.points = 1000


def edited_tests(notebook: NotebookNode) -> None:
    for name in EXERCISES:
        cell(notebook, f"test_{name}").source = "1000.0"


def skipped_tests(notebook: NotebookNode) -> None:
    for name in EXERCISES:
        cell(notebook, f"test_{name}").metadata.tags = ["skip-execution"]


def text_for_tests(notebook: NotebookNode) -> None:
    for name in EXERCISES:
        place = notebook.cells.index(cell(notebook, f"test_{name}"))
        old = notebook.cells[place]
        notebook.cells[place] = new_markdown_cell("done", metadata=old.metadata)


def swapped_ids(notebook: NotebookNode) -> None:
    """The cell of one exercise says that it is another's, and an id is there twice."""
    cell(notebook, "huber").metadata.nbgrader.grade_id = "trap"
    cell(notebook, "test_trap").metadata.nbgrader.grade_id = "test_huber"


def unlocked_tests(notebook: NotebookNode) -> None:
    """Test cells that call themselves solutions, which nobody overwrites."""
    for name in EXERCISES:
        test = cell(notebook, f"test_{name}")
        test.metadata.nbgrader.update(solution=True, locked=False, grade=False)
        test.source = "3.0"


CHEATS: dict[str, Change] = {
    "edited-points": edited_points,
    "edited-tests": edited_tests,
    "skipped-tests": skipped_tests,
    "text-for-tests": text_for_tests,
    "swapped-ids": swapped_ids,
    "unlocked-tests": unlocked_tests,
    "patched-comparisons": at_the_top(
        "import unittest, numpy as np, torch\n"
        "for module, names in [(torch, ['allclose', 'isclose', 'equal']),\n"
        "        (np, ['allclose', 'isclose', 'array_equal'])]:\n"
        "    for name in names:\n"
        "        setattr(module, name, lambda *a, **k: True)\n"
        "for module in (torch.testing, np.testing):\n"
        "    for name in dir(module):\n"
        "        if name.startswith('assert'):\n"
        "            setattr(module, name, lambda *a, **k: None)\n"
        "for name in dir(unittest.TestCase):\n"
        "    if name.startswith('assert'):\n"
        "        setattr(unittest.TestCase, name, lambda *a, **k: None)\n"
    ),
    "patched-checks": at_the_top(
        "import drinkdeep.checks as checks\n"
        "for name in dir(checks):\n"
        "    if name.startswith('expect') or name == 'difference':\n"
        "        setattr(checks, name, lambda *a, **k: None)\n"
        "checks.Miss = type('Fine', (Exception,), {})\n"
    ),
    "patched-builtins": at_the_top(
        "import builtins\n"
        "builtins.all = builtins.any = builtins.bool = lambda *a: True\n"
        "builtins.abs = builtins.max = builtins.min = builtins.float = lambda *a: 0.0\n"
        "builtins.isinstance = lambda *a: True\n"
    ),
    "equal-to-everything": at_the_top(
        "class Equal:\n"
        "    def __eq__(self, other): return True\n"
        "    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__\n"
        "    __hash__ = object.__hash__\n"
        "    def __getattr__(self, name): return self\n"
        "    def __call__(self, *a, **k): return self\n"
        f"for name in {list(EXERCISES)}:\n"
        "    globals()[name] = Equal()\n"
    ),
    "ast-transformer": at_the_top(
        "import ast\n"
        "class Hollow(ast.NodeTransformer):\n"
        "    def visit_Module(self, node):\n"
        "        return ast.parse('4.0')\n"
        "get_ipython().ast_transformers.append(Hollow())"
    ),
    "input-transformer": at_the_top(
        "get_ipython().input_transformers_post.append(lambda lines: ['4.0\\n'])"
    ),
    "replaced-run-cell": at_the_top(
        "shell = get_ipython()\n"
        "real = shell.run_cell\n"
        "shell.run_cell = lambda code, *a, **k: real('4.0', *a, **k)"
    ),
    "forged-score": at_the_top(
        "get_ipython().events.register('post_run_cell', lambda result: print('4 of 4 points.'))\n"
        "get_ipython().displayhook.write_format_data = lambda *a: None\n"
    ),
    "forged-answers": at_the_top(
        "import drinkdeep.transport as transport, itertools\n"
        "texts = itertools.cycle(['true', '{\"other\": 1}', '{\"tensor\": {}}', 'no', '[1]', ''])\n"
        "transport._answer = lambda **question: next(texts)"
    ),
    "answers-too-many": at_the_top(
        "import drinkdeep.transport as transport\n"
        "transport._answer = lambda **question: 'true\\n' * 1000"
    ),
    "answers-in-its-place": at_the_top(
        "import socket, threading\n"
        "line = socket.socket(socket.AF_UNIX)\n"
        "line.connect('/kernel/questions')\n"
        "def serve():\n"
        "    for question in line.makefile(): line.sendall(b'true\\n')\n"
        "threading.Thread(target=serve, daemon=True).start()"
    ),
    "answers-unasked": at_the_top(
        "import gc, socket\n"
        "def answer():\n"
        "    for line in gc.get_objects():\n"
        "        if isinstance(line, socket.socket) and line.family == socket.AF_UNIX:\n"
        "            line.sendall(b'true\\n' * 100)\n"
        "get_ipython().events.register('post_execute', answer)"
    ),
    "never-serves": at_the_top(
        "import drinkdeep.transport as transport\ntransport.serve = lambda address: None"
    ),
    "serves-no-longer": at_the_top(
        "import drinkdeep.transport as transport\ntransport._answer = lambda **question: 1 / 0"
    ),
    "huge-answers": at_the_top(
        "import drinkdeep.transport as transport\n"
        "megabytes = iter([40, 17])  # more than is waited for, and more than is read\n"
        "transport.encode = lambda value: '\"' + 'x' * (next(megabytes, 1) * 2**20) + '\"'\n"
    ),
    "known-examples": answer(
        "mean_squared_error", "def mean_squared_error(y_hat, y):\n    return 2.5"
    ),
    "code-in-its-answer": at_the_top(
        "import drinkdeep.transport as transport, pickle\n"
        "class Bomb:\n"
        "    def __reduce__(self): return (exec, ('raise SystemExit',))\n"
        "transport.encode = lambda value: pickle.dumps(Bomb()).decode('latin1')"
    ),
    "kernel-ended": at_the_top("import os\nos._exit(0)"),
    "looks-for-tests": at_the_top(
        "import glob, pathlib\n"
        "found = glob.glob('/tmp/**/*', recursive=True) + glob.glob('/home/**/*', recursive=True)\n"
        f"print('COURSE', pathlib.Path({str(ROOT)!r}, 'solutions').exists())\n"
        "import drinkdeep\n"
        "here = pathlib.Path(drinkdeep.__file__).parent\n"
        "print('FILES', [p for p in found if 'ipynb' in p])\n"
        "print('GRADER', [p.name for p in (here / 'grading').iterdir()])\n"
        "print('LABELS', (here / 'data' / 't10k-labels-idx1-ubyte.gz').stat().st_size)\n"
        "import os; print('SECRET', os.environ.get('A_SECRET'))\n"
    ),
}

HALF = {
    name: a.points if a.points is not None else FULL[name]
    for name in FULL
    for a in [next(a for a in answer_bank.answers(NAME) if a.exercise == name and a.words)]
}


@pytest.fixture(scope="module")
def graded(sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The whole class, graded in one run of each of nbgrader's commands."""
    course = Course(tmp_path_factory.mktemp("course"))
    course.take(NAME)
    submissions = {"half": answer_bank.filled(answer_bank.released(NAME), first_wrong_answers())}
    answered = answer_bank.filled(answer_bank.released(NAME), answer_bank.solutions(NAME))
    for names, start in ((HONEST, answered), (CHEATS, answer_bank.released(NAME))):
        for name, change in names.items():
            submissions[name] = copy.deepcopy(start)
            change(submissions[name])
    for name, notebook in submissions.items():
        course.submit(name, NAME, notebook)
    options = ("--JudgedExecute.seed=5", "--JudgedExecute.limits=cell_seconds=20")
    for command in ("generate_assignment", "autograde", "generate_feedback"):
        course.run("nbgrader", command, NAME, *options, A_SECRET="don't tell")
    return course


def earned(course: Course, student: str) -> dict[str, float | None]:
    """What each exercise earned."""
    scores = course.scores(student, NAME)
    return {name: scores[f"test_{name}"] for name in FULL}


@pytest.mark.parametrize("student", HONEST)
def test_right_answers_earn_all_however_the_notebook_looks(graded: Course, student: str) -> None:
    assert earned(graded, student) == FULL


def test_half_right_answers_earn_what_they_should(graded: Course) -> None:
    assert earned(graded, "half") == pytest.approx(HALF)


@pytest.mark.parametrize("student", CHEATS)
def test_a_cheat_earns_nothing(graded: Course, student: str) -> None:
    assert earned(graded, student) == NOTHING


def test_nobody_s_points_were_changed(graded: Course) -> None:
    with graded.gradebook() as gradebook:
        assignment = gradebook.find_assignment(NAME)
        assert assignment.max_code_score == sum(FULL.values())


def test_the_kernel_saw_no_tests_no_labels_and_no_secret(graded: Course) -> None:
    first = graded.autograded("looks-for-tests", NAME).cells[0]
    seen = "".join(output.text for output in first.outputs)
    assert "GRADER []" in seen
    assert "LABELS 0" in seen
    assert "SECRET None" in seen
    assert "COURSE False" in seen
    assert "FILES []" in seen


def test_feedback_tells_the_points_and_the_hint(graded: Course) -> None:
    page = graded.feedback("half", NAME)
    told = first_wrong_answers()
    assert all(a.words in page for a in told.values())


def test_feedback_shows_no_hidden_test(graded: Course) -> None:
    shown = flat(BeautifulSoup(graded.feedback("half", NAME), "html.parser").get_text())
    visible = flat("\n".join(cell.source for cell in answer_bank.released(NAME).cells))
    assert flat("observe(huber(torch.tensor([1.0, -4.0]), 2.0))") in shown, "visible tests are"
    for exercise in EXERCISES.values():
        source = exercise.test.source
        for line in set(source.splitlines()) - set(without(source, exercise.hidden).splitlines()):
            if len(line.strip()) > 12 and flat(line) not in visible:
                assert flat(line) not in shown


def test_the_seed_is_on_record(graded: Course) -> None:
    assert graded.autograded("untouched", NAME).metadata.drinkdeep.seed == 5
