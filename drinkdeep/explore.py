"""Interactive figures: alive in JupyterLab and in the page, a still where nothing can move.

One interface for all of them: a function that draws a :class:`~drinkdeep.figures.Picture` from
plain values, and one control a value. A chapter writes::

    explore(
        partial(descent.parabola, curvature=4.0, minimum=1.0, lowest=1.0),
        rate=Slider("learning rate α", 0.01, 0.62, 0.01, value=0.45),
        start=Slider("start w₀", -2.5, 4.5, 0.1, value=3.8),
    )

In JupyterLab the controls are ipywidgets, and the function draws the picture again as they move.
A published page has no Python: there a module of ``book/assets/figures/`` draws it, from the same
numbers, which lie beside the still. The still is what a reader without scripts sees, so that
nobody meets a dead control.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from drinkdeep.figures.browser import module_and_data
from drinkdeep.figures.picture import Picture, alive


@dataclass(frozen=True)
class Slider:
    """A number from ``start`` to ``stop``, in steps; whole if all four numbers are."""

    label: str
    start: float
    stop: float
    step: float
    value: float

    @property
    def whole(self) -> bool:
        """Whether it counts something."""
        return all(isinstance(x, int) for x in (self.start, self.stop, self.step, self.value))

    def values(self) -> list[float]:
        """Return all the values that it can take."""
        count = round((self.stop - self.start) / self.step) + 1
        return [round(self.start + i * self.step, 9) for i in range(count)]

    def widget(self) -> Any:
        """Return the ipywidget for it."""
        import ipywidgets as widgets

        kind = widgets.IntSlider if self.whole else widgets.FloatSlider
        span = {"min": self.start, "max": self.stop, "step": self.step, "value": self.value}
        return kind(description=self.label, **span, **_WIDE)

    def markup(self) -> dict[str, Any]:
        """Return what a page makes the control of."""
        return {"kind": "slider", "whole": self.whole, **asdict(self)}


@dataclass(frozen=True)
class Choice:
    """One of several named options."""

    label: str
    options: Sequence[str]
    value: str

    def widget(self) -> Any:
        """Return the ipywidget for it."""
        import ipywidgets as widgets

        return widgets.Dropdown(
            options=list(self.options), value=self.value, description=self.label, **_WIDE
        )

    def markup(self) -> dict[str, Any]:
        """Return what a page makes the control of."""
        return {"kind": "choice", **asdict(self)}


@dataclass(frozen=True)
class Toggle:
    """Something that is on or off."""

    label: str
    value: bool = False

    def widget(self) -> Any:
        """Return the ipywidget for it."""
        import ipywidgets as widgets

        return widgets.Checkbox(value=self.value, description=self.label, **_WIDE)

    def markup(self) -> dict[str, Any]:
        """Return what a page makes the control of."""
        return {"kind": "toggle", **asdict(self)}


Control = Slider | Choice | Toggle
_WIDE = {"style": {"description_width": "initial"}, "layout": {"width": "min(34em, 100%)"}}


@dataclass(frozen=True)
class Explorable:
    """A drawing function with its controls; the value of a cell that calls :func:`explore`."""

    draw: Callable[..., Picture]
    controls: dict[str, Control]

    def still(self) -> Picture:
        """Draw the picture at the controls' first values."""
        return self.draw(**{name: control.value for name, control in self.controls.items()})

    def panel(self) -> Any:
        """Return the live figure as an ipywidget."""
        return self._panel(self.still().html())

    def _panel(self, still: str) -> Any:
        import ipywidgets as widgets

        fields = {name: control.widget() for name, control in self.controls.items()}
        drawing = widgets.HTML(still)

        def redraw(_: object) -> None:
            drawing.value = self.draw(**{name: f.value for name, f in fields.items()}).html()

        for field in fields.values():
            field.observe(redraw, names="value")
        return widgets.VBox([*fields.values(), drawing])

    def page(self, still: str) -> str:
        """Write the figure for a page: the ``still``, the module that brings it alive, its model.

        The model is the modules' only source: the data by their names, each control's value
        under the control's name, and under ``controls`` what the controls are made of.
        """
        module, data = module_and_data(self.draw, self.controls)
        model = {
            **data,
            **{name: control.value for name, control in self.controls.items()},
            "controls": [
                {"name": name, **control.markup()} for name, control in self.controls.items()
            ],
        }
        return alive(still, module, json.dumps(model, ensure_ascii=False, allow_nan=False))

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        # Drawn once for all three. The page takes text/html; JupyterLab prefers the widget, and
        # falls back on the still when the notebook is opened without its kernel. The words are
        # also the text that is committed with a notebook.
        picture = self.still()
        still = picture.html()
        words = {"text/plain": f"Interactive figure: {picture.alt}", "text/html": self.page(still)}
        return {**self._panel(still)._repr_mimebundle_(), **words}


def explore(draw: Callable[..., Picture], **controls: Control) -> Explorable:
    """Make an interactive figure: ``draw`` takes the controls' values by name, and gives a picture.

    ``draw`` is marked with :func:`~drinkdeep.figures.browser.in_browser`, and may have arguments
    bound with ``functools.partial``. The controls' first values are those of the still, so choose
    them to make the figure's point. The picture's caption is its reading: it should say in words
    what the values led to.
    """
    return Explorable(draw, controls)
