"""What a figure hands to the page, so that there it answers to the hand without Python.

A figure of the book is drawn twice over from one set of numbers: by its Python function, and by
a small JavaScript module, ``book/assets/figures/NAME.js``. The tests hold the two together: at
the same values both must say the same words.
"""

import base64
from collections.abc import Callable, Mapping
from functools import partial
from types import MethodType
from typing import Any, TypeVar

import torch
from torch import Tensor

Draw = TypeVar("Draw", bound=Callable[..., object])


def in_browser(module: str, data: Callable[..., Mapping[str, Any]]) -> Callable[[Draw], Draw]:
    """Mark a drawing function whose figure a page draws with ``book/assets/figures/MODULE.js``.

    ``data`` returns what the module draws from, in terms of JSON. It is called with the figure's
    controls by name, and with the arguments that the chapter has bound with ``functools.partial``.
    """

    def mark(draw: Draw) -> Draw:
        vars(draw).update(module=module, data=data)
        return draw

    return mark


def module_and_data(
    draw: Callable[..., object], controls: Mapping[str, Any]
) -> tuple[str, Mapping[str, Any]]:
    """Return the module of a function marked with :func:`in_browser`, and what it draws from."""
    if isinstance(draw, MethodType):
        draw = partial(draw.__func__, draw.__self__)
    bound = draw if isinstance(draw, partial) else partial(draw)
    marks = vars(bound.func)
    return marks["module"], marks["data"](controls, *bound.args, **bound.keywords)


def numbers(values: Tensor) -> Any:
    """Return the tensor as nested lists; of float32 the nine digits that it takes to tell it."""
    if values.dtype == torch.float32:
        return [numbers(v) for v in values] if values.dim() else float(f"{values.item():.9g}")
    return values.tolist()


def grey(images: Tensor) -> str:
    """Pixels in [0, 1], of any shape, as one byte each: base64, which unpacks row by row."""
    whole = (images * 255).round().to(torch.uint8)
    return base64.b64encode(whole.contiguous().numpy().tobytes()).decode()
