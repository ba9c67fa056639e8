"""The figures in which a network trains: the laboratory of chapter 6 and the first page's."""

import math
import re
import shutil
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsing import ALIVE, PAGE, violations, watch
from extensions import load
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from drinkdeep import mnist, models
from drinkdeep.figures import Picture, panel
from drinkdeep.figures.laboratory import laboratory, several_runs

ROOT = Path(__file__).parents[2]
SHEETS = ("figures/draw.css", "training/training.css")
DIGITS = "/_static/training/digits/"
# What a browser does to a page that nobody sees.
HIDE = """() => {
  Object.defineProperty(document, "hidden", { value: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
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
    still = Picture((panel()[0],), alt="Three runs.", caption="In a browser it is trained here.")
    cells = {
        "laboratory": laboratory(models.article_model(seed=0), *mnist.tensors(train=False)),
        "rates": several_runs("rate", [0.003, 0.1, 3], first=0.1, steps=125, still=still),
        "seeds": several_runs("seed", range(3), first=0, steps=125, still=still, rate=0.1),
    }
    figures = {name: cell._repr_mimebundle_()["text/html"] for name, cell in cells.items()}
    figures["first_run"] = load("front_door").still()
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


def steps(sentence: str) -> int:
    """How many the network has taken, as it is said."""
    found = re.match(r"After ([\d,]+) step", sentence)
    return int(found[1].replace(",", "")) if found else 0


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
    assert "The loss has been as high as" in sentence
    assert "no better than guessing" in sentence
    dead = re.search(r"(\d+)% of the hidden units are off for all test digits", sentence)
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


def test_forgotten_gradients_are_momentum_one(page: Page, home: str) -> None:
    """As chapter 5 has it; the first steps, for rounding makes the later ones differ."""
    said = []
    for query in ("loop=forgotten", "momentum=1", "loop=sound"):
        opened(page, home, "laboratory", f"?rate=0.03&{query}")
        for step in range(1, 5):
            press(page, "One step")
            expect(words(page)).to_contain_text(f"After {step} step", timeout=LONG)
        said.append(words(page).text_content())
    assert said[0] == said[1]
    assert said[0] != said[2]


def test_softmax_twice_leaves_a_loss_that_cannot_fall_far(page: Page, home: str) -> None:
    opened(page, home, "laboratory", "?rate=0.1&momentum=0.9&loop=twice")
    epoch(page)
    loss = float(re.search(r"loss ([\d.]+)", words(page).text_content())[1])
    # The softmax of probabilities gives the right class e / (e + 9) at the most.
    assert loss >= math.log((math.e + 9) / math.e)


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
    page.evaluate(HIDE)
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible(timeout=LONG)
    stands = words(page).text_content()
    # The thread does one thing after another: had it gone on, it would be further than that.
    press(page, "One step")
    expect(words(page)).not_to_have_text(stands, timeout=LONG)
    assert steps(words(page).text_content()) == steps(stands) + 1


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
    page.get_by_role("link", name="Link to these settings").click()
    page.wait_for_url("**&images=60000#here")
    page.wait_for_function(ALIVE)
    expect(words(page)).to_contain_text("all 60,000 training images")


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


# Several runs, of which each has another value of one setting.


def ended(page: Page, name: str) -> str:
    """What is said when the run that is called so has come to its end."""
    expect(words(page)).to_contain_text(re.compile(rf"^{name}: .*right\."), timeout=LONG)
    expect(page.get_by_role("button", name=re.compile("Train all"))).to_be_enabled(timeout=LONG)
    return words(page).text_content()


def test_one_rate_after_another_is_trained_and_compared(page: Page, home: str) -> None:
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(urlsplit(sent.url).path))
    opened(page, home, "rates")
    assert not any(path.startswith(DIGITS) for path in asked)
    press(page, "Train")
    first = ended(page, "α = 0.1")
    assert "best" not in first
    page.get_by_role("combobox").select_option("3")
    press(page, "Train")
    second = ended(page, "α = 3")
    assert "On the way the loss has been as high as" in second
    assert "no better than guessing" in second
    accuracy_of_first = re.search(r"([\d.]+%) right", first)[1]
    assert f"The best of 2 rates: 0.1, with {accuracy_of_first}." in second
    assert page.locator(".dd-panels circle").count() == 2
    # No choice is made by the test set.
    assert {path for path in asked if path.startswith(DIGITS)} == {f"{DIGITS}train-0.bin"}
    press(page, "Forget them")
    assert page.locator(".dd-panels circle").count() == 0


def test_all_seeds_are_trained_and_their_spread_is_said(page: Page, home: str) -> None:
    opened(page, home, "seeds")
    shares = []
    for seed in ("0", "1", "2"):
        page.get_by_role("combobox").select_option(seed)
        press(page, "Train")
        shares.append(float(re.search(r"([\d.]+)% right", ended(page, f"Seed {seed}"))[1]))
    assert len(set(shares)) > 1, "another seed is another run"
    press(page, "Train all 3")
    expect(words(page)).to_contain_text("Seed 2: ", timeout=LONG)
    sentence = ended(page, "Seed 2")
    assert f"{shares[2]}% right. 3 seeds: from {min(shares)}% to {max(shares)}%" in sentence
    found = re.search(r"([\d.]+)% in the mean, .* of ([\d.]+) points", sentence)
    assert float(found[1]) == pytest.approx(statistics.mean(shares), abs=0.1)
    assert float(found[2]) == pytest.approx(statistics.stdev(shares), abs=0.1)
    assert page.locator(".dd-panels circle").count() == 3
    told = page.locator(".dd-lab > [role=status]").text_content()
    assert told == sentence


def test_a_run_is_paused_and_goes_on(page: Page, home: str) -> None:
    opened(page, home, "rates")
    press(page, "Train all 3")
    page.get_by_role("button", name="Pause").click(timeout=LONG)
    expect(page.get_by_role("button", name="Go on")).to_be_visible(timeout=LONG)
    press(page, "Go on")
    assert "The best of 3 rates" in ended(page, "α = 3")


# For everyone: whatever of the figures that train is on the page.

TRAINING = {
    "laboratory": ".dd-reading",
    "first_run": ".dd-first-words",
    "rates": ".dd-reading",
    "seeds": ".dd-reading",
}
"""Each figure that trains, and where its sentence stands."""


@pytest.mark.parametrize("name", ["first_run", "rates"])
def test_a_hidden_page_pauses_the_other_figures_too(page: Page, home: str, name: str) -> None:
    opened(page, home, name)
    page.locator(".dd-train-start").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible(timeout=LONG)
    page.evaluate(HIDE)
    expect(page.get_by_role("button", name="Go on")).to_be_visible(timeout=LONG)


@pytest.mark.parametrize("name", TRAINING)
def test_without_scripts_there_is_a_still_and_a_sentence(
    chromium: Browser, home: str, name: str
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{home}/{name}.html")
    figure = page.locator("figure[data-explore]")
    assert figure.locator("img, svg").first.is_visible()
    assert "browser" in figure.inner_text()
    assert figure.locator("button, select").count() == 0
    context.close()


@pytest.mark.parametrize("name", TRAINING)
def test_without_webassembly_every_figure_is_told(
    context: BrowserContext, home: str, name: str
) -> None:
    page = context.new_page()
    page.add_init_script("delete globalThis.WebAssembly")
    # A worker has globals of its own, so its file isn't there either.
    page.route("**/network.wasm", lambda route: route.abort())
    opened(page, home, name)
    if name == "laboratory":
        press(page, "One step")
    else:
        page.locator(".dd-train-start").click()
    expect(page.locator(TRAINING[name])).to_contain_text("plain JavaScript", timeout=LONG)


@pytest.mark.parametrize("name", TRAINING)
def test_a_finger_starts_it_and_sees_the_result_beside_the_button(
    chromium: Browser, home: str, name: str
) -> None:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = opened(context.new_page(), home, name)
    start = page.locator(".dd-train-start")
    start.tap()
    expect(page.locator(TRAINING[name])).to_contain_text(
        re.compile(r"[1-9]\d* steps|step [1-9]"), timeout=LONG
    )
    # The button, the sentence and the digits, or the first picture, are on one screen.
    tops = [
        part.evaluate("(e) => e.getBoundingClientRect().top + scrollY")
        for part in (start, page.locator(TRAINING[name]))
    ]
    shown = page.locator(".dd-train-answers, .dd-panels > :first-child").first
    bottom = shown.evaluate("(e) => e.getBoundingClientRect().bottom + scrollY")
    assert max(*tops, bottom) - min(*tops) <= 844
    for control in page.locator("figure button:visible, figure select:visible").all():
        assert control.bounding_box()["height"] >= 44, "as large as a finger needs it"
    context.close()


def test_a_finger_draws_on_the_sheet(chromium: Browser, home: str) -> None:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = opened(context.new_page(), home, "laboratory")
    page.get_by_role("button", name="One step").tap()
    expect(words(page)).to_contain_text("After 1 step:", timeout=LONG)
    sheet = page.get_by_role("application")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".dd-lab-below [role=status]").first).to_contain_text("It reads")
    context.close()


# The milliseconds between two drawings of the laboratory's curves, in `gaps`, while it trains.
COUNT_DRAWINGS = """() => {
  window.gaps = [];
  let last;
  new MutationObserver(() => {
    const now = performance.now();
    if (last !== undefined) gaps.push(now - last);
    last = now;
  }).observe(document.querySelector(".dd-panels"), { childList: true });
}"""


def test_who_asks_for_less_motion_sees_a_picture_a_second(chromium: Browser, home: str) -> None:
    context = chromium.new_context(reduced_motion="reduce")
    page = opened(context.new_page(), home, "laboratory")
    press(page, "One step")
    expect(words(page)).to_contain_text("After 1 step:", timeout=LONG)
    page.evaluate(COUNT_DRAWINGS)
    press(page, "Start")
    page.wait_for_function("gaps.length >= 3", timeout=LONG)
    assert min(page.evaluate("gaps")) >= 900
    context.close()


def test_a_screen_reader_is_told_milestones_and_not_steps(page: Page, home: str) -> None:
    opened(page, home, "laboratory", "?rate=0.01&momentum=0.9")
    page.evaluate(
        """() => {
          window.told = [];
          const region = document.querySelector(".dd-lab > [role=status]");
          new MutationObserver(() => told.push(region.textContent))
            .observe(region, { childList: true, characterData: true, subtree: true });
        }"""
    )
    epoch(page)
    told = page.evaluate("told")
    assert 1 <= len(told) <= 5, told
    assert all("test digits right" in sentence for sentence in told)


def test_the_laboratory_is_used_by_keyboard_alone(page: Page, home: str) -> None:
    opened(page, home, "laboratory")

    def to(name: str) -> None:
        """The focus, with the tabulator, to the control of that name."""
        for _ in range(40):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "(document.activeElement.labels?.[0] ?? document.activeElement).textContent"
            )
            if focused.startswith(name):
                return
        raise AssertionError(f"the tabulator doesn't lead to {name}")

    to("learning rate")
    page.keyboard.press("ArrowDown")
    assert page.get_by_label("learning rate").input_value() == "0.01"
    page.evaluate("document.activeElement.blur()")
    to("One step")
    page.keyboard.press("Enter")
    expect(words(page)).to_contain_text("After 1 step:", timeout=LONG)
    page.evaluate("document.querySelector('.dd-train-start').focus()")
    page.keyboard.press("Space")
    expect(page.locator(".dd-train-start")).to_have_text("Pause", timeout=LONG)
    page.keyboard.press("Space")
    expect(page.locator(".dd-train-start")).to_have_text("Start", timeout=LONG)
    to("Keep this run")
    page.keyboard.press("Enter")
    to("Forget the kept run")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Keep this run"


@pytest.mark.parametrize("name", TRAINING)
def test_a_figure_that_trains_is_accessible(window: BrowserContext, home: str, name: str) -> None:
    page = opened(window.new_page(), home, name)
    scheme = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", scheme)
    page.locator(".dd-train-start").click()
    expect(page.locator(TRAINING[name])).to_contain_text(
        re.compile("digits right|step [1-9]"), timeout=LONG
    )
    page.locator(".dd-train-start").click()
    assert violations(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()
