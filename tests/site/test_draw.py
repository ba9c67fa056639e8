"""The page to draw a digit on: it prepares as MNIST's makers did, and reads as PyTorch does."""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
import torch
from browsing import COLOURS, violations, watch
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Locator, Page
from torch import Tensor, nn

from drinkdeep import mnist, models
from drinkdeep.figures import digit_with_probabilities, drawing

ROOT = Path(__file__).parents[2]
PAGE = "book/draw.html"


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """What chapter 6 trains: its own cell is run here."""
    chapter = nbformat.read(ROOT / "book" / "06_training.ipynb", as_version=4)
    (loop,) = [c.source for c in chapter.cells if "for epoch in range(1, 6):" in c.source]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in the chapter
    names: dict[str, Any] = {"torch": torch, "nn": nn, "mnist": mnist, "models": models}
    exec("import copy\n" + loop, names)
    torch.set_num_threads(threads)
    return names["model"].eval()


@pytest.fixture(scope="module")
def probabilities(network: nn.Module) -> Tensor:
    """(10000, 10), of the test set."""
    with torch.inference_mode():
        return network(mnist.tensors(train=False)[0].flatten(1)).exp()


@pytest.fixture(scope="module")
def data(site: Path) -> dict[str, Any]:
    """What the page gives to the figure."""
    page = BeautifulSoup((site / PAGE).read_text(encoding="utf-8"), "html.parser")
    (script,) = page.select("figure[data-explore=draw] > script[type='application/json']")
    text = (site / PAGE).with_name(script["data-file"]).read_text(encoding="utf-8")
    return json.loads(text)


@pytest.fixture(scope="module")
def tab(chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    faults = watch(page, address)
    yield page
    assert not faults
    context.close()


@pytest.fixture
def page(tab: Page, address: str) -> Page:
    """The page as it opens."""
    tab.goto(f"{address}/{PAGE}")
    tab.locator("[role=status]", has_text="The network reads").wait_for()
    return tab


@pytest.fixture(scope="module")
def module(chromium: Browser, address: str, data: dict[str, Any]) -> Iterator[Page]:
    """A page in which `draw` is the figure's module and `layers` is the network of the page."""
    page = chromium.new_page()
    page.goto(f"{address}/{PAGE}")
    page.evaluate(
        """async ([weights, sizes]) => {
          window.draw = await import("../_static/figures/draw.js");
          window.layers = await draw.load(weights, sizes);
          window.images = (text) => {
            const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            const ink = Float64Array.from(bytes, (byte) => byte / 255);
            const image = (_, i) => ink.slice(784 * i, 784 * i + 784);
            return Array.from({ length: ink.length / 784 }, image);
          };
        }""",
        [data["weights"], data["sizes"]],
    )
    yield page
    page.close()


def as_text(images: Tensor) -> str:
    return drawing.digits(images, torch.zeros(len(images)))["images"]


# The network in the page


def test_the_page_reads_test_digits_as_pytorch_does(module: Page, probabilities: Tensor) -> None:
    found = module.evaluate(
        "text => images(text).map((image) => [...draw.forward(layers, image).probabilities])",
        as_text(mnist.tensors(train=False)[0][::4]),
    )
    in_page, wanted = torch.tensor(found, dtype=torch.float64), probabilities[::4]
    assert in_page.shape == (2_500, 10)
    assert torch.equal(in_page.argmax(dim=1), wanted.argmax(dim=1))
    assert (in_page - wanted).abs().max() < 1e-5


def test_the_hidden_layers_shown_are_those_of_the_network(module: Page, network: nn.Module) -> None:
    images = mnist.tensors(train=False)[0][:20]
    found = module.evaluate(
        """text => images(text).map(
          (image) => draw.forward(layers, image).hidden.map((values) => [...values]))""",
        as_text(images),
    )
    with torch.inference_mode():
        for depth, name in ((2, 0), (4, 1)):
            wanted = network[:depth](images.flatten(1)).double()
            in_page = torch.tensor([hidden[name] for hidden in found], dtype=torch.float64)
            assert torch.allclose(in_page, wanted, atol=2e-5)


@pytest.mark.parametrize("scores", [[1.0, 2.0, 3.0], [1000.0, 0.0, -1000.0], [-800.0, -801.0]])
def test_softmax_does_not_overflow(module: Page, scores: list[float]) -> None:
    found = module.evaluate("z => draw.softmax(z)", scores)
    wanted = torch.tensor(scores, dtype=torch.float64).softmax(dim=0)
    assert torch.allclose(torch.tensor(found, dtype=torch.float64), wanted)


def test_packed_parameters_come_back_to_22_binary_places() -> None:
    model = models.article_model(seed=3)
    planes = np.frombuffer(gzip.decompress(drawing.pack(model)), np.uint8).reshape(3, -1)
    high, middle, low = planes.astype(np.int64)
    whole = (high << 16) + (middle << 8) + low
    back = torch.from_numpy(np.where(whole < 2**23, whole, whole - 2**24)) / 2**22
    flat = nn.utils.parameters_to_vector(model.parameters()).double()
    assert (back - flat).abs().max() <= 2**-23


def test_a_parameter_that_is_too_large_is_refused() -> None:
    model = models.article_model()
    with torch.no_grad():
        model[0].bias[7] = -2.5
    with pytest.raises(ValueError, match="between −2 and 2"):
        drawing.pack(model)


# The preparation


def test_the_preparation_leaves_digits_of_mnist_as_they_are(module: Page) -> None:
    """They were prepared in the same way, so there is nothing left to do."""
    images = mnist.tensors(train=False)[0][:1_000]
    differences = module.evaluate(
        """text => images(text).map((image) => {
          const again = draw.centred(draw.enlarged(image)).image;
          return Math.max(...image.map((ink, i) => Math.abs(ink - again[i])));
        })""",
        as_text(images),
    )
    assert max(differences) < 1e-12


def test_a_digit_that_was_moved_is_brought_back(module: Page) -> None:
    difference = module.evaluate(
        """text => {
          const [image] = images(text);
          const sheet = draw.enlarged(image);
          // 33 points to the left and 27 up; the digit leaves more room than that.
          const moved = sheet.map((_, i) => sheet[i + 27 * 280 + 33] ?? 0);
          const again = draw.centred(moved).image;
          return Math.max(...image.map((ink, i) => Math.abs(ink - again[i])));
        }""",
        as_text(mnist.tensors(train=False)[0][:1]),
    )
    assert difference < 1e-12


@pytest.mark.parametrize(
    ("left", "top", "width", "height"),
    [(10, 20, 40, 100), (250, 0, 30, 7), (0, 0, 280, 280), (139, 139, 1, 1), (3, 200, 271, 50)],
)
def test_ink_is_scaled_to_twenty_pixels_and_centred_on_its_mass(
    module: Page, left: int, top: int, width: int, height: int
) -> None:
    image, box, total = module.evaluate(
        """([left, top, width, height]) => {
          const sheet = Float64Array.from({ length: 280 * 280 }, (_, i) => {
            const [x, y] = [i % 280, Math.floor(i / 280)];
            return left <= x && x < left + width && top <= y && y < top + height ? 1 : 0;
          });
          const { image, box } = draw.centred(sheet);
          return [[...image], box, draw.asItIs(sheet).reduce((a, b) => a + b) * 100];
        }""",
        [left, top, width, height],
    )
    assert total == pytest.approx(width * height)  # averaging loses no ink
    ink = torch.tensor(image, dtype=torch.float64).view(28, 28)
    columns, rows = box["right"] - box["left"], box["bottom"] - box["top"]
    assert max(columns, rows) == 20
    longer, shorter = max(width, height), min(width, height)
    assert min(columns, rows) == max(1, round(20 * shorter / longer))
    inside = ink[box["top"] : box["bottom"], box["left"] : box["right"]]
    assert torch.allclose(inside, torch.ones_like(inside))
    assert ink.sum() == pytest.approx(columns * rows)
    middle = (ink.sum(dim=0) * torch.arange(28)).sum() / ink.sum()
    assert 13.5 <= middle < 14.5


def test_an_empty_sheet_stays_empty(module: Page) -> None:
    found = module.evaluate("() => draw.centred(new Float64Array(280 * 280))")
    assert "box" not in found
    assert set(found["image"]) == {0}


# The figure


def reading(page: Page) -> Locator:
    return page.locator("figure[data-explore] [role=status]").first


def shown(page: Page) -> list[float]:
    """The ten probabilities in per cent, as they are shown."""
    cells = page.locator("figure[data-explore] td:last-child").all_text_contents()
    return [float(cell.removesuffix(" %")) for cell in cells]


def draw_seven(page: Page, *, clear: bool = True) -> None:
    """A small seven near the upper left corner, with the mouse."""
    if clear:
        page.get_by_role("button", name="Clear").click()
        reading(page).filter(has_text="The sheet is empty.").wait_for()
    sheet = page.get_by_role("application")
    sheet.scroll_into_view_if_needed()
    frame = sheet.bounding_box()
    assert frame
    points = [(0.1, 0.12), (0.3, 0.1), (0.22, 0.25), (0.16, 0.42)]
    places = [
        (frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]) for x, y in points
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def test_a_digit_drawn_with_the_mouse_is_read_as_it_is_drawn(page: Page) -> None:
    draw_seven(page)
    reading(page).filter(has_text="The network reads 7, with").wait_for()
    values = shown(page)
    assert values.index(max(values)) == 7
    assert sum(values) == pytest.approx(100, abs=0.5)
    assert f"with {max(values)} %" in reading(page).text_content()
    assert page.locator(".dd-draw-count").all_text_contents()[0].endswith(" of 128 active")


def test_the_first_stroke_takes_an_untouched_test_digit_away(page: Page) -> None:
    draw_seven(page, clear=False)
    reading(page).filter(has_text="The network reads 7, with").wait_for()
    assert "test digit" not in reading(page).text_content()


def test_a_test_digit_is_edited_by_whoever_asks_for_it(page: Page) -> None:
    edit = page.get_by_role("button", name="Edit this digit")
    edit.click()
    assert not edit.is_visible()
    draw_seven(page, clear=False)
    reading(page).filter(has_text="A test digit, edited; its label is 0.").wait_for()


def test_the_pen_works_where_a_browser_tells_of_one_place_a_frame(
    chromium: Browser, address: str
) -> None:
    """As on a page that a classroom's server sends over plain HTTP, and in older Safaris."""
    page = chromium.new_page()
    page.add_init_script("delete PointerEvent.prototype.getCoalescedEvents")
    page.goto(f"{address}/{PAGE}")
    reading(page).filter(has_text="The network reads").wait_for()
    draw_seven(page)
    reading(page).filter(has_text="The network reads 7, with").wait_for()
    page.close()


def test_the_switch_shows_what_centring_is_worth(page: Page) -> None:
    draw_seven(page)
    reading(page).filter(has_text="The network reads 7, with").wait_for()
    centred = shown(page)
    page.get_by_label("Scale and centre it").uncheck()
    reading(page).filter(has_not_text=f"{max(centred)} %").wait_for()
    assert shown(page)[7] < centred[7] - 20


def test_the_pen_works_by_touch(chromium: Browser, address: str) -> None:
    context = chromium.new_context(
        viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(f"{address}/{PAGE}")
    page.locator("[role=status]", has_text="The network reads").wait_for()
    page.get_by_role("button", name="Clear").tap()
    reading(page).filter(has_text="The sheet is empty.").wait_for()
    sheet = page.get_by_role("application")
    sheet.scroll_into_view_if_needed()
    frame, before = sheet.bounding_box(), page.evaluate("scrollY")
    assert frame
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + 0.15 * frame["height"]
    touch = context.new_cdp_session(page)
    for kind, down in [("Start", 0), *(("Move", step / 10) for step in range(1, 8)), ("End", None)]:
        points = [] if down is None else [{"x": x, "y": y + down * frame["height"]}]
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    reading(page).filter(has_text="The network reads 1, with").wait_for()
    assert page.evaluate("scrollY") == before, "the page stays where it is under the pen"
    context.close()


def test_a_test_digit_is_chosen_and_edited_with_the_keyboard_alone(page: Page) -> None:
    page.get_by_label("Pen").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # centring off: pixels are then what was drawn
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Take a test digit
    for _ in range(2 + 3):  # past the other button, to the fourth digit
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    reading(page).filter(has_text="A test digit; its label is 1.").wait_for()

    sheet = page.get_by_role("application")
    sheet.focus()
    place = page.locator("figure[data-explore] [role=status]").last
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    assert place.text_content().startswith("Row 14, column 14: ink ")
    before = int(place.text_content().split("ink ")[1].removesuffix(" %."))
    page.keyboard.press("Space")
    assert place.text_content() == f"Row 14, column 14: ink {100 if before < 50 else 0} %."
    reading(page).filter(has_text="A test digit, edited; its label is 1.").wait_for()

    for _ in range(40):  # the square stops at the edge
        page.keyboard.press("ArrowLeft")
    assert place.text_content().startswith("Row 14, column 1:")
    page.keyboard.press("Shift+ArrowUp")
    assert place.text_content() == "Row 13, column 1: ink 100 %."


def test_the_most_confident_mistakes_are_those_of_pytorch(
    page: Page, probabilities: Tensor
) -> None:
    labels = mnist.tensors(train=False)[1]
    surest, answers = probabilities.max(dim=1)
    worst = (surest * (answers != labels)).argsort(descending=True)[:12]
    wanted = [
        f"label {labels[n]}read as {answers[n]}{100 * surest[n]:.1f} %" for n in worst.tolist()
    ]
    page.get_by_role("button", name="The most confident mistakes").click()
    choices = page.locator(".dd-draw-tray button")
    assert choices.all_text_contents() == wanted
    choices.first.click()
    reading(page).filter(has_text=f"reads {answers[worst[0]]}, with").wait_for()
    assert f"its label is {labels[worst[0]]}." in reading(page).text_content()
    assert ": wrong." in reading(page).text_content()


def test_the_figure_is_accessible_with_all_of_it_open(page: Page) -> None:
    page.get_by_role("button", name="Take a test digit").click()
    within = {"include": [["figure[data-explore]"]]}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
        assert not violations(page, only=COLOURS if scheme == "dark" else (), within=within)
    page.emulate_media(color_scheme="light")


def test_the_network_is_fetched_from_beside_the_page(site: Path, data: dict[str, Any]) -> None:
    file = site / "book" / data["weights"]
    assert file.read_bytes()[:2] == b"\x1f\x8b"  # gzip
    assert file.stat().st_size < 300_000
    assert len(base64.b64decode(data["examples"]["images"])) == 20 * 784


def test_without_the_network_the_page_says_so(chromium: Browser, address: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.route("**/*.bin", lambda route: route.abort())
    page.goto(f"{address}/{PAGE}")
    page.locator("[role=status]", has_text="could not be fetched").wait_for()
    context.close()


# In JupyterLab


def a_sheet() -> drawing.Sheet:
    images, labels = mnist.tensors(train=False)
    still = digit_with_probabilities(images[0], torch.full((10,), 0.1), 7, alt="A seven.")
    return drawing.sheet(
        models.article_model(), images[:50], labels[:50], examples=torch.arange(3), still=still
    )


def test_in_jupyterlab_the_same_module_draws_from_the_same_data() -> None:
    sheet = a_sheet()
    widget = sheet.widget()
    state = widget.get_state()
    assert state["_esm"] == drawing.FRONT_END.read_text(encoding="utf-8")
    assert {name: state[name] for name in sheet.data} == sheet.data
    assert "--dd-ink:" in state["_css"], "JupyterLab has no style sheet of ours"
    bundle = sheet._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] == "Interactive figure: A seven."


def test_without_the_repository_the_sheet_is_its_still(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(drawing, "FRONT_END", tmp_path / "draw.js")
    assert set(a_sheet()._repr_mimebundle_()) == {"text/plain", "text/html"}
