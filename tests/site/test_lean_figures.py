"""A still of the book draws what Matplotlib drew, in fewer bytes."""

import base64
import io
import re
from types import ModuleType

import extensions
import pytest
from PIL import Image

from drinkdeep.figures.picture import Picture, panel


@pytest.fixture(scope="module")
def lean_figures() -> ModuleType:
    return extensions.load("lean_figures")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("M 0 0 L 10.04 20.06 L 9 20", "m0 0l10 20.1-1-.1"),
        # Roundings don't add up: the last point is at 0.9.
        ("M 0 0 L 0.34 0 L 0.64 1 L 0.94 0", "m0 0l.3 0 .3 1 .3-1"),
        ("M 1 1 Q 2 2 3 1 C 4 0 5 0 6 1 z", "m1 1q1 1 2 0c1-1 2-1 3 0z"),
        # What is closed goes on from where it began.
        ("M 1 1 L 2 1 z M 5 5 L 6 5", "m1 1l1 0zm4 4l1 0"),
        ("M 0 0 L 2 4 M 2 4 L 3 4", "m0 0l2 4m0 0l1 0"),
        # Up and down in one place: only the ends can be seen.
        ("M 0 0 L 1 0 L 1 2 L 1 9 L 1 -5 L 1 3 L 2 0", "m0 0l1 0 0 9 0-14 0 8 1-3"),
        ("M 0 0 A 1 1 0 0 0 2 2", "M 0 0 A 1 1 0 0 0 2 2"),
        ("", ""),
    ],
)
def test_a_path_ends_where_it_ended(lean_figures: ModuleType, path: str, wanted: str) -> None:
    assert lean_figures.shorter(path, 10) == wanted


@pytest.mark.parametrize(
    ("colour", "mode"),
    [((7, 7, 7, 255), "L"), ((7, 7, 8, 255), "RGBA"), ((7, 7, 7, 254), "RGBA")],
)
def test_an_image_keeps_its_pixels(
    lean_figures: ModuleType, colour: tuple[int, ...], mode: str
) -> None:
    image = Image.new("RGBA", (28, 28), (200, 200, 200, 255))
    image.putpixel((3, 4), colour)
    file = io.BytesIO()
    image.save(file, "PNG")
    address = lean_figures.smaller(lean_figures.PNG + base64.b64encode(file.getvalue()).decode())
    again = Image.open(io.BytesIO(base64.b64decode(address.removeprefix(lean_figures.PNG))))
    assert again.mode == mode
    assert again.convert("RGBA").tobytes() == image.tobytes()


def drawings(title: str) -> list[str]:
    figure, axes = panel()
    axes.plot([0, 1, 2], [3, 1, 2], marker="o")
    axes.set(title=title, xlabel="step", ylabel="loss & more")
    return re.findall(r"<svg.*?</svg>", Picture((figure,), alt=title).html(), re.S)


def test_the_drawings_of_a_page_share_their_letters(lean_figures: ModuleType) -> None:
    page = lean_figures.Page()
    stills = [page.drawing(svg) for title in ("one", "none") for svg in drawings(title)]
    html = page.outlines() + "".join(stills)
    ids = re.findall(r'\bid="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"#(dd\d+)", html)) == set(ids), "each name is used, and is there"
    assert len(html) < 0.6 * sum(len(svg) for title in ("one", "none") for svg in drawings(title))
    for still, svg in zip(stills, drawings("one") + drawings("none"), strict=True):
        letters = svg.count("DejaVuSans") - len(re.findall(r'id="[^"]*DejaVuSans', svg))
        assert still.count("<use") >= letters, "no letter is lost"
        assert 'style="width:331.2pt;aspect-ratio:331.2/230.4"' in still
        assert "var(--dd-ink)" in still
