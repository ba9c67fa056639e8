"""*A course with grades* does what it says: every command of the page runs, in its order."""

import csv
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import answer_bank
import nbformat
import new_exercise
import pytest
import make_release
import yaml
from leaks import flat, secrets
from nbgrader.apps import NbGrader, ValidateApp
from nbgrader.utils import compute_checksum
from nbgrader.validator import Validator
from pages import block, blocks, inline
from traitlets.config import Config

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
NAME, OTHER = "01_cost", "04_losses"


class Course:
    """A fresh copy of the course, with an instructor's home beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder / "course", folder / "home"
        listed = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True,
            text=True,
            check=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.folder / name)
        # What is installed is this project's; only the package is the copy's.
        (self.folder / ".venv").mkdir()
        for part in (ROOT / ".venv").resolve().iterdir():
            if part.name != "ready":
                (self.folder / ".venv" / part.name).symlink_to(part)
        (self.folder / ".venv" / "ready").touch()
        (self.home / "Downloads").mkdir(parents=True)
        self.run("git init --quiet && git add --all && git commit --quiet --message=Begin")

    def run(self, commands: str) -> str:
        """Run a block in a terminal of its own."""
        person = {"NAME": "Grace", "EMAIL": "grace@example.org"}
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f". .venv/bin/activate\n{commands}"],
            cwd=self.folder,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("JUPYTER_")},
                **{
                    f"GIT_{who}_{k}": v
                    for k, v in person.items()
                    for who in ("AUTHOR", "COMMITTER")
                },
                "HOME": str(self.home),
                "PYTHONPATH": str(self.folder),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, f"{commands}\n{run.stdout}\n{run.stderr}"
        return run.stdout + run.stderr


@pytest.fixture(scope="module")
def term(sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The course after all of the page's commands."""
    course = Course(tmp_path_factory.mktemp("term"))
    solved = nbformat.read(ROOT / "exercises" / NAME / f"{NAME}.ipynb", as_version=4)
    right = next(a for a in answer_bank.answers(NAME) if a.exercise == "mean_squared_error")
    with zipfile.ZipFile(course.home / "Downloads" / "submissions.zip", "w") as archive:
        notebook = answer_bank.filled(solved, {"mean_squared_error": right})
        archive.writestr(f"ben_{NAME}.ipynb", nbformat.writes(notebook))
    for commands in blocks("course.md", "sh"):
        course.run(commands)
    return course


def test_the_grades_are_those_of_the_rehearsal_and_of_the_archive(term: Course) -> None:
    with (term.folder / "grades.csv").open() as file:
        scores = {
            row["student_id"]: float(row["raw_score"] or 0)
            for row in csv.DictReader(file)
            if row["assignment"] == NAME
        }
    assert scores == {"ada": 0, "ben": 2}


def test_each_student_gets_feedback(term: Course) -> None:
    for name in ("ada", "ben"):
        page = term.folder / "feedback" / name / NAME / f"{NAME}.html"
        assert "First square each error" in page.read_text(encoding="utf-8"), "the changed hint"


def test_the_change_and_the_new_exercise_are_released(term: Course) -> None:
    for name, words in ((NAME, "First square each error"), (OTHER, ". Twice as much · 2 points")):
        notebook = nbformat.read(term.folder / "exercises" / name / f"{name}.ipynb", as_version=4)
        assert words in "\n".join(cell.source for cell in notebook.cells)
        assert all(
            compute_checksum(cell) == cell.metadata.nbgrader.checksum
            for cell in notebook.cells
            if "nbgrader" in cell.metadata
        )


def test_a_class_from_a_spreadsheet_is_entered(term: Course) -> None:
    """As Excel writes it in Western Europe: semicolons, blanks behind them, its own letters."""
    table = "id; first_name; last_name; email\r\neve; Ève; d'Arc-Ünal; eve@example.org\r\n"
    (term.folder / "excel.csv").write_bytes(table.encode("cp1252"))
    term.run(inline("course.md", "drinkdeep students").replace("FILE.csv", "excel.csv"))
    (term.folder / "class.csv").write_text("id,first_name,last_name,email\nkim,Kim,Lee,k@x.org\n")
    term.run("nbgrader db student import class.csv")
    listed = term.run("nbgrader db student list")
    assert "Ünal, Ève" in listed
    assert "Lee, Kim" in listed


def test_moodle_s_worksheet_is_filled(term: Course) -> None:
    term.run("nbgrader db student add ben --first-name=Ben --last-name=Okafor --email=ben@x.org")
    header = "Identifier,Full name,Email address,Status,Grade,Maximum grade,Last modified (grade)"
    most = re.search(r"(?m)^01_cost,.*,([\d.]+)$", (term.folder / "grades.csv").read_text())
    assert most
    (term.folder / "WORKSHEET").write_text(
        f"{header}\nParticipant 4,Ben Okafor,ben@x.org,Submitted,,{most[1]},-\n"
    )
    command = block("course.md", "text", "MoodleWorksheet").strip()
    # The other one's work was handed in by the exchange.
    term.run(f"{command} --student=ben")
    assert "Participant 4,Ben Okafor,ben@x.org,Submitted,2," in (
        term.folder / "filled.csv"
    ).read_text(encoding="utf-8")


def test_the_other_ways_to_grade_work(term: Course) -> None:
    term.run(f"nbgrader autograde {NAME} --student=ben --force")
    said = term.run(inline("cluster.md", "make grade"))
    assert "ada" in said or "1 of 1" in said
    report = term.folder / "reports" / f"{NAME}.html"
    assert "Okafor" in report.read_text(encoding="utf-8")


def test_an_assignment_that_was_handed_in_takes_no_new_exercise(term: Course) -> None:
    said = term.run(
        f"python tools/new_exercise.py {NAME} twice\n! make release ASSIGNMENTS={NAME} 2>&1"
    )
    assert f"{NAME}: there are submissions in the gradebook" in said
    assert "Traceback" not in said


def test_the_public_repository_holds_no_solution(term: Course) -> None:
    text = flat(term.run("git -C ~/public grep -hI '' origin/main -- exercises book"))
    for name in answer_bank.ASSIGNMENTS:
        assert [line for line in secrets(name) if flat(line) in text] == []
    names = term.run("git -C ~/public ls-tree -r --name-only origin/main")
    assert f"exercises/{NAME}/{NAME}.ipynb" in names
    assert "solutions/" not in names


@pytest.mark.parametrize("name", answer_bank.ASSIGNMENTS)
def test_a_new_exercise_keeps_the_rules(name: str) -> None:
    notebook = new_exercise.added(answer_bank.source(name), "twice", "Twice as much", 2)
    answers = answer_bank.parse(new_exercise.ANSWERS.format(name="twice"), "the new exercise")
    assert list(make_release.problems(notebook, [*answer_bank.answers(name), *answers])) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"{NAME} huber", "has a huber already"),
        (f"{NAME} 2fast", "can't be the name of a function"),
        ("08_nothing twice", "invalid choice"),
    ],
)
def test_a_new_exercise_is_refused_in_a_sentence(
    words: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a command it is given in the page's order, above."""
    monkeypatch.setattr(sys, "argv", ["new_exercise.py", *words.split()])
    try:
        code = new_exercise.main()
    except SystemExit as ended:  # argparse's
        code = ended.code
    assert code in (1, 2)
    assert said in capsys.readouterr().err


def test_the_hub_s_configuration_is_what_it_seems() -> None:
    hub, exchange = map(yaml.safe_load, blocks("course.md", "yaml"))
    service = hub["hub"]["extraConfig"]["ngshare"]
    compile(service, "hub", "exec")
    assert exchange["ngshare"]["hub_api_token"] in service
    settings = hub["singleuser"]["extraFiles"]["nbgrader"]["stringData"]
    # The exchange is not installed here; all else is.
    settings = re.sub(r"(?m)^.*(ngshare_exchange|configureExchange).*$", "", settings)
    config = Config()
    exec(compile(settings, "nbgrader_config.py", "exec"), {"get_config": lambda: config})
    kinds = [*NbGrader().all_configurable_classes(), ValidateApp, Validator]
    known = {kind.__name__: kind.class_trait_names() for kind in kinds}
    assert config
    for name, chosen in config.items():
        assert set(chosen) <= set(known[name]), name
