"""The class at a glance, for the instructor: who earned what, what was hard, what was said most.

    python -m drinkdeep.grading.results.report ASSIGNMENT        writes reports/ASSIGNMENT.html

One page that needs nothing else, and beside it the same as tables for a spreadsheet. Points are the
gradebook's; hints, how each check went, and code that was stopped, are read in the autograded
notebooks' metadata. Whatever comes from students is escaped.
"""

import os
import re
import statistics
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import nbformat
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from matplotlib.ticker import MaxNLocator
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import ExportPlugin

from drinkdeep.figures.picture import Picture, panel
from drinkdeep.grading.batch.outcomes import remarks
from drinkdeep.grading.graded import Checked, all_missed, all_stops, checked
from drinkdeep.grading.judging.assignment import Assignment, exercise_titles
from drinkdeep.grading.judging.carried import MOST_BYTES
from drinkdeep.grading.judging.judge import NOT_DONE
from drinkdeep.grading.results import gradebook as read
from drinkdeep.grading.results.export import defused, full_name, written
from drinkdeep.grading.results.gradebook import Cell, GradebookError
from drinkdeep.grading.results.items import LEAST, Item, Value, items, unknown_values
from drinkdeep.grading.results.pages import TEMPLATES, points, policy, stylesheet
from drinkdeep.palette import BLUE, MUTED

BARS = 10
"""How many bars the distribution has."""
HINTS = 10
"""How many of the hints are listed."""


@dataclass(frozen=True)
class Exercise:
    """A graded cell and how the class did."""

    title: str
    cell: Cell
    untouched: int
    """How many left it as it was."""

    @cached_property
    def read(self) -> list[float]:
        """The points of those whose answer doesn't wait for a person."""
        return [p for name, p in self.cell.scores.items() if name not in self.cell.waiting]

    @property
    def share(self) -> float | None:
        """The mean share of the points; None if nobody has been graded."""
        if not self.read or not self.cell.most:
            return None
        return statistics.fmean(self.read) / self.cell.most

    @property
    def all(self) -> int:
        """How many earned everything."""
        return sum(score >= self.cell.most for score in self.read)

    @property
    def none(self) -> int:
        """How many earned nothing."""
        return sum(score <= 0 for score in self.read)


@dataclass(frozen=True)
class Line:
    """One student, and what the instructor should know of the submission."""

    student: str
    name: str
    score: float | None
    handed_in: str
    """When, by the time stamp; "" if there is none."""
    notes: Sequence[str]
    feedback: str
    """The address of the feedback, from the report; "" if there is none."""


def write(
    gradebook: Gradebook,
    course: CourseDirectory,
    assignment: str,
    target: Path,
    notes: Mapping[str, Sequence[str]] | None = None,
) -> Path:
    """Write the report of an assignment to ``target``, and return that.

    Beside it come the tables, each under its name with what it holds behind: ``-students.csv``,
    ``-checks.csv`` and ``-values.csv``.

    ``notes`` are lines to be said of students besides: what a run of the grader has noticed.

    Raises
    ------
    GradebookError
        If the gradebook has no such assignment.
    """
    most = read.assignment(gradebook, assignment).max_score
    found = read.submissions(gradebook, assignment)
    lines = []
    hints: Counter[tuple[str, str]] = Counter()
    untouched: Counter[str] = Counter()
    went: dict[str, dict[str, list[Checked]]] = {}
    sources = _sources(course, assignment)
    titles = {k: v for source in sources for k, v in exercise_titles(source.notebook).items()}
    for student in read.students(gradebook):
        own = list((notes or {}).get(student.id, ()))
        submission = found.get(student.id)
        if submission is None:
            handed_in = Path(_path(course, course.submitted_directory, student.id, assignment))
            own.append("Not graded yet." if handed_in.is_dir() else "Handed nothing in.")
        else:
            folder = Path(_path(course, course.autograded_directory, student.id, assignment))
            told = set()
            for path in sorted(folder.glob("*.ipynb")):
                try:
                    # Not validated, which would double the time: we wrote it.
                    notebook = nbformat.v4.reads(path.read_text(encoding="utf-8"))
                except ValueError:
                    own.append(f"The graded notebook {path.name} can't be read: grade it again.")
                    continue
                own += [stop.words for stop in all_stops(notebook)]
                carried = notebook.metadata.get("drinkdeep", {}).get("carried_bytes", 0)
                if carried > MOST_BYTES:
                    own.append(
                        f"Its code carries {carried / 1000:.1f} kB of numbers and texts: look "
                        "whether ready answers or weights stand there."
                    )
                told |= {(name, found.words) for name, found in all_missed(notebook)}
                went.setdefault(student.id, {}).update(checked(notebook))
            hints.update((titles.get(name, name), words) for name, words in told)
            untouched.update(name for name, words in told if words == NOT_DONE)
            if submission.penalty:
                own.append(f"Late: {points(submission.penalty)} points taken off.")
            if submission.waiting:
                own.append("A written answer waits for a person.")
        lines.append(
            Line(
                student.id,
                full_name(student),
                submission.score if submission else None,
                submission.handed_in if submission else "",
                own,
                _feedback(course, student.id, assignment, target),
            )
        )
    cells = list(read.cells(gradebook, assignment))
    exercises = sorted(
        (Exercise(titles.get(cell.name, cell.name), cell, untouched[cell.name]) for cell in cells),
        key=lambda exercise: 2.0 if exercise.share is None else exercise.share,
    )
    commonest = [
        (exercise, words, times)
        for (exercise, words), times in sorted(hints.items(), key=lambda hint: (-hint[1], hint[0]))
        if words != NOT_DONE
    ]
    earned: dict[str, dict[str, float]] = {student: {} for student in went}
    for cell in cells:
        for student, score in cell.scores.items():
            earned.setdefault(student, {})[cell.name] = score
    checks = [item for source in sources for item in items(source, went, earned)]
    values = unknown_values(went)
    named = [(titles.get(item.test, item.test), item) for item in checks]
    told_values = [(titles.get(value.test, value.test), value) for value in values]
    page = _page(assignment, most, lines, exercises, commonest[:HINTS], named, told_values[:HINTS])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, encoding="utf-8")
    for what, rows in {
        "students": _rows_of_students(lines, cells, titles),
        "checks": _rows_of_checks(named),
        "values": _rows_of_values(told_values),
    }.items():
        table = target.with_name(f"{target.stem}-{what}.csv")
        table.write_text(written(rows), encoding="utf-8", newline="")
    return target


def _rows_of_students(
    lines: Sequence[Line], cells: Sequence[Cell], titles: Mapping[str, str]
) -> list[list[str]]:
    names = [defused(titles.get(cell.name, cell.name)) for cell in cells]
    return [
        ["student", "name", "points", "handed in", "to know", *names],
        *(
            [
                *map(defused, (line.student, line.name)),
                "" if line.score is None else points(line.score),
                line.handed_in,
                defused(" ".join(line.notes)),
                *(
                    points(c.scores[line.student]) if line.student in c.scores else ""
                    for c in cells
                ),
            ]
            for line in lines
        ),
    ]


def _rows_of_checks(checks: Sequence[tuple[str, Item]]) -> list[list[str]]:
    return [
        ["exercise", "check", "hidden", "hint", "students", "difficulty", "discrimination"],
        *(
            [
                *map(defused, (title, str(item.number), "yes" if item.hidden else "no", item.hint)),
                str(item.students),
                f"{item.difficulty:.3f}",
                "" if item.discrimination is None else f"{item.discrimination:.3f}",
            ]
            for title, item in checks
        ),
    ]


def _rows_of_values(values: Sequence[tuple[str, Value]]) -> list[list[str]]:
    return [
        ["exercise", "check", "seen", "students"],
        *([defused(t), str(v.number), defused(v.seen), str(v.students)] for t, v in values),
    ]


def _sources(course: CourseDirectory, assignment: str) -> list[Assignment]:
    source = Path(_path(course, course.source_directory, ".", assignment))
    return [
        Assignment(nbformat.read(path, as_version=4)) for path in sorted(source.glob("*.ipynb"))
    ]


def _path(course: CourseDirectory, step: str, student: str, assignment: str) -> str:
    return str(course.format_path(step, student, assignment))


def _feedback(course: CourseDirectory, student: str, assignment: str, target: Path) -> str:
    folder = Path(_path(course, course.feedback_directory, student, assignment))
    source = Path(_path(course, course.source_directory, ".", assignment))
    # By their names: whatever else lies there isn't ours.
    pages = [folder / f"{path.stem}.html" for path in sorted(source.glob("*.ipynb"))]
    return next((quote(os.path.relpath(p, target.parent)) for p in pages if p.is_file()), "")


def _page(
    assignment: str,
    most: float,
    lines: Sequence[Line],
    exercises: Sequence[Exercise],
    hints: Sequence[tuple[str, str, int]],
    checks: Sequence[tuple[str, Item]],
    values: Sequence[tuple[str, Value]],
) -> str:
    scores = [line.score for line in lines if line.score is not None]
    pictures = []
    if scores and most:
        pictures.append(distribution(scores, most))
    if ranked := [exercise for exercise in exercises if exercise.share is not None]:
        pictures.append(hardest(ranked))
    drawn = [Markup(picture.html()) for picture in pictures]
    style = stylesheet()
    inside = re.findall(r"<style[^>]*>(.*?)</style>", "".join(drawn), re.DOTALL)
    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    templates.filters["points"] = points
    return templates.get_template("report/index.html.j2").render(
        assignment=assignment,
        most=most,
        lines=lines,
        scores=scores,
        median=statistics.median(scores) if scores else None,
        mean=statistics.fmean(scores) if scores else None,
        exercises=exercises,
        hints=hints,
        checks=checks,
        values=values,
        least=LEAST,
        pictures=drawn,
        style=Markup(style),
        policy=policy(style, *inside),
    )


def distribution(scores: Sequence[float], most: float) -> Picture:
    """Draw how many students have how many points."""
    step = most / BARS
    counts = [0] * BARS
    for score in scores:
        counts[min(int(score / step), BARS - 1)] += 1
    figure, axes = panel()
    axes.bar([(i + 0.5) * step for i in range(BARS)], counts, width=0.9 * step, color=BLUE)
    median = statistics.median(scores)
    axes.axvline(median, color=MUTED, linestyle="--", linewidth=1.5)
    axes.set(xlabel=f"points of {points(most)}", ylabel="students", xlim=(0, most))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    listed = "; ".join(
        f"{count} from {points(i * step)} to {points((i + 1) * step)}"
        for i, count in enumerate(counts)
        if count
    )
    return Picture(
        (figure,),
        alt=f"The number of students by points: {listed}.",
        caption=f"The dashed line is the median, {points(median)} points.",
    )


def hardest(exercises: Sequence[Exercise]) -> Picture:
    """Draw the mean share of the points of each exercise, the hardest on top."""
    shares = [100 * (exercise.share or 0.0) for exercise in exercises]
    names = [_short(exercise.title) for exercise in exercises]
    figure, axes = panel(height=1.0 + 0.32 * len(names))
    places = range(len(names))
    axes.barh(places, shares, color=BLUE, height=0.7)
    axes.set_yticks(places, names, parse_math=False)
    axes.invert_yaxis()
    axes.set(xlim=(0, 100), xlabel="mean share of the points, %")
    axes.grid(visible=False, axis="y")
    listed = "; ".join(f"{name} {share:.0f} %" for name, share in zip(names, shares, strict=True))
    return Picture((figure,), alt=f"The mean share of the points by exercise: {listed}.")


def _short(title: str, most: int = 28) -> str:
    return title if len(title) <= most else f"{title[: most - 1].rstrip()}…"


class ClassReport(ExportPlugin):  # type: ignore[misc]
    """The report as one of nbgrader's exports, which knows the course's configuration."""

    def export(self, gradebook: Gradebook) -> None:
        """Write a report of each assignment that is named with ``--assignment``, or of all."""
        names = [str(name) for name in self.assignment] or [a.name for a in gradebook.assignments]
        if self.to and len(names) > 1:
            raise SystemExit("--to names one file: name one assignment, too.")
        course = self.parent.coursedir
        for name in names:
            target = Path(self.to or Path(course.root) / "reports" / f"{name}.html")
            try:
                notes = remarks(Path(course.root), name)
                write(gradebook, course, name, target, notes)
            except GradebookError as error:
                raise SystemExit(str(error)) from None
            print(f"The report on {name}: {target}")


def main() -> None:
    """Run nbgrader's export with the report, for the assignments that are named."""
    from nbgrader.apps import ExportApp

    chosen = [a if a.startswith("-") else f"--assignment={a}" for a in sys.argv[1:]]
    ExportApp.launch_instance(["--exporter=drinkdeep.grading.results.report.ClassReport", *chosen])


if __name__ == "__main__":
    main()
