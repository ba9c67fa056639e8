"""The class at a glance: the gradebook's numbers, the judge's words, and nothing that runs."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import watch
from bs4 import BeautifulSoup, Tag
from classroom import KEPT, NAME, first_wrong_answers
from courses import Course
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from playwright.sync_api import BrowserContext

from drinkdeep.grading.batch.outcomes import Outcome, outcomes_file, write_outcomes
from drinkdeep.grading.judging.carried import MOST_BYTES
from drinkdeep.grading.results import report
from drinkdeep.grading.results.gradebook import GradebookError


@pytest.fixture(scope="module")
def written(graded_class: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report, beside the course's feedback."""
    return write(graded_class, graded_class / "reports" / f"{NAME}.html")


def write(course: Path, target: Path, **more: object) -> Path:
    folders = CourseDirectory(root=str(course), source_directory="solutions")
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        return report.write(gradebook, folders, NAME, target, **more)


@pytest.fixture(scope="module")
def page(written: Path) -> BeautifulSoup:
    return BeautifulSoup(written.read_text("utf-8"), "html.parser")


def words(element: Tag | None) -> str:
    return " ".join(element.get_text(" ").split()) if element else ""


def row(page: BeautifulSoup, begins: str) -> list[str]:
    (found,) = (tr for tr in page.select("tbody tr") if words(tr.th).startswith(begins))
    return [words(td) for td in found.select("td")]


def test_the_numbers_are_the_gradebook_s(page: BeautifulSoup) -> None:
    # ada has 5 of 9 while her words wait, bob 2, mallory nothing.
    assert words(page.select_one(".total")) == (
        "3 of 4 students have a grade: median 2 , mean 2.33, from 0 to 5 of 9 points."
    )
    assert row(page, "1. The squared loss") == ["1.33", "2", "67 %", "2", "1", "1", "0"]
    assert row(page, "2. The Huber loss") == ["1", "3", "33 %", "1", "2", "1", "0"]


def test_the_hardest_exercise_comes_first(page: BeautifulSoup) -> None:
    titles = [words(title) for title in page.select(".scroll tbody th")]
    assert titles.index("2. The Huber loss") < titles.index("1. The squared loss of a batch")


def test_the_hints_that_were_given_are_counted(page: BeautifulSoup) -> None:
    told = first_wrong_answers()[KEPT[-1]].words
    assert any(told in words(th) for th in page.select("th"))
    assert "not done yet" not in words(page), "that is counted in the table"


def test_what_there_is_to_know_of_a_student_is_said(page: BeautifulSoup) -> None:
    assert row(page, "ada") == ["5", "A written answer waits for a person."]
    assert row(page, "<b>Eve</b>, =1+1 eve") == ["–", "Handed nothing in."]


def test_the_tables_say_the_same_to_a_spreadsheet(page: BeautifulSoup, written: Path) -> None:
    def table(what: str) -> list[dict[str, str]]:
        text = written.with_name(f"{NAME}-{what}.csv").read_text("utf-8")
        return list(csv.DictReader(text.splitlines()))

    students = {line["student"]: line for line in table("students")}
    assert {name: line["points"] for name, line in students.items()} == {
        **{"ada": "5", "bob": "2", "mallory": "0"},
        "eve": "",
    }
    assert students["eve"]["name"] == "<b>Eve</b>, =1+1"
    assert students["bob"]["1. The squared loss of a batch"] == "2"
    checks = table("checks")
    assert words(page.summary) == f"How each of the {len(checks)} checks went"
    told = {(c["exercise"], c["check"]): c for c in checks}
    met = told["1. The squared loss of a batch", "1"]
    assert (met["students"], met["difficulty"], met["discrimination"]) == ("3", "0.667", "")
    assert table("values") == []


def test_a_student_s_name_leads_to_the_feedback(page: BeautifulSoup, written: Path) -> None:
    links = {words(a): (written.parent / a["href"]).resolve() for a in page.select("table a")}
    assert links.keys() == {"ada", "bob", "mallory"}
    assert all(path.is_file() for path in links.values())


def test_a_name_is_text(page: BeautifulSoup) -> None:
    assert not page.select("table b")


def test_what_is_odd_about_a_notebook_is_one_line(graded_class: Path, tmp_path: Path) -> None:
    course = tmp_path / "course"
    shutil.copytree(graded_class, course)
    broken = course / "autograded" / "bob" / NAME / f"{NAME}.ipynb"
    broken.unlink()
    broken.write_text('{"cells": [')
    heavy = course / "autograded" / "ada" / NAME / f"{NAME}.ipynb"
    notebook = nbformat.read(heavy, as_version=4)
    assert notebook.metadata.drinkdeep.carried_bytes < MOST_BYTES
    notebook.metadata.drinkdeep.carried_bytes = 5234
    heavy.unlink()
    nbformat.write(notebook, heavy)
    shutil.copytree(course / "submitted" / "bob", course / "submitted" / "eve")
    target = write(course, tmp_path / "report.html", notes={"mallory": ["Came as a <zip>."]})
    page = BeautifulSoup(target.read_text("utf-8"), "html.parser")
    assert row(page, "bob") == [
        "2",
        f"The graded notebook {NAME}.ipynb can't be read: grade it again.",
    ]
    assert row(page, "ada")[-1] == (
        "Its code carries 5.2 kB of numbers and texts: look whether ready answers or weights stand "
        "there. A written answer waits for a person."
    )
    assert row(page, "<b>Eve</b>") == ["–", "Not graded yet."]
    assert row(page, "mallory") == ["0", "Came as a <zip>."]


def test_an_assignment_that_isn_t_there_is_said(graded_class: Path, tmp_path: Path) -> None:
    with (
        Gradebook(f"sqlite:///{graded_class}/gradebook.db") as gradebook,
        pytest.raises(GradebookError, match=f"no assignment 01_cots; it has {NAME}"),
    ):
        report.write(gradebook, CourseDirectory(), "01_cots", tmp_path / "report.html")


def test_nbgrader_s_export_writes_it(graded_class: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    course = tmp_path / "course"
    shutil.copytree(graded_class, course)
    remark = "There is no notebook in it: ask for <b>it</b>."
    outcomes = [Outcome("eve", "unreadable", (remark,)), Outcome("bob", "graded", ("Odd.",))]
    outcomes_file(course, NAME).parent.mkdir()
    write_outcomes(outcomes_file(course, NAME), outcomes)
    said = Course(course).run(
        "nbgrader",
        "export",
        "--exporter=drinkdeep.grading.results.report.ClassReport",
        f"--assignment={NAME}",
        f"--to={target}",
    )
    assert str(target) in said
    page = BeautifulSoup(target.read_text("utf-8"), "html.parser")
    assert "The class on" in words(page.h1)
    # What the run of the grader has noticed stands beside what is found in the notebooks.
    said = row(page, "<b>Eve</b>")[-1]
    assert said == f"What was handed in last is not graded. {remark} Handed nothing in."
    assert row(page, "bob")[-1] == "Odd."


def test_it_is_readable_by_everyone_and_asks_nobody(
    window: BrowserContext, serve: Callable[[Path], str], written: Path
) -> None:
    page = window.new_page()
    home = serve(written.parent)
    faults = watch(page, home)
    page.goto(f"{home}/{written.name}")
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("figure svg").count() == 2
    bars = page.locator("figure svg path[style*='--dd-blue']").first
    assert bars.evaluate("bar => getComputedStyle(bar).fill") != "none", "colours reach pictures"
    assert not [fault for fault in faults if "favicon" not in fault and "404" not in fault]
    page.close()
