"""Curves over the course of training."""

from matplotlib.ticker import MaxNLocator

from drinkdeep.figures.picture import Picture, panel
from drinkdeep.training import History


def loss_curve(*histories: History, alt: str, caption: str = "") -> Picture:
    """Draw the mean loss of each epoch, one curve a history, and validation's where it was taken.

    The loss is in nats, the unit of a natural logarithm; epochs are counted from 1.
    """
    figure, axes = panel()
    for history in histories:
        epochs = range(1, len(history.losses) + 1)
        name = history.name or "training"
        (line,) = axes.plot(epochs, history.losses, marker="o", label=name)
        if history.validation_losses:
            axes.plot(
                epochs,
                history.validation_losses,
                marker="s",
                linestyle="--",
                color=line.get_color(),
                label=f"{history.name} validation".strip(),
            )
    axes.set(xlabel="epoch", ylabel="mean loss (nats)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    if len(axes.lines) > 1:
        axes.legend()
    return Picture((figure,), alt, caption)
