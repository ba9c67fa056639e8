"""Recording alone: a class whose results are ready at once, in a course that lies there.

    python benchmarks/recording.py COURSE ASSIGNMENT [--db URL]

What each submission's worker would give back is made beforehand, once for all that have the same
answers. So what is measured is what the one process does that has the gradebook: reading what was
handed in, and recording what it earned. It prints one line of JSON: the seconds that it took from
the first submission to the last, how many were recorded, and the memory that it has at the end.
:mod:`grading` runs it, with this build of the grader or an earlier one.
"""

import argparse
import contextlib
import json
import logging
import sys
import time
import warnings
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import psutil
from nbgrader.apps import AutogradeApp
from sqlalchemy.exc import SAWarning

try:
    from drinkdeep.grading.batch.converter import Converter
    from drinkdeep.grading.batch.local_pool import local_pool
    from drinkdeep.grading.batch.pipeline import Pipeline, grade_class
    from drinkdeep.grading.batch.work import perform

    AHEAD = "max_in_flight"
except ImportError:  # an earlier build
    from drinkdeep.grading.converter import Converter  # type: ignore[no-redef]
    from drinkdeep.grading.pipeline import Pipeline, grade_class  # type: ignore[no-redef]
    from drinkdeep.grading.workers import local_pool, perform  # type: ignore[no-redef]

    AHEAD = "width"


def answers(text: str) -> str:
    """What tells one submission's result from another's."""
    # Without nbformat, whose checks would be measured; it writes a source as a list of lines.
    return json.dumps(["".join(cell["source"]) for cell in json.loads(text)["cells"]])


class Ready(Executor):
    """Gives each submission's result at once: it was made before, from the same answers."""

    def __init__(self, results: dict[str, Any] | None = None) -> None:
        self.results = results or {}
        self.works: dict[str, Any] = {}

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        (work,) = args
        key = "".join(answers(text) for text, _ in work.notebooks.values())
        future: Future[Any] = Future()
        if self.results:
            future.set_result(self.results[key])
        else:  # the first round only looks what there is
            self.works[key] = work
            future.set_exception(LookupError("not made yet"))
        return future


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("course", type=Path)
    parser.add_argument("assignment")
    parser.add_argument("--db")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=SAWarning)
    logging.getLogger("tornado.application").setLevel(logging.CRITICAL)
    with contextlib.chdir(arguments.course.resolve()):
        app = AutogradeApp()
        db = [f"--db={arguments.db}"] if arguments.db else []
        app.initialize(["--log-level=ERROR", *db])
        converter = Converter(app, arguments.assignment)
        converter.staging.mkdir(exist_ok=True) if hasattr(converter, "staging") else (
            converter.workshop.mkdir(exist_ok=True)
        )
        students = converter.students()
        looking = Ready()
        list(Pipeline(converter, looking, **{AHEAD: 4}).run(students))
        with local_pool(2) as pool:
            results = {
                key: future.result()
                for key, future in [(k, pool.submit(perform, w)) for k, w in looking.works.items()]
            }
        pipeline = Pipeline(converter, Ready(results), **{AHEAD: 4})
        start = time.perf_counter()
        outcomes = grade_class(pipeline, students, lambda *_: None)
        took = time.perf_counter() - start
    graded = sum(outcome.state == "graded" for outcome in outcomes)
    memory = psutil.Process().memory_info().rss / 1e6  # ru_maxrss would begin with our parent's
    print(json.dumps({"seconds": took, "recorded": graded, "memory": memory}), file=sys.stdout)


if __name__ == "__main__":
    main()
