"""What grading a class costs: stock nbgrader's command and ours, on the same class, in one run.

    python benchmarks/grading.py [ASSIGNMENT] [--submissions N]
    python benchmarks/grading.py [ASSIGNMENT] --long N     ours alone, and its memory over time
    python benchmarks/grading.py [ASSIGNMENT] --against COMMIT [--submissions N]
                                       an earlier build and ours, in turn, on the same class
    python benchmarks/grading.py [ASSIGNMENT] --recording N [N …] [--against COMMIT] [--db URL]
                                       recording alone: the ceiling, however many workers there are

The class is made of the bank of answers. README.md says how to read the result.
"""

import argparse
import ast
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
from nbgrader.api import Gradebook

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "support")]

import answer_bank  # noqa: E402  (of this repository, which is no package)
import programs  # noqa: E402
from courses import OURS, Course  # noqa: E402

COURSE = "drinkdeep"
STOCK = f"""c = get_config()
c.CourseDirectory.course_id = "{COURSE}"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.Execute.timeout = 120
"""
CLASS = """
import sys
from pathlib import Path
tools, assignment, number, folder = sys.argv[1:]
sys.path.insert(0, tools)
try:
    import answer_bank as bank
except ImportError:
    import bank
import nbformat
submissions = list(bank.submissions(assignment))
for count in range(int(number)):
    path = Path(folder, f"student-{count:04}", assignment, f"{assignment}.ipynb")
    path.parent.mkdir(parents=True)
    nbformat.write(submissions[count % len(submissions)].notebook, path)
"""
"""Hands in what a build's own bank has, which an earlier build can grade as well."""
HONEST = ("released", "solution", "right")
"""Submissions of which both must say the same: all that is asked for, or nothing."""


def environment(build: Path = ROOT) -> dict[str, str]:
    """Where nbgrader finds alembic, and Python a build of ours; one thread each for all."""
    return programs.environment(PYTHONPATH=str(build), OMP_NUM_THREADS="1", PYTHONWARNINGS="ignore")


def make_course(folder: Path, assignment: str, number: int, settings: str = OURS) -> dict[str, str]:
    """A course with a class; each student's name, and which submission of the bank it has."""
    course = Course(folder, settings=settings)
    course.take(assignment)
    submissions = list(answer_bank.submissions(assignment))
    names = {}
    for count in range(number):
        submission = submissions[count % len(submissions)]
        student = f"student-{count:04}"
        course.submit(student, assignment, submission.notebook)
        names[student] = submission.name
    course.run("nbgrader", "generate_assignment", assignment)
    return names


def scores(folder: Path, assignment: str) -> dict[str, dict[str, float | None]]:
    """What each student's test cells earned."""
    with Gradebook(f"sqlite:///{folder}/gradebook.db", COURSE) as gradebook:
        return {
            submission.student_id: {
                grade.name: grade.auto_score
                for grade in gradebook.find_submission_notebook(
                    assignment, assignment, submission.student_id
                ).grades
                if grade.name.startswith("test_")
            }
            for submission in gradebook.assignment_submissions(assignment)
        }


def seconds(command: list[str], folder: Path, build: Path = ROOT) -> float:
    """How long a command takes in a course."""
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment(build), check=True, capture_output=True)
    return time.perf_counter() - start


def leave_out_stopwatch(path: Path) -> None:
    """Take the checks of time out of a source: builds that are compared write them in two forms."""
    source = nbformat.read(path, as_version=4)
    for cell in source.cells:
        if not (cell.cell_type == "code" and "expect_faster(" in cell.source):
            continue
        lines: list[str | None] = [*cell.source.splitlines()]
        for statement in ast.parse(cell.source).body:
            if ast.unparse(statement).startswith("expect_faster("):
                first, last = statement.lineno - 1, statement.end_lineno or statement.lineno
                lines[first:last] = [None] * (last - first)
        cell.source = "\n".join(line for line in lines if line is not None)
    nbformat.write(source, path)


def make_class(
    folder: Path, assignment: str, number: int, build: Path, maker: Path, db: str | None = None
) -> None:
    """A course for one build, with the assignment and the class that another one has made.

    Two builds that are compared get the same, without checks of time.
    """
    settings = (build / "nbgrader_config.py").read_text(encoding="utf-8")
    course = Course(folder, settings=settings, db_url=db)
    course.take(assignment, maker / "solutions")
    if maker != ROOT:
        leave_out_stopwatch(folder / "solutions" / assignment / f"{assignment}.ipynb")
    make = [sys.executable, "-c", CLASS, str(maker / "tools"), assignment, str(number)]
    make.append(str(folder / "submitted"))
    enter = ["nbgrader", "generate_assignment", assignment, "--force"]
    enter += [f"--db={db}"] if db else []
    subprocess.run(make, cwd=folder, env=environment(maker), check=True, capture_output=True)
    course.run(*enter, PYTHONPATH=str(build))


@contextlib.contextmanager
def builds(commit: str | None) -> Iterator[dict[str, Path]]:
    """The builds that are compared, by name: ours, and before it an earlier one if it is named."""
    if commit is None:
        yield {"ours": ROOT}
        return
    with tempfile.TemporaryDirectory() as temporary:
        earlier = Path(temporary, "earlier")
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", earlier, commit], check=True, capture_output=True)
        try:
            # Its entry points are others than ours: jupyter_client finds its provisioner by them.
            make = [sys.executable, "-c", "import setuptools; setuptools.setup()", "egg_info"]
            subprocess.run(make, cwd=earlier, check=True, capture_output=True)
            yield {"earlier": earlier, "ours": ROOT}
        finally:
            subprocess.run([*git, "remove", "--force", earlier], check=True, capture_output=True)


def against(assignment: str, number: int, commit: str, rounds: int) -> None:
    """An earlier build and ours in turn, each time on a new copy of the same class."""
    taken: dict[str, list[float]] = {}
    with builds(commit) as compared, tempfile.TemporaryDirectory() as temporary:
        for turn in range(rounds):
            given = {}
            for name, build in compared.items():
                folder = Path(temporary, f"{name}-{turn}")
                make_class(folder, assignment, number, build, compared["earlier"])
                command = [sys.executable, "-m", "drinkdeep.command", "grade", assignment]
                took = seconds([*command, "--seed=7"], folder, build)
                taken.setdefault(name, []).append(took)
                given[name] = scores(folder, assignment)
                print(
                    f"{name:10}{took:9.1f} s{number / took:9.2f} submissions a second", flush=True
                )
            differ = [s for s in given["ours"] if given["ours"][s] != given["earlier"].get(s)]
            print(f"Submissions with other grades: {len(differ)} {' '.join(differ[:5])}")
    ratios = [a / b for a, b in zip(taken["earlier"], taken["ours"], strict=True)]
    print(f"\nOurs grades {statistics.median(ratios):.2f} × as many in the same time (median).")


def record(assignment: str, numbers: list[int], commit: str | None, db: str | None) -> None:
    """Recording alone, of classes of these sizes, by each build."""
    with builds(commit) as compared, tempfile.TemporaryDirectory() as temporary:
        print("build       submissions  a second   memory of the command, MB")
        for number in numbers:
            for name, build in compared.items():
                folder = Path(temporary, f"{name}-{number}")
                make_class(folder, assignment, number, build, next(iter(compared.values())), db)
                script = str(Path(__file__).with_name("recording.py"))
                command = [sys.executable, script, str(folder), assignment]
                command += [f"--db={db}"] if db else []
                run = subprocess.run(
                    command, env=environment(build), check=True, capture_output=True, text=True
                )
                said = json.loads(run.stdout.splitlines()[-1])
                assert said["recorded"] == number, said
                rate = number / said["seconds"]
                print(f"{name:10}{number:13}{rate:10.1f}{said['memory']:14.0f}", flush=True)


def compare(assignment: str, number: int) -> None:
    """Stock's command and ours, and what they gave."""
    stock_command = [sys.executable, "-m", "nbgrader", "autograde", assignment]
    our_command = [sys.executable, "-m", "drinkdeep.command", "grade", assignment]
    with tempfile.TemporaryDirectory() as temporary:
        taken, given = {}, {}
        names: dict[str, str] = {}
        for name, settings, command in (
            ("nbgrader autograde", STOCK, stock_command),
            ("drinkdeep grade", OURS, our_command),
        ):
            folder = Path(temporary, name.replace(" ", "-"))
            names = make_course(folder, assignment, number, settings)
            taken[name] = seconds(command, folder)
            given[name] = scores(folder, assignment)
            rate = number / taken[name]
            print(f"{name:20}{taken[name]:9.1f} s{rate:9.2f} submissions a second", flush=True)
    stock, ours = given.values()
    first, second = taken.values()
    honest = [s for s, name in names.items() if name.startswith(HONEST)]
    same = sum(stock.get(s) == ours.get(s) and ours.get(s) is not None for s in honest)
    print(f"\nOurs grades {first / second:.1f} × as many submissions in the same time.")
    print(f"Grades of honest submissions: {same} of {len(honest)} the same.")
    others = [s for s in names if s not in honest]
    less = sum(_sum(stock.get(s)) < _sum(ours.get(s)) for s in others)
    print(
        f"Of {len(others)} that are partly wrong, ours gave {less} more than stock, which has no "
        "partial credit."
    )


def _sum(grades: dict[str, float | None] | None) -> float:
    return sum(grade or 0 for grade in (grades or {}).values())


def long_run(assignment: str, number: int) -> None:
    """Ours alone on a large class: what was lost, and the memory of the command over time."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        names = make_course(folder, assignment, number)
        start = time.perf_counter()
        run = subprocess.Popen(
            [sys.executable, "-m", "drinkdeep.command", "grade", assignment],
            cwd=folder,
            env=environment(),
            stderr=subprocess.DEVNULL,
        )
        process = psutil.Process(run.pid)
        print("seconds   graded   command, MB   with its workers and kernels, MB")
        while run.poll() is None:
            try:
                own = process.memory_info().rss
                family = [p.memory_info().rss for p in process.children(recursive=True)]
            except psutil.Error:
                continue
            done = len(list(folder.glob(f"autograded/*/{assignment}")))
            now = time.perf_counter() - start
            print(
                f"{now:7.0f}{done:9}{own / 1e6:14.0f}{(own + sum(family)) / 1e6:14.0f}", flush=True
            )
            time.sleep(max(2.0, number / 50))
        took = time.perf_counter() - start
        given = scores(folder, assignment)
    submissions = {s.name: s for s in answer_bank.submissions(assignment)}
    lost = [student for student in names if student not in given]
    wrong = [
        f"{student} ({name}): {earned} and not {points} for {exercise}"
        for student, name in names.items()
        for exercise, points in submissions[name].points.items()
        if student in given
        and abs((earned := given[student][f"test_{exercise}"] or 0) - points) > 0.005
    ]
    print(f"\n{number} submissions in {took:.0f} s, {number / took:.2f} a second.")
    print(f"Lost: {len(lost)}. Answers with other points than the bank says: {len(wrong)}.")
    print("\n".join(wrong))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("assignment", nargs="?", default="01_cost", choices=answer_bank.ASSIGNMENTS)
    parser.add_argument("--submissions", type=int, default=60)
    parser.add_argument("--long", type=int, metavar="N")
    parser.add_argument("--recording", type=int, nargs="+", metavar="N")
    parser.add_argument("--against", metavar="COMMIT", help="an earlier build")
    parser.add_argument("--rounds", type=int, default=1, help="how often the builds take turns")
    parser.add_argument("--db", metavar="URL", help="an empty gradebook, for --recording")
    arguments = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    print(f"Python {platform.python_version()}, {cores} cores, {arguments.assignment}\n")
    if arguments.recording:
        record(arguments.assignment, arguments.recording, arguments.against, arguments.db)
    elif arguments.against:
        print(f"a class of {arguments.submissions}")
        against(arguments.assignment, arguments.submissions, arguments.against, arguments.rounds)
    elif arguments.long:
        long_run(arguments.assignment, arguments.long)
    else:
        print(f"a class of {arguments.submissions}")
        compare(arguments.assignment, arguments.submissions)


if __name__ == "__main__":
    main()
