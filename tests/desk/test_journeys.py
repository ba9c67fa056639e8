"""Both journeys, in a real browser, from an assignment's release to the feedback that is read.

Two students, Ada and Ben, and their instructor, each at a JupyterLab of their own; nbgrader's
exchange lies between them. The tests are one story, and run in this order.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import nbformat
import pytest
from browsing import violations
from bs4 import BeautifulSoup
from courses import ROOT, Course
from nbgrader.api import Gradebook
from people import Desk
from playwright.sync_api import Browser, Page, Route, expect
from waiting import wait_for

NAME = "01_cost"
WRONG = "def mean_squared_error(y_hat, y):\n    return (y_hat - y).mean() ** 2"
RIGHT = "def mean_squared_error(y_hat, y):\n    return ((y_hat - y) ** 2).mean()"
# What the test says of WRONG.
HINT = "You squared the mean. It is the other way round: the mean of the squares."
DEADLY = "import os\nos._exit(1)"
ENDED = "The kernel ended while it ran this cell"
ESSAY = "The slope is zero almost everywhere."
MINUTE = 60_000
# JupyterLab's picture while it starts may be gone before anybody looks: it is noted as it comes.
SPLASH = """new MutationObserver(() => {
    const splash = document.querySelector("#jupyterlab-splash");
    if (splash?.checkVisibility()) sessionStorage.splash = "seen";
}).observe(document, { childList: true, subtree: true })"""


@pytest.fixture(scope="module")
def desks(
    sandbox: None, student_tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Desk]]:
    """The three JupyterLabs, with an exchange between them that is empty at first."""
    folder = tmp_path_factory.mktemp("class")
    exchange = folder / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    course = Course(folder / "course")
    course.take(NAME)
    where = f"c.Exchange.root = {str(exchange)!r}\n"
    desks = {
        # All three are one user of this machine, so the owner of a file says nothing.
        "grace": Desk(
            course.folder, folder / "grace", ROOT, f"{where}c.ExchangeCollect.check_owner = False"
        )
    }
    for name in ("ada", "ben"):
        own = folder / name / "drinkdeep"
        shutil.copytree(student_tree, own)
        shutil.rmtree(own / "exercises" / NAME)  # to be fetched
        settings = f"{where}c.CourseDirectory.student_id = {name!r}"
        desks[name] = Desk(own, folder / name, own, settings, command=("drinkdeep", "lab"))
    with ExitStack() as open_desks:
        for desk in desks.values():
            desk.start()
            open_desks.callback(desk.stop)
        for desk in desks.values():
            desk.wait()
        yield desks


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A window of a browser. What takes long on a busy machine is waited for."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(MINUTE)
    yield context.new_page()
    context.close()


@contextmanager
def held(page: Page, address: str) -> Iterator[None]:
    """Hold back what is asked of an address, so that what shows meanwhile can be looked at."""
    waiting: list[Route] = []
    pattern = re.compile(address)
    page.route(pattern, lambda route: waiting.append(route))
    yield
    for route in waiting:
        route.continue_()
    page.unroute(pattern)


# The student's side


def assignments(page: Page) -> None:
    """Show the assignment list, by the menu."""
    page.get_by_role("menuitem", name="Nbgrader").click()
    page.get_by_role("menuitem", name="Assignment List").click()
    expect(page.locator("#nbgrader-assignment-list")).to_be_visible()


def kernel_is_ready(page: Page) -> None:
    # In the status bar; the light above a notebook shows a kernel that is still to come as idle.
    expect(
        page.locator("#jp-main-statusbar").get_by_text("Python 3 (ipykernel) | Idle")
    ).to_be_visible()


def write(page: Page, marked: str, text: str) -> None:
    """Type into the cell that says ``marked``, in place of all that it says, and run it."""
    kernel_is_ready(page)
    sheet = page.locator(".jp-WindowedPanel-outer:visible")
    cell = sheet.locator(".jp-Cell", has_text=marked).first
    sheet.evaluate("sheet => sheet.scrollTo(0, 0)")

    def is_in_page() -> bool:  # only what is near the window is
        sheet.evaluate("sheet => sheet.scrollBy(0, 400)")
        return cell.count() > 0

    wait_for(is_in_page, pause=lambda seconds: page.wait_for_timeout(1000 * seconds))
    cell.scroll_into_view_if_needed()
    if "jp-MarkdownCell" in (cell.get_attribute("class") or ""):
        cell.click()
        page.keyboard.press("Enter")  # from reading to writing
    else:
        cell.locator(".cm-content").click()
    expect(cell.locator(".cm-content")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(text)
    page.keyboard.press("Shift+Enter")


def validate(page: Page) -> str:
    """Press *Validate*; what it says. It shows that it is at work meanwhile."""
    button = page.locator(".validate-button:visible")
    with held(page, "/assignments/validate"):
        button.click()
        expect(button).to_contain_text("Validating")
    dialog = page.locator(".jp-Dialog")
    said = dialog.inner_text()
    dialog.get_by_role("button", name="Ok").click()
    return said


def fetch(page: Page) -> None:
    """Fetch the assignment and open its notebook, by the list."""
    assignments(page)
    released = page.locator("#released_assignments_list")
    with held(page, "/assignments/fetch"):
        released.get_by_role("button", name="Fetch").click()
        expect(released.get_by_role("button", name="Fetching...")).to_be_disabled()
    fetched = page.locator("#fetched_assignments_list")
    fetched.get_by_role("button", name=NAME).click()
    with held(page, "/api/sessions"):
        with held(page, "/api/contents/.*content=1"):
            fetched.get_by_role("link", name=NAME).click()
            expect(page.locator(".jp-Spinner:visible")).to_be_visible()
        expect(page.locator("#jp-main-statusbar")).to_contain_text("No Kernel | Initializing")
    kernel_is_ready(page)


def open_hints(page: Page, desk: Desk) -> None:
    """Open the first exercise's hints one by one, by hand and by keyboard."""
    # As its cells come in, jupyterlab-myst draws all of them again, with every hint closed.
    path = desk.folder / "exercises" / NAME / f"{NAME}.ipynb"
    expect(page.locator(".jp-Cell")).to_have_count(len(nbformat.read(path, 4).cells))
    exercise = page.locator(".jp-MarkdownCell", has_text="1. The squared loss of a batch")
    first, second = exercise.locator("details").all()
    for hint in (first, second):
        expect(hint).not_to_have_attribute("open", "")
    first.locator("summary").click()
    expect(first.get_by_text("subtracts element by element")).to_be_visible()
    expect(second.get_by_text("a tensor has a method")).to_be_hidden()
    page.keyboard.press("Tab")
    expect(second.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(second.get_by_text("a tensor has a method")).to_be_visible()
    expect(first.get_by_text("subtracts element by element")).to_be_visible()
    page.keyboard.press("Space")
    expect(second.get_by_text("a tensor has a method")).to_be_hidden()


def hand_in(page: Page, desk: Desk, answers: list[str], hints: list[str]) -> None:
    """Fetch, answer, validate; answer again until the answers are used up; submit.

    ``hints`` are what *Validate* says of each answer; of a right one nothing.
    """
    page.goto(desk.empty())
    fetch(page)
    open_hints(page, desk)
    write(page, "YOUR ANSWER HERE", ESSAY)
    # Nobody has to think of saving before they submit.
    notebook = desk.folder / "exercises" / NAME / f"{NAME}.ipynb"
    wait_for(
        lambda: ESSAY in notebook.read_text(encoding="utf-8"),
        pause=lambda seconds: page.wait_for_timeout(1000 * seconds),
    )
    marked = "def mean_squared_error"
    for answer, hint in zip(answers, hints, strict=True):
        write(page, marked, answer)
        marked = answer.splitlines()[-1]
        if answer == DEADLY:
            dialog = page.locator(".jp-Dialog")
            expect(dialog).to_contain_text("appears to have died. It will restart automatically.")
            dialog.get_by_role("button", name="Ok").click()
        said = validate(page)
        assert hint in said
        assert hint or HINT not in said
        assert "Traceback" not in said

    assignments(page)
    fetched = page.locator("#fetched_assignments_list")
    with held(page, "/assignments/submit"):
        fetched.get_by_role("button", name="Submit").click()
        expect(fetched.get_by_role("button", name="submitting...")).to_be_disabled()
    expect(page.locator("#submitted_assignments_list").get_by_text(NAME).first).to_be_visible()


# The instructor's side


def press(page: Page, row: str, action: str) -> None:
    """Press a button in a row of Formgrader's table, and wait for its word of success."""
    line = page.locator("tr", has=page.get_by_text(row, exact=True))
    with held(page, "/formgrader/api/"):
        line.locator(f".{action} a").click()
        expect(page.get_by_text("Please wait...")).to_be_visible()
    done = page.locator("#success-modal")
    expect(done).to_be_visible(timeout=2 * MINUTE)
    done.get_by_role("button", name="Close").click()
    expect(done).to_be_hidden()


def test_the_instructor_releases(page: Page, desks: dict[str, Desk]) -> None:
    page.goto(desks["grace"].at("formgrader/manage_assignments"))
    press(page, NAME, "assign")
    press(page, NAME, "release")


def test_a_student_begins_on_the_welcome_page(page: Page, desks: dict[str, Desk]) -> None:
    page.add_init_script(SPLASH)
    page.goto(f"{desks['ada'].url}/?token={desks['ada'].token}")
    page.wait_for_url("**/lab/tree/book/welcome.ipynb*")
    kernel_is_ready(page)
    assert page.evaluate("sessionStorage.splash"), "nothing said that JupyterLab was on its way"
    for number, said in enumerate(("Everything is there.", "Points earned of those")):
        cell = page.locator(".jp-CodeCell").nth(number)
        cell.locator(".cm-content").click()
        expect(cell.locator(".cm-content")).to_be_focused()
        page.keyboard.press("Shift+Enter")
        expect(cell.locator(".jp-InputPrompt")).not_to_have_text("[ ]:")
        expect(page.locator(".jp-OutputArea").get_by_text(said)).to_be_visible()
    expect(page.get_by_role("link", name="Exercises 2: Gradient descent")).to_be_visible()
    expect(page.locator(".jp-Dialog, .Toastify__toast")).to_have_count(0)
    for theme in ("Dark", "Light"):
        page.get_by_role("menuitem", name="Settings").click()
        page.locator(".lm-Menu").get_by_text("Theme", exact=True).hover()
        page.get_by_role("menuitem", name=f"JupyterLab {theme}", exact=True).click()
        expect(page.locator("body")).to_have_attribute("data-jp-theme-name", f"JupyterLab {theme}")
        for ours in (".jp-MarkdownCell", ".jp-OutputArea"):
            # The button that folds what stands under a heading is JupyterLab's, and has no name.
            found = violations(page, without=("button-name",), within={"include": [[ours]]})
            assert not found, (theme, found)


def test_ada_ends_the_kernel_is_wrong_reads_the_hint_and_hands_in_what_is_right(
    page: Page, desks: dict[str, Desk]
) -> None:
    hand_in(page, desks["ada"], [DEADLY, WRONG, RIGHT], [ENDED, HINT, ""])


def test_ben_hands_in_what_is_wrong(page: Page, desks: dict[str, Desk]) -> None:
    hand_in(page, desks["ben"], [WRONG], [HINT])


def test_a_notebook_under_another_name_is_not_handed_in(page: Page, desks: dict[str, Desk]) -> None:
    folder = desks["ben"].folder / "exercises" / NAME
    renamed = (folder / f"{NAME}.ipynb").rename(folder / "Mine.ipynb")
    page.goto(desks["ben"].at("lab"))
    assignments(page)
    page.locator("#fetched_assignments_list").get_by_role("button", name="Submit").click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text(f"because the assignment's folder has no {NAME}.ipynb: rename")
    dialog.get_by_role("button", name="Ok").click()
    renamed.rename(folder / f"{NAME}.ipynb")


def test_the_instructor_collects_and_grades(page: Page, desks: dict[str, Desk]) -> None:
    grace = desks["grace"]
    page.goto(grace.at("formgrader/manage_assignments"))
    press(page, NAME, "collect")
    page.goto(grace.at(f"formgrader/manage_submissions/{NAME}"))
    for name in ("ada", "ben"):
        press(page, name, "autograde")
    with Gradebook(f"sqlite:///{grace.folder}/gradebook.db") as gradebook:
        ids = {
            name: gradebook.find_submission_notebook(NAME, NAME, name).id for name in ("ada", "ben")
        }
    for name, points in (("ada", 3), ("ben", 1)):
        page.goto(grace.at(f"formgrader/submissions/{ids[name]}/"))
        expect(page.get_by_text(ESSAY)).to_be_visible()
        # What is typed before nbgrader has fetched what was given so far isn't noticed.
        page.wait_for_function("formgrader.grades?.loaded && formgrader.comments?.loaded")
        score = page.locator("input.score#in_your_words")
        score.fill(str(points))
        with page.expect_response(lambda answer: "/api/grade/" in answer.url and answer.ok):
            score.press("Tab")
        comment = page.locator("textarea#in_your_words-comment")
        comment.fill(f"Say what a step then does, {name}.")
        with page.expect_response(lambda answer: "/api/comment/" in answer.url and answer.ok):
            comment.press("Tab")


def test_the_instructor_gives_feedback(page: Page, desks: dict[str, Desk]) -> None:
    page.goto(desks["grace"].at("formgrader/manage_assignments"))
    press(page, NAME, "generate-feedback")
    press(page, NAME, "release-feedback")


@pytest.mark.parametrize(("name", "told"), [("ada", "5 of 39 points"), ("ben", HINT)])
def test_the_student_reads_the_feedback(
    page: Page, desks: dict[str, Desk], name: str, told: str
) -> None:
    page.goto(desks[name].at("lab"))
    assignments(page)
    submitted = page.locator("#submitted_assignments_list")
    with held(page, "/assignments/fetch_feedback"):
        submitted.get_by_role("button", name="Fetch Feedback").click()
        expect(submitted.get_by_role("button", name="Fetching Feedback...")).to_be_disabled()
    expect(submitted.get_by_text("view feedback").first).to_be_visible()
    (feedback,) = (desks[name].folder / "exercises" / NAME / "feedback").rglob("*.html")
    read = BeautifulSoup(feedback.read_text(encoding="utf-8"), "html.parser").get_text(" ")
    said = " ".join(read.split())
    assert told in said
    assert f"Say what a step then does, {name}." in said


def test_a_port_that_is_taken_is_no_trouble(desks: dict[str, Desk], tmp_path: Path) -> None:
    ada = desks["ada"]
    desk = Desk(ada.folder, tmp_path, ada.package, command=ada.command, options=(), port=ada.port)
    desk.start()
    try:
        wait_for(lambda: "is running at" in desk.log)
        assert f"The port {ada.port} is already in use, trying another port." in desk.log
        assert "is running at:\n" in desk.log
    finally:
        desk.stop()


def test_the_grades(desks: dict[str, Desk]) -> None:
    with Gradebook(f"sqlite:///{desks['grace'].folder}/gradebook.db") as gradebook:
        scores = {s.student.id: s.score for s in gradebook.assignment_submissions(NAME)}
    assert scores == {"ada": 2 + 3, "ben": 0 + 1}
