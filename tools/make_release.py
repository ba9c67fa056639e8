"""Make what students get, exercises/, of the instructor's sources in solutions/.

    python tools/make_release.py [ASSIGNMENT …]     check the sources, write exercises/, and enter
                                                the assignments into nbgrader's gradebook
    python tools/make_release.py --check            say what is wrong or stale; exit 1

nbgrader takes the solutions and the hidden tests out. Before that, each assignment must keep the
rules of CONTRIBUTING.md (“Writing an exercise”); what it breaks is said in one line each.
"""

import argparse
import ast
import builtins
import filecmp
import logging
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import answer_bank
import nbformat
import notebooks
from nbformat import NotebookNode
from nbgrader.apps import NbGraderAPI
from programs import environment
from traitlets.config import Config

from drinkdeep import checks as checks_of_answers
from drinkdeep.cells import grade_id, has_role, heading, is_test
from drinkdeep.grading.errors import CheckError
from drinkdeep.grading.judging.assignment import (
    BEGIN_HIDDEN,
    BEGIN_SOLUTION,
    END_HIDDEN,
    END_SOLUTION,
    TEST_PREFIX,
    Assignment,
    Exercise,
    regions,
    without,
)
from drinkdeep.grading.judging.judge import CheckSite, sites_of
from drinkdeep.grading.judging.rewriting import CHECKS
from drinkdeep.notebook.scope import LOOKS, bound_names, defined_names, free_names, looked_at

ROOT = Path(__file__).resolve().parent.parent
MARKERS = (BEGIN_SOLUTION, END_SOLUTION, BEGIN_HIDDEN, END_HIDDEN)
# What somebody might have meant for a marker, however it is spelt.
LIKE_A_MARKER = re.compile(r"#+\s*(?i:BEGIN|END|START|STOP)\b|#.*\b(SOLU|HIDD|TESTS)[A-Z]*")
TOTAL = re.compile(r"There are (\d+) points in all\.")
HINT = re.compile(r"^:::\{dropdown\} Hint (\d+)$", re.MULTILINE)
FEWEST_EXERCISES, FEWEST_RIGHT, FEWEST_WRONG = 8, 2, 3


# The rules


def problems(notebook: NotebookNode, answers: list[answer_bank.Answer]) -> Iterator[str]:
    """Name what an assignment breaks of the rules."""
    assignment = Assignment(notebook)
    basic = [*_problems_of_markers(notebook), *_problems_of_ids(assignment)]
    yield from basic
    if basic:
        return  # the rest would be about cells that are not what they seem
    yield from _problems_of_points(assignment)
    if len(assignment.exercises) < FEWEST_EXERCISES:
        yield f"it has {len(assignment.exercises)} exercises, and needs {FEWEST_EXERCISES}"
    if len(assignment.written) != 1:
        yield "it has not exactly one written answer"
    for name in sorted({answer.exercise for answer in answers} - set(assignment.exercises)):
        yield f"the bank answers {name}, which is no exercise"
    taught = {
        name
        for exercise in assignment.exercises.values()
        for name in defined_names(ast.parse(exercise.solution.source))
    }
    given = _given(assignment)
    for exercise in assignment.exercises.values():
        own = [answer for answer in answers if answer.exercise == exercise.name]
        for problem in (
            *_problems_of_text(assignment, exercise),
            *_problems_of_test(exercise, taught),
            *_problems_of_names(exercise, taught, given),
            *_problems_of_bank(own, exercise),
        ):
            yield f"{exercise.name}: {problem}"


def _problems_of_markers(notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        lines = [line.strip() for line in cell.source.splitlines()]
        for line in lines:
            if cell.cell_type == "code" and line not in MARKERS and LIKE_A_MARKER.search(line):
                yield f"a marker is misspelt: {line}"
        found = [line for line in lines if line in MARKERS]
        for begin, end in ((BEGIN_SOLUTION, END_SOLUTION), (BEGIN_HIDDEN, END_HIDDEN)):
            own = [line for line in found if line in (begin, end)]
            if own != [begin, end] * (len(own) // 2):
                yield f"{begin} and {end} don't pair in {grade_id(cell) or 'a cell'}"
        if BEGIN_SOLUTION in found and not has_role(cell, "solution"):
            yield "a solution stands in a cell that is no solution cell"
        if BEGIN_HIDDEN in found and not has_role(cell, "grade"):
            yield "hidden tests stand in a cell that is no test cell"


def _problems_of_ids(assignment: Assignment) -> Iterator[str]:
    names = [name for cell in assignment.notebook.cells if (name := grade_id(cell))]
    for name, count in Counter(names).items():
        if count > 1:
            yield f"the id {name} is there {count} times"
    for cell in assignment.notebook.cells:
        name = grade_id(cell) or ""
        is_test, is_solution = has_role(cell, "grade"), has_role(cell, "solution")
        if is_test and not is_solution and name not in assignment.tests:
            yield f"the test {name} has no solution cell of the same name"
        if is_solution and not is_test and name not in assignment.exercises:
            yield f"the solution {name} has no test cell {TEST_PREFIX}{name}"


def _problems_of_points(assignment: Assignment) -> Iterator[str]:
    points, title = 0.0, None
    text = "\n".join(c.source for c in assignment.notebook.cells if c.cell_type == "markdown")
    for cell in assignment.notebook.cells:
        if has_role(cell, "grade"):
            own = float(cell.metadata.nbgrader.points)
            points += own
            if title is None:
                yield f"{grade_id(cell)}: no heading above it says its points"
            elif float(title["points"]) != own:
                yield f"{grade_id(cell)}: it has {own:g} points, and its heading {title['points']}"
            title = None
        elif (found := heading(cell)) and found["points"]:
            title = found
    stated = TOTAL.search(text)
    if stated is None or float(stated[1]) != points:
        yield f"its introduction doesn't say “There are {points:g} points in all.”"


def _problems_of_text(assignment: Assignment, exercise: Exercise) -> Iterator[str]:
    cells = assignment.notebook.cells
    place = next(i for i, cell in enumerate(cells) if cell is exercise.solution)
    above = []
    for cell in reversed(cells[:place]):
        if has_role(cell, "grade"):
            break
        if cell.cell_type == "markdown":
            above.append(cell.source)
    hints = [int(number) for text in reversed(above) for number in HINT.findall(text)]
    if not hints or hints != list(range(1, len(hints) + 1)):
        yield "it has no hints that are numbered from 1"
    for cell in (exercise.solution, exercise.test):
        if "raises-exception" not in cell.metadata.get("tags", []):
            yield f"{grade_id(cell)} lacks the tag raises-exception"
    solution = exercise.solution.source
    marked = regions(solution, BEGIN_SOLUTION, END_SOLUTION)
    if not marked:
        yield "its solution is not between markers"
        return
    try:
        stub = ast.parse(
            without(
                _with_pass(solution), regions(_with_pass(solution), BEGIN_SOLUTION, END_SOLUTION)
            )
        )
    except SyntaxError:
        yield "its stub, without the solution, is no Python"
        return
    for node in stub.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            docstring = ast.get_docstring(node) or ""
            if "Example" not in docstring:
                yield f"the docstring of {node.name} has no example"
    if not exercise.solution.source.strip() or not stub.body:
        yield "its stub says nothing"


def _with_pass(source: str) -> str:
    """Return the source with ``pass`` behind each solution, so that the stub alone is Python."""
    return re.sub(
        rf"^(\s*){END_SOLUTION}$", rf"\1{END_SOLUTION}\n\1pass", source, flags=re.MULTILINE
    )


def _problems_of_test(exercise: Exercise, taught: set[str]) -> Iterator[str]:
    source = exercise.test.source
    tree = ast.parse(source)
    if len(exercise.hidden) != 1:
        yield "its test has not exactly one region of hidden tests"
        return
    ((first, last),) = exercise.hidden
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    checks = [c for c in calls if isinstance(c.func, ast.Name) and c.func.id in CHECKS]
    visible = [check for check in checks if check.lineno < first]
    if not visible:
        yield "its test has no visible check"
    if not any(first < check.lineno < last for check in checks):
        yield "its test has no hidden check"
    # A form that is met says nothing of what is right.
    end = "noted()" if {_role(check) for check in visible} == {"form"} else "all_met()"
    if not source.rstrip().endswith(f"\n{end}"):
        yield f"its test doesn't end in {end}"
    for check in checks:
        hint = next((k.value for k in check.keywords if k.arg == "hint"), None)
        if hint is None or (isinstance(hint, ast.Constant) and len(str(hint.value)) < 15):
            yield f"the check in line {check.lineno} of its test has no hint"
    if taken := bound_names(tree) & defined_names(ast.parse(exercise.solution.source)):
        yield f"its test gives {', '.join(taken)} a meaning of its own"
    yield from _problems_of_shares(exercise)
    yield from _problems_of_loops(tree)
    yield from _problems_of_looks(tree, taught - bound_names(tree), (first, last))


@dataclass(frozen=True)
class _Given:
    """What the cells that students don't change import and define."""

    imports: set[str]
    helpers: dict[str, set[str]]
    """Functions and classes, each with the names that it takes from around it."""


def _given(assignment: Assignment) -> _Given:
    imports: set[str] = set()
    helpers: dict[str, set[str]] = {}
    for _, cell in assignment.code():
        if not has_role(cell, "locked"):
            continue
        for statement in ast.parse(cell.source).body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                imports |= bound_names(statement)
            elif isinstance(statement, ast.FunctionDef | ast.ClassDef):
                helpers[statement.name] = free_names(statement)
    return _Given(imports, helpers)


def _problems_of_names(exercise: Exercise, taught: set[str], given: _Given) -> Iterator[str]:
    """Of a student's names a test uses those that its task asks for, and no others.

    Whatever else it uses has a meaning that no student can change: it is the test's own, Python's,
    or what the course imports and defines.
    """
    tree = ast.parse(exercise.test.source)
    asked = defined_names(ast.parse(exercise.solution.source))
    python = set(dir(builtins))
    if shadowed := asked & (python | given.imports):
        yield f"its task has a name that is taken: {', '.join(sorted(shadowed))}"
    if shadowed := bound_names(tree) & (python | given.imports):
        yield f"its test gives {', '.join(sorted(shadowed))} another meaning"
    known = python | given.imports | given.helpers.keys() | asked
    # The reference's, where a hidden test compares with other exercises' solutions.
    for name in sorted(free_names(tree) - known - taught):
        yield f"its test uses {name}, which is neither its own nor the course's"
    for name in sorted((looked_at(tree) - bound_names(tree)) & taught - asked):
        yield f"its test looks at {name}, which another task asks for"
    for name in sorted(looked_at(tree) & given.helpers.keys()):
        yield f"its test looks at {name}, which is no task's: give it another name in the test"
    for name in sorted(free_names(tree) & given.helpers.keys()):
        if reached := _reached(name, given.helpers) & taught:
            yield f"{name}, which its test takes along, would ship {', '.join(sorted(reached))}"


def _reached(name: str, helpers: dict[str, set[str]]) -> set[str]:
    """Return all names that a helper uses, itself or through others."""
    found: set[str] = set()
    left = [name]
    while left:
        news = helpers.get(left.pop(), set()) - found
        found |= news
        left += news
    return found


def _role(check: ast.Call) -> str:
    assert isinstance(check.func, ast.Name)
    return str(getattr(checks_of_answers, check.func.id).role)


def _sites(exercise: Exercise) -> list[CheckSite]:
    """Its checks; none, where the judge can't read the test, which is said elsewhere."""
    try:
        return sites_of(exercise)
    except CheckError:
        return []


def _problems_of_shares(exercise: Exercise) -> Iterator[str]:
    """Refuse that less than half of the points is for what only new values prove."""
    sites = _sites(exercise)
    hidden = sum(site.share for site in sites if site.hidden)
    total = sum(site.share for site in sites)
    if hidden < total / 2:
        yield f"its hidden checks earn {hidden / total:.0%} of its points, and should earn half"


def _problems_of_loops(tree: ast.Module) -> Iterator[str]:
    """Refuse a loop over what came from a student's kernel, which may be of any length."""
    outside = [n for s in tree.body if not isinstance(s, ast.FunctionDef) for n in ast.walk(s)]
    seen = {
        target.id
        for node in outside
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _looks(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in outside:
        if not isinstance(node, ast.For | ast.comprehension):
            continue
        names = {n.id for n in ast.walk(node.iter) if isinstance(n, ast.Name)}
        if names & seen or (isinstance(node.iter, ast.Call) and _looks(node.iter)):
            yield f"line {node.iter.lineno} of its test loops over what it observed"


def _looks(node: ast.AST) -> bool:
    """Return whether an expression brings a value back from the student's kernel."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return bool(names & {"observe", "attempt"})


def _problems_of_looks(
    tree: ast.Module, taught: set[str], hidden: tuple[int, int]
) -> Iterator[str]:
    """Have a test meet the student's names in ``observe`` and its like, and only there.

    Outside of them a name is the reference's when it is graded, so a visible check would compare
    the student's answer with itself in a notebook. And what the student's side compares proves
    nothing.
    """
    looks = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in LOOKS
    ]
    inside = {id(node) for look in looks for node in ast.walk(look)}
    for look in looks:
        for node in ast.walk(look.args[0]):
            if isinstance(node, ast.Compare | ast.BoolOp) or "allclose" in ast.unparse(node):
                yield f"line {look.lineno} of its test compares on the student's side"
                break
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda) and id(node) not in inside:
            body = node.body if isinstance(node.body, list) else [node.body]
            for part in body:
                if taught & {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}:
                    yield f"the function in line {node.lineno} of its test would ship a solution"
        if not isinstance(node, ast.Name) or node.id not in taught or id(node) in inside:
            continue
        if not hidden[0] < node.lineno < hidden[1]:
            yield f"line {node.lineno} of its test uses {node.id} outside of observe"


def _problems_of_bank(answers: list[answer_bank.Answer], exercise: Exercise) -> Iterator[str]:
    wrong = [answer for answer in answers if answer.words]
    if len(answers) - len(wrong) < FEWEST_RIGHT:
        yield f"the bank has {len(answers) - len(wrong)} right answers, and needs {FEWEST_RIGHT}"
    if len(wrong) < FEWEST_WRONG:
        yield f"the bank has {len(wrong)} wrong answers, and needs {FEWEST_WRONG}"
    # Of several short answers each is a point by itself.
    if {site.role for site in _sites(exercise)} & {"value"}:
        for answer in wrong:
            if not answer.slip and 2 * (answer.points or 0) >= exercise.points:
                yield (
                    f"a wrong answer, “{answer.words}”, earns {answer.points:g} of "
                    f"{exercise.points:g}: is it a slip? What misses the point earns less than half"
                )
    if len({answer.code for answer in answers}) < len(answers):
        yield "the bank has an answer twice"


# Making


def generate(folder: Path, assignments: list[str], *, database: str) -> None:
    """Let nbgrader write the students' notebooks of these assignments into ``folder``."""
    # nbgrader calls alembic by its name.
    os.environ["PATH"] = environment()["PATH"]
    settings = Config()
    settings.CourseDirectory.root = str(ROOT)
    settings.CourseDirectory.source_directory = "solutions"
    settings.CourseDirectory.release_directory = str(folder)
    settings.CourseDirectory.db_url = database
    settings.NbGrader.log_level = logging.WARNING
    api = NbGraderAPI(config=settings)
    for assignment in assignments:
        result = api.generate_assignment(assignment, force=True)
        if "Cannot add or remove cells" in result.get("log", ""):
            sys.exit(
                f"{assignment}: there are submissions in the gradebook, so no exercise can be "
                "added, renamed or taken away: give it no points, or begin another assignment."
            )
        if not result["success"]:
            sys.exit(f"{assignment}: nbgrader could not make it:\n{result.get('log', '')}")
        for path in (folder / assignment).glob("*.ipynb"):
            notebook = nbformat.read(path, as_version=4)
            fold(notebook)
            notebooks.normalize(notebook)
            path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def fold(notebook: NotebookNode) -> None:
    """Fold the checks, in place: they list what can go wrong, which the hints tell in order."""
    for cell in notebook.cells:
        if is_test(cell):
            cell.metadata["jupyter"] = {"source_hidden": True}


def main() -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="by default all")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    check: bool = arguments.check
    names: list[str] = arguments.assignments or answer_bank.ASSIGNMENTS
    if unknown := sorted(set(names) - set(answer_bank.ASSIGNMENTS)):
        parser.error(f"no assignment {unknown[0]}: there are {', '.join(answer_bank.ASSIGNMENTS)}")
    found = [
        f"{name}: {problem}"
        for name in names
        for problem in problems(answer_bank.source(name), answer_bank.answers(name))
    ]
    if found:
        print(*found, sep="\n", file=sys.stderr)
        return 1
    exercises = ROOT / "exercises"
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary) / "exercises"
        gradebook = temporary if check else ROOT
        generate(made, names, database=f"sqlite:///{gradebook}/gradebook.db")
        for name in names:
            old, new = exercises / name, made / name
            comparison = filecmp.dircmp(old, new) if old.is_dir() else None
            if comparison and not (
                comparison.left_only or comparison.right_only or comparison.diff_files
            ):
                continue
            if check:
                print(f"exercises/{name} is stale: `make release` makes it", file=sys.stderr)
                found.append(name)
                continue
            shutil.rmtree(old, ignore_errors=True)
            shutil.copytree(new, old)
            print(f"exercises/{name}: written")
        for stray in sorted(exercises.iterdir()):
            if stray.is_dir() and stray.name not in answer_bank.ASSIGNMENTS:
                print(f"exercises/{stray.name} has no source in solutions/", file=sys.stderr)
                found.append(stray.name)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
