"""What a student gets back: right, readable by everyone, and safe to open whoever wrote what."""

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import nbgrader.server_extensions.formgrader as formgrader
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import words
from bs4 import BeautifulSoup
from classroom import (
    ATTACKS,
    COMMENT,
    FORGED,
    HOST,
    KEPT,
    NAME,
    TEXT_ATTACKS,
    WRITTEN,
    ZALGO,
    attack,
    first_wrong_answers,
    source,
)
from courses import ROOT
from leaks import flat
from nbconvert.exporters import Exporter, HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.api import Gradebook
from playwright.sync_api import Browser, BrowserContext, Page
from traitlets.config import PyFileConfigLoader
from waiting import wait_for

from drinkdeep.grading.judging.assignment import Assignment, without
from drinkdeep.grading.plugins import rehearsal
from drinkdeep.grading.plugins.rehearsal import Rehearsed
from drinkdeep.grading.results import feedback
from drinkdeep.grading.results.feedback import (
    DEEPEST_FORMULA,
    LONGEST_FORMULA,
    MOST_DEFINITIONS,
    FeedbackExporter,
    shown,
    text,
)
from drinkdeep.grading.results.own_process import OwnProcessError, call

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
# A page that asks to be replaced by another one, and a page without scripts can't refuse that:
# only that its author's tags aren't tags stops it.
BEYOND_THE_POLICY = {"refresh"}


@pytest.fixture(scope="module")
def page_of(graded_class: Path) -> Callable[[str], Path]:
    """The page that nbgrader has made for a student."""
    return lambda student: graded_class / "feedback" / student / NAME / f"{NAME}.html"


@pytest.fixture(scope="module")
def soup_of(page_of: Callable[[str], Path]) -> Callable[[str], BeautifulSoup]:
    return lambda student: BeautifulSoup(page_of(student).read_text("utf-8"), "html.parser")


# What it says.


def test_the_points_are_the_gradebook_s(
    graded_class: Path, soup_of: Callable[[str], BeautifulSoup]
) -> None:
    page = soup_of("bob")
    with Gradebook(f"sqlite:///{graded_class}/gradebook.db") as gradebook:
        submission = gradebook.find_submission_notebook(NAME, NAME, "bob")
        wanted = {g.name: f"{g.score:g} of {g.max_score:g} points" for g in submission.grades}
        total = f"{submission.score:g} of {submission.max_score:g}"
    assert words(page.select_one("#total")) == total
    assert total == "2 of 9", "somebody half right shows more than who has all or nothing"
    verdicts = {verdict["id"]: words(verdict.h3) for verdict in page.select("section.verdict")}
    assert verdicts.keys() == wanted.keys()
    for name, said in verdicts.items():
        assert said.endswith(f": {wanted[name]}")


def test_each_exercise_stands_in_the_table_with_a_link_to_it(
    soup_of: Callable[[str], BeautifulSoup],
) -> None:
    page = soup_of("ada")
    links = page.select("table a")
    assert [words(link) for link in links][:2] == [
        "1. The squared loss of a batch",
        "2. The Huber loss",
    ]
    for link in links:
        assert page.find(id=link["href"].removeprefix("#"))


def test_what_was_missed_is_said_beside_the_points(
    soup_of: Callable[[str], BeautifulSoup],
) -> None:
    name = KEPT[-1]
    told = words(soup_of("bob").find(id=f"test_{name}"))
    assert first_wrong_answers()[name].words in told
    assert "All tests are met" in words(soup_of("ada").find(id=f"test_{KEPT[0]}"))


def test_an_answer_that_nobody_has_read_says_so(soup_of: Callable[[str], BeautifulSoup]) -> None:
    page = soup_of("ada")
    assert "so far; 1 written answer waits for a person to read" in words(page.select_one(".total"))
    assert "waits for a person" in words(page.find(id=WRITTEN))


def test_a_person_s_comment_is_shown(soup_of: Callable[[str], BeautifulSoup]) -> None:
    (comment,) = soup_of("ada").select("section.comment")
    assert words(comment).endswith(COMMENT.replace("*", ""))
    assert words(comment.em) == "story"
    assert not soup_of("mallory").select("section.comment"), "nobody has said anything"


def test_hidden_tests_are_not_shown(soup_of: Callable[[str], BeautifulSoup]) -> None:
    seen = flat(soup_of("bob").get_text())
    for exercise in Assignment(source()).exercises.values():
        lines = exercise.test.source.splitlines()
        visible = without(exercise.test.source, exercise.hidden).splitlines()
        assert all(flat(line) in seen for line in visible)
        hidden = [flat(line) for line in set(lines) - set(visible) if len(line.strip()) > 12]
        assert hidden
        # Some of a hidden test's words are what a visible test or the student says, too.
        code = [line for line in hidden if re.search(r"observe\(|fresh\(|BEGIN HIDDEN", line)]
        assert code
        assert not any(line in seen for line in code)


# Who says it.


def test_what_a_student_wrote_stands_in_a_frame_and_points_never_do(
    soup_of: Callable[[str], BeautifulSoup],
) -> None:
    for student in ("ada", "bob", "mallory"):
        page = soup_of(student)
        assert not page.select(".yours .verdict, .yours .comment, .yours h1, .yours h2, .yours h3")
        assert not page.select(".box [id], .box [class*=verdict]")
    said = soup_of("bob").find_all(string=re.compile(re.escape(FORGED)))
    assert len(said) >= 2, "in the code, and where it is put out"
    assert all(element.find_parent(class_="box") for element in said)


def test_a_changed_text_of_the_course_is_the_student_s(
    soup_of: Callable[[str], BeautifulSoup],
) -> None:
    changed = soup_of("bob").find(string="A word of mine")
    assert changed.find_parent(class_="box")
    assert soup_of("ada").find("h2", string="Exercises 1: Cost").find_parent(class_="box") is None


# That it is safe.


@pytest.fixture
def asked(chromium: Browser) -> Iterator[tuple[Page, set[str]]]:
    """A page, and the names that the attacker's host is asked for; nobody answers."""
    context = chromium.new_context()
    page = context.new_page()
    names: set[str] = set()

    def note(route: object) -> None:
        address = route.request.url  # type: ignore[attr-defined]
        names.add(
            address.removeprefix(f"{HOST}/").split("/")[0] if address.startswith(HOST) else address
        )
        route.abort()  # type: ignore[attr-defined]

    context.route(re.compile("^(https?|wss?):"), note)
    yield page, names
    context.close()


CLICK = """() => document.querySelectorAll('a').forEach(
    link => link.protocol === 'javascript:' && link.click())"""


def open_and_click(page: Page, path: Path) -> None:
    page.goto(path.as_uri())
    page.evaluate(CLICK)
    page.wait_for_load_state("networkidle")


def stock() -> Exporter:
    """nbgrader's own template, without our defence."""
    folder = Path(formgrader.__file__).parent
    exporter = HTMLExporter(
        template_name="feedback",
        extra_template_basedirs=[str(folder / "templates")],
        extra_template_paths=[str(folder / "static/node_modules/bootstrap/dist/css")],
    )
    exporter.register_preprocessor(
        "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor", enabled=True
    )
    return exporter


GRADED = {
    **dict.fromkeys(("notebook", "student", "assignment"), NAME),
    **dict.fromkeys(("score", "max_score", "late_penalty", "waiting"), 0),
}


def students(cells: list[NotebookNode]) -> NotebookNode:
    """A notebook of these cells, which are a student's."""
    for cell in cells:
        cell.metadata = NotebookNode(drinkdeep=NotebookNode(course=False, title="Cell"))
    return new_notebook(cells=cells)


def export(exporter: Exporter, cells: list[NotebookNode], path: Path) -> Path:
    """A page of these cells, which are a student's."""
    page, _ = exporter.from_notebook_node(students(cells), {"nbgrader": dict(GRADED)})
    path.write_text(page, encoding="utf-8")
    return path


def executed(graded_class: Path, name: str) -> NotebookNode:
    """The attacker's cell, as the sandbox has run it."""
    path = graded_class / "autograded" / "mallory" / NAME / f"{NAME}.ipynb"
    wanted = attack(name).source.strip()
    return next(c for c in nbformat.read(path, 4).cells if c.source.strip() == wanted)


@pytest.fixture(scope="module")
def asked_by_feedback(chromium: Browser, page_of: Callable[[str], Path]) -> set[str]:
    """Whom the attacker's feedback asks for anything, with time to do it."""
    context = chromium.new_context()
    page = context.new_page()
    names: set[str] = set()
    page.on("request", lambda r: r.url.startswith(("file:", "data:")) or names.add(r.url))
    page.on("console", lambda message: names.add(message.text))
    open_and_click(page, page_of("mallory"))
    assert page.url == page_of("mallory").as_uri(), "it has not gone elsewhere"
    context.close()
    return names


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_does_nothing(
    asked_by_feedback: set[str], page_of: Callable[[str], Path], name: str
) -> None:
    assert not any(name in asked.split("/") for asked in asked_by_feedback)
    assert not asked_by_feedback, "nobody is asked for anything"


@pytest.mark.parametrize("name", ATTACKS)
def test_the_attack_is_real(
    graded_class: Path, asked: tuple[Page, set[str]], tmp_path: Path, name: str
) -> None:
    """On a page by nbgrader's own template it does what it is made for."""
    page, names = asked
    path = export(stock(), [executed(graded_class, name)], tmp_path / "stock.html")
    page.goto(path.as_uri(), wait_until="domcontentloaded")
    if "link" in name:
        page.evaluate(CLICK)
    wait_for(lambda: name in names, pause=lambda seconds: page.wait_for_timeout(1000 * seconds))


def test_the_policy_alone_would_stop_them(
    asked: tuple[Page, set[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tags of students' let through, on purpose: then the browser still runs and asks nothing."""
    markdown = feedback._markdown()
    monkeypatch.setitem(markdown.options, "html", True)
    page, names = asked
    tried = [name for name in TEXT_ATTACKS if name not in BEYOND_THE_POLICY]
    notebook = students([attack(name) for name in tried])
    path = tmp_path / "tags.html"  # drawn in this process, whose reader lets them through
    path.write_text(feedback.page(notebook, GRADED), encoding="utf-8")
    assert BeautifulSoup(path.read_text("utf-8"), "html.parser").select(".box script, .box iframe")
    open_and_click(page, path)
    assert not names


def formgrader_page() -> Exporter:
    """What shows a submission to the instructor, as the course configures it."""
    folder = Path(formgrader.__file__).parent
    config = PyFileConfigLoader("nbgrader_config.py", str(ROOT)).load_config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [str(folder / "templates")]
    return HTMLExporter(config=config)


def test_formgrader_runs_no_script_of_a_student(
    graded_class: Path, asked: tuple[Page, set[str]], tmp_path: Path
) -> None:
    cells = [executed(graded_class, name) for name in ATTACKS]
    exporter = formgrader_page()
    resources = dict.fromkeys(("assignment_id", "notebook_id", "submission_id", "student"), NAME)
    resources |= dict.fromkeys(("base_url", "last_name", "first_name", "notebook_path"), "")
    page, _ = exporter.from_notebook_node(
        new_notebook(cells=cells), {**resources, "index": 0, "total": 1}
    )
    path = tmp_path / "formgrader.html"
    path.write_text(page, encoding="utf-8")
    browser, names = asked
    browser.goto(path.as_uri())
    browser.wait_for_load_state("networkidle")
    # A picture of somebody else's host is asked for, which is no script.
    assert names & set(ATTACKS) <= {"picture"}


COVERS = {
    "style": "<style>#total, .verdict, h4 { display: none }</style>",
    "overlay": '<p style="position: fixed; inset: 0; background: white">39 of 39 points</p>',
    "comment": "<!--",
    "letters": ZALGO,
}
SEEN = """element => {
    element.scrollIntoView({ block: 'center' });
    const { left, top, width, height } = element.getBoundingClientRect();
    const there = document.elementFromPoint(left + width / 2, top + height / 2);
    return Boolean(width && there && (element.contains(there) || there.contains(element)));
}"""


@pytest.mark.parametrize("name", COVERS)
def test_nothing_covers_the_points(asked: tuple[Page, set[str]], tmp_path: Path, name: str) -> None:
    page, _ = asked
    path = export(FeedbackExporter(), [new_markdown_cell(COVERS[name])], tmp_path / "page.html")
    page.goto(path.as_uri())
    assert page.locator("#total").evaluate(SEEN)
    frame = page.locator(".yours > .box").bounding_box()
    label = page.locator(".yours > .label").bounding_box()
    assert frame
    assert label
    assert label["y"] + label["height"] <= frame["y"] + 1
    assert page.locator(".box").evaluate("box => getComputedStyle(box).contain") == "paint"


@pytest.mark.parametrize("name", ["style", "overlay"])
def test_by_the_stock_template_it_would(
    asked: tuple[Page, set[str]], tmp_path: Path, name: str
) -> None:
    page, _ = asked
    path = export(stock(), [new_markdown_cell(COVERS[name])], tmp_path / "stock.html")
    page.goto(path.as_uri(), wait_until="domcontentloaded")
    assert not page.locator("h4").evaluate(SEEN)


# That one student's text costs nobody else a page.


def ended(draw: Callable[..., str], *arguments: object, **bounds: int) -> str:
    """Draw nothing but what is shown plainly, as if a parser had ended the process."""
    if arguments[-1] is not True:  # which is how the plain page is asked for
        raise OwnProcessError("its process ended with code -11")
    return call(draw, *arguments, **bounds)


def test_what_can_t_be_drawn_is_shown_plainly_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [new_markdown_cell("**bold** $x"), new_code_cell("1 < 2")]
    with monkeypatch.context() as patch:
        patch.setattr(feedback, "call", ended)
        path = export(FeedbackExporter(), cells, tmp_path / "plain.html")
    page = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    assert [words(box) for box in page.select(".yours pre")] == ["**bold** $x", "1 < 2"]
    assert "shown as plain text" in words(page.main)
    after = export(FeedbackExporter(), cells, tmp_path / "next.html")
    page = BeautifulSoup(after.read_text("utf-8"), "html.parser")
    assert words(page.select_one(".yours strong")) == "bold"
    assert "shown as plain text" not in words(page.main)


def test_a_page_is_drawn_in_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback, "page", os.getpid)  # a name of this process's alone
    monkeypatch.setattr(feedback, "call", lambda draw, *_: f"{call(os.getpid)} of {draw()}")
    path = export(FeedbackExporter(), [], tmp_path / "page.html")
    theirs, ours = path.read_text("utf-8").split(" of ")
    assert theirs != ours


@pytest.mark.parametrize(
    ("function", "argument", "bounds", "said"),
    [
        (time.sleep, 60, {"clock_seconds": 1}, "more than 1 s"),
        (sum, range(10**12), {"cpu_seconds": 1}, "ended with code -9"),
        (bytes, 2**30, {"memory_bytes": 2**28}, "MemoryError"),
        (os._exit, 3, {}, "ended with code 3"),
        (int, "x", {}, "ValueError"),
    ],
    ids=["clock", "cpu", "memory", "end", "error"],
)
def test_a_call_in_a_process_of_its_own_is_bounded(
    function: Callable[..., str], argument: object, bounds: dict[str, int], said: str
) -> None:
    with pytest.raises(OwnProcessError, match=said):
        call(function, argument, **bounds)
    assert call(str, "the next one") == "the next one"


@pytest.mark.parametrize(
    ("formula", "drawn"),
    [
        ("{" * DEEPEST_FORMULA + "x" + "}" * DEEPEST_FORMULA, True),
        ("{" * (DEEPEST_FORMULA + 1) + "x" + "}" * (DEEPEST_FORMULA + 1), False),
        ("x" * LONGEST_FORMULA, True),
        ("x" * (LONGEST_FORMULA + 1), False),
        (r"\{\left[ x \right]\}", True),
    ],
    ids=["deep", "deeper", "long", "longer", "brackets"],
)
def test_a_formula_beyond_the_bounds_is_shown_as_it_stands(formula: str, drawn: bool) -> None:
    page = BeautifulSoup(text(f"${formula}$"), "html.parser")
    assert bool(page.math) == drawn
    assert drawn or words(page.code) == formula


@pytest.mark.parametrize(("more", "drawn"), [(0, True), (1, False)])
def test_a_text_that_defines_too_many_addresses_is_shown_as_it_stands(
    more: int, drawn: bool
) -> None:
    source = "*mine*\n\n" + "[a]: /x\n" * (MOST_DEFINITIONS + more)
    page = BeautifulSoup(text(source), "html.parser")
    assert bool(page.em) == drawn
    assert drawn or page.pre.text.strip() == source.strip()


def test_formgrader_shows_as_text_what_it_could_not_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    code = new_code_cell("1 / 0", outputs=[new_output("error", ename="E", evalue="v")])
    notebook = new_notebook(cells=[new_markdown_cell("*mine*"), new_markdown_cell("a\nb"), code])
    assert Rehearsed().preprocess(notebook, {})[0] == notebook
    monkeypatch.setattr(rehearsal, "call", ended)
    first, second, third = Rehearsed().preprocess(notebook, {})[0].cells
    assert first.source == f"{rehearsal.NOTE}    *mine*\n"
    assert second.source == "    a\n    b\n"
    assert third.outputs[0].text == "E: v"


# That everyone can read it.


def test_it_is_readable_by_everyone(window: BrowserContext, page_of: Callable[[str], Path]) -> None:
    page = window.new_page()
    page.goto(page_of("bob").as_uri())
    for fold in page.locator("details").all():
        fold.evaluate("fold => fold.open = true")
    assert Axe().run(page).response["violations"] == []
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= page.evaluate("innerWidth")
    page.close()


def test_an_attacker_s_page_is_no_harder_to_read(
    chromium: Browser, page_of: Callable[[str], Path]
) -> None:
    page = chromium.new_page(viewport={"width": 390, "height": 900}, color_scheme="dark")
    page.goto(page_of("mallory").as_uri())
    assert Axe().run(page).response["violations"] == []
    page.close()


# Its parts.


def test_a_hint_is_a_fold() -> None:
    page = BeautifulSoup(text(":::{dropdown} Hint 1\nTry $x^2$.\n:::", course=True), "html.parser")
    assert words(page.summary) == "Hint 1"
    assert page.select("details math msup")


def test_a_formula_that_is_none_is_shown_as_it_stands() -> None:
    page = BeautifulSoup(text("$\\nosuchthing{<b>}$"), "html.parser")
    assert words(page.code) == "\\nosuchthing{<b>}"


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("[x](https://example.org/?a=1&b=2)", "https://example.org/?a=1&b=2"),
        ("[x](mailto:a@example.org)", "mailto:a@example.org"),
        ("[x](../../book/01_cost.ipynb)", None),
        ("[x](file:///etc/passwd)", None),
        ("[x](//example.org)", None),
    ],
)
def test_a_link_leads_to_the_web_or_nowhere(link: str, address: str | None) -> None:
    page = BeautifulSoup(text(link), "html.parser")
    assert words(page.p) in ("x", link)
    assert (page.a["href"] if page.a else None) == address
    if page.a:
        assert {"noopener", "noreferrer"} <= set(page.a["rel"])


def test_an_attached_picture_is_shown_if_it_is_made_of_pixels() -> None:
    pasted = NotebookNode({"a.png": NotebookNode({"image/png": PIXEL})})
    drawn = NotebookNode({"a.png": NotebookNode({"image/svg+xml": PIXEL})})
    image = BeautifulSoup(text("![a dot](attachment:a.png)", pasted), "html.parser").img
    assert image["src"] == f"data:image/png;base64,{PIXEL}"
    assert image["alt"] == "a dot"
    assert "<img" not in text("![a dot](attachment:a.png)", drawn)


@pytest.mark.parametrize(
    "source",
    [":" * 60 + "{a}\n" + "".join(f"{':' * n}{{a}}\n" for n in range(59, 2, -1)), "> " * 5000,
     "[" * 20000, "x" * 200_000, "*a " * 6000],
    ids=["folds", "quotes", "brackets", "long", "emphasis"],
)  # fmt: skip
def test_a_text_made_to_break_a_reader_is_shown_all_the_same(source: str) -> None:
    assert text(source)


def test_of_an_output_s_forms_pixels_are_shown_and_then_text() -> None:
    outputs = [
        new_output("display_data", {"image/png": f"{PIXEL}\n", "text/plain": "<Figure>"}),
        new_output("display_data", {"text/html": "<b>x</b>", "text/plain": "x"}),
        new_output("display_data", {"text/html": "<b>x</b>"}),
        new_output("stream", name="stderr", text="\x1b[31mcareful\x1b[0m"),
        new_output("error", ename="E", evalue="v", traceback=[]),
    ]
    picture, *others = shown(outputs)
    assert picture.picture == f"data:image/png;base64,{PIXEL}"
    assert [other.text for other in others] == [
        "x",
        "(An output of the kind text/html is not shown here.)",
        "careful",
        "E: v",
    ]


def test_the_pages_are_one_file_each(graded_class: Path) -> None:
    for _, _, names in os.walk(graded_class / "feedback"):
        assert set(names) <= {f"{NAME}.html"}
