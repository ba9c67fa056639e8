"""Pictures of chapter 1: losses and their slopes, the landscape of a cost, and what minimizes it.

Every curve is computed here by PyTorch's own losses, and every slope by autograd, so that a
picture can't disagree with the code beside it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from drinkdeep.figures.browser import grey, in_browser, numbers
from drinkdeep.figures.digits import show_digit
from drinkdeep.figures.picture import Picture, panel
from drinkdeep.palette import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE

LOSSES: dict[str, Callable[..., Tensor]] = {
    "squared": F.mse_loss,
    "absolute": F.l1_loss,
    "Huber": F.huber_loss,
}
"""PyTorch's losses of a number, by the names that the chapter uses; Huber's δ is 1."""

WIDTH = 3.9
"""Inches of a panel of which two stand side by side in the book's column."""

_DASHES = {"squared": "-", "absolute": "--", "Huber": "-."}


def _opinions_in_browser(
    _: object, images: Tensor, probabilities: Mapping[str, Tensor], labels: Tensor
) -> dict[str, Any]:
    low, high = images.min(), images.max()
    return {
        "images": grey((images - low) / (high - low)),
        "names": list(probabilities),
        "probabilities": [numbers(values) for values in probabilities.values()],
        "labels": labels.tolist(),
    }


@in_browser("opinions", _opinions_in_browser)
def opinions(
    images: Tensor, probabilities: Mapping[str, Tensor], labels: Tensor, number: int
) -> Picture:
    """Draw one digit of a set, and the probabilities that two networks give to its classes.

    Parameters
    ----------
    images, labels
        (N, 1, 28, 28) or (N, 784), pixels in any range, and (N,).
    probabilities
        Name of each of the two networks → (N, 10), each in [0, 1].
    number
        Which of the N digits, from 0.
    """
    label = int(labels[number])
    digit, picture = panel(2.4, 2.5)
    show_digit(picture, images[number])
    picture.set_title(f"label: {label}", pad=4)
    chart, bars = panel(4.4, 4.4)
    places = torch.arange(10)
    answers, said = [], []
    # The first network's bars are filled, the second's outlined: told apart without colour too.
    for (name, of_all), shift, colour, fill in zip(
        probabilities.items(), (-0.2, 0.2), (BLUE, ORANGE), (1, 0.25), strict=True
    ):
        values = of_all[number]
        drawn = bars.barh(
            places + shift,
            values,
            height=0.38,
            label=name,
            facecolor=to_rgba(colour, fill),
            edgecolor=colour,
        )
        texts = [f"{value:.0%}" if value >= 0.005 else "" for value in values.tolist()]
        bars.bar_label(drawn, labels=texts, padding=3, fontsize=9)
        answers.append(int(values.argmax()))
        said.append(f"{name} reads {answers[-1]}, with {values.max():.1%}")
    bars.set(yticks=range(10), xlim=(0, 1.16), xticks=(0, 0.25, 0.5, 0.75, 1))
    bars.set(ylabel="class", xlabel="probability")
    bars.invert_yaxis()
    bars.grid(axis="y", visible=False)
    bars.get_yticklabels()[label].set(fontweight="bold")
    bars.legend(loc="upper right")

    to_label = " and ".join(f"{values[number, label]:.1%}" for values in probabilities.values())
    right = [answer == label for answer in answers]
    verdict = "both right" if all(right) else "one is right" if any(right) else "both wrong"
    told = f"{said[0]}; {said[1]}: {verdict}. To the label, {label}, they give {to_label}."
    return Picture(
        (digit, chart),
        f"Test digit {number:,}, a {label}, beside two bars for each class, one a network. {told}",
        f"Test digit {number:,} is a {label}. {told}",
    )


def losses_of_an_error(*, alt: str, caption: str = "") -> Picture:
    """Draw the squared, absolute, Huber (δ = 1) and 0–1 loss over the error ŷ − y, and slopes."""
    error = torch.linspace(-3, 3, 601, dtype=torch.double, requires_grad=True)
    height, above = panel(WIDTH, 3.5)
    slope, below = panel(WIDTH, 3.5)
    for name, loss in LOSSES.items():
        losses = loss(error, torch.zeros_like(error), reduction="none")
        (slopes,) = torch.autograd.grad(losses.sum(), error)
        above.plot(error.detach(), losses.detach(), _DASHES[name], label=name)
        below.plot(error.detach(), slopes, _DASHES[name], label=name)
    # A digit is right or it isn't: any error at all costs 1.
    above.plot([-3, 3], [1, 1], linestyle=":", color=PURPLE, label="0–1")
    above.plot([0], [0], marker="o", color=PURPLE, linestyle="none")
    above.plot([0], [1], marker="o", color=PURPLE, fillstyle="none", linestyle="none")
    below.plot([-3, 3], [0, 0], linestyle=":", color=PURPLE, label="0–1")
    above.set(ylim=(-0.15, 4), xlabel="error ŷ − y", ylabel="loss ℓ", title="Loss")
    below.set(ylim=(-4, 4), xlabel="error ŷ − y", ylabel="dℓ / dŷ", title="Its slope")
    above.legend(loc="upper center")
    below.legend(loc="lower right")
    return Picture((height, slope), alt, caption)


@in_browser(
    "line_landscape",
    lambda controls, ink, x, y: {"ink": grey(ink), "x": numbers(x), "y": numbers(y)},
)
def line_landscape(
    ink: Tensor, x: Tensor, y: Tensor, slope: float, intercept: float, loss: str
) -> Picture:
    """Draw a line through the stroke of a digit on its side, beside the landscape of its cost.

    Parameters
    ----------
    ink
        (28, 28), 0 paper to 1 ink.
    x, y
        (N,) float64, one entry a row that has ink: the row, counted from their middle, and the mean
        column of its ink.
    slope, intercept
        The line ŷ = slope · x + intercept, in columns a row and in columns.
    loss
        One of ``LOSSES``; the cost is its mean over the N rows.
    """
    line = slope * x + intercept
    height = LOSSES[loss](line, y).item()
    stroke, data = _quick_panel()
    _ink_on_its_side(data, ink, x)
    data.vlines(x, line, y, color=ORANGE, linewidth=1.4, label="error of a row")
    ends = torch.tensor([-10.5, 10.5], dtype=torch.double)
    data.plot(ends, slope * ends + intercept, color=BLUE, linewidth=2.4, label="line ŷ = w x + b")
    data.plot(x, y, "o", color=INK, markersize=4, label="middle of the ink, y")
    data.set(xlim=(-10.5, 10.5), ylim=(2.5, 24.5), title="The 7 and the line")
    data.set(xticks=range(-10, 11, 5), yticks=range(5, 25, 5))
    data.set(xlabel="row x (top of the 7 at the left)", ylabel="column y")
    data.legend(loc="lower center", fontsize=9)

    land, axes = _quick_panel()
    # Steps of 0.01 and 0.05: fine enough for the lowest cost to be right to two decimals.
    w = torch.linspace(-1.2, 0.6, 181, dtype=torch.double)
    b = torch.linspace(10, 20, 201, dtype=torch.double)
    costs = _cost_of_lines(x, y, w, b, loss)
    _landscape(axes, w[::4], b[::4], costs[::4, ::4])
    lowest = costs.min().item()
    row, column = divmod(int(costs.argmin()), len(w))
    best = (w[column].item(), b[row].item())
    axes.plot(*best, "*", color=GREEN, markersize=14)
    axes.plot(slope, intercept, "o", color=ORANGE, markersize=9)
    side, aligned = (-9, "right") if slope > 0.1 else (9, "left")
    # Away from each other, so that both can be read when the line is nearly the best; but at the
    # edge of the map inwards.
    above = intercept < 11 or best[1] <= intercept < 19
    for text, place, up in (
        ("lowest", best, intercept < best[1]),
        ("this line", (slope, intercept), above),
    ):
        axes.annotate(
            text,
            place,
            (side, 4 if up else -4),
            textcoords="offset points",
            ha=aligned,
            va="bottom" if up else "top",
            fontweight="bold",
        )
    axes.set(xlabel="slope w (columns a row)", ylabel="intercept b (columns)")
    axes.set(xticks=(-1.2, -0.8, -0.4, 0, 0.4), yticks=range(10, 21, 2))
    axes.set(xlim=(-1.2, 0.6), ylim=(10, 20), title=f"Cost: mean {loss} loss")
    where = f"slope {slope:.2f} and intercept {intercept:.2f}".replace("-", "−")
    there = f"slope {best[0]:.1f} and intercept {best[1]:.1f}".replace("-", "−")
    return Picture(
        (stroke, land),
        f"First panel: the first 7 of the test set on its side, the middle of its ink in each of "
        f"its {len(x)} rows as a point, and a line with {where}; its errors are drawn as vertical "
        f"segments. Second panel: the contours of the mean {loss} loss over slope and intercept "
        f"close around one lowest point. The line is the point where the cost is {height:.2f}; the "
        f"lowest cost, {lowest:.2f}, is near {there}.",
        f"With {where} the mean {loss} loss is {height:.2f}. The lowest on this map is "
        f"{lowest:.2f}, near {there}.",
    )


def _quick_panel() -> tuple[Figure, Axes]:
    """Make a square panel with fixed margins, drawn in two thirds of the time: a hand waits."""
    figure, axes = panel(WIDTH, WIDTH)
    figure.set_layout_engine("none")
    axes.set_position((0.14, 0.13, 0.83, 0.8))
    return figure, axes


def _cost_of_lines(x: Tensor, y: Tensor, w: Tensor, b: Tensor, loss: str) -> Tensor:
    """Compute each line's cost on a grid: x, y (N,), w (P,), b (Q,) → (Q, P), w across."""
    lines = w[None, :, None] * x + b[:, None, None]
    return LOSSES[loss](lines, y.expand_as(lines), reduction="none").mean(dim=2)


def _landscape(axes: Axes, w: Tensor, b: Tensor, costs: Tensor) -> None:
    """Contours of a cost over two parameters: the darker the higher."""
    lowest, highest = costs.min().item(), costs.max().item()
    # Heights above the lowest point in equal steps of their square root: in a parabolic bowl
    # that makes evenly spaced rings.
    levels = [lowest + (highest - lowest) * (k / 9) ** 2 for k in range(10)]
    fills = [to_rgba(BLUE, 0.04 + 0.05 * k) for k in range(9)]
    axes.contourf(w, b, costs, levels=levels, colors=fills)
    lines = axes.contour(w, b, costs, levels=levels[1:], colors=MUTED, linewidths=0.8)
    axes.clabel(lines, levels[2:9:2], fmt="%.1f", fontsize=9, colors=INK)
    axes.grid(visible=False)


def _ink_on_its_side(axes: Axes, ink: Tensor, x: Tensor) -> None:
    """Draw the pixels of a digit turned by a quarter: its top at the left, its right side up."""
    first = int(ink.sum(dim=1).nonzero()[0, 0])
    squares, shades = [], []
    for row, column in (ink > 0.05).nonzero().tolist():
        left, bottom = x[0].item() + row - first - 0.5, column - 0.5
        squares.append(
            [(left, bottom), (left + 1, bottom), (left + 1, bottom + 1), (left, bottom + 1)]
        )
        shades.append(to_rgba(MUTED, 0.45 * ink[row, column].item()))
    axes.add_collection(PolyCollection(squares, facecolors=shades, edgecolors="none"))


def two_fits(
    x: Tensor, y: Tensor, lines: Sequence[tuple[str, float, float]], *, alt: str, caption: str = ""
) -> Picture:
    """Lines (name, slope, intercept) through the same points (x, y), each (N,)."""
    figure, axes = panel(4.8, 3.6)
    ends = torch.stack([x.min() - 1, x.max() + 1])
    for (name, slope, intercept), style in zip(lines, ("-", "--", "-."), strict=False):
        axes.plot(ends, slope * ends + intercept, linestyle=style, label=name)
    axes.plot(x, y, "o", color=INK, markersize=4)
    axes.set(xlabel="row x (top of the 7 at the left)", ylabel="column y")
    axes.legend()
    return Picture((figure,), alt, caption)


def wanted(y: Tensor, truth: float, *, alt: str, caption: str = "") -> Picture:
    """Draw what each loss asks for: of one number for all targets, and of one probability.

    The first panel is the cost of predicting c for every target y (N,), the second the expected
    loss of stating probability p for an event whose true probability is ``truth``.
    """
    numbers, left = panel(WIDTH, 3.5)
    c = torch.linspace(0, 8, 801, dtype=torch.double)
    for name in ("squared", "absolute"):
        lines = c[:, None].expand(-1, len(y))
        costs = LOSSES[name](lines, y.expand_as(lines), reduction="none").mean(dim=1)
        (curve,) = left.plot(c, costs / costs.min(), linestyle=_DASHES[name], label=name)
        left.plot(c[costs.argmin()], 1, "o", color=curve.get_color())
    left.set(xlabel="one width c for every row (pixels)", ylabel="cost ÷ its lowest value")
    left.set(ylim=(0.8, 2.5), title="One number for all")
    left.legend()

    chances, right = panel(WIDTH, 3.5)
    p = torch.linspace(0.005, 1, 399, dtype=torch.double)
    rules: dict[str, tuple[Tensor, Tensor]] = {
        "squared": ((1 - p) ** 2, p**2),
        "absolute": (1 - p, p),
        "negative log": (-p.log(), -torch.log1p(-p)),
    }
    for (name, (happens, fails)), style in zip(rules.items(), ("-", "--", ":"), strict=True):
        expected = truth * happens + (1 - truth) * fails
        (curve,) = right.plot(p, expected, linestyle=style, label=name)
        lowest = expected.argmin()
        right.plot(p[lowest], expected[lowest], "o", color=curve.get_color(), clip_on=False)
    right.axvline(truth, color=MUTED, linewidth=1)
    right.set(xlabel="stated probability p", ylabel="expected loss", ylim=(0, 2))
    right.set(xlim=(0, 1), title=f"A probability, truth {truth:g}")
    right.legend(loc="upper center", bbox_to_anchor=(0.41, 1))
    return Picture((numbers, chances), alt, caption)


def confidently_wrong(*, alt: str, caption: str = "") -> Picture:
    """Squared error and −log p over the logit z of the right class, p = σ(z), and their slopes."""
    z = torch.linspace(-10, 6, 641, dtype=torch.double, requires_grad=True)
    p = torch.sigmoid(z)
    height, above = panel(WIDTH, 3.2)
    slope, below = panel(WIDTH, 3.2)
    curves = {"squared": ((1 - p) ** 2, "-"), "−log p": (-F.logsigmoid(z), "--")}
    for name, (losses, style) in curves.items():
        (slopes,) = torch.autograd.grad(losses.sum(), z, retain_graph=True)
        colour = BLUE if style == "-" else ORANGE
        above.plot(z.detach(), losses.detach(), style, color=colour, label=name)
        below.plot(z.detach(), slopes, style, color=colour, label=name)
    above.set(xlabel="logit z of the right class", ylabel="loss ℓ (−log p in nats)", title="Loss")
    below.set(xlabel="logit z of the right class", ylabel="dℓ / dz", title="Its slope")
    above.legend()
    below.legend(loc="lower right")
    for axes in (above, below):
        axes.set_xticks(range(-10, 7, 4))
    return Picture((height, slope), alt, caption)


def over_one_parameter(
    values: Tensor,
    mistakes: Tensor,
    costs: Tensor,
    *,
    xlabel: str,
    marks: dict[str, float] | None = None,
    log: bool = False,
    alt: str,
    caption: str = "",
) -> Picture:
    """Mistakes and mean −log p while one parameter of a network moves; all three (N,)."""
    count, left = panel(WIDTH, 3.1)
    left.step(values, mistakes, where="mid", color=PURPLE)
    left.set(ylabel="mistakes", title="Counting mistakes", ylim=(0, 1.15 * mistakes.max().item()))
    cost, right = panel(WIDTH, 3.1)
    right.plot(values, costs, color=BLUE)
    right.set(ylabel="cost: mean −log p (nats)", title="Negative log-likelihood")
    right.set(ylim=(0, 1.05 * costs.max().item()))
    for axes, heights in ((left, mistakes), (right, costs)):
        axes.set(xlabel=xlabel)
        if log:
            axes.set_xscale("log", base=4)
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        for name, at in (marks or {}).items():
            nearest = (values - at).abs().argmin()
            axes.plot(at, heights[nearest], "o", color=ORANGE)
            axes.annotate(
                name, (at, heights[nearest].item()), (0, 8), textcoords="offset points", ha="center"
            )
    return Picture((count, cost), alt, caption)


def between(shares: Tensor, costs: Tensor, *, alt: str, caption: str = "") -> Picture:
    """Draw the cost (N,) on the way between two settings of all parameters, at shares (N,)."""
    figure, axes = panel(4.8, 3.2)
    axes.plot(shares, costs, marker="o", markersize=4)
    axes.set(xlabel="share of the way from A to its reordered twin", ylim=(0, None))
    axes.set(ylabel="cost: mean −log p (nats)")
    return Picture((figure,), alt, caption)
