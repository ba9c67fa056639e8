"""The book's recipe for Slurm on a class of so many, on a Slurm of one node.

    python benchmarks/slurm.py 4 60 500

For each number: the seconds until all are graded, from no job at all, and the jobs that it took.
README.md says what was seen. It needs Slurm and munge, which Debian packages.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tools")]

import slurm  # noqa: E402  (of this repository, which is no package)
from programs import environment  # noqa: E402
from small_course import POINTS, Course  # noqa: E402
from waiting import unhurriedly, wait_for  # noqa: E402


def main() -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("submissions", type=int, nargs="+")
    numbers: list[int] = parser.parse_args().submissions
    if missing := slurm.lacking():
        print(f"Slurm is not installed: {', '.join(missing)}", file=sys.stderr)
        return 1
    print("submissions   seconds   jobs   graded")
    with (
        tempfile.TemporaryDirectory(prefix="dd-slurm-") as name,
        slurm.recipe(Path(name) / "recipe") as recipe,
    ):
        for number in numbers:
            wait_for(lambda: not slurm.jobs(recipe.environment), 300, unhurriedly)
            before = len(list(Path(recipe.environment["HOME"]).glob("slurm-*.out")))
            course = Course(Path(name) / f"course-{number}")
            course.make()
            students = [f"student{place:03}" for place in range(number)]
            for student in students:
                course.hand_in(student)
            began = time.monotonic()
            command = course.command(*recipe.options)
            subprocess.run(command, env=environment(), check=True, stdout=subprocess.DEVNULL)
            took = time.monotonic() - began
            jobs = len(list(Path(recipe.environment["HOME"]).glob("slurm-*.out"))) - before
            graded = sum(course.score(student) == POINTS for student in students)
            print(f"{number:11}   {took:7.0f}   {jobs:4}   {graded:6}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
