"""Downhill by steps: slopes, learning rates, valleys, and the noise of minibatches."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from matplotlib.ticker import PercentFormatter
from torch import Tensor

from drinkdeep.figures.browser import in_browser, numbers
from drinkdeep.figures.picture import Picture, panel, written
from drinkdeep.palette import BLUE, GREEN, GRID, INK, MUTED, ORANGE, SERIES

_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))


@dataclass(frozen=True, eq=False)
class Bowl:
    """A quadratic loss of two weights, L(w) = L* + ½ (w − w*)ᵀ H (w − w*).

    Parameters
    ----------
    hessian
        H, (2, 2), symmetric with positive eigenvalues: the curvatures.
    minimum
        w*, (2,).
    """

    hessian: Tensor
    minimum: Tensor

    def curvatures(self) -> tuple[float, float]:
        """λmin and λmax, the eigenvalues of H."""
        low, high = torch.linalg.eigvalsh(self.hessian).tolist()
        return low, high

    def path(self, start: Tensor, rate: float, momentum: float, steps: int) -> Tensor:
        """Return the weights (steps + 1, 2) of gradient descent as ``torch.optim.SGD`` takes it.

        v′ = μ v + H (w − w*) and w′ = w − α v′, from v = 0.
        """
        w, velocity = start.double(), torch.zeros(2, dtype=torch.float64)
        visited = [w]
        for _ in range(steps):
            velocity = momentum * velocity + self.hessian.double() @ (w - self.minimum)
            w = w - rate * velocity
            visited.append(w)
        return torch.stack(visited)


def slope(
    cost: Callable[[float], Tensor],
    at: float,
    tangent: float,
    widths: Sequence[float],
    errors: Mapping[str, Tensor],
    *,
    alt: str,
    caption: str = "",
) -> Picture:
    """Secants that turn into the tangent, beside the error of a slope measured over a width.

    Parameters
    ----------
    cost
        The loss as a function of one weight.
    at, tangent
        The weight at which the slope is taken, and the slope there.
    widths
        Distances h between the two points of the secants that are drawn.
    errors
        By number format: (13,) absolute errors of the slope for h = 10⁰, 10⁻¹, …, 10⁻¹².
    """
    figure, axes = panel(4.4, 3.2)
    weights = torch.linspace(-0.6, 3.6, 120).tolist()
    axes.plot(weights, [cost(w).item() for w in weights], color=BLUE)
    here = cost(at).item()
    for width, style, colour in zip(widths, ("--", "-."), (ORANGE, GREEN), strict=True):
        rise = (cost(at + width).item() - here) / width
        ends = (at - 0.8, at + 1.5)
        axes.plot(ends, [here + rise * (w - at) for w in ends], style, color=colour)
        axes.plot(at + width, cost(at + width).item(), "o", color=colour)
        axes.annotate(
            f"h = {width:g}: slope {rise:g}",
            (at + width, cost(at + width).item()),
            (-10, 4),
            textcoords="offset points",
            color=colour,
            ha="right",
        )
    ends = (at - 1.0, at + 1.5)
    axes.plot(ends, [here + tangent * (w - at) for w in ends], color=INK)
    axes.plot(at, here, "o", color=INK)
    axes.annotate(
        f"tangent: slope {tangent:g}", (at, here), (12, -12), textcoords="offset points", va="top"
    )
    axes.set(xlabel="weight w", ylabel="loss L(w)", ylim=(-1, 14.5), xlim=(-0.6, 3.6))

    chart, axes = panel(4.4, 3.2)
    powers = 10.0 ** -torch.arange(13.0)
    for (name, values), style, marker in zip(errors.items(), ("--", "-"), "so", strict=True):
        axes.plot(powers, values, style, marker=marker, markersize=4.5, label=name)
    axes.set(xscale="log", yscale="log", xlabel="width h", ylabel="error of the measured slope")
    axes.legend(loc="lower right")
    return Picture((figure, chart), alt, caption)


FIRST_RATE = 0.003
"""The learning rate of the recipe that this book follows; :func:`first_step` doubles it."""


def _first_step_in_browser(
    _: object, before: float, losses: Tensor, accuracies: Tensor
) -> dict[str, Any]:
    return {
        "first": FIRST_RATE,
        "before": before,
        "losses": losses.tolist(),
        "accuracies": accuracies.tolist(),
    }


@in_browser("first_step", _first_step_in_browser)
def first_step(before: float, losses: Tensor, accuracies: Tensor, doublings: int) -> Picture:
    """Draw the loss after a single step against the gradient, for learning rates 0.003 · 2ᵏ.

    Parameters
    ----------
    before
        The loss before the step.
    losses, accuracies
        (n,) loss and share of right answers after it, for k = 0, 1, … n − 1.
    doublings
        The k that is marked.
    """
    figure, axes = _steady_panel(3.2)
    rates = [FIRST_RATE * 2**k for k in range(len(losses))]
    rate, loss = rates[doublings], losses[doublings].item()
    axes.plot(rates, losses, "o-", color=BLUE, markersize=4)
    axes.axhline(before, color=INK, linewidth=1, linestyle=":")
    axes.text(rates[0], before, "before the step", va="bottom")
    axes.plot(rate, loss, "o", color=ORANGE, markersize=9)
    axes.set(xscale="log", xlabel="learning rate α", ylabel="loss after one step")
    marks = [mark for mark in (0.003, 0.03, 0.3, 3) if mark <= rates[-1]]
    axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
    axes.minorticks_off()
    best = int(losses.argmin())
    change = "lowers" if loss < before else "raises"
    told = (
        f"α = {rate:g}, {2**doublings:,} × {FIRST_RATE:g}: one step {change} the loss from "
        f"{before:.3f} to {loss:.3f}; {accuracies[doublings]:.0%} of the digits are then right."
    )
    return Picture(
        (figure,),
        "The loss on a thousand digits after one step of an untrained network, against the "
        f"learning rate from {rates[0]:g} to {rates[-1]:.2g}. Before the step it is {before:.2f}. "
        f"It is lowest, {losses[best]:.2f}, at {rates[best]:.2g}, and {losses[-1]:.2f} at the "
        f"right end. {told}",
        told,
    )


def uphill(
    bowl: Bowl,
    at: Tensor,
    angles: Tensor,
    slopes: Tensor,
    gradient: Tensor,
    *,
    alt: str,
    caption: str = "",
) -> Picture:
    """Draw the gradient among the contours, beside the slope measured in every direction.

    Parameters
    ----------
    at
        (2,) the weights at which the slopes are taken.
    angles, slopes
        (n,) directions in degrees from the axis of w₁, and the slope measured in each.
    gradient
        (2,) the gradient at that place; the curve drawn is its scalar product with a direction.
    """
    figure, axes = panel(4.4, 3.9)
    _contours(axes, bowl)
    unit = gradient / gradient.norm()
    for sign, colour, words in ((1, ORANGE, "gradient"), (-1, GREEN, "step")):
        end = at + sign * unit * 0.85
        arrow = {"arrowstyle": "-|>", "color": colour, "linewidth": 2}
        axes.annotate("", _point(end), _point(at), arrowprops=arrow)
        x, y = _point(at + sign * unit * 0.5 + 0.2 * torch.stack([-unit[1], unit[0]]))
        tilt = math.degrees(math.atan2(unit[1].item(), unit[0].item())) % 180
        axes.text(x, y, words, color=colour, ha="center", va="center", rotation=tilt)
    axes.plot(*at.tolist(), "o", color=INK)

    chart, axes = panel(4.4, 3.9)
    dense = torch.linspace(0, 360, 361)
    radians = torch.deg2rad(dense)
    directions = torch.stack([radians.cos(), radians.sin()], dim=1)
    axes.plot(dense, directions @ gradient.float(), color=BLUE, label="∇L · u")
    axes.plot(angles, slopes, "o", color=ORANGE, markersize=5, label="measured")
    axes.axhline(0, color=MUTED, linewidth=1)
    top = math.degrees(math.atan2(gradient[1].item(), gradient[0].item())) % 360
    for place, words in ((top, "gradient"), ((top + 180) % 360, "step")):
        axes.axvline(place, color=INK, linewidth=1, linestyle=":")
        axes.annotate(words, (place, 0), (5, 5), textcoords="offset points")
    axes.set(
        xlabel="direction u (degrees from the axis of w₁)",
        ylabel="slope in that direction",
        xticks=range(0, 361, 60),
    )
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return Picture((figure, chart), alt, caption)


@in_browser("parabola", lambda controls, **shape: shape)
def parabola(
    rate: float, start: float, *, curvature: float, minimum: float, lowest: float
) -> Picture:
    """Twelve steps of gradient descent on L(w) = L* + ½ λ (w − w*)².

    Parameters
    ----------
    rate
        The learning rate α.
    start
        The first weight.
    curvature, minimum, lowest
        λ > 0, w* and L*.
    """
    steps, factor = 12, round(1 - rate * curvature, 9)
    weights = [minimum + (start - minimum) * factor**step for step in range(steps + 1)]

    figure, axes = _steady_panel(3.2)
    left, right, height = minimum - 4, minimum + 4, 8 * curvature
    dense = [left + (right - left) * i / 160 for i in range(161)]
    axes.plot(dense, [lowest + curvature / 2 * (w - minimum) ** 2 for w in dense], color=BLUE)
    axes.plot(
        weights,
        [lowest + curvature / 2 * (w - minimum) ** 2 for w in weights],
        "o-",
        color=ORANGE,
        linewidth=1.2,
        markersize=5,
    )
    axes.plot(start, lowest + curvature / 2 * (start - minimum) ** 2, "s", color=INK, markersize=7)
    axes.annotate(
        "start",
        (start, lowest + curvature / 2 * (start - minimum) ** 2),
        (9, -3),
        textcoords="offset points",
    )
    axes.set(
        xlabel="weight w",
        ylabel="loss L(w)",
        xlim=(left, right),
        ylim=(lowest - height / 16, lowest + height * 1.06),
    )

    chart, axes = _steady_panel(3.2)
    edge = 2 / curvature
    axes.plot((0, 1.3 * edge), (1, 1 - 1.3 * 2), color=BLUE)
    for level in (1, -1):
        axes.axhline(level, color=INK, linewidth=1, linestyle=":")
    for place, words in ((edge / 2, "1/λ"), (edge, "2/λ")):
        axes.axvline(place, color=INK, linewidth=1, linestyle=":")
        axes.text(place, 1.28, f"{words} = {place:g}", ha="center", va="bottom")
    fates = ((0.25, -0.45, "creeps"), (0.75, 0.45, "jumps\nacross"), (1.15, 0.45, "flies\napart"))
    for place, height, words in fates:
        axes.text(place * edge, height, words, ha="center", va="center", color=MUTED)
    axes.plot(rate, factor, "o", color=ORANGE, markersize=9)
    axes.set(
        xlabel="learning rate α",
        ylabel="error's factor 1 − αλ",
        xlim=(0, 1.3 * edge),
        ylim=(-1.9, 1.25),
    )

    fate, by, final = _fate(abs(factor)), written(factor, 3), written(weights[-1], 4)
    return Picture(
        (figure, chart),
        f"Gradient descent on a parabola with curvature λ = {curvature:g} and its lowest point at "
        f"w = {written(minimum, 4)}, from w = {written(start, 4)} with learning rate {rate:g}. "
        f"Each step multiplies the error by 1 − αλ = {by}: {fate}. "
        f"After {steps} steps w = {final}. "
        "Beside it that factor against the learning rate: it falls in a straight line from 1 "
        f"at α = 0 through 0 at α = {edge / 2:g} to −1 at α = {edge:g}.",
        f"α = {rate:g}: each step multiplies the error by {by}; {fate}. "
        f"After {steps} steps w = {final}.",
    )


def _fate(factor: float) -> str:
    """Return what becomes of an error that each step multiplies by ± ``factor``."""
    if abs(factor - 1) < 1e-9:
        return "it stays as large as it was"
    if factor > 1:
        return "it grows"
    if factor < 1e-9:
        return "it is gone after one step"
    return "it shrinks"


def shrink_factors(
    low: float, high: float, measured: tuple[float, float], *, alt: str, caption: str = ""
) -> Picture:
    """|1 − αλ| for the two curvatures of a bowl; the larger of them is the speed of both.

    Parameters
    ----------
    low, high
        λmin and λmax.
    measured
        A learning rate, and the factor per step that was measured with it.
    """
    figure, axes = panel(4.8, 3.8)
    rates = torch.linspace(0, 2.25 / high, 400)
    flat, steep = (1 - rates * low).abs(), (1 - rates * high).abs()
    axes.plot(
        rates,
        torch.maximum(flat, steep),
        color=GRID,
        linewidth=9,
        solid_capstyle="round",
        label="the slower one",
    )
    axes.plot(rates, flat, "--", color=GREEN, label="along λₘᵢₙ")
    axes.plot(rates, steep, color=BLUE, label="along λₘₐₓ")
    axes.plot(*measured, "o", color=ORANGE, markersize=8, label="measured")
    axes.axhline(1, color=INK, linewidth=1, linestyle=":")
    axes.set(
        xlabel="learning rate α",
        ylabel="error's factor per step, |1 − αλ|",
        xlim=(0, 2.25 / high),
        ylim=(0, 1.3),
    )
    marks = (
        (1 / high, "center", "1/λₘₐₓ"),
        (2 / (low + high), "right", "2/(λₘᵢₙ+λₘₐₓ)"),
        (2 / high, "left", "2/λₘₐₓ"),
    )
    for place, side, words in marks:
        axes.axvline(place, color=INK, linewidth=1, linestyle=":")
        axes.text(place, 1.33, words, ha=side, va="bottom")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2)
    return Picture((figure,), alt, caption)


def _bowl_in_browser(_: object, bowl: Bowl) -> dict[str, Any]:
    low, high = bowl.curvatures()
    return {
        "hessian": numbers(bowl.hessian),
        "minimum": numbers(bowl.minimum),
        "curvatures": {"low": low, "high": high},
    }


@in_browser("valley", _bowl_in_browser)
def valley(rate: float, momentum: float, w1: float, w2: float, *, bowl: Bowl) -> Picture:
    """Forty steps of gradient descent in a bowl of two weights, and how far each leaves one.

    Parameters
    ----------
    rate, momentum
        The learning rate α, and μ from 0 to below 1.
    w1, w2
        The first weights.
    bowl
        The loss; the map is drawn for a minimum within 2 of the origin.
    """
    steps, start = 40, torch.tensor([w1, w2], dtype=torch.float64)
    path = bowl.path(start, rate, momentum, steps)
    distance = (path - bowl.minimum).norm(dim=1)
    figure, axes = _steady_panel(3.9)
    _contours(axes, bowl)
    axes.plot(*path.T.tolist(), "o-", color=ORANGE, linewidth=1.2, markersize=4)
    axes.plot(*start.tolist(), "s", color=INK, markersize=7)
    axes.annotate("start", _point(start), (-9, 3), textcoords="offset points", ha="right")

    chart, axes = _steady_panel(3.9)
    # Beyond the frame on both sides, and never 0, which a logarithmic axis can't hold.
    axes.plot(range(steps + 1), distance.clamp(1e-9, 1e9), "o-", color=ORANGE, markersize=4)
    axes.set(
        xlabel="step",
        ylabel="distance from the minimum",
        yscale="log",
        xlim=(0, steps),
        ylim=(1e-5, 1e2),
    )
    levels = (1e2, 1, 1e-2, 1e-4)
    axes.set_yticks(levels, [f"{level:g}" for level in levels])
    axes.minorticks_off()

    low, high = bowl.curvatures()
    edge = 2 * (1 + momentum) / high
    ratio = (distance[-1] / distance[0]).item()
    fate = f"{'shrinks' if ratio < 1 else 'grows'} to {written(ratio, 2)}"
    return Picture(
        (figure, chart),
        f"Gradient descent in a valley of two weights with curvatures {low:.2f} and {high:.2f}, "
        f"from ({', '.join(written(w, 4) for w in start.tolist())}) with learning rate {rate:g} "
        f"and momentum {momentum:g}. {_course(rate, momentum, low, high)} In {steps} steps "
        f"the distance from the minimum {fate} times what it was.",
        f"α = {rate:g}, μ = {momentum:g}; the edge for this momentum is "
        f"2(1 + μ)/λₘₐₓ = {edge:.2f}. In {steps} steps the distance from the minimum {fate} times "
        "what it was.",
    )


def _course(rate: float, momentum: float, low: float, high: float) -> str:
    """Return the look of a path through the valley, in words."""
    if rate > 2 * (1 + momentum) / high:
        return "The path leaps from wall to wall, each time higher."
    if momentum and rate * low > (1 - math.sqrt(momentum)) ** 2:
        return "The path swings around the minimum in both directions, and spirals in."
    if momentum and rate * high > (1 - math.sqrt(momentum)) ** 2:
        return "The path swings across the valley and settles towards the minimum."
    if rate * high > 1:
        return "The path zig-zags across the valley as it moves along it."
    return "The path runs down the wall of the valley, then slowly along its floor."


def two_weights(rate: float, w1: float, w2: float, steps: int = 60) -> list[tuple[float, float]]:
    """Return the weights that gradient descent on L(w) = (w₁w₂ − 1)² visits, the start first.

    Ends early where a weight is larger than a thousand: from there it only grows.
    """
    visited = [(w1, w2)]
    for _ in range(steps):
        error = w1 * w2 - 1
        w1, w2 = w1 - rate * (2 * error * w2), w2 - rate * (2 * error * w1)
        visited.append((w1, w2))
        if max(abs(w1), abs(w2)) > 1000:
            break
    return visited


@in_browser("saddle", lambda controls: {})
def saddle(rate: float, w1: float, w2: float) -> Picture:
    """Sixty steps of gradient descent in the landscape of a network of two weights, (w₁w₂ − 1)².

    Parameters
    ----------
    rate
        The learning rate α.
    w1, w2
        The first weights.
    """
    path = two_weights(rate, w1, w2)
    losses = [(one * two - 1) ** 2 for one, two in path]

    figure, axes = _steady_panel(3.9)
    for level in (0.1, 0.5, 1.0, 2.5, 6.0, 12.0):
        for product in (1 + math.sqrt(level), 1 - math.sqrt(level)):
            _hyperbola(axes, product, color=MUTED, linewidth=0.8)
    _hyperbola(axes, 1.0, color=GREEN, linewidth=2.5)
    axes.text(1.45, 0.28, "loss 0", color=GREEN)
    axes.plot(0, 0, "x", color=INK, markersize=9, markeredgewidth=1.8)
    axes.annotate("saddle", (0, 0), (8, 6), textcoords="offset points")
    axes.plot(*zip(*path, strict=True), "o-", color=ORANGE, linewidth=1.2, markersize=4)
    axes.plot(w1, w2, "s", color=INK, markersize=7)
    axes.annotate("start", (w1, w2), (8, -14), textcoords="offset points")
    axes.set(
        xlabel="weight w₁", ylabel="weight w₂", xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), aspect="equal"
    )
    axes.grid(visible=False)

    chart, axes = _steady_panel(3.9)
    axes.plot(range(len(losses)), [max(loss, 1e-12) for loss in losses], "o-", color=ORANGE,
              markersize=4)  # fmt: skip
    axes.axhline(1, color=INK, linewidth=1, linestyle=":")
    axes.text(60, 1, "at the saddle", ha="right", va="bottom")
    axes.set(xlabel="step", ylabel="loss", yscale="log", xlim=(0, 60), ylim=(1e-8, 1e3))
    axes.set_yticks((1e2, 1, 1e-2, 1e-4, 1e-6), ("100", "1", "0.01", "0.0001", "0.000001"))
    axes.minorticks_off()

    told = (
        f"α = {rate:g}, start ({written(w1, 3)}, {written(w2, 3)}), where the loss is "
        f"{written(losses[0], 3)}: {_end(rate, *path[-1])}"
    )
    return Picture(
        (figure, chart),
        "The landscape of a network of two weights, seen from above: two curved valleys of loss "
        "0, one where both weights are positive and one where both are negative, and between "
        "them, at (0, 0), a saddle with loss 1. Beside it the loss against the step. "
        f"{told}",
        told,
    )


def _hyperbola(axes: Axes, product: float, **look: Any) -> None:
    """Draw the points with w₁ w₂ = ``product``: two branches, and for 0 the axes themselves."""
    for sign in (1, -1):
        if abs(product) < 1e-9:
            axes.plot((-3 * sign, 0), (0, 0), **look)
            axes.plot((0, 0), (0, 3 * sign), **look)
            continue
        ends = (math.log(abs(product) / 3), math.log(3))
        along = [math.exp(ends[0] + (ends[1] - ends[0]) * i / 60) for i in range(61)]
        axes.plot([sign * w for w in along], [sign * product / w for w in along], **look)


def _end(rate: float, w1: float, w2: float) -> str:
    """Return where sixty steps on (w₁w₂ − 1)² have led, in words."""
    loss = (w1 * w2 - 1) ** 2
    if max(abs(w1), abs(w2)) > 1000:
        return "the weights fly apart."
    if math.hypot(w1, w2) < 1e-3:
        return "after 60 steps it rests on the saddle, with next to no gradient and a loss of 1."
    place = f"({written(w1, 3)}, {written(w2, 3)})"
    if loss < 1e-6:
        curvature = 2 * (w1 * w1 + w2 * w2)
        return (
            f"after 60 steps it is on the floor of a valley, at {place}. There λₘₐₓ = "
            f"{written(curvature, 3)}, and the edge 2/λₘₐₓ = {written(2 / curvature, 3)}."
        )
    if rate > 0.5:  # 2/λₘₐₓ of the widest floor, which is at (1, 1)
        return (
            f"after 60 steps it is at {place} with a loss of {written(loss, 2)}, and no floor is "
            "wide enough to come to rest on at this rate."
        )
    return f"after 60 steps it is still on its way, at {place} with a loss of {written(loss, 2)}."


def excess_loss(
    curves: Mapping[str, Tensor],
    *,
    ylabel: str = "loss above the minimum (nats)",
    alt: str,
    caption: str = "",
) -> Picture:
    """Draw how far above the lowest loss each run is, on a logarithmic scale.

    ``curves`` maps a run's name to its values, (steps + 1,), the first before any step.
    """
    figure, axes = panel(4.8, 3.4)
    for (name, values), style, colour in zip(curves.items(), _STYLES, SERIES, strict=False):
        axes.plot(range(len(values)), values, linestyle=style, color=colour, label=name)
    axes.set(xlabel="step", ylabel=ylabel, yscale="log")
    axes.margins(x=0)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, columnspacing=1.2)
    return Picture((figure,), alt, caption)


def dying(shares: Mapping[str, Tensor], *, caption: str = "") -> Picture:
    """Draw the share of a layer's units that are dead, step by step, one curve a run.

    ``shares`` maps a run's name to its values, (steps + 1,), the first before any step. The
    written alternative tells quarters, which hold on every machine; beyond the edge of stability
    the last digit of a sum decides about single units.
    """
    figure, axes = panel(4.8, 3.2)
    told = []
    for (name, values), style, colour in zip(shares.items(), _STYLES, SERIES, strict=False):
        axes.plot(range(len(values)), values, linestyle=style, color=colour, label=name)
        told.append(f"with {name} {_quarters(values[-1].item())} after {len(values) - 1} steps")
    falls = any((values.diff() < 0).any() for values in shares.values())
    axes.set(xlabel="step", ylabel="dead units of the first layer", ylim=(0, 1.03))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.margins(x=0)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, columnspacing=1.2)
    return Picture(
        (figure,),
        "The share of the first layer's units that are dead, against the step: "
        f"{', '.join(told)}. {'Curves fall, too.' if falls else 'No curve ever falls.'}",
        caption,
    )


def _quarters(share: float) -> str:
    """Say how large a share is, in words, to a quarter."""
    if share in (0, 1):
        return "all" if share else "none"
    low = int(share * 4)
    return ("under a quarter", "over a quarter", "over a half", "over three quarters")[low]


def sharpness(
    steps: Sequence[int],
    losses: Tensor,
    curvatures: Tensor,
    rate: float,
    *,
    alt: str,
    caption: str = "",
) -> Picture:
    """Draw the loss of a training run, and the largest curvature λmax at the weights reached.

    Parameters
    ----------
    steps
        n step numbers at which both were taken.
    losses, curvatures
        (n,) mean losses in nats, and largest eigenvalues of the Hessian.
    rate
        The learning rate α; 2/α is drawn.
    """
    figure, axes = panel(4.4, 3.1)
    axes.plot(steps, losses, color=BLUE)
    axes.set(xlabel="step", ylabel="mean loss (nats)", ylim=(0, None), xlim=(0, max(steps)))
    chart, axes = panel(4.4, 3.1)
    axes.plot(steps, curvatures, "o-", color=ORANGE, markersize=4)
    axes.axhline(2 / rate, color=INK, linewidth=1.2, linestyle="--")
    axes.annotate(
        f"2/α = {2 / rate:g}",
        (max(steps), 2 / rate),
        (-4, -14),
        textcoords="offset points",
        ha="right",
        va="top",
    )
    axes.set(xlabel="step", ylabel="largest curvature λₘₐₓ", ylim=(0, None), xlim=(0, max(steps)))
    return Picture((figure, chart), alt, caption)


def batch_noise(
    sizes: Sequence[int], measured: Tensor, predicted: Tensor, *, alt: str, caption: str = ""
) -> Picture:
    """Draw the noise of a minibatch's gradient against the size of the batch, both logarithmic.

    ``measured`` and ``predicted`` are (n,), relative to the length of the full gradient.
    """
    figure, axes = panel(4.6, 3.1)
    axes.plot(sizes, predicted, color=BLUE, label="σ/√B")
    axes.plot(sizes, measured, "o", color=ORANGE, markersize=7, label="measured")
    axes.axhline(1, color=INK, linewidth=1, linestyle=":")
    axes.set(xscale="log", yscale="log", xlabel="batch size B", ylabel="noise / full gradient")
    levels = (0.5, 1, 2, 4, 8, 16)
    axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axes.set_yticks(levels, [f"{level:g}" for level in levels])
    axes.minorticks_off()
    axes.legend()
    return Picture((figure,), alt, caption)


def _contours(axes: Axes, bowl: Bowl) -> None:
    """Draw the map of a bowl: lines of equal loss, which are ellipses, and the minimum."""
    curvatures, directions = torch.linalg.eigh(bowl.hessian)
    angle = math.degrees(math.atan2(directions[1, 0].item(), directions[0, 0].item()))
    for excess in (0.01, 0.05, 0.2, 0.6, 1.4, 2.8, 5.0, 8.0):
        width, height = (2 * torch.sqrt(2 * excess / curvatures)).tolist()
        axes.add_patch(
            Ellipse(
                _point(bowl.minimum),
                width,
                height,
                angle=angle,
                fill=False,
                edgecolor=MUTED,
                linewidth=0.8,
            )
        )
    axes.plot(*bowl.minimum.tolist(), "+", color=INK, markersize=10, markeredgewidth=1.8)
    axes.set(
        xlabel="weight w₁", ylabel="weight w₂", xlim=(-1.3, 2.3), ylim=(-1.3, 1.9), aspect="equal"
    )
    axes.grid(visible=False)


def _point(w: Tensor) -> tuple[float, float]:
    """Two weights as matplotlib takes a place."""
    return w[0].item(), w[1].item()


def _steady_panel(height: float) -> tuple[Figure, Axes]:
    """Return a panel with fixed margins, so that its frame stays where it is while a slider moves.

    To lay out the letters anew would also take as long as to draw the rest.
    """
    figure, axes = panel(4.4, height)
    figure.set_layout_engine("none")
    axes.set_position((0.19, 0.5 / height, 0.78, 1 - 0.8 / height))
    return figure, axes
