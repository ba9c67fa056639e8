"""Scores, softmax and cross-entropy, and what float32 makes of them."""

import itertools
import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from drinkdeep.figures.browser import in_browser
from drinkdeep.figures.picture import Picture, panel, written
from drinkdeep.palette import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE

NAMES = ("cat", "dog", "bird")


@in_browser("scores_to_loss", lambda controls: {})
def scores_to_loss(cat: float, dog: float, bird: float, factor: float = 1.0) -> Picture:
    """Three scores, their probabilities, and the gradient of the loss when *cat* is right.

    All three scores are multiplied by ``factor`` first. Below them stand their exponentials in
    float32, and the caption also gives the loss that is computed from these as they are.
    """
    z = torch.tensor([cat, dog, bird]) * factor
    p = z.softmax(dim=0)
    loss = cross_entropy(z, torch.tensor(0)).item()
    gradient = p - torch.tensor([1.0, 0.0, 0.0])
    powers = z.exp()
    naive = -torch.log(powers[0] / powers.sum()).item()
    # Above this the two ways differ by more than rounding; inf and nan count as different.
    agrees = math.isfinite(naive) and abs(naive - loss) < 1e-3 * max(1.0, loss)

    # The right class is told by its name, not by its colour alone.
    classes = ("cat (right)", *NAMES[1:])
    shares, axes = panel(3.6, 2.9)
    drawn = axes.bar(NAMES, p.tolist(), color=[ORANGE, BLUE, BLUE])
    axes.bar_label(drawn, labels=[f"{value:.3f}" for value in p], padding=2, fontsize=9)
    axes.set(ylim=(0, 1.12), ylabel="probability", yticks=(0, 0.25, 0.5, 0.75, 1))
    below = [
        f"{name}\nz = {written(score, 6)}\n$e^z$ = {written(power, 2)}"
        for name, score, power in zip(classes, z.tolist(), powers.tolist(), strict=True)
    ]
    axes.set_xticks(range(3), below, fontsize=9)
    axes.grid(axis="x", visible=False)

    slopes, axes = panel(3.6, 2.9)
    drawn = axes.bar(NAMES, gradient.tolist(), color=[ORANGE, BLUE, BLUE])
    axes.bar_label(
        drawn, labels=[f"{g:+.3f}".replace("-", "−") for g in gradient], padding=2, fontsize=9
    )
    axes.axhline(0, color=MUTED, linewidth=1)
    axes.set(ylim=(-1.25, 1.25), ylabel="slope ∂ℓ/∂z")
    axes.set_xticks(range(3), classes)
    axes.grid(axis="x", visible=False)
    straight = "the same" if agrees else f"{naive:g}"
    return Picture(
        (shares, slopes),
        alt=f"Two bar charts for the classes cat, dog and bird with the scores "
        f"{', '.join(written(value, 6) for value in z.tolist())}. The probabilities are "
        f"{', '.join(f'{value:.3f}' for value in p)}; the gradient of the loss with respect to the "
        f"scores, when cat is right, is {', '.join(f'{g:+.3f}' for g in gradient)}: it adds up "
        f"to 0. The loss is {loss:.3f} nats.",
        caption=f"Cat is right: loss {loss:.3f} nats. From the exponentials as they are, in "
        f"float32: {straight}.",
    )


def three_ways(gaps: Sequence[float], *, alt: str, caption: str = "") -> Picture:
    """Draw the loss of three classes against the lead of a wrong one, computed in three ways."""
    figure, axes = panel(4.8, 3.3)
    wrong = torch.tensor([[gap, 0.0, 0.0] for gap in gaps])
    exponentials = wrong.exp()
    ways = {
        "exponentials as they are": -torch.log(exponentials[:, 1] / exponentials.sum(dim=1)),
        "log of softmax": -torch.log(wrong.softmax(dim=1)[:, 1]),
        "log-softmax": -wrong.log_softmax(dim=1)[:, 1],
    }
    looks = ((ORANGE, 5.5, "-"), (PURPLE, 3.5, "-"), (INK, 1.4, "--"))
    for (name, losses), (colour, width, style) in zip(ways.items(), looks, strict=True):
        shown = losses.where(losses.isfinite(), torch.nan)
        axes.plot(gaps, shown, style, color=colour, linewidth=width, label=name)
        if not losses.isfinite().all():
            last = int(losses.isfinite().sum()) - 1
            axes.plot([gaps[last]], [losses[last]], "X", color=colour, markersize=11)
    axes.set(xlabel="lead of a wrong class, in scores", ylabel="loss (nats)")
    axes.legend(loc="upper left")
    return Picture((figure,), alt, caption)


def temperatures(z: Tensor, values: Sequence[float], *, alt: str, caption: str = "") -> Picture:
    """Draw the softmax of the scores ``z`` (K,), divided by each of several temperatures."""
    panels = []
    for temperature in values:
        figure, axes = panel(2.5, 2.2)
        axes.bar(range(len(z)), (z / temperature).softmax(dim=0).tolist(), color=BLUE)
        axes.set(ylim=(0, 1), xticks=range(len(z)), xlabel="class", ylabel="probability")
        axes.set_title(f"τ = {temperature:g}")
        axes.grid(axis="x", visible=False)
        panels.append(figure)
    return Picture(tuple(panels), alt, caption)


def first_epoch(
    curves: Mapping[str, Sequence[float]],
    floor: float,
    *,
    window: int = 50,
    alt: str,
    caption: str = "",
) -> Picture:
    """Draw the loss of every step of an epoch for several ways to compute it, as moving averages.

    Each point is the mean of the last ``window`` steps, or of all so far, so that a curve begins
    at the first loss. ``floor`` is marked: a loss that one of them can't fall below.
    """
    figure, axes = panel(4.8, 3.5)
    looks = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (PURPLE, ":"))
    for (name, losses), (colour, style) in zip(curves.items(), looks, strict=False):
        smooth = moving_average(losses, window)
        axes.plot(range(1, len(losses) + 1), smooth, style, color=colour, label=name)
    axes.axhline(floor, color=INK, linewidth=1)
    axes.text(
        len(next(iter(curves.values()))),
        floor - 0.08,
        f"no lower: {floor:.3f}",
        ha="right",
        va="top",
    )
    axes.axhline(0, color=MUTED, linewidth=1)
    axes.set(xlabel="step", ylabel="loss (nats)")
    figure.legend(loc="outside upper center", ncols=2)
    return Picture((figure,), alt, caption)


def moving_average(values: Sequence[float], window: int) -> list[float]:
    """For each value, the mean of the last ``window`` up to it, or of all if there are fewer."""
    sums = [0.0, *itertools.accumulate(values)]
    starts = (max(0, end - window) for end in range(1, len(sums)))
    return [(sums[end] - sums[start]) / (end - start) for end, start in enumerate(starts, start=1)]
