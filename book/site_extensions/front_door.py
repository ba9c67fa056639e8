"""Sphinx extension: the first page shows a network that knows nothing, ready to be trained.

Ten digits, ten names that the untrained network gives them, one button, which
``book/assets/figures/first_run.js`` puts there. Without scripts a sentence stands in its place.
"""

import base64
import io
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

PAGE = "book/index"


def still() -> str:
    """Return the figure as it is before any script: HTML, with the untrained network's answers."""
    # Torch is slow to import, and only one page of a build needs it.
    import torch
    from PIL import Image

    from drinkdeep import mnist, models

    images, labels = (part[::5] for part in mnist.tensors(train=False))  # those of digit_files.py
    chosen = torch.cat([(labels == digit).nonzero().flatten()[:1] for digit in range(10)])
    with torch.inference_mode():
        answers = models.article_model(seed=0)(images[chosen].flatten(1)).argmax(dim=1)
    tiles = []
    for image, label, answer in zip(images[chosen], labels[chosen], answers, strict=True):
        file = io.BytesIO()
        levels = ((image[0] + 1) * 127.5).round().to(torch.uint8).numpy()
        Image.fromarray(levels).save(file, "PNG", optimize=True)
        data = base64.b64encode(file.getvalue()).decode()
        hit = bool(answer == label)
        tiles.append(
            f'<li class="dd-train-{"right" if hit else "wrong"}"><div class="dd-train-digit">'
            f'<img class="dd-pixels" alt="a handwritten {label}" width="28" height="28" '
            f'src="data:image/png;base64,{data}"></div>{answer} {"✓" if hit else "✗"}</li>'
        )
    return (
        '<figure data-explore="first_run" class="dd-first">'
        f'<ol class="dd-train-answers">{"".join(tiles)}</ol>'
        '<p class="dd-first-bar">These ten names are what a network says that has learned nothing. '
        "In a browser that runs scripts you train it here.</p>"
        '<script type="application/json">{}</script></figure>'
    )


class FrontDoor(SphinxTransform):
    """Put the figure below the title of the first page."""

    default_priority = 300

    def apply(self) -> None:
        """Insert it."""
        if self.env.docname != PAGE:
            return
        title = next(self.document.findall(nodes.title))
        title.parent.insert(title.parent.index(title) + 1, nodes.raw("", still(), format="html"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to the reading of pages."""
    app.add_transform(FrontDoor)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
