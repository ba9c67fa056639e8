"""Pictures of a training run: its four steps, its curves, its mistakes, and runs that go wrong."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter
from torch import Tensor

from drinkdeep import models
from drinkdeep.figures.browser import grey, in_browser, numbers
from drinkdeep.figures.digits import digit_with_probabilities
from drinkdeep.figures.picture import Picture, panel, panel_grid
from drinkdeep.palette import BLUE, GRID, INK, MUTED, ORANGE, SKY, WASH
from drinkdeep.training import Evaluation

Curves = tuple[Sequence[float], Sequence[float]]
"""The losses of all steps of a run, and the accuracies that it reported, at even distances."""


def four_steps(*, alt: str, caption: str = "") -> Picture:
    """Draw the circle of training: what exists, in boxes, and which call makes one of another."""
    figure, axes = panel(4.8, 3.5)
    axes.set(xlim=(0, 10), ylim=(0, 7.3))
    axes.set_axis_off()
    boxes = {
        "weights": (1.75, 6.1, "weights", "W, b"),
        "output": (8.25, 6.1, "output", "B × 10"),
        "loss": (8.25, 1.6, "loss L", "one number"),
        "grad": (1.75, 1.6, "gradients", ".grad"),
    }
    for x, y, name, content in boxes.values():
        axes.add_patch(
            Rectangle((x - 1.45, y - 0.75), 2.9, 1.5, facecolor=WASH, edgecolor=MUTED, lw=1.2)
        )
        axes.text(x, y + 0.3, name, ha="center", va="center", fontweight="bold")
        axes.text(x, y - 0.33, content, ha="center", va="center")
    calls = (
        ((3.3, 6.1), (6.7, 6.1), "1  model(x)", "images x", (5, 6.35)),
        ((8.25, 5.25), (8.25, 2.45), "2  criterion", "labels y", (8.05, 3.95)),
        ((6.7, 1.6), (3.3, 1.6), "3  backward()", "", (5, 1.85)),
        ((1.75, 2.45), (1.75, 5.25), "4  step()", "rate α", (1.95, 3.95)),
    )
    for start, end, call, needs, (x, y) in calls:
        _arrow(axes, start, end, BLUE)
        across = start[1] == end[1]
        side = "center" if across else ("left" if x < 5 else "right")
        axes.text(x, y, call, ha=side, va="bottom", color=BLUE, fontweight="bold")
        axes.text(x, y - 0.5, needs, ha=side, va="top" if across else "center", color=INK)
    # Emptying the gradients is no step of the circle, but the circle goes wrong without it.
    _arrow(axes, (1.75, 0.85), (1.75, 0.12), ORANGE)
    axes.text(2.0, 0.3, "zero_grad() empties them", va="center", color=ORANGE)
    return Picture((figure,), alt, caption)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.8})


def run_curve(
    batch_losses: Sequence[float],
    after: Sequence[float],
    *,
    steps: int,
    alt: str,
    caption: str = "",
) -> Picture:
    """Three readings of one run's loss: of each batch, averaged over an epoch, after an epoch.

    Parameters
    ----------
    batch_losses
        The mean loss of each batch, in the order of the steps, in nats.
    after
        The mean loss over the whole training set before the first epoch and after each.
    steps
        Batches in an epoch.
    """
    figure, axes = panel(4.8, 3.2)
    at = [step / steps for step in range(len(batch_losses))]
    axes.plot(at, batch_losses, color=SKY, linewidth=0.5, label="one batch")
    for epoch, losses in enumerate(_chunks(batch_losses, steps)):
        mean = sum(losses) / len(losses)
        label = "mean during the epoch" if epoch == 0 else None
        axes.plot((epoch, epoch + 1), (mean, mean), color=ORANGE, linewidth=2.4, label=label)
    axes.plot(range(len(after)), after, "o", color=INK, label="whole set, weights standing still")
    axes.set(xlabel="epochs done", ylabel="loss (nats)", xlim=(-0.1, len(after) - 0.9))
    axes.set_ylim(bottom=0)
    axes.legend()
    return Picture((figure,), alt, caption)


def _chunks(values: Sequence[float], size: int) -> list[Sequence[float]]:
    return [values[start : start + size] for start in range(0, len(values), size)]


def first_steps(
    losses: Mapping[str, Sequence[float]], *, window: int = 20, alt: str, caption: str = ""
) -> Picture:
    """Draw the batch losses of several runs, in nats, averaged over ``window`` steps."""
    figure, axes = panel(4.8, 3.2)
    styles = ((BLUE, "-"), (ORANGE, "--"), (INK, ":"))
    for (name, values), (colour, style) in zip(losses.items(), styles, strict=False):
        means = _means(values, window)
        middles = [window * (number + 0.5) for number in range(len(means))]
        axes.plot(middles, means, color=colour, linestyle=style, label=name)
    axes.set(xlabel="step", ylabel=f"loss, mean of {window} batches (nats)")
    axes.set_ylim(bottom=0)
    axes.legend()
    return Picture((figure,), alt, caption)


def confusion_matrix(counts: Tensor, *, alt: str, caption: str = "") -> Picture:
    """Draw how often each digit was read as each: the counts, and the share that was read right.

    Parameters
    ----------
    counts
        (10, 10): row = label, column = the network's answer.
    """
    rows, shares = counts.tolist(), (counts / counts.sum(dim=1, keepdim=True)).tolist()
    most = max(shares[i][j] for i in range(10) for j in range(10) if i != j)
    figure, axes = panel(4.6, 4.4)
    for label in range(10):
        for answer in range(10):
            right = label == answer
            # The commonest mistake has the strongest tint; 0.55 of it still leaves ink legible.
            strength = 0.3 if right else 0.55 * shares[label][answer] / most
            axes.add_patch(
                Rectangle(
                    (answer - 0.5, label - 0.5),
                    1,
                    1,
                    facecolor=BLUE if right else ORANGE,
                    alpha=strength,
                    linewidth=0,
                )
            )
            if rows[label][answer]:
                axes.text(
                    answer, label, f"{rows[label][answer]}", ha="center", va="center", fontsize=9
                )
    axes.set(xlim=(-0.5, 9.5), ylim=(9.5, -0.5), xticks=range(10), yticks=range(10))
    axes.set(xlabel="read as", ylabel="label", aspect="equal")
    axes.grid(visible=False)
    chart, dots = panel(2.5, 4.4)
    recall = [shares[digit][digit] for digit in range(10)]
    left = max(0.0, min(recall) - 0.07)
    dots.hlines(range(10), left, recall, color=GRID, linewidth=2)
    dots.plot(recall, range(10), "o", color=BLUE)
    for digit, share in enumerate(recall):
        dots.text(share + 0.02, digit, f"{share:.0%}", va="center", fontsize=9)
    dots.set(xlim=(left, 1.09), ylim=(9.5, -0.5), yticks=range(10))
    dots.set(xlabel="share read right", ylabel="label")
    dots.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    dots.grid(axis="y", visible=False)
    return Picture((figure, chart), alt, caption)


def _predictions_in_browser(
    _: object, images: Tensor, probabilities: Tensor, labels: Tensor
) -> dict[str, Any]:
    low, high = images.min(), images.max()
    return {
        "images": grey((images - low) / (high - low)),
        "probabilities": numbers(probabilities),
        "labels": labels.tolist(),
    }


@in_browser("prediction", _predictions_in_browser)
def prediction(images: Tensor, probabilities: Tensor, labels: Tensor, number: int) -> Picture:
    """Draw one digit of a set beside what the network makes of it.

    Parameters
    ----------
    images, probabilities, labels
        (N, 1, 28, 28) or (N, 784), (N, 10) and (N,).
    number
        Which of the N digits, from 0.
    """
    label, answer = int(labels[number]), int(probabilities[number].argmax())
    verdict = "right" if answer == label else "wrong"
    return digit_with_probabilities(
        images[number],
        probabilities[number],
        label,
        alt=f"Test digit {number:,}, a {label}, beside its ten class probabilities. The largest is "
        f"that of {answer}, so the answer is {verdict}.",
        caption=f"Test digit {number:,} is a {label}. The network reads {answer}, with a "
        f"probability of {probabilities[number].max():.1%}: {verdict}.",
    )


LEVELS = 31
"""Shades of the change of a weight in a page, on either side of none: more would weigh more."""


class Run:
    """A finished run of the reference model, to be looked at epoch by epoch.

    Parameters
    ----------
    states
        The weights before the first epoch and after each, as ``article_model().state_dict()``.
    training
        How well each of them does on the training set.
    images, labels
        The test set, (N, 1, 28, 28) or (N, 784), and (N,).
    """

    def __init__(
        self,
        states: Sequence[Mapping[str, Tensor]],
        training: Sequence[Evaluation],
        images: Tensor,
        labels: Tensor,
    ) -> None:
        """Ask each of the models for all its answers, once."""
        self._training = training
        self._images, self._labels = images.flatten(1), labels
        self._outputs = [_outputs(state, self._images) for state in states]
        self._accuracies = [
            (output.argmax(dim=1) == labels).double().mean().item() for output in self._outputs
        ]
        first = states[0]["0.weight"]
        changes = [state["0.weight"] - first for state in states]
        # The same sixteen units at every epoch: those that the whole run has changed most.
        units = changes[-1].norm(dim=1).topk(16).indices
        self._changes = [change[units] for change in changes]

    def _in_browser(self) -> dict[str, Any]:
        hardest = [self._hardest_digits(epoch) for epoch in range(len(self._outputs))]
        shown = sorted({digit for digits in hardest for digit, _, _ in digits})
        changes = torch.stack([self._strengths(epoch) for epoch in range(len(self._outputs))])
        steps = (changes * LEVELS).round().to(torch.int8)
        return {
            "losses": [evaluation.loss for evaluation in self._training],
            "accuracies": self._accuracies,
            "count": len(self._labels),
            # (epochs + 1, 16, 28, 28), one signed byte each: −LEVELS to LEVELS.
            "levels": LEVELS,
            "changes": base64.b64encode(steps.contiguous().numpy().tobytes()).decode(),
            "digits": grey((self._images[shown] + 1) / 2),
            # Of each epoch nine times: which of the digits, its label, the answer.
            "hardest": [
                [[shown.index(digit), label, answer] for digit, label, answer in digits]
                for digits in hardest
            ],
        }

    @in_browser("at_epoch", lambda controls, run: run._in_browser())
    def at_epoch(self, epoch: int) -> Picture:
        """Loss and accuracy up to an epoch, the first layer's weights and the hardest digits."""
        loss, accuracy = self._training[epoch].loss, self._accuracies[epoch]
        right = round(accuracy * len(self._labels))
        alt = (
            f"The run after epoch {epoch}: loss {loss:.2f} on the training set, {accuracy:.0%} of "
            "the test set right. Beside the two curves: what the run has added to the weights of "
            "sixteen units of the first layer, and the nine test digits with the largest loss."
        )
        caption = (
            f"Epoch {epoch}: training loss {loss:.2f} nats, {right:,} of {len(self._labels):,} "
            "test digits right. Change of weights: sixteen units of the first layer, blue where a "
            "weight has grown, orange where it has shrunk. Hardest digits: label → answer."
        )
        panels = (self._curves(epoch), self._weights(epoch), self._hardest(epoch))
        return Picture(panels, alt, caption)

    def _curves(self, epoch: int) -> Figure:
        figure, ((upper,), (lower,)) = panel_grid(2, 1, 3.0, 2.7)
        losses = [evaluation.loss for evaluation in self._training]
        for axes, values, colour in ((upper, losses, BLUE), (lower, self._accuracies, ORANGE)):
            axes.plot(values, color=colour, marker="o", markersize=4)
            axes.plot(epoch, values[epoch], "o", color=colour, markersize=10)
            axes.axvline(epoch, color=MUTED, linestyle=":", linewidth=1.2)
            axes.set_xticks(range(len(values)))
        upper.set(ylabel="training\nloss (nats)", ylim=(0, 2.6))
        upper.tick_params(labelbottom=False)
        lower.set(ylabel="test\naccuracy", ylim=(0, 1.05), yticks=(0, 0.5, 1), xlabel="epoch")
        lower.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        return figure

    def _weights(self, epoch: int) -> Figure:
        scaled = self._strengths(epoch)
        up, down = torch.tensor(to_rgb(BLUE)), torch.tensor(to_rgb(ORANGE))
        colour = torch.where(scaled[..., None] > 0, up, down)
        # No change is transparent, so that one picture serves a light page and a dark one.
        tiles = torch.cat([colour, scaled.abs()[..., None]], dim=-1)
        figure, axes = panel(2.0, 2.3)
        _mosaic(axes, tiles, columns=4, gap=3)
        axes.set_title("change of weights", fontsize=10)
        return figure

    def _strengths(self, epoch: int) -> Tensor:
        """Return the changes of the sixteen units' weights, (16, 28, 28), in [−1, 1]."""
        # One scale for all epochs, so that the eye sees the weights move.
        strength = self._changes[-1].abs().quantile(0.995)
        return (self._changes[epoch] / strength).clamp(-1, 1).reshape(16, 28, 28)

    def _hardest_digits(self, epoch: int) -> list[tuple[int, int, int]]:
        """Return the number, label and answer of the nine test digits with the largest loss."""
        output = self._outputs[epoch]
        losses = -output.gather(1, self._labels[:, None]).squeeze(1)
        hardest = losses.topk(9).indices
        labels, answers = self._labels[hardest], output[hardest].argmax(dim=1)
        return list(zip(hardest.tolist(), labels.tolist(), answers.tolist(), strict=True))

    def _hardest(self, epoch: int) -> Figure:
        digits = self._hardest_digits(epoch)
        # Grey levels, as red, green, blue and opacity.
        levels = (self._images[[number for number, _, _ in digits]].reshape(9, 28, 28, 1) + 1) / 2
        tiles = torch.cat([levels.expand(-1, -1, -1, 3), torch.ones_like(levels)], dim=-1)
        figure, axes = panel(2.0, 2.55)
        _mosaic(axes, tiles, columns=3, gap=11)
        for place, (_, label, answer) in enumerate(digits):
            row, column = divmod(place, 3)
            axes.text(column * 39 + 14, row * 39 - 2, f"{label}→{answer}", ha="center", fontsize=9)
        axes.set_title("hardest digits", fontsize=10)
        return figure


def _outputs(state: Mapping[str, Tensor], images: Tensor) -> Tensor:
    """Log-probabilities (N, 10) of the reference model with these weights."""
    model = models.article_model()
    model.load_state_dict(state)
    with torch.inference_mode():
        output: Tensor = model(images)
    return output


def _mosaic(axes: Axes, tiles: Tensor, *, columns: int, gap: int) -> None:
    """Squares (N, 28, 28, 4), a full number of rows, drawn as one image because that is fast."""
    rows = len(tiles) // columns
    spaced = torch.nn.functional.pad(tiles, (0, 0, 0, gap, 0, gap))  # transparent between them
    whole = spaced.unflatten(0, (rows, columns)).transpose(1, 2).flatten(2, 3).flatten(0, 1)
    axes.imshow(whole.numpy(), extent=(0, columns * (28 + gap), rows * (28 + gap), 0))
    axes.set(xlim=(0, columns * (28 + gap) - gap), ylim=(rows * (28 + gap) - gap, -gap))
    axes.set_axis_off()


def loops(curves: Mapping[str, Curves], *, alt: str, caption: str = "") -> Picture:
    """Loss and reported accuracy of several runs, one panel each; the first is the reference.

    The reference is repeated in the other panels as a dashed line.
    """
    reference = next(iter(curves.values()))
    panels = [_loop(name, run, reference) for name, run in curves.items()]
    return Picture(tuple(panels), alt, caption)


def _loop(name: str, run: Curves, reference: Curves) -> Figure:
    figure, ((upper,), (lower,)) = panel_grid(2, 1, 3.4, 3.0)
    losses, accuracies = run
    per_epoch = len(losses) // len(accuracies)
    epochs = range(1, len(accuracies) + 1)
    for axes, values, usual in zip(
        (upper, lower),
        (_means(losses, per_epoch), accuracies),
        (_means(reference[0], per_epoch), reference[1]),
        strict=True,
    ):
        if run is not reference:
            axes.plot(epochs, usual, color=MUTED, linestyle="--", linewidth=1.2)
        axes.plot(epochs, values, color=BLUE if axes is upper else ORANGE)
    upper.set(ylabel="loss (nats)", ylim=(0, 3))
    upper.set_title(name, loc="left")
    upper.tick_params(labelbottom=False)
    lower.set(ylabel="reported\naccuracy", ylim=(0, 1.05), yticks=(0, 0.5, 1), xlabel="epoch")
    lower.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure


def _means(values: Sequence[float], size: int) -> list[float]:
    return [sum(chunk) / len(chunk) for chunk in _chunks(values, size)]
