"""The border that the picture draws is where the scores change their sign."""

import pytest

from drinkdeep.figures.boundary import EDGE, boundary

POINTS = [(-1.0, 0.0), (1.0, 0.0)]


def test_the_points_alone_have_one_panel() -> None:
    assert len(boundary(POINTS, [1, -1], alt="Two points.").panels) == 1


def test_the_border_of_a_straight_score_is_straight() -> None:
    places = [-EDGE + 2 * EDGE * k / 8 for k in range(9)]
    grid = [[x - 0.5 for x in places] for _ in places]  # rows of equal y: the score is x − ½
    picture = boundary(POINTS, [1, -1], {"a": grid, "b": grid}, alt="Two points, twice.")
    assert len(picture.panels) == 2
    border = picture.panels[0].axes[0].collections[1]
    corners = [x for path in border.get_paths() for x, _ in path.vertices]
    assert corners
    assert corners == pytest.approx([0.5] * len(corners))
