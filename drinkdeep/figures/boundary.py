"""Points of two kinds in the plane, and where a network draws the border between them."""

from collections.abc import Mapping, Sequence

from drinkdeep.figures.picture import Picture, panel
from drinkdeep.palette import BLUE, INK, ORANGE, WASH

EDGE = 1.8
"""The picture shows coordinates from −EDGE to EDGE, both ways."""


def boundary(
    points: Sequence[tuple[float, float]],
    kinds: Sequence[int],
    scores: Mapping[str, Sequence[Sequence[float]]] | None = None,
    *,
    alt: str,
    caption: str = "",
) -> Picture:
    """Draw the points, a marker for each kind, once for each of the ``scores`` and over its border.

    ``kinds`` are 1 or −1, one a point. ``scores`` holds under a panel's title the scores on a
    square grid from −:data:`EDGE` to :data:`EDGE`, as rows from the lowest y to the highest. The
    border is the line of score 0; the side of positive scores is tinted.
    """
    figures = []
    for title, grid in (scores or {"": ()}).items():
        figure, axes = panel(2.9 if scores else 3.4, 3.1 if scores else 3.2)
        if grid:
            places = [-EDGE + 2 * EDGE * k / (len(grid) - 1) for k in range(len(grid))]
            axes.contourf(places, places, grid, levels=[0, float("inf")], colors=[WASH])
            axes.contour(places, places, grid, levels=[0], colors=[INK], linewidths=1.6)
        for kind, marker, colour, name in ((1, "o", BLUE, "kind 1"), (-1, "^", ORANGE, "kind −1")):
            those = [point for point, k in zip(points, kinds, strict=True) if k == kind]
            x, y = zip(*those, strict=True)
            axes.plot(x, y, marker, ls="", color=colour, ms=5.5, label=name)
        axes.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), aspect="equal")
        axes.set_xticks([-1, 0, 1])
        axes.set_yticks([-1, 0, 1])
        axes.grid(visible=False)
        if title:
            # "after 20 steps: 33 of 40 right" on two lines.
            axes.set_title(title.replace(": ", ":\n"))
        else:
            axes.legend(loc="upper right")
        figures.append(figure)
    return Picture(tuple(figures), alt, caption)
