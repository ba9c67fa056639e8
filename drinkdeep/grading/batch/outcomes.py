"""What has become of each submission, and the file that says so: ``grading/ASSIGNMENT.json``."""

import contextlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from drinkdeep.whole_file import write_whole

STAGING = "grading"
"""The folder of the course in which things are until they are complete, and this file."""

State = Literal["graded", "unchanged", "unreadable", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What has become of a student's submission."""

    student: str
    state: State
    notes: tuple[str, ...] = ()
    """A sentence on each thing that was wrong with it."""


def outcomes_file(course: Path, assignment: str) -> Path:
    """Return where the runs of an assignment are written down."""
    return course / STAGING / f"{assignment}.json"


def write_outcomes(path: Path, outcomes: list[Outcome]) -> None:
    """Write down what has become of each; of those who are not among them, what is there counts."""
    told = {entry["student"]: entry for entry in read_outcomes(path)}
    for outcome in outcomes:
        told[outcome.student] = {
            "student": outcome.student,
            "graded": outcome.state in ("graded", "unchanged"),
            "notes": outcome.notes,
        }
    text = json.dumps([told[student] for student in sorted(told)], indent=1)
    with contextlib.suppress(OSError):  # it is only a report, and the disk may be full
        write_whole(path, f"{text}\n".encode())


def read_outcomes(path: Path) -> list[dict[str, Any]]:
    """Read what the last runs have written down: ``student``, ``graded`` and ``notes`` of each."""
    try:
        found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return found
    except (OSError, ValueError):
        return []


def remarks(course: Path, assignment: str) -> dict[str, list[str]]:
    """Student → what the last runs have noticed of the submission, for the report."""
    return {
        entry["student"]: [
            *([] if entry["graded"] else ["What was handed in last is not graded."]),
            *entry["notes"],
        ]
        for entry in read_outcomes(outcomes_file(course, assignment))
    }


def count(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Return how many there are of each state."""
    return Counter(outcome.state for outcome in outcomes)
