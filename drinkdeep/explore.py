"""Interactive figures: alive beside a kernel, a well-chosen still in a page that has none.

One interface for all of them: a function that draws a :class:`~drinkdeep.figures.Picture` from
plain values, and one control a value. A chapter writes::

    explore(
        figures.parabola_descent,
        rate=Slider("learning rate α", 0.02, 1.1, 0.02, value=0.3),
        start=Slider("start w₀", -3, 3, 0.1, value=2.5),
    )

In JupyterLab the controls are ipywidgets and the picture is drawn again as they move. In a
published page only the still is there, so that no reader meets a dead control.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from drinkdeep.figures.picture import Picture


@dataclass(frozen=True)
class Slider:
    """A number between ``start`` and ``stop``; on a ``log`` scale ``step`` is a power of ten."""

    label: str
    start: float
    stop: float
    step: float
    value: float
    log: bool = False

    def widget(self) -> Any:
        """The ipywidget for it."""
        import ipywidgets as widgets

        common = {"description": self.label, "value": self.value, **_WIDE}
        if self.log:
            from math import log10

            return widgets.FloatLogSlider(
                min=log10(self.start), max=log10(self.stop), step=self.step, **common
            )
        whole = all(isinstance(x, int) for x in (self.start, self.stop, self.step, self.value))
        kind = widgets.IntSlider if whole else widgets.FloatSlider
        return kind(min=self.start, max=self.stop, step=self.step, **common)


@dataclass(frozen=True)
class Choice:
    """One of several named options."""

    label: str
    options: Sequence[str]
    value: str

    def widget(self) -> Any:
        """The ipywidget for it."""
        import ipywidgets as widgets

        return widgets.Dropdown(
            options=list(self.options), value=self.value, description=self.label, **_WIDE
        )


@dataclass(frozen=True)
class Toggle:
    """Something that is on or off."""

    label: str
    value: bool = False

    def widget(self) -> Any:
        """The ipywidget for it."""
        import ipywidgets as widgets

        return widgets.Checkbox(value=self.value, description=self.label, **_WIDE)


Control = Slider | Choice | Toggle
_WIDE = {"style": {"description_width": "initial"}, "layout": {"width": "min(34em, 100%)"}}


@dataclass(frozen=True)
class Explorable:
    """A drawing function with its controls; the value of a cell that calls :func:`explore`."""

    draw: Callable[..., Picture]
    controls: dict[str, Control]

    def still(self) -> Picture:
        """The picture at the controls' first values."""
        return self.draw(**{name: control.value for name, control in self.controls.items()})

    def panel(self) -> Any:
        """The live figure as an ipywidget."""
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

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        # Drawn once for all three. The page takes text/html, the still; JupyterLab prefers the
        # widget, and falls back on the still when the notebook is opened without its kernel. The
        # words are also the text that is committed with a notebook.
        still = self.still()
        page = still.html()
        words = {"text/plain": f"Interactive figure: {still.alt}", "text/html": page}
        return {**self._panel(page)._repr_mimebundle_(), **words}


def explore(draw: Callable[..., Picture], **controls: Control) -> Explorable:
    """An interactive figure: ``draw`` takes the controls' values by name and returns a picture.

    The controls' first values are those of the still, so choose them to make the figure's point.
    The picture's caption is its reading: it should say in words what the values led to.
    """
    return Explorable(draw, controls)
