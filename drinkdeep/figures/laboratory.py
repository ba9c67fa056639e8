"""Figures in which the network of the book is trained, in the reader's browser."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from drinkdeep.figures.picture import Picture, alive, panel


@dataclass(frozen=True)
class Laboratory:
    """The value of a cell that calls :func:`laboratory` or :func:`several_runs`.

    It is alive in the published page, where the ``module`` of ``book/assets/figures/`` takes the
    place of the still and trains with ``book/assets/training``, as ``model`` says. Elsewhere the
    still says so: JupyterLab has PyTorch itself.
    """

    still: Picture
    module: str = "laboratory"
    model: Mapping[str, object] = field(default_factory=dict)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {
            "text/plain": f"Interactive figure: {self.still.alt}",
            "text/html": alive(self.still.html(), self.module, json.dumps(self.model)),
        }


def laboratory(model: nn.Module, images: Tensor, labels: Tensor) -> Laboratory:
    """Draw the laboratory; its still is what an untrained ``model`` answers to ten test digits.

    Parameters
    ----------
    model
        Gives log-probabilities or scores (N, 10) for images (N, 784).
    images, labels
        The test set, (N, 1, 28, 28) and (N,); the first digit of each class is shown.
    """
    chosen = torch.stack([(labels == digit).nonzero()[0, 0] for digit in range(10)])
    with torch.inference_mode():
        answers = model(images[chosen].flatten(1)).argmax(dim=1)
    right = int((answers == labels[chosen]).sum())
    figure, axes = panel(4.8, 0.6)
    axes.imshow(torch.cat([*images[chosen, 0]], dim=1).numpy())
    axes.set_axis_off()
    return Laboratory(
        Picture(
            (figure,),
            alt="Ten handwritten test digits, from 0 to 9. A network that has learned nothing "
            f"reads them as {', '.join(map(str, answers.tolist()))}: {right} of ten are right. "
            "Where scripts run you train the network here, and watch its answers, its loss, its "
            "accuracy and its weights.",
            caption="An untrained network reads these as "
            f"{', '.join(map(str, answers.tolist()))}. In the published book, in a browser that "
            "runs scripts, it is trained here before your eyes. In JupyterLab you do it yourself: "
            "run the loop below.",
        )
    )


def several_runs(
    setting: str,
    values: Sequence[float],
    *,
    first: float,
    steps: int,
    still: Picture,
    **others: float,
) -> Laboratory:
    """Draw runs that differ in one setting alone, which the reader has trained one after another.

    Each takes batches of 64 of 8,000 training images, and is judged by 2,000 others of them; the
    test set is left alone. Chapter 2 varies the learning rate, chapter 7 the seed.

    Parameters
    ----------
    setting
        ``"rate"`` or ``"seed"``.
    values, first
        Those that it can take, and the one that is chosen at first.
    steps
        Of each run; 125 are an epoch.
    still
        What is there without scripts, in print and in JupyterLab; its caption says that the page
        trains.
    others
        Settings of all runs that aren't the article's, as ``rate`` and ``momentum``.

    Examples
    --------
    >>> from drinkdeep.figures import panel
    >>> still = Picture((panel()[0],), alt="Three runs.", caption="In the page they are trained.")
    >>> several_runs("seed", range(10), first=0, steps=625, still=still, rate=0.1).model["others"]
    {'rate': 0.1}
    """
    return Laboratory(
        still,
        "several_runs",
        {
            "setting": setting,
            "values": list(values),
            "first": first,
            "steps": steps,
            "others": others,
        },
    )
