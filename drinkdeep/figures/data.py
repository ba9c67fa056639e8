"""What the data are: the order of the files, where in them the mistakes are, and moved digits."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.ticker import PercentFormatter
from torch import Tensor

from drinkdeep.figures.browser import grey, in_browser
from drinkdeep.figures.digits import show_digit
from drinkdeep.figures.picture import Picture, panel, panel_grid
from drinkdeep.palette import BLUE, GRID, INK, ORANGE, SERIES, WASH

ROW = 8
"""Digits in a row of :func:`file_order`; more could not be read on a phone."""


def _file_order_in_browser(_: object, images: Tensor, labels: Tensor) -> dict[str, Any]:
    low, high = images.min(), images.max()
    return {
        "images": grey((images - low) / (high - low)),
        "labels": labels.tolist(),
        "row": ROW,
    }


@in_browser("file_order", _file_order_in_browser)
def file_order(images: Tensor, labels: Tensor, start: int) -> Picture:
    """Sixteen neighbours of a file: those at even positions above, those at odd ones below.

    Parameters
    ----------
    images, labels
        (N, 1, 28, 28) or (N, 784), pixels in any range, and (N,), from an even position on.
    start
        Which of them comes first, an even number.
    """
    shown = range(start, start + 2 * ROW)
    figure, grid = panel_grid(2, ROW, 4.8, 1.75)
    for parity, row in enumerate(grid):
        for axes, position in zip(row, shown[parity::2], strict=True):
            show_digit(axes, images[position])
            axes.set_title(str(int(labels[position])), pad=3, fontweight="normal", fontsize=9.5)
    rows = [" ".join(str(int(labels[position])) for position in shown[p::2]) for p in (0, 1)]
    told = (
        f"Positions {start} to {shown[-1]}. Above, the even ones: {rows[0]}. "
        f"Below, the odd ones: {rows[1]}."
    )
    return Picture((figure,), f"Sixteen digits of the training file in two rows. {told}", told)


def error_by_place(wrong: Tensor, *, block: int = 100, alt: str, caption: str = "") -> Picture:
    """Draw the share of mistakes along a file, block by block, and that of either half.

    Parameters
    ----------
    wrong
        (N,) whether the answer to each example is wrong, in the order of the file.
    block
        Examples in a block; it divides N / 2.
    """
    figure, axes = panel(4.8, 3.2)
    shares = wrong.double().view(-1, block).mean(dim=1)  # (N / block,)
    starts = torch.arange(len(shares)) * block
    axes.bar(starts, shares, width=block, align="edge", color=BLUE, edgecolor=GRID, linewidth=0.3)
    half = len(wrong) // 2
    for first, colour, style in ((0, ORANGE, "-"), (half, INK, "--")):
        mean = wrong[first : first + half].double().mean().item()
        axes.plot((first, first + half), (mean, mean), style, color=colour, linewidth=2.2)
        axes.annotate(
            f"{mean:.1%}",
            (first + half / 2, mean),
            (0, 4),
            textcoords="offset points",
            ha="center",
            bbox={"facecolor": WASH, "edgecolor": "none", "pad": 2},
        )
    axes.set(xlabel="position in the test file", ylabel=f"wrong in {block} images")
    axes.set_xlim(0, len(wrong))
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return Picture((figure,), alt, caption)


def accuracy_by_shift(shares: Mapping[str, Sequence[float]], *, caption: str = "") -> Picture:
    """Draw the share of moved digits that a network reads, one curve a network.

    ``shares`` holds under a network's name the shares for digits moved by 0, 1, 2, … pixels. The
    written alternative says from which move on each reads fewer than half.
    """
    figure, axes = panel(4.8, 3.2)
    told = []
    for (name, curve), colour, marker in zip(shares.items(), SERIES, "osD^", strict=False):
        axes.plot(range(len(curve)), curve, marker + "-", color=colour, markersize=5.5, label=name)
        low = next((pixels for pixels, share in enumerate(curve) if share < 0.5), None)
        found = (
            f"stays above one half up to a move of {len(curve) - 1}"
            if low is None
            else f"is below one half from a move of {low} on"
        )
        told.append(f"The curve “{name}” {found}.")
    axes.axhline(0.1, color=INK, linewidth=1, linestyle=":")
    axes.set(xlabel="moved to the right by (pixels)", ylabel="read rightly", ylim=(0, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return Picture(
        (figure,),
        "The share of the test digits that is read rightly, against the number of pixels by which "
        f"they are moved. {' '.join(told)}",
        caption,
    )
