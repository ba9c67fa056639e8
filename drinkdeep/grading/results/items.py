"""Item analysis: what a class's answers say of the checks, for whoever teaches it next.

Two numbers a check, as classical test theory has them: its *difficulty*, the share of students who
met it, and its *discrimination*, the correlation between meeting it and the points in the rest of
the assignment. And the wrong values
that many gave and no ``mistakes`` entry knows: next term there can be words for them.
"""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drinkdeep.grading.graded import Checked
from drinkdeep.grading.judging.assignment import Assignment
from drinkdeep.grading.judging.judge import sites_of

LEAST = 10
"""Students below whom a correlation is no more than chance."""
LONGEST = 200
"""Characters of a value that are told."""

Went = Mapping[str, Mapping[str, Sequence[Checked]]]
"""Student → id of the test cell → how each of its checks went."""


@dataclass(frozen=True)
class Item:
    """One check, and how the class did on it."""

    test: str
    number: int
    of: int
    hidden: bool
    hint: str
    students: int
    difficulty: float
    discrimination: float | None
    """From −1 to 1; None for fewer than LEAST students, or if all or none met it."""


@dataclass(frozen=True)
class Value:
    """A wrong value for which there are no words yet."""

    test: str
    number: int
    seen: str
    """A student's code may have said it."""
    students: int


def items(
    assignment: Assignment, went: Went, scores: Mapping[str, Mapping[str, float]]
) -> list[Item]:
    """Every check of an assignment that somebody's answers were looked at with.

    ``scores`` has student → id of the test cell → points.
    """
    found = []
    for test, exercise in assignment.tests.items():
        sites = sites_of(exercise)
        # Another number of checks: graded before the test was changed.
        own = {
            s: tests[test] for s, tests in went.items() if len(tests.get(test, ())) == len(sites)
        }
        rest = {s: sum(p for name, p in scores[s].items() if name != test) for s in own}
        for number, site in enumerate(sites if own else []):
            met = {student: float(checks[number].met) for student, checks in own.items()}
            found.append(
                Item(
                    *(test, number + 1, len(sites), site.hidden, site.hint, len(met)),
                    difficulty=statistics.fmean(met.values()),
                    discrimination=_correlation(list(met.values()), [rest[s] for s in met]),
                )
            )
    return found


def _correlation(met: list[float], rest: list[float]) -> float | None:
    if len(met) < LEAST or len(set(met)) == 1 or len(set(rest)) == 1:
        return None
    return statistics.correlation(met, rest)


def unknown_values(went: Went) -> list[Value]:
    """Return what at least two students gave to a visible check, the commonest first."""
    counted = Counter(
        (test, number, check.unknown[:LONGEST])
        for tests in went.values()
        for test, checks in tests.items()
        for number, check in enumerate(checks, start=1)
        if check.unknown
    )
    ranked: Iterable[tuple[tuple[str, int, str], int]] = sorted(
        counted.items(), key=lambda entry: (-entry[1], entry[0])
    )
    return [Value(*key, students) for key, students in ranked if students > 1]
