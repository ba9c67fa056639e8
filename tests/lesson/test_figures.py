"""A picture carries its message in shapes and in words, in light and in dark."""

import base64
import json
import re
from collections.abc import Callable

import pytest
import torch

from drinkdeep import figures, palette
from drinkdeep.explore import Choice, Explorable, Slider, Toggle, explore
from drinkdeep.figures import Picture, panel
from drinkdeep.figures.browser import grey, in_browser, numbers
from drinkdeep.training import History


def a_picture(alt: str = "A line that rises.") -> Picture:
    figure, axes = panel()
    axes.plot([0, 1], [0, 1], label="one")
    axes.set_xlabel("time (s)")
    axes.legend()
    return Picture((figure,), alt, "Rising & <falling>")


def relative_luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance of a colour such as ``#0067a8``."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((relative_luminance(one), relative_luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "least"),
    [("ink", 7.0), ("muted", 4.5)]
    + [(name, 3.0) for name in ("blue", "orange", "green", "purple", "gold", "sky")],
)
def test_every_colour_has_contrast_with_the_page(name: str, least: float, theme: str) -> None:
    tone, page = palette.TONES[name], palette.PAGE
    assert contrast(getattr(tone, theme), getattr(page, theme)) >= least


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_ink_can_be_read_on_the_wash(theme: str) -> None:
    ink, wash = palette.TONES["ink"], palette.TONES["wash"]
    assert contrast(getattr(ink, theme), getattr(wash, theme)) >= 7


def test_every_light_value_stands_for_one_colour() -> None:
    lights = [tone.light for tone in palette.TONES.values()]
    assert len(set(lights)) == len(lights)


def test_the_words_travel_with_the_shapes() -> None:
    picture = a_picture()
    page = picture.html()
    assert 'role="img" aria-label="A line that rises."' in page
    assert "<figcaption>Rising &amp; &lt;falling&gt;</figcaption>" in page
    assert repr(picture) == "Figure: A line that rises."


def test_every_drawn_colour_follows_the_theme() -> None:
    drawing = re.sub(r"<style>.*?</style>", "", a_picture().html(), flags=re.DOTALL)
    fixed = re.findall(r"(?<!,)#[0-9a-f]{6}\b(?!-)", drawing)
    assert not fixed, f"colours outside the palette: {fixed}"
    assert "var(--dd-blue," in drawing
    assert "var(--dd-ink," in drawing


def test_places_are_written_to_hundredths_of_a_point() -> None:
    figure, axes = panel()
    axes.plot([0, 1 / 3, 1], [0, 1 / 7, 1], "o-")
    drawing = Picture((figure,), "A line that rises.").html()
    places = re.findall(r'\b[dxy]="([^"]*)"', drawing)
    assert len(places) > 10
    assert not re.search(r"\.\d{3}", " ".join(places))


def test_two_pictures_on_a_page_share_no_id() -> None:
    pages = [a_picture("One.").html(), a_picture("Two.").html()]
    one, two = (set(re.findall(r'id="([^"]+)"', page)) for page in pages)
    assert one
    assert not one & two
    for page, ids in zip(pages, (one, two), strict=True):
        assert set(re.findall(r'(?:href="|url\()#([^")]+)', page)) <= ids


def test_the_same_picture_is_drawn_the_same_twice() -> None:
    assert a_picture().html() == a_picture().html()


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_a_picture_without_words_is_refused(alt: str) -> None:
    with pytest.raises(ValueError, match="alt"):
        a_picture(alt)


def a_history(validation: bool) -> History:
    losses = [2.0, 1.0, 0.5]
    return History("run", losses, losses if validation else [], [])


@pytest.mark.parametrize(
    "draw",
    [
        lambda: figures.digit_grid(torch.rand(5, 784), list("abcde"), columns=3, alt="Five."),
        lambda: figures.digit_grid(torch.rand(5, 1, 28, 28), list("abcde"), alt="Five."),
        lambda: figures.digit_with_probabilities(
            torch.rand(1, 28, 28), torch.full((10,), 0.1), 3, alt="A three."
        ),
        lambda: figures.loss_curve(a_history(validation=True), alt="It falls."),
        lambda: figures.loss_curve(a_history(False), a_history(False), alt="They fall."),
    ],
)
def test_the_common_figures_draw(draw: Callable[[], Picture]) -> None:
    picture = draw()
    assert picture.html().count("<svg") == len(picture.panels)
    assert all(panel.get_figwidth() <= 4.8 for panel in picture.panels)


def test_a_grid_refuses_titles_that_do_not_match() -> None:
    with pytest.raises(ValueError, match="zip"):
        figures.digit_grid(torch.rand(5, 784), ["a"], alt="Five.")


@in_browser("line", lambda controls: {"words": "</script>", "names": list(controls)})
def draw_with(amount: float, colour: str, dashed: bool) -> Picture:
    figure, axes = panel()
    axes.plot([0, amount], [0, 1], "--" if dashed else "-", color=palette.TONES[colour].light)
    return Picture((figure,), "A line.", f"To {amount:.1f} in {colour}, dashed: {dashed}.")


def an_explorable() -> Explorable:
    return explore(
        draw_with,
        amount=Slider("amount", 0.5, 2.0, 0.5, value=1.0),
        colour=Choice("colour", ["blue", "green"], value="green"),
        dashed=Toggle("dashed"),
    )


def test_an_explorable_shows_its_still_where_there_is_no_kernel() -> None:
    bundle = an_explorable()._repr_mimebundle_()
    assert "To 1.0 in green, dashed: False." in bundle["text/html"]
    assert bundle["text/plain"] == "Interactive figure: A line."
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_an_explorable_is_drawn_again_when_a_control_moves() -> None:
    amount, colour, dashed, drawing = an_explorable().panel().children
    amount.value, colour.value, dashed.value = 1.5, "blue", True
    assert "To 1.5 in blue, dashed: True." in drawing.value


def test_a_page_gets_the_still_and_what_brings_it_alive() -> None:
    page = an_explorable()._repr_mimebundle_()["text/html"]
    assert page.startswith('<figure data-explore="line" class="dd-figure">')
    (model,) = re.findall(r'<script type="application/json">(.*?)</script></figure>$', page)
    state = json.loads(model)
    assert state["words"] == "</script>"
    assert state["names"] == [control["name"] for control in state["controls"]]
    assert (state["amount"], state["colour"], state["dashed"]) == (1.0, "green", False)
    assert [control["kind"] for control in state["controls"]] == ["slider", "choice", "toggle"]


def test_a_slider_takes_the_values_of_its_steps() -> None:
    assert Slider("rate", 0.0, 0.3, 0.1, value=0.1).values() == [0.0, 0.1, 0.2, 0.3]
    assert Slider("step", 0, 2, 1, value=0).whole
    assert not Slider("score", 0.0, 2.0, 1.0, value=0.0).whole


def test_numbers_for_the_browser_are_those_of_float32() -> None:
    values = torch.tensor([[0.1, 1 / 3], [1e-7, 16777217.0]])
    told = json.loads(json.dumps(numbers(values)))
    assert torch.equal(torch.tensor(told), values)
    assert max(len(str(number)) for row in told for number in row) < 15
    assert numbers(torch.tensor([0.1], dtype=torch.double)) == [0.1]


def test_grey_levels_are_a_byte_each_row_by_row() -> None:
    packed = base64.b64decode(grey(torch.tensor([[0.0, 1.0], [0.5, 1 / 255]])))
    assert list(packed) == [0, 255, 128, 1]
