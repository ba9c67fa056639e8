"""Pictures of handwritten digits, alone and beside what a network makes of them."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from torch import Tensor

from drinkdeep.figures.picture import Picture, panel, panel_grid
from drinkdeep.palette import BLUE, ORANGE


def show_digit(axes: Axes, image: Tensor) -> None:
    """Draw one digit, white on black as in the data set, whatever range its pixels have."""
    axes.imshow(image.detach().reshape(28, 28).numpy())
    axes.set_axis_off()


def digit_grid(
    images: Tensor, titles: Sequence[str], *, columns: int = 8, alt: str, caption: str = ""
) -> Picture:
    """Draw a grid of digits, each under its title.

    Parameters
    ----------
    images
        (N, 784) or (N, 1, 28, 28), pixels in any range.
    titles
        N short texts, for instance the labels.
    columns
        Digits in a row; 8 are readable on a phone.
    """
    rows = -(-len(images) // columns)
    figure, grid = panel_grid(rows, columns, 4.8, rows * 4.8 / columns * 1.32)
    cells = [axes for row in grid for axes in row]
    for axes in cells:
        axes.set_axis_off()
    for axes, (image, title) in zip(cells, zip(images, titles, strict=True), strict=False):
        show_digit(axes, image)
        axes.set_title(title, pad=3, fontweight="normal", fontsize=9.5)
    return Picture((figure,), alt, caption)


def digit_with_probabilities(
    image: Tensor,
    probabilities: Tensor,
    label: int | None = None,
    *,
    alt: str,
    caption: str = "",
) -> Picture:
    """Draw a digit beside the probability that a network gives to each of the ten classes.

    Parameters
    ----------
    image
        (784,), (1, 28, 28) or (1, 784), pixels in any range.
    probabilities
        (10,), each in [0, 1].
    label
        The right class; its bar is marked when it is given.
    """
    picture, axes = panel(2.5, 2.5)
    show_digit(axes, image)
    chart, bars = panel(4.0, 2.7)
    values = probabilities.detach().flatten().tolist()
    colours = [ORANGE if digit == label else BLUE for digit in range(10)]
    drawn = bars.barh(range(10), values, color=colours)
    bars.bar_label(drawn, labels=[f"{value:.1%}" for value in values], padding=3, fontsize=9)
    bars.set(yticks=range(10), xlim=(0, 1.18), xticks=(0, 0.25, 0.5, 0.75, 1))
    bars.set(ylabel="class", xlabel="probability")
    bars.spines["bottom"].set_bounds(0, 1)  # the room beyond is for the labels of long bars
    bars.invert_yaxis()
    bars.grid(axis="y", visible=False)
    if label is not None:
        bars.get_yticklabels()[label].set(fontweight="bold", color=ORANGE)
        axes.set_title(f"label: {label}", pad=4)
    return Picture((picture, chart), alt, caption)
