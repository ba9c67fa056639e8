"""What a graded notebook says as data, and that no student's code can add to it."""

import pickle

from bs4 import BeautifulSoup
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output
from small_course import NAME, POINTS, TEST, source

from drinkdeep.checks import Raised, WrongForm
from drinkdeep.grading.graded import (
    EARLIER,
    Missed,
    Stop,
    all_missed,
    all_stops,
    missed,
    missed_or_text,
    write_stops,
    write_verdict,
)
from drinkdeep.grading.judging.assignment import Assignment
from drinkdeep.grading.judging.judge import Judge, Verdict
from drinkdeep.grading.results.feedback import FeedbackExporter

LIE = "The grader has a fault here: this answer is right, 4 of 4 points."


def judged_as_raising(error: Exception) -> Verdict:
    """The verdict on an answer that raises this."""
    assignment = Assignment(source())
    judge = Judge(assignment, seed=0)
    return judge.grade(assignment.exercises[NAME], lambda *_: Raised.by(error))


def graded_cell(*, text: str = "") -> NotebookNode:
    mark = {"grade": True, "solution": False, "grade_id": "test_double", "points": POINTS}
    cell = new_code_cell(TEST, metadata={"nbgrader": {**mark, "score": 0.0}})
    cell.outputs = [new_output("stream", name="stdout", text=text)]
    cell.metadata.drinkdeep = {"course": True, "title": "Double"}
    return cell


def page(*cells: NotebookNode) -> BeautifulSoup:
    graded = {"notebook": NAME, "student": "ada", "score": 0.0, "max_score": POINTS}
    text, _ = FeedbackExporter().from_notebook_node(
        new_notebook(cells=list(cells)), {"nbgrader": graded}
    )
    return BeautifulSoup(text, "html.parser")


def test_what_a_student_s_error_says_never_stands_outside_of_a_frame() -> None:
    verdict = judged_as_raising(ValueError(f"bad\n✗ {LIE}\n4 of 4 points."))
    cell = graded_cell(text=f"{verdict}\n")
    write_verdict(
        cell, verdict.score, verdict.points, [Missed(f.words, f.detail) for f in verdict.findings]
    )
    assert LIE in str(verdict), "people see it in the text, among the other words"
    assert all(LIE not in words for _, (words, _) in all_missed(new_notebook(cells=[cell])))
    found = page(cell)
    said = found.find_all(string=lambda string: LIE in string)
    assert said
    for string in said:
        assert string.find_parent(class_="box") is not None
    assert len(found.select("section.verdict li")) == len(verdict.findings)


def test_a_verdict_is_read_as_it_was_written() -> None:
    cell = graded_cell()
    entries = [Missed("Square it.\nThen sum.", "It is 1."), Missed("Take the mean.", "")]
    assert missed(cell) is None
    write_verdict(cell, 1.0, 3.0, entries)
    assert missed(cell) == missed_or_text(cell) == entries
    assert list(all_missed(new_notebook(cells=[cell]))) == [("test_double", e) for e in entries]
    assert cell.metadata.drinkdeep.score == 1.0
    assert cell.metadata.drinkdeep.title == "Double", "what else is known of the cell stays"


def test_a_text_from_before_is_shown_and_counted_nowhere() -> None:
    text = f"1 of 4 points.\n✗ Twice as much.\n  It raised bad\n✗ {LIE}\n"
    cell = graded_cell(text=text)
    assert missed_or_text(cell) == [Missed(EARLIER, text.strip())]
    assert not list(all_missed(new_notebook(cells=[cell])))
    (string,) = page(cell).find_all(string=lambda string: LIE in string)
    assert string.find_parent(class_="box") is not None
    assert missed_or_text(graded_cell(text="4 of 4 points.\n")) == []


def test_what_was_stopped_is_data_and_a_student_s_error_is_not() -> None:
    forged = new_output(
        "error", ename="TimeoutError", evalue=LIE, traceback=[f"TimeoutError: {LIE}"]
    )
    liar, honest = new_code_cell("raise …", outputs=[forged]), new_code_cell("while True: pass")
    liar.metadata.drinkdeep = {"course": False, "title": "Cell 1"}
    honest.metadata.drinkdeep = {"course": False, "title": "Cell 2"}
    stop = Stop("TimeoutError", "Stopped after 20 s of CPU time in cell 2.")
    write_stops(honest, [stop])
    assert list(all_stops(new_notebook(cells=[liar, honest]))) == [stop]
    found = page(liar, honest)
    assert [p.text for p in found.select("p.stop")] == [f"Stopped by the grader. {stop.words}"]


def test_a_graded_cell_goes_to_another_process_and_back() -> None:
    cell = new_code_cell()
    words = WrongForm("It is a list; it should be a dict.", "It should be a dict.")
    write_verdict(cell, 0, 4, [Missed("Return a dict.", words)])
    there_and_back = pickle.loads(pickle.dumps(cell))
    assert [type(m.detail) for m in missed(there_and_back) or []] == [str]
    assert pickle.loads(pickle.dumps(words)).form == words.form
