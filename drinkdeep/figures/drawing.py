"""The sheet on which the reader draws a digit, and the network reads it as it is drawn."""

import base64
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from drinkdeep import mnist
from drinkdeep.figures.picture import CSS, Picture, alive

FRONT_END = Path(__file__).parents[2] / "book" / "assets" / "figures" / "draw.js"
"""What draws and reads in the browser, of a page and of JupyterLab; a part of the repository."""


@dataclass(frozen=True)
class Sheet:
    """A sheet to draw on; the value of a cell that calls :func:`sheet`.

    It is alive in the published page and in JupyterLab, where ``book/assets/figures/draw.js`` takes
    the place of the still. Where that can't be, the still is shown: without scripts, without a
    kernel, and where the package was installed without the repository.
    """

    still: Picture
    data: dict[str, Any]

    def html(self) -> str:
        """Return the still, and within it the data that bring the figure to life."""
        return alive(self.still.html(), "draw", json.dumps(self.data))

    def widget(self) -> Any:
        """Make an anywidget of the sheet, whose front ends are modules of the form of a page's."""
        import anywidget
        import traitlets

        class DrawingSheet(anywidget.AnyWidget):
            _esm = FRONT_END
            _css = CSS + FRONT_END.with_suffix(".css").read_text(encoding="utf-8")
            sizes = traitlets.List(traitlets.Int()).tag(sync=True)
            weights = traitlets.Unicode().tag(sync=True)
            examples = traitlets.Dict().tag(sync=True)
            mistakes = traitlets.Dict().tag(sync=True)

        # The class is that of all figures, which have the colours of JupyterLab's theme by it.
        return DrawingSheet(**self.data).add_class("dd-figure")

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        words = {"text/plain": f"Interactive figure: {self.still.alt}", "text/html": self.html()}
        if not FRONT_END.is_file():
            return words
        view, _metadata = self.widget()._repr_mimebundle_()
        return {**view, **words}


def sheet(
    model: nn.Sequential, images: Tensor, labels: Tensor, *, examples: Tensor, still: Picture
) -> Sheet:
    """Return a sheet that ``model`` reads.

    Parameters
    ----------
    model
        Linear layers with ReLU between them, that give log-probabilities or scores (B, 10).
    images, labels
        The test set, (N, 1, 28, 28) and (N,). Offered are ``examples``, some of its numbers, and
        the twelve that the model mistakes most confidently. The first example lies on the sheet
        when the page opens.
    still
        What is shown where no script runs.
    """
    layers = [layer for layer in model if isinstance(layer, nn.Linear)]
    data = {
        "sizes": [layers[0].in_features, *(layer.out_features for layer in layers)],
        "weights": data_url(pack(model)),
        "examples": digits(images[examples], labels[examples]),
    }
    with torch.inference_mode():
        probabilities, answers = model(images.flatten(1)).softmax(dim=1).max(dim=1)
    mistakes = (probabilities * (answers != labels)).argsort(descending=True)[:12]
    data["mistakes"] = digits(images[mistakes], labels[mistakes])
    return Sheet(still, data)


def pack(model: nn.Module) -> bytes:
    """Return all parameters, in the order of ``state_dict()``, rounded to 2⁻²² and gzipped.

    That is 24 bits for a parameter, 22 of them after the point. It changes a probability by some
    millionths, no more than the rounding of float32 does on the way to it, and saves a third of the
    file. First come the highest bytes of all, which differ little and so pack well, then the middle
    ones, then the lowest. Raises ``ValueError`` if
    a parameter is not between −2 and 2.
    """
    flat = nn.utils.parameters_to_vector(model.parameters()).detach().double()
    whole = torch.round(flat * 2**22)
    if not bool((whole.abs() < 2**23).all()):
        raise ValueError("A parameter is not between −2 and 2, so it can't be packed.")
    # Little-endian: the fourth byte, only a repetition of the sign, is left out.
    bytes_of = whole.to(torch.int32).numpy().astype("<i4").view(np.uint8).reshape(-1, 4)
    return gzip.compress(bytes_of[:, 2::-1].T.tobytes(), mtime=0)


def digits(images: Tensor, labels: Tensor) -> dict[str, Any]:
    """Images as the bytes of the data set, in base64, and their labels."""
    pixels = ((images * mnist.STD + mnist.MEAN) * 255).round().to(torch.uint8)
    encoded = base64.b64encode(pixels.numpy().tobytes()).decode()
    return {"images": encoded, "labels": labels.tolist()}


def data_url(content: bytes) -> str:
    """Return the address that holds ``content`` itself."""
    return f"data:application/octet-stream;base64,{base64.b64encode(content).decode()}"
