"""The figures in which a network trains: the laboratory of chapter 6 and the first page's."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsing import ALIVE, PAGE, violations, watch
from extensions import load
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from drinkdeep import mnist, models
from drinkdeep.figures.laboratory import laboratory

ROOT = Path(__file__).parents[2]
SHEETS = ("figures/draw.css", "training/training.css")
DIGITS = "/_static/training/digits/"
LONG = 60_000  # milliseconds: a machine that does other things as well trains slowly


@pytest.fixture(scope="module")
def home(serve: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the site's assets and both figures are served, with the digits that a build makes."""
    folder = tmp_path_factory.mktemp("laboratory")
    shutil.copytree(ROOT / "book" / "assets", folder / "_static")
    digit_files = load("digit_files")
    digits = folder / DIGITS.lstrip("/")
    digits.mkdir()
    for number in range(6):
        (digits / f"train-{number}.bin").write_bytes(digit_files.piece("train", number, 6))
    (digits / "test.bin").write_bytes(digit_files.piece("t10k", 0, 5))
    links = "".join(f'<link rel="stylesheet" href="_static/{name}">' for name in SHEETS)
    figures = {
        "laboratory": laboratory(
            models.article_model(seed=0), *mnist.tensors(train=False)
        )._repr_mimebundle_()["text/html"],
        "first_run": load("front_door").still(),
    }
    for name, figure in figures.items():
        page = PAGE.format(name=name, figure=f'<section id="here">{figure}</section>')
        (folder / f"{name}.html").write_text(page.replace("<style>", f"{links}<style>", 1), "utf-8")
    return serve(folder)


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1000, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, home: str) -> Iterator[Page]:
    """A tab in which nothing may go wrong."""
    page = context.new_page()
    faults = watch(page, home)
    yield page
    assert not faults


def opened(page: Page, home: str, name: str, query: str = "") -> Page:
    page.goto(f"{home}/{name}.html{query}")
    page.wait_for_function(ALIVE)
    return page


def words(page: Page) -> Locator:
    return page.locator(".dd-reading")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def epoch(page: Page) -> None:
    """One epoch, to its end."""
    page.get_by_label("speed").select_option("as fast as it goes")
    press(page, "One epoch")
    page.wait_for_function(
        """() => document.querySelector(".dd-reading").textContent.startsWith("After")
          && !document.querySelector(".dd-lab button:disabled")""",
        timeout=LONG,
    )


def accuracy(page: Page) -> float:
    """In per cent, as it is said."""
    found = re.search(r"([\d.]+)% of 2,000 test digits right", words(page).text_content())
    assert found, words(page).text_content()
    return float(found[1])


def test_digits_come_when_start_is_pressed_and_are_light(page: Page, home: str) -> None:
    asked: dict[str, int] = {}
    page.on(
        "response",
        lambda answer: (
            asked.update({urlsplit(answer.url).path: len(answer.body())})
            if answer.url.startswith(home)
            else None
        ),
    )
    opened(page, home, "laboratory")
    page.wait_for_load_state("networkidle")
    assert not any(path.startswith(DIGITS) or path.endswith(".wasm") for path in asked)
    press(page, "One step")
    expect(words(page)).to_contain_text("After 1 step:", timeout=LONG)
    fetched = {path: size for path, size in asked.items() if path.startswith(DIGITS)}
    assert {Path(path).stem for path in fetched} == {"train-0", "test"}
    assert sum(fetched.values()) <= 3_000_000


def test_an_epoch_teaches_and_the_pictures_say_so(page: Page, home: str) -> None:
    opened(page, home, "laboratory", "?rate=0.01&momentum=0.9")
    epoch(page)
    assert "After 157 steps" in words(page).text_content()
    assert accuracy(page) > 70
    marks = page.locator(".dd-train-answers > li").all_text_contents()
    assert len(marks) == 30
    assert sum("✓" in mark for mark in marks) > 15
    assert page.locator(".dd-panels path").count() > 4
    told = page.locator(".dd-lab > [role=status]").text_content()
    assert "test digits right" in told


def test_the_same_settings_give_the_same_run(page: Page, home: str) -> None:
    found = []
    for _ in range(2):
        opened(page, home, "laboratory", "?rate=0.03&seed=4&batch=256")
        epoch(page)
        found.append(words(page).text_content())
    assert found[0] == found[1]


def test_a_link_carries_the_settings(page: Page, home: str) -> None:
    opened(page, home, "laboratory")
    page.get_by_label("learning rate").select_option("0.3")
    page.get_by_label("momentum").select_option("0.9")
    page.get_by_label("the loop").select_option("sorted by label")
    page.get_by_role("link", name="Link to these settings").click()
    page.wait_for_url("**/laboratory.html?rate=0.3&*#here")
    page.wait_for_function(ALIVE)
    assert page.get_by_label("learning rate").input_value() == "0.3"
    assert page.get_by_label("momentum").input_value() == "0.9"
    assert page.get_by_label("the loop").input_value() == "sorted"
    assert page.get_by_label("seed").input_value() == "0"


@pytest.mark.parametrize("query", ["?rate=x&batch=0&loop=constructor", "?rate=1e9&seed=-1"])
def test_a_link_that_says_nonsense_gives_the_articles_settings(
    page: Page, home: str, query: str
) -> None:
    opened(page, home, "laboratory", query)
    assert page.get_by_label("learning rate").input_value() == "0.003"
    assert page.get_by_label("batch size").input_value() == "64"
    assert page.get_by_label("the loop").input_value() == "sound"


def test_past_the_edge_it_is_thrown_off_and_says_so(page: Page, home: str) -> None:
    opened(page, home, "laboratory", "?rate=10")
    epoch(page)
    sentence = words(page).text_content()
    assert "Past the edge: the loss has been as high as" in sentence
    assert "no better than guessing" in sentence
    dead = re.search(r"(\d+)% of the hidden units are dead", sentence)
    assert dead
    assert int(dead[1]) > 80
    press(page, "Reset")
    expect(words(page)).to_have_text("A network that has learned nothing.")


def test_a_loss_that_is_no_number_ends_a_run(page: Page, home: str) -> None:
    """From weights that are none, which no setting here has led to."""
    opened(page, home, "laboratory")
    said = page.evaluate(
        """async () => {
          const { verdict } = await import("/_static/figures/laboratory.js");
          const { ARTICLE, Run } = await import("/_static/training/run.js");
          const { load } = await import("/_static/training/engine.js");
          const network = await load();
          const data = { pixels: new Uint8Array(784), labels: new Uint8Array(1) };
          const run = new Run(network, data, ARTICLE);
          network.parameters.fill(NaN);
          const losses = [run.step()];
          return verdict({ diverged: run.diverged, losses, accuracies: [[1, 0]], dead: 0 });
        }"""
    )
    assert said.startswith("Diverged: after 1 step the loss is no longer a number")


@pytest.mark.parametrize("loop", ["mixed", "sorted", "early"])
def test_a_broken_loop_learns_little(page: Page, home: str, loop: str) -> None:
    opened(page, home, "laboratory", f"?rate=0.1&loop={loop}")
    epoch(page)
    assert accuracy(page) < 30


def test_a_kept_run_is_compared_with_the_next(page: Page, home: str) -> None:
    opened(page, home, "laboratory", "?rate=0.1")
    epoch(page)
    press(page, "Keep this run")
    page.get_by_label("momentum").select_option("0.9")
    expect(words(page)).to_contain_text("learned nothing")
    epoch(page)
    sentence = words(page).text_content()
    assert "differ in momentum μ 0 (dashed) and 0.9." in sentence
    assert "right after 157 steps." in sentence
    assert page.locator(".dd-panels path[stroke-dasharray='6 4']").count() == 2
    press(page, "Forget the kept run")
    assert page.locator(".dd-panels path[stroke-dasharray='6 4']").count() == 0


def test_it_pauses_while_nobody_sees_it(page: Page, home: str) -> None:
    opened(page, home, "laboratory")
    press(page, "Start")
    expect(page.get_by_role("button", name="Pause")).to_be_visible(timeout=LONG)
    page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { value: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible(timeout=LONG)
    stands = words(page).text_content()
    page.wait_for_timeout(500)
    assert words(page).text_content() == stands


def test_without_webassembly_the_twin_trains_and_says_so(
    context: BrowserContext, home: str
) -> None:
    page = context.new_page()
    page.route("**/network.wasm", lambda route: route.abort())
    opened(page, home, "laboratory", "?rate=0.01&momentum=0.9")
    epoch(page)
    assert "plain JavaScript" in words(page).text_content()
    assert accuracy(page) > 70


def test_digits_that_do_not_come_are_told_and_tried_again(
    context: BrowserContext, home: str
) -> None:
    page = context.new_page()
    page.route("**/test.bin", lambda route: route.abort())
    opened(page, home, "laboratory")
    press(page, "One step")
    expect(words(page)).to_contain_text("could not be fetched", timeout=LONG)
    page.unroute("**/test.bin")
    press(page, "One step")
    expect(words(page)).to_contain_text("After 1 step:", timeout=LONG)


def test_all_images_come_in_pieces_and_can_be_stopped(page: Page, home: str) -> None:
    held = []
    page.route("**/train-3.bin", lambda route: held.append(route))
    opened(page, home, "laboratory")
    page.get_by_role("button", name="Fetch all 60,000").click()
    bar = page.get_by_role("progressbar", name="Images fetched")
    page.wait_for_function("() => document.querySelector('progress').value === 3", timeout=LONG)
    press(page, "Stop fetching")
    page.unroute("**/train-3.bin")
    press(page, "Go on fetching")
    page.wait_for_function(
        "() => document.querySelector('.dd-lab-settings label:last-child select').value === '6'",
        timeout=LONG,
    )
    expect(bar).to_be_hidden()
    epoch(page)
    assert "After 938 steps" in words(page).text_content()


def test_what_is_drawn_is_read_by_the_network_of_the_moment(page: Page, home: str) -> None:
    opened(page, home, "laboratory", "?rate=0.1&momentum=0.9")
    epoch(page)
    sheet = page.get_by_role("application")
    sheet.focus()
    for _ in range(9):
        page.keyboard.press("ArrowUp")
    for _ in range(18):
        page.keyboard.press("Shift+ArrowDown")
    reads = page.locator(".dd-lab-below [role=status]").first
    expect(reads).to_contain_text("It reads 1, with")
    press(page, "Clear")
    expect(reads).to_have_text("Draw a digit.")


def test_the_first_page_trains_at_the_press_of_a_button(page: Page, home: str) -> None:
    opened(page, home, "first_run")
    before = page.locator(".dd-train-answers > li").all_text_contents()
    assert len(before) == 10
    assert sum("✓" in mark for mark in before) <= 3
    press(page, "Train it")
    sentence = page.locator(".dd-first-words")
    expect(sentence).to_contain_text(re.compile(r"^9\d% of 2,000"), timeout=LONG)
    after = page.locator(".dd-train-answers > li").all_text_contents()
    assert sum("✓" in mark for mark in after) >= 8
    press(page, "Pause")
    expect(page.get_by_role("button", name="Go on")).to_be_visible(timeout=LONG)


@pytest.mark.parametrize("name", ["laboratory", "first_run"])
def test_a_figure_that_trains_is_accessible(window: BrowserContext, home: str, name: str) -> None:
    page = opened(window.new_page(), home, name)
    scheme = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", scheme)
    page.locator(".dd-train-start").click()
    words_ = page.locator(".dd-reading, .dd-first-words").first
    expect(words_).to_contain_text("test digits right", timeout=LONG)
    page.locator(".dd-train-start").click()
    assert violations(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()
