"""The network before it has learned anything: its parts, its guesses, its confidence."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from torch import Tensor
from torch.nn.functional import cross_entropy

from drinkdeep.figures.browser import in_browser, numbers
from drinkdeep.figures.picture import Picture, panel
from drinkdeep.palette import BLUE, GREEN, GRID, INK, MUTED, ORANGE, WASH


def unit_and_layers(sizes: Sequence[int], *, alt: str, caption: str = "") -> Picture:
    """Draw one unit of a layer, beside all layers of a network with ``sizes`` units each."""
    unit, axes = panel(4.0, 3.0)
    _blank(axes, (0, 10), (0, 7))
    # Each weight stands above its arrow, on the side from which the arrow leads away.
    for row, (name, x, side) in enumerate(
        (("1", 2.7, "left"), ("2", 2.6, "center"), ("n", 2.45, "right"))
    ):
        y = 5.8 - 2.3 * row
        _disc(axes, 1.0, y, f"$x_{name}$")
        end = 3.5 + (y - 3.5) * 0.18
        _arrow(axes, (1.6, y), (4.0, end))
        on_arrow = y + (end - y) * (x - 1.6) / (4.0 - 1.6)
        axes.text(x, on_arrow + 0.2, f"$w_{name}$", color=BLUE, ha=side)
    axes.text(1.0, 2.3, "⋮", ha="center", va="center", fontsize=13)
    _box(axes, 4.1, 2.8, 2.0, "$\\Sigma + b$")
    _box(axes, 7.0, 2.8, 1.5, "ReLU")
    _arrow(axes, (6.15, 3.5), (6.95, 3.5))
    axes.text(6.5, 3.75, "$z$", ha="center")
    _arrow(axes, (8.55, 3.5), (9.5, 3.5))
    axes.text(9.6, 3.5, "$a$", va="center", fontsize=12)
    axes.set_title("one unit")

    stack, axes = panel(4.0, 3.0)
    _blank(axes, (-0.6, len(sizes) - 0.4), (-1.7, 1.25))
    shown = [_column(size) for size in sizes]
    for left, (here, there) in enumerate(pairwise(shown)):
        for y in here:
            for other in there:
                axes.plot([left, left + 1], [y, other], color=GRID, linewidth=0.5, zorder=1)
    for place, (size, column) in enumerate(zip(sizes, shown, strict=True)):
        axes.scatter([place] * len(column), column, s=26, color=BLUE, zorder=2)
        axes.text(place, -1.35, f"{size:,}", ha="center", va="center", fontweight="bold")
        names = {0: "pixels", len(sizes) - 1: "classes"}
        axes.text(place, -1.62, names.get(place, "units"), ha="center", va="center", fontsize=9)
    axes.set_title("all layers (some of the units)")
    return Picture((unit, stack), alt, caption)


def bends(
    units: Sequence[tuple[float, float]], marked: Sequence[float], xlabel: str, *, caption: str = ""
) -> Picture:
    """Draw what ReLUs of one number t contribute, and their sum, which bends where one begins.

    Parameters
    ----------
    units
        For each unit its weight w and its place c: it contributes w · ReLU(t − c).
    marked
        Numbers t at which the sum gets a dot.
    """
    figure, axes = panel(4.8, 3.2)
    end = max(marked) + 0.4
    places = sorted({min(marked) - 0.4, *(c for _, c in units), end})

    def contribution(unit: tuple[float, float], t: float) -> float:
        return unit[0] * max(0.0, t - unit[1])

    def total(t: float) -> float:
        return sum(contribution(unit, t) for unit in units)

    for number, unit in enumerate(units):
        heights = [contribution(unit, t) for t in places]
        style, colour = ("--", "-.")[number % 2], (BLUE, GREEN)[number % 2]
        label = f"unit {number + 1}, times {unit[0]:g}".replace("-", "−")
        axes.plot(places, heights, style, color=colour, label=label)
    axes.plot(places, [total(t) for t in places], color=ORANGE, linewidth=2.6, label="their sum")
    axes.plot(marked, [total(t) for t in marked], "o", color=ORANGE, markersize=7)
    axes.set(xlabel=xlabel, ylabel="score", xticks=list(marked))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, columnspacing=1.2)
    at = ", ".join(f"{total(t):g} at {t:g}" for t in marked)
    where = " and ".join(f"{c:g}" for _, c in units)
    return Picture(
        (figure,),
        f"The contributions of {len(units)} units and their sum against the {xlabel}. Each "
        f"contribution is 0 up to a place and a slanting line from there on. The sum is {at}; it "
        f"is made of straight pieces and has a bend at {where}.",
        caption,
    )


def guesses(counts: Tensor, actual: Tensor, *, alt: str, caption: str = "") -> Picture:
    """Draw how often each class is guessed, beside how often it is right; both (10,) counts."""
    figure, axes = panel(4.6, 2.9)
    places = torch.arange(10)
    axes.bar(places - 0.2, counts, width=0.4, color=BLUE, label="guessed")
    axes.bar(places + 0.2, actual, width=0.4, color=ORANGE, label="in the test set", hatch="///",
             edgecolor=GRID)  # fmt: skip
    axes.set(xlabel="class", ylabel="images", xticks=range(10))
    axes.grid(axis="x", visible=False)
    axes.legend()
    return Picture((figure,), alt, caption)


SCALES = torch.linspace(0, 40, 81)
"""The factors at which :func:`confidence` draws its curve."""


def _mean_losses(logits: Tensor, labels: Tensor, scales: Iterable[float]) -> list[float]:
    return [cross_entropy(logits * scale, labels).item() for scale in scales]


def _accuracy(logits: Tensor, labels: Tensor) -> float:
    return (logits.argmax(dim=1) == labels).double().mean().item()


def _confidence_in_browser(
    controls: Mapping[str, Any], logits: Tensor, labels: Tensor
) -> dict[str, Any]:
    """Return the scores of one image, and of the thousand only the mean losses: they weigh less."""
    return {
        "scores": numbers(logits[0]),
        "label": int(labels[0]),
        "count": len(labels),
        "accuracy": _accuracy(logits, labels),
        "curve": [SCALES.tolist(), _mean_losses(logits, labels, SCALES.tolist())],
        "losses": _mean_losses(logits, labels, controls["scale"].values()),
    }


@in_browser("confidence", _confidence_in_browser)
def confidence(logits: Tensor, labels: Tensor, scale: float) -> Picture:
    """Draw what multiplying all scores by ``scale`` does to probabilities and to the mean loss.

    Parameters
    ----------
    logits
        (N, 10) scores of N images; the first of them is the one whose bars are drawn.
    labels
        (N,) right classes.
    scale
        0 makes every class equally probable; large values make the largest score certain.
    """
    probabilities = (logits[0] * scale).softmax(dim=0)
    label = int(labels[0])
    bars, axes = panel(4.0, 2.9)
    colours = [ORANGE if digit == label else BLUE for digit in range(10)]
    axes.bar(range(10), probabilities.tolist(), color=colours)
    axes.axhline(0.1, color=INK, linewidth=1, linestyle=":")
    axes.text(9.5, 0.12, "1/10", ha="right", fontsize=9.5)
    axes.set(xlabel="class", ylabel="probability", ylim=(0, 1), xticks=range(10))
    axes.get_xticklabels()[label].set(fontweight="bold", color=ORANGE)
    axes.set_title(f"one image, label {label}")
    axes.grid(axis="x", visible=False)

    curve, axes = panel(4.0, 2.9)
    losses = _mean_losses(logits, labels, SCALES.tolist())
    (loss,) = _mean_losses(logits, labels, [scale])
    axes.plot(SCALES, losses)
    axes.axhline(math.log(10), color=INK, linewidth=1, linestyle=":")
    axes.text(40, math.log(10) - 0.08, "ln 10", ha="right", va="top", fontsize=9.5)
    axes.plot([scale], [loss], "o", color=GREEN, markersize=9)
    axes.set(xlabel="scores multiplied by", ylabel="mean loss (nats)", ylim=(0, None))
    axes.set_title(f"{len(labels):,} images")

    share = (
        f"and still {_accuracy(logits, labels):.0%} right"
        if scale
        else "and no class ahead of another"
    )
    return Picture(
        (bars, curve),
        alt=f"With all scores multiplied by {scale:g}, the largest of the ten probabilities of an "
        f"image of a {label} is {probabilities.max():.2f}, that of the right class "
        f"{probabilities[label]:.2f}. The mean loss over {len(labels):,} images is {loss:.2f} "
        f"nats. Over the factors it is {losses[0]:.2f} at 0, {min(losses):.2f} where it is lowest, "
        f"and {losses[-1]:.1f} at 40.",
        caption=f"Scores × {scale:g}: largest probability {probabilities.max():.2f}, "
        f"mean loss {loss:.2f}, {share}.",
    )


def _blank(axes: Axes, x: tuple[float, float], y: tuple[float, float]) -> None:
    axes.set(xlim=x, ylim=y)
    axes.set_axis_off()


def _disc(axes: Axes, x: float, y: float, text: str) -> None:
    axes.add_patch(Circle((x, y), 0.55, facecolor=WASH, edgecolor=MUTED))
    axes.text(x, y, text, ha="center", va="center", color=INK)


def _box(axes: Axes, x: float, y: float, width: float, text: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x, y), width, 1.4, boxstyle="round,pad=0.05", facecolor=WASH, edgecolor=MUTED
        )
    )
    axes.text(x + width / 2, y + 0.7, text, ha="center", va="center", color=INK)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=10, color=MUTED, shrinkA=0)
    )


def _column(size: int) -> list[float]:
    """Heights of the few dots that stand for a layer; more units, more dots, at most 12."""
    dots = max(4, min(12, round(3 * math.log10(size) + 3)))
    return torch.linspace(-1, 1, dots).tolist()
