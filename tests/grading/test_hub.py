"""The book's JupyterHub: accounts of their own, and the way from the release to the feedback.

Ada's server shows her home, Ben's the student's tree in his. Grace, the instructor, types her
commands in a terminal of hers. The tests are one story, and run in this order.
"""

import csv
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import make_student_tree
import nbformat
import pytest
from bs4 import BeautifulSoup
from hub import Person, hub, lacking
from nbformat import NotebookNode
from pages import block

from drinkdeep.cells import grade_id

ROOT = Path(__file__).parents[2]
NAME = "01_cost"
EXERCISE = "mean_squared_error"
RIGHT = "def mean_squared_error(y_hat, y):\n    return ((y_hat - y) ** 2).mean()"
WRONG = """from pathlib import Path

try:
    Path("/home/grace/BEN_WAS_HERE").touch()
except OSError:
    pass

def mean_squared_error(y_hat, y):
    return (y_hat - y).mean() ** 2"""
HINT = "You squared the mean. It is the other way round: the mean of the squares."
COURSE = {"course_id": "drinkdeep", "assignment_id": NAME}
PLACES = {"ada": NAME, "ben": f"exercises/{NAME}"}
"""Where a student's assignment lies, below what the student's server shows."""
ANSWERS = {"ada": RIGHT, "ben": WRONG}
POINTS = {"ada": 2.0, "ben": 0.0}
# The students' package comes first; the instructor has the course's own.
SERVERS = """
def begin(spawner):
    if spawner.user.name != "grace":
        spawner.environment = {**spawner.environment, "PYTHONPATH": "/opt/drinkdeep"}
    if spawner.user.name == "ben":
        spawner.notebook_dir = "~/drinkdeep"

c.Spawner.pre_spawn_hook = begin
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def people(sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Person]]:
    """The three of them, each at a server that the hub has started."""
    if missing := lacking():
        reason = f"No hub was started, because this is lacking: {', '.join(missing)}"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    folder = tmp_path_factory.mktemp("hub")
    tree, _ = make_student_tree.write(folder / "opt")
    (folder / "opt" / "drinkdeep.zip").unlink()
    for name in ("ada", "ben", "grace"):
        (folder / "home" / name).mkdir(parents=True)
    own = shutil.copytree(tree, folder / "home" / "ben" / "drinkdeep")
    shutil.rmtree(own / "exercises" / NAME)  # to be fetched
    course = folder / "home" / "grace" / "course"
    shutil.copytree(ROOT / "solutions" / NAME, course / "solutions" / NAME)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    (folder / "home" / "grace" / ".jupyter").mkdir()
    (folder / "home" / "grace" / ".jupyter" / "nbgrader_config.py").write_text(
        block("course.md", "python", "load_subconfig")
    )
    settings = block("course.md", "python", "c.Spawner.environment")
    with hub(folder, ("ada", "ben", "grace"), settings + SERVERS) as people:
        yield people


@pytest.fixture(params=["ada", "ben"])
def student(people: dict[str, Person], request: pytest.FixtureRequest) -> Person:
    return people[request.param]


def notebook(student: Person) -> NotebookNode:
    path = f"api/contents/{PLACES[student.name]}/{NAME}.ipynb"
    return nbformat.reads(json.dumps(student.get(path)["content"]), 4)


def validate(student: Person) -> str:
    """What *Validate* says."""
    path = f"{PLACES[student.name]}/{NAME}.ipynb"
    answer = student.press("assignments/validate", path=path)
    assert answer["success"], answer
    return str(answer["value"])


def status(answer: dict[str, object]) -> list[str]:
    """What the assignment list says of the assignments that it shows."""
    assert answer["success"], answer
    return [entry["status"] for entry in answer["value"]]  # type: ignore[attr-defined]


def scores(grace: Person) -> dict[str, float]:
    """What the gradebook has, by the student."""
    rows = csv.DictReader(grace.read("grades.csv").splitlines())
    return {row["student_id"]: float(row["score"]) for row in rows if row["score"]}


def test_the_instructor_releases(people: dict[str, Person]) -> None:
    code, said = people["grace"].type(
        f"cd course && nbgrader generate_assignment {NAME} && nbgrader release_assignment {NAME}"
    )
    assert code == 0, said


def test_a_student_fetches(student: Person) -> None:
    assert status(student.get("assignments?course_id=drinkdeep")) == ["released"]
    assert status(student.press("assignments/fetch", **COURSE)) == ["fetched"]
    assert len(notebook(student).cells) > 10


def test_validate_speaks_in_words(student: Person) -> None:
    said = validate(student)
    assert "Not answered yet: write in place of `raise NotImplementedError()`." in said
    assert "Traceback" not in said
    assert "\x1b" not in said


def test_so_does_the_command_wherever_it_is_given(student: Person) -> None:
    below = "drinkdeep/" if student.name == "ben" else ""
    code, said = student.type(
        f"cd / && nbgrader validate ~/{below}{PLACES[student.name]}/{NAME}.ipynb"
    )
    assert code == 0, said
    assert "Not answered yet" in said
    assert "Traceback" not in said


def test_a_student_answers_and_hands_in(student: Person) -> None:
    answered = notebook(student)
    cell = next(c for c in answered.cells if grade_id(c) == EXERCISE)
    cell.source = ANSWERS[student.name]
    content = {"type": "notebook", "format": "json", "content": answered}
    student.put(f"api/contents/{PLACES[student.name]}/{NAME}.ipynb", content)
    assert (HINT in re.sub(r"\s+", " ", validate(student))) == (student.name == "ben")
    assert "submitted" in status(student.press("assignments/submit", **COURSE))


def test_the_instructor_collects_and_grades(people: dict[str, Person]) -> None:
    grace = people["grace"]
    for command in (
        "test $(id -u) -ne 0",
        f"nbgrader collect {NAME}",
        f"drinkdeep grade {NAME}",
        f"nbgrader generate_feedback {NAME}",
        f"nbgrader release_feedback {NAME}",
        "nbgrader export --to=../grades.csv",
    ):
        code, said = grace.type(f"cd course && {command}")
        assert code == 0, said
        assert "Traceback" not in said
    assert scores(grace) == POINTS


def test_a_student_reads_the_feedback(student: Person) -> None:
    answer = student.press("assignments/fetch_feedback", **COURSE)
    assert answer["success"], answer
    folder = f"{PLACES[student.name]}/feedback"
    (one,) = student.get(f"api/contents/{folder}")["content"]
    page = BeautifulSoup(student.read(f"{folder}/{one['name']}/{NAME}.html"), "html.parser")
    said = page.get_text(" ", strip=True)
    assert f"For {student.name} Your points {POINTS[student.name]:g} of" in said


def test_formgrader_grades_in_the_sandbox_too(people: dict[str, Person]) -> None:
    grace = people["grace"]
    (assignment,) = grace.get("formgrader/api/assignments")
    assert (assignment["name"], assignment["num_submissions"]) == (NAME, 2)
    assert grace.press(f"formgrader/api/submission/{NAME}/ben/autograde")["success"]
    answer = grace.press(f"formgrader/api/assignment/{NAME}/ben/generate_feedback")
    assert answer["success"], answer
    found = {
        one["student"]: one["score"] for one in grace.get(f"formgrader/api/submissions/{NAME}")
    }
    assert found == POINTS
    names = {file["name"] for file in grace.get("api/contents/")["content"]}
    assert "course" in names
    assert "BEN_WAS_HERE" not in names


def test_no_student_s_server_shows_anybody_s_grades(
    student: Person, people: dict[str, Person]
) -> None:
    assert student.get("formgrader/api/assignments") == []
    assert student.get("formgrader/api/students") == []
    theirs = Person(student.name, people["grace"].address, student.token)
    with pytest.raises(RuntimeError, match="403"):
        theirs.get("formgrader/api/students")


def test_packages_may_lie_outside_of_the_environment(people: dict[str, Person]) -> None:
    """As where they come by PYTHONPATH, or a .pth file names their folder."""
    grace = people["grace"]
    (packages,) = {path for path in sys.path if Path(path, "torch").is_dir()}
    beside = f"printf '%s\\n' {packages} {ROOT} > course.pth"
    code, said = grace.type(
        f"{sys.executable} -m venv --without-pip other && "
        f"(cd other/lib/python3*/site-packages && {beside}) && "
        f"cd course && ../other/bin/python -m drinkdeep.command grade {NAME} --force && "
        "nbgrader export --to=../grades.csv"
    )
    assert code == 0, said
    assert scores(grace) == POINTS
