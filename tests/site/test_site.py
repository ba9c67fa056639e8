"""The built site: whole, self-contained, and readable by everyone, in a real browser."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import nbformat
import pytest
from browsing import ALIVE, COLOURS, violations, watch, words
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Browser, Page

from drinkdeep.palette import PAGE, TONES

ROOT = Path(__file__).parents[2]
SOURCES = {
    source.relative_to(ROOT).with_suffix(".html").as_posix(): source
    for entry in re.findall(r"(?:root|file): *(\S+)", (ROOT / "_toc.yml").read_text())
    for source in [
        next(
            (ROOT / (entry + end) for end in (".md", ".ipynb") if (ROOT / (entry + end)).exists()),
            ROOT / (entry + ".md"),
        )
    ]
}
"""Address of each page of the table of contents → the file it is written in."""
CHAPTERS = [p for p, s in SOURCES.items() if s.suffix == ".ipynb" and p.startswith("book/")]
# A collection of messages, with neither figures nor mathematics.
LESSONS = [page for page in CHAPTERS if page != "book/complaints.html"]
EXERCISES = [page for page in SOURCES if page.startswith("exercises/")]
# Written by the builder beside the pages of the table of contents.
OTHERS = ["index.html", "404.html", "search.html", "genindex.html"]


@cache
def read(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@cache
def ids(path: Path) -> list[str]:
    return [element["id"] for element in read(path).find_all(id=True)]


# What the pages hold.


@pytest.mark.parametrize("name", SOURCES)
def test_each_page_of_the_table_of_contents_is_there_with_its_title(site: Path, name: str) -> None:
    source = SOURCES[name]
    if source.suffix == ".ipynb":
        text = next(c.source for c in nbformat.read(source, 4).cells if c.cell_type == "markdown")
    else:
        text = source.read_text(encoding="utf-8")
    (title,) = re.findall(r"^# (.+)$", text, re.MULTILINE)[:1]
    assert words(read(site / name).h1).removesuffix("#").strip() == title
    assert title in words(read(site / name).title)


@pytest.mark.parametrize("name", LESSONS)
def test_a_chapter_shows_each_of_its_figures_with_its_written_alternative(
    site: Path, name: str
) -> None:
    committed = [
        output.data["text/plain"].split(": ", 1)[1]
        for cell in nbformat.read(SOURCES[name], 4).cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if re.match(r"(Interactive f|F)igure: ", output.get("data", {}).get("text/plain", ""))
    ]
    shown = [
        figure.find(role="img")["aria-label"]
        for figure in read(site / name).select("figure.dd-figure")
        if figure.find("svg")
    ]
    assert committed, "a chapter has at least one figure"
    assert [" ".join(alt.split()) for alt in shown] == [" ".join(alt.split()) for alt in committed]


@pytest.mark.parametrize("name", LESSONS)
def test_a_chapter_has_its_mathematics_as_mathml(site: Path, name: str) -> None:
    formulas = read(site / name).select("article math")
    assert formulas
    for formula in formulas:
        assert formula.annotation is not None
        assert formula.annotation["encoding"] == "application/x-tex"
        assert words(formula).removesuffix(words(formula.annotation)), "a formula shows something"


@pytest.mark.parametrize("name", LESSONS)
def test_no_line_begins_with_the_comma_after_a_formula(site: Path, name: str) -> None:
    after = [(f.next_sibling, f.parent) for f in read(site / name).select("article math")]
    marks = [parent for text, parent in after if re.match(r"[,.;:?!)]", text or "")]
    assert marks
    assert all("bound" in parent.get("class", ()) for parent in marks)


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_output_of_a_chapter_is_empty(site: Path, name: str) -> None:
    for output in read(site / name).select(".cell_output > .output"):
        assert words(output) or output.find(["svg", "img"]), output


@pytest.mark.parametrize("name", EXERCISES)
def test_a_page_of_exercises_offers_the_notebook_that_students_get(site: Path, name: str) -> None:
    (link,) = (a for a in read(site / name).select("article a.download") if a.has_attr("download"))
    offered = (site / name).parent / unquote(link["href"])
    assert offered.read_bytes() == SOURCES[name].read_bytes()


@pytest.mark.parametrize("name", [*SOURCES, *OTHERS])
def test_every_id_is_its_own(site: Path, name: str) -> None:
    found = ids(site / name)
    assert sorted(found) == sorted(set(found))


# Where the pages lead.


def targets(page: BeautifulSoup) -> Iterator[tuple[Tag, str]]:
    """Each element that names a file, an address or a place, and what it names."""
    for attribute in ("href", "src", "poster", "data", "action"):
        for element in page.find_all(attrs={attribute: True}):
            yield element, element[attribute]
    for element in page.find_all(srcset=True):
        for candidate in element["srcset"].split(","):
            yield element, candidate.split()[0]


def leads_elsewhere(address: str) -> bool:
    return bool(urlsplit(address).netloc)


@pytest.mark.parametrize("name", [*SOURCES, *OTHERS])
def test_a_page_asks_no_other_host_for_anything(site: Path, name: str) -> None:
    for element, address in targets(read(site / name)):
        # A link to a paper is followed by the reader; all else is fetched by the browser.
        assert element.name == "a" or not leads_elsewhere(address), element
    for style in [
        *(words(element) for element in read(site / name).find_all("style")),
        *(element["style"] for element in read(site / name).find_all(style=True)),
    ]:
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", style), style


@pytest.mark.parametrize("name", SOURCES)
def test_a_page_says_what_it_is_about_where_it_is_shared(site: Path, name: str) -> None:
    page = read(site / name)
    assert page.find("meta", property="og:title")["content"] == words(page.h1).removesuffix("#")
    assert 20 <= len(page.find("meta", property="og:description")["content"]) <= 202


def test_no_style_sheet_asks_another_host_for_anything(site: Path) -> None:
    sheets = list(site.rglob("*.css"))
    assert sheets
    for sheet in sheets:
        style = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", style), sheet


@pytest.mark.parametrize("name", [*SOURCES, *OTHERS])
def test_links_within_the_site_lead_somewhere(site: Path, name: str) -> None:
    for element, address in targets(read(site / name)):
        split = urlsplit(address)
        if leads_elsewhere(address) or split.scheme in ("mailto", "data", "javascript"):
            continue
        path, fragment = urldefrag(unquote(split._replace(query="").geturl()))
        target = (site / name).parent / path if path else site / name
        assert target.is_file(), f"{element} leads to no file"
        if fragment and target.suffix == ".html":
            assert fragment in ids(target.resolve()), f"{element} leads to no place"


@pytest.mark.parametrize("name", SOURCES)
def test_a_page_waits_for_one_file(site: Path, name: str) -> None:
    """Its style sheet: no second one, and no script that isn't put off."""
    page = read(site / name)
    assert len(page.find_all("link", rel="stylesheet")) == 1
    for script in page.find_all("script", src=True):
        assert script.has_attr("defer") or script.get("type") == "module", script


@pytest.mark.parametrize("name", SOURCES)
def test_what_a_page_waits_for_is_small(site: Path, name: str) -> None:
    """Compressed; a slow phone gets about 200 kB a second."""
    assert len(gzip.compress((site / name).read_bytes())) <= 105_000
    assert len(gzip.compress((site / "_static" / "book.css").read_bytes())) <= 32_000


def test_the_style_sheet_has_the_colours_of_the_figures() -> None:
    sheet = (ROOT / "book" / "assets" / "drinkdeep.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--dd-(\w+): (#\w+);", block))
        for block in re.findall(r"^html(?:\[data-theme=\"dark\"\])? \{(.*?)\}", sheet, re.M | re.S)
    )
    tones = {"page": PAGE, **TONES}
    assert light == {name: tone.light for name, tone in tones.items()}
    assert dark == {name: tone.dark for name, tone in tones.items()}


# How the pages behave in a browser.

# What sticks out of the page sideways, apart from what scrolls in a box of its own.
WIDER_THAN_THE_PAGE = """() => {
  const room = document.documentElement.clientWidth;
  const scrolls = (e) => e.id !== "main-content" && getComputedStyle(e).overflowX !== "visible";
  const inABox = (e) => e.parentElement && (scrolls(e.parentElement) || inABox(e.parentElement));
  return [...document.querySelectorAll("article *")]
    .filter((e) => e.getBoundingClientRect().right > room + 1 && !inABox(e))
    .map((e) => `${e.tagName}: ${e.textContent.trim().slice(0, 80)}`);
}"""


# What axe-core need not look at, and would: it asks of each of some thousand elements what lies
# under it. Of code and of formulas one part of each look is left, and nothing in drawings, which
# are hidden from those who hear a page.
LESS_TO_LOOK_AT = """() => {
  const seen = new Set();
  for (const part of document.querySelectorAll("pre span, math *")) {
    if (part.childElementCount) continue;
    const ground = part.closest(".admonition, .highlight, td, th, article")?.className;
    const look = [part.localName, part.className, ground].join();
    if (seen.has(look)) part.replaceWith(part.localName === "span" ? part.textContent : "");
    seen.add(look);
  }
  for (const svg of document.querySelectorAll("svg[aria-hidden=true]")) svg.replaceChildren();
}"""


# Marks, of the texts that have one colour, ground, size and weight, all but the first: what
# contrast one has, all have.
MARK_WHAT_LOOKS_ALIKE = """() => {
  const seen = new Set();
  const grounds = new Map([[null, ""]]);
  const groundOf = (e) => {
    if (!grounds.has(e)) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(e);
      const own = [backgroundColor, backgroundImage, opacity].join();
      const plain = own === "rgba(0, 0, 0, 0),none,1";
      grounds.set(e, groundOf(e.parentElement) + (plain ? "" : `|${own}`));
    }
    return grounds.get(e);
  };
  const markAlike = (e) => {
    let alike = true;
    for (const child of e.children) alike = markAlike(child) && alike;
    if ([...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim())) {
      const { color, fontSize, fontWeight, textShadow, textDecorationLine } = getComputedStyle(e);
      const font = [color, fontSize, fontWeight, textShadow, textDecorationLine];
      const look = [...font, Boolean(e.closest("a")), groundOf(e)].join();
      alike = seen.has(look) && alike;
      seen.add(look);
    }
    e.toggleAttribute("data-alike", alike);
    return alike;
  };
  document.querySelectorAll("article").forEach(markAlike);
  return seen.size;
}"""


@dataclass(frozen=True)
class Visit:
    """A page of the site in a browser, and the files that it has asked for."""

    name: str
    page: Page
    asked: set[str]


@pytest.fixture(scope="module", params=[*SOURCES, "search.html"])
def visit(chromium: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A first visit to each page, which several tests look at; nothing may go wrong in it."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 800}, color_scheme="light", reduced_motion="reduce"
    )
    page = context.new_page()
    faults = watch(page, address)
    asked: set[str] = set()
    page.on("request", lambda sent: asked.add(urlsplit(sent.url).path.lstrip("/")))
    page.goto(f"{address}/{request.param}")
    page.wait_for_function(ALIVE)
    yield Visit(request.param, page, asked)
    context.close()
    assert not faults


# Where the first of something stands, in pixels from the top of the page; nothing if there is none.
FIRST = """(selector) => {
  const [first] = document.querySelectorAll(selector);
  return first ? first.getBoundingClientRect().top + scrollY : null;
}"""
PICTURE, TO_MOVE = "article figure :is(svg, img, canvas)", "figure[data-explore]"
# Two pages with pictures and none that moves: they measure what a browser can't.
STILL = ("book/engine.html", "book/faster.html")


@pytest.mark.parametrize("visit", LESSONS, indirect=True)
def test_a_chapter_shows_before_it_tells(visit: Visit) -> None:
    """The first picture within 1,500 pixels, and something to move within 4,500."""
    assert visit.page.evaluate(FIRST, PICTURE) <= 1500
    moves = visit.page.evaluate(FIRST, TO_MOVE)
    assert (moves is None) == (visit.name in STILL)
    assert (moves or 0) <= 4500


FRONT_DOOR = "book/index.html"
# Their controls show in what is drawn, or trained, next: test_draw.py, test_laboratory.py.
OF_THEIR_OWN_TESTS = ("draw", "laboratory", "several_runs", "first_run")

# What a figure shows and says.
SEEN = "(figure) => figure.querySelector('[role=img]').outerHTML + figure.textContent"


def test_each_control_of_each_interactive_figure_answers_to_the_keyboard(visit: Visit) -> None:
    figures = visit.page.locator("figure[data-explore]").all()
    source = SOURCES.get(visit.name)
    cells = nbformat.read(source, 4).cells if source and source.suffix == ".ipynb" else []
    texts = [
        output.get("data", {}).get("text/plain", "")
        for cell in cells
        for output in cell.get("outputs", [])
    ]
    front_door = visit.name == FRONT_DOOR
    assert len(figures) - front_door == sum(t.startswith("Interactive figure: ") for t in texts)
    assert figures or not re.match(r"book/\d", visit.name), "a numbered chapter has one that moves"
    for figure in figures:
        if figure.get_attribute("data-explore") in OF_THEIR_OWN_TESTS:
            continue
        for control in figure.locator("input, select").all():
            before = figure.evaluate(SEEN)
            last = control.evaluate(
                "(e) => e.selectedIndex > 0 || Number(e.value) === Number(e.max)"
            )
            if control.get_attribute("type") == "checkbox":
                control.press("Space")
            else:
                control.press("Home" if last else "End")
            visit.page.evaluate("() => new Promise(requestAnimationFrame)")
            assert figure.evaluate(SEEN) != before, control.evaluate(
                "(e) => e.labels[0].textContent"
            )


def test_a_page_is_whole_and_accessible_light_and_dark_wide_and_narrow(visit: Visit) -> None:
    """What depends on the theme is looked at in either, what depends on the width in either."""
    page = visit.page
    frame = {"exclude": [["article"]]}  # on a phone other things stand around the text
    alike = {"exclude": [["[data-alike]"]]}
    for width, scheme in [(1280, "light"), (1280, "dark"), (390, "dark"), (390, "light")]:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
        assert page.evaluate(WIDER_THAN_THE_PAGE) == []
        page.evaluate(LESS_TO_LOOK_AT)  # figures are drawn anew for another width
        page.evaluate(MARK_WHAT_LOOKS_ALIKE)
        found = violations(page, only=COLOURS, within=frame if width == 390 else alike)
        assert not found, (width, scheme, found)
        if scheme == "light":
            found = violations(page, without=COLOURS)
            assert not found, (width, found)


def test_one_pale_word_among_many_is_found(chromium: Browser, address: str) -> None:
    """Otherwise the search among what looks alike could not fail."""
    page = chromium.new_page()
    page.goto(f"{address}/{FRONT_DOOR}")
    page.evaluate(LESS_TO_LOOK_AT)
    page.evaluate("""() => {
      const [...paragraphs] = document.querySelectorAll("article p");
      paragraphs.at(-1).insertAdjacentHTML("beforeend", "<span style='color: #ddd'>pale</span>");
    }""")
    page.evaluate(MARK_WHAT_LOOKS_ALIKE)
    found = violations(page, only=COLOURS, within={"exclude": [["[data-alike]"]]})
    assert "pale" in found
    page.close()


def test_a_page_is_light_to_load(site: Path, visit: Visit) -> None:
    """All that a visit transfers, compressed as servers do it, is at most 600 kB."""
    weights = {path: len(gzip.compress((site / path).read_bytes())) for path in visit.asked if path}
    heaviest = sorted(weights.items(), key=lambda item: -item[1])[:8]
    assert sum(weights.values()) <= 600_000, json.dumps(dict(heaviest), indent=1)


@pytest.fixture
def phone(chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{address}/{next(iter(SOURCES))}")
    yield page
    context.close()


def test_the_menu_of_a_phone_opens_and_leads_on(phone: Page) -> None:
    last = list(SOURCES)[-1].rsplit("/", 1)[-1]
    link = phone.locator(f".bd-sidebar-primary nav a[href$='{last}']")
    assert not link.is_visible()
    phone.locator(".primary-toggle").click()
    link.click()
    phone.wait_for_url(f"**/{last}")


@pytest.mark.parametrize("side", ["primary", "secondary"])
def test_a_menu_of_a_phone_is_left_with_the_keyboard(phone: Page, side: str) -> None:
    button = phone.locator(f".{side}-toggle")
    button.focus()
    phone.keyboard.press("Enter")
    menu = phone.locator(f"#pst-{side}-sidebar-modal")
    menu.wait_for(state="visible")
    phone.keyboard.press("Escape")
    menu.wait_for(state="hidden")
    phone.wait_for_function("e => e === document.activeElement", arg=button.element_handle())


def test_the_theme_follows_the_switch_and_is_remembered(phone: Page) -> None:
    theme = "document.documentElement.dataset.theme"
    assert phone.evaluate(theme) == "light"
    for _ in range(3):
        phone.locator(".theme-switch-button:visible").click()
        if phone.evaluate(theme) == "dark":
            break
    phone.reload()
    assert phone.evaluate(theme) == "dark"


def test_the_search_finds(phone: Page) -> None:
    phone.locator(".search-button:visible").click()
    phone.keyboard.type("network")
    phone.keyboard.press("Enter")
    phone.locator("#search-results li a").first.wait_for()


@pytest.mark.parametrize(
    ("question", "place", "shown"),
    [
        # A section, in the words of a question; the glossary's definition; both.
        ("why zero_grad", "book/05_autograd.html#gradients-add-up", "optimizer.zero_grad()"),
        ("softmax", "book/glossary.html#term-Softmax", "It makes probabilities of scores"),
        (
            "what is a dead unit",
            "book/glossary.html#term-Dead-unit",
            "it answers 0 to all of them",
        ),
    ],
)
def test_the_search_leads_to_the_place_that_answers(
    chromium: Browser, address: str, question: str, place: str, shown: str
) -> None:
    page = chromium.new_page()
    page.goto(f"{address}/search.html?q={question.replace(' ', '+')}")
    found = page.locator("#search-results li").filter(has=page.locator(f"a[href$='{place}']"))
    found.first.wait_for()
    assert shown in found.first.locator(".context").text_content()
    # What is shown of a page is neither code nor the TeX of a formula.
    texts = page.locator("#search-results .context").all_text_contents()
    assert not [text for text in texts if "\\" in text or "import torch" in text]
    found.first.locator("a").first.click()
    page.wait_for_url(f"**/{place}")
    page.close()


# The boxes that take the keyboard's focus though nothing in them scrolls, or the other way round.
MISMARKED = """() => [...document.querySelectorAll(
    ".formula, .pst-scrollable-table-container, pre, .cell_output > .output")]
  .filter((box) => (box.firstElementChild ?? box).checkVisibility({ contentVisibilityAuto: true }))
  .filter((box) => (box.scrollWidth > box.clientWidth) !== box.hasAttribute("tabindex"))
  .map((box) => `${box.className}: ${box.textContent.slice(0, 60)}`)"""
# Those that are at the reader's place, brought there one after another.
VISIT_TABLES = """async () => {
  for (const table of document.querySelectorAll(".pst-scrollable-table-container")) {
    table.scrollIntoView();
    for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
  }
}"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(
    "name", ["book/04_losses.html", "book/notation.html", "book/complaints.html"]
)
def test_only_what_scrolls_is_in_the_keyboards_order(
    chromium: Browser, address: str, name: str, width: int
) -> None:
    """Also where a phone lays a page out only when the reader comes near."""
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{address}/{name}")
    page.wait_for_load_state("networkidle")
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate(VISIT_TABLES)
    page.wait_for_function(f"() => !({MISMARKED})().length")
    page.close()


@pytest.mark.parametrize(
    ("name", "figure"), [(FRONT_DOOR, "first_run"), ("book/draw.html", "draw")]
)
def test_what_a_page_is_for_is_on_its_first_screen(
    chromium: Browser, address: str, name: str, figure: str
) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{address}/{name}")
    page.wait_for_function(ALIVE)
    assert page.evaluate(FIRST, f"figure[data-explore={figure}]") <= 400
    page.close()


def test_a_lost_reader_finds_the_book(
    chromium: Browser, site: Path, serve: Callable[[Path], str]
) -> None:
    """Wherever the site lies, and however deep the address that leads nowhere."""
    home = f"{serve(site.parent)}/{site.name}"
    page = chromium.new_page()
    for lost in ("gone.html", "a/b/c/"):
        # Servers answer with this page at the address that was asked for; this one has to be told.
        page.route(
            f"{home}/{lost}", lambda route: route.fulfill(path=site / "404.html", status=404)
        )
        page.goto(f"{home}/{lost}")
        page.get_by_role("link", name="first page").click()
        page.wait_for_url(f"{home}/book/index.html")
        page.go_back()
        page.get_by_role("link", name="Gradient descent", exact=True).click()
        page.wait_for_url(f"{home}/book/02_gradient_descent.html")
        page.go_back()
        page.get_by_role("searchbox").fill("softmax")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{home}/search.html?q=softmax")
        page.locator("#search-results li a").first.wait_for()
    page.close()


def test_a_notebook_can_be_taken_along(phone: Page, address: str) -> None:
    phone.goto(f"{address}/{CHAPTERS[0]}")
    phone.get_by_role("button", name="Download this page").click()
    with phone.expect_download() as download:
        phone.get_by_role("link", name=".ipynb").click()
    assert nbformat.read(download.value.path(), 4).cells


def test_code_is_copied(phone: Page, address: str) -> None:
    phone.context.grant_permissions(["clipboard-read", "clipboard-write"])
    phone.goto(f"{address}/{CHAPTERS[0]}")
    cell = phone.locator(".cell_input >> visible=true").first  # the set-up is folded
    button = cell.get_by_role("button")
    button.focus()
    phone.keyboard.press("Enter")
    phone.wait_for_function("navigator.clipboard.readText().then((text) => text.length > 0)")
    copied = phone.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == cell.locator("pre").text_content().strip()


def test_paper_is_light(chromium: Browser, address: str) -> None:
    context = chromium.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(f"{address}/{next(iter(SOURCES))}")
    page.evaluate(
        "addEventListener('beforeprint', () => {"
        " window.printed = document.documentElement.dataset.theme; })"
    )
    page.pdf()
    assert page.evaluate("window.printed") == "light"
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    context.close()


@pytest.fixture(scope="module")
def without_scripts(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 390, "height": 800}, java_script_enabled=False
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", SOURCES)
def test_a_page_reads_without_any_script(without_scripts: Page, address: str, name: str) -> None:
    page = without_scripts
    page.goto(f"{address}/{name}", wait_until="domcontentloaded")
    assert page.locator("article h1").is_visible()
    assert page.locator("button:visible").count() == 0, "a button that does nothing"
    assert page.locator(".bd-sidebar-primary nav a").first.is_visible()
