"""What the programs here share: notebooks that people hand in, and the instructor's folder."""

import sys
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "support")]

import answer_bank  # noqa: E402  (one of the tools, which are no package)
from courses import Course  # noqa: E402

NAME, TITLE = "01_cost", "Exercises 1"
BY_HAND = 25.0
"""What Hana has from the teacher, who gave it by hand."""


def notebooks(folder: Path, people: Iterable[str], *, small: bool = False) -> dict[str, Path]:
    """A notebook of each; all have other answers, and so other points."""
    folder.mkdir()
    released, solutions = answer_bank.released(NAME), answer_bank.solutions(NAME)
    made = {}
    for place, person in enumerate(people):
        right = list(solutions.items())[:place]
        filled = answer_bank.filled(released, dict(right))
        if small:
            filled = new_notebook(cells=[new_markdown_cell(person, id="a")])
        made[person] = folder / f"{person}.ipynb"
        nbformat.write(filled, made[person])
    return made


class Instructor(Course):
    """The instructor's folder, in which the commands of the book are given."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for name in answer_bank.ASSIGNMENTS:
            self.take(name)
        self.generate(NAME)

    def most(self) -> float:
        """The points that the assignment is worth."""
        with self.gradebook() as book:
            return float(book.find_assignment(NAME).max_score)

    def earned(self) -> dict[str, float]:
        """E-mail → the points of each."""
        with self.gradebook() as book:
            return {
                submission.student.email.casefold(): submission.score
                for submission in book.assignment_submissions(NAME)
            }

    def export(self, kind: str, to: Path, *options: str, code: int = 0) -> str:
        """Write a file for a platform; what the command says."""
        exporter = f"drinkdeep.grading.results.export.{kind}"
        return self.run(
            *("nbgrader", "export", f"--exporter={exporter}", f"--assignment={NAME}"),
            *(f"--to={to}", *options),
            code=code,
        )
