"""The laboratory: the network of the book, trained in the reader's browser."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from drinkdeep.figures.digits import digit_grid
from drinkdeep.figures.picture import Picture, alive


@dataclass(frozen=True)
class Laboratory:
    """The value of a cell that calls :func:`laboratory`.

    It is alive in the published page, where ``book/assets/figures/laboratory.js`` takes the place
    of the still and trains with ``book/assets/training``. Elsewhere the still says so: JupyterLab
    has PyTorch itself.
    """

    still: Picture

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {
            "text/plain": f"Interactive figure: {self.still.alt}",
            "text/html": alive(self.still.html(), "laboratory", "{}"),
        }


def laboratory(model: nn.Module, images: Tensor, labels: Tensor) -> Laboratory:
    """The laboratory, with what an untrained ``model`` answers to test digits as its still.

    Parameters
    ----------
    model
        Gives log-probabilities or scores (N, 10) for images (N, 784).
    images, labels
        The test set, (N, 1, 28, 28) and (N,); three digits of each class are shown, those of
        the page: each fifth image is in the test set of a page.
    """
    images, labels = images[::5], labels[::5]
    chosen = torch.cat([(labels == digit).nonzero().flatten()[:3] for digit in range(10)])
    images, labels = images[chosen], labels[chosen]
    with torch.inference_mode():
        answers = model(images.flatten(1)).argmax(dim=1)
    right = int((answers == labels).sum())
    marks = ["right" if hit else "wrong" for hit in answers == labels]
    return Laboratory(
        digit_grid(
            images,
            [f"{answer}: {mark}" for answer, mark in zip(answers.tolist(), marks, strict=True)],
            columns=6,
            alt="Thirty handwritten test digits, three of each class, each under the answer of a "
            f"network that has learned nothing: {right} of the thirty answers are right. Where "
            "scripts run you train the network here, and watch the answers, its loss, its "
            "accuracy and its weights.",
            caption=f"An untrained network's answers: {right} of thirty are right. In the "
            "published book, in a browser that runs scripts, the network is trained here, before "
            "your eyes. In JupyterLab you do it yourself: run the loop below.",
        )
    )
