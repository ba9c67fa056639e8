"""What must not get out: the lines that only the instructor has, and how to look for them."""

import re
from functools import cache

import answer_bank

from drinkdeep.grading.judging.assignment import Assignment, solution_lines


@cache
def secrets(name: str) -> frozenset[str]:
    """Lines of an assignment's solutions and hidden tests that nobody writes by chance.

    The look at a name that the student is asked for is in the visible tests as well.
    """
    given = {
        line.strip()
        for cell in answer_bank.released(name).cells
        for line in cell.source.splitlines()
    }
    lines = solution_lines(Assignment(answer_bank.source(name))) - given
    look = re.compile(r"observe\(\w+\),$")
    return frozenset(line for line in lines if len(line) > 24 and not look.match(line))


def flat(text: str) -> str:
    """The text without its white space, so that no formatting hides a line."""
    return "".join(text.split())
