"""The laboratory: the network of the book, trained in the reader's browser."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from drinkdeep.figures.picture import Picture, alive, panel


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
    """The laboratory, with what an untrained ``model`` answers to ten test digits as its still.

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
