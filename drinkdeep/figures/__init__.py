"""The pictures of the course, one module a topic, all in one style.

Every function draws with matplotlib and returns a :class:`Picture`: panels, a written
alternative and a caption. Left as the last value of a cell, a picture shows itself.
"""

from drinkdeep.figures.curves import loss_curve
from drinkdeep.figures.digits import digit_grid, digit_with_probabilities
from drinkdeep.figures.picture import Picture, panel, panel_grid

__all__ = [
    "Picture",
    "panel",
    "panel_grid",
    "digit_grid",
    "digit_with_probabilities",
    "loss_curve",
]
