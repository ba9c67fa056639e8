"""Grade every answer of the bank under many seeds: is a grade ever a matter of luck?

    python tools/soak.py [--seeds 100] [ASSIGNMENT | ASSIGNMENT:EXERCISE …]

The inputs of hidden tests are drawn anew for each grading. A right answer has to earn all points
under every seed, and a wrong one what the bank says; each that doesn't is named, with its seeds.
Exercises that train a network take a minute an answer and are graded under three seeds.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator

import answer_bank
import workbench

from drinkdeep.grading.judging.assignment import Exercise

FEW = 3


def answers(assignment: str, exercise: Exercise) -> Iterator[answer_bank.Answer]:
    """Yield the reference solution, and what the bank has of an exercise."""
    yield answer_bank.Answer(exercise.name, exercise.solution.source)
    yield from (a for a in answer_bank.answers(assignment) if a.exercise == exercise.name)


def main() -> int:
    """Grade; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", metavar="ASSIGNMENT[:EXERCISE]", help="by default all")
    parser.add_argument("--seeds", type=int, default=100, help="100 by default")
    arguments = parser.parse_args()
    named = [one.partition(":") for one in arguments.what or answer_bank.ASSIGNMENTS]
    gradings = unlucky = 0
    for assignment in dict.fromkeys(name for name, _, _ in named):
        only = {exercise for name, _, exercise in named if name == assignment and exercise}
        for exercise, bench in workbench.benches(answer_bank.source(assignment), tuple(only)):
            trains = answer_bank.trains(exercise)
            seeds = range(min(arguments.seeds, FEW) if trains else arguments.seeds)
            count = 0
            for answer in answers(assignment, exercise):
                wanted = exercise.points if answer.points is None else answer.points
                met: dict[float, list[int]] = defaultdict(list)
                above = answer.above
                for seed, verdict in zip(
                    seeds, bench.verdicts(answer.code, seeds, above), strict=True
                ):
                    count += 1
                    if abs(verdict.score - wanted) > 0.005:
                        met[verdict.score].append(seed)
                for points, by_luck in met.items():
                    unlucky += 1
                    told = answer.words or "right"
                    print(
                        f"{assignment}, {exercise.name} ({told}): {points:g} points and not "
                        f"{wanted:g} under {len(by_luck)} of {len(seeds)} seeds: {by_luck[:5]}"
                    )
            gradings += count
            print(f"{assignment}, {exercise.name}: {count} gradings", flush=True)
    print(f"{gradings} gradings, {unlucky} answers whose points are a matter of luck")
    return int(unlucky > 0)


if __name__ == "__main__":
    sys.exit(main())
