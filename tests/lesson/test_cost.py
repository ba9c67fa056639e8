"""The pictures of chapter 1 draw the numbers that PyTorch gives."""

import re

import pytest
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F

from drinkdeep.figures import cost

ROWS = torch.linspace(-9.5, 9.5, 20, dtype=torch.double)
INK = torch.zeros(28, 28, dtype=torch.double)
INK[7:27, 10:14] = 1


def noisy_line() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(20, dtype=torch.double, generator=generator)
    return 15 - 0.3 * ROWS + noise


@pytest.mark.parametrize("loss", cost.LOSSES)
def test_the_landscape_says_the_cost_of_the_line_and_the_lowest(loss: str) -> None:
    y = noisy_line()
    picture = cost.line_landscape(INK, ROWS, y, 0.1, 12.0, loss)
    said, lowest = map(float, re.findall(r"is (\d+\.\d\d)", picture.caption))
    assert said == pytest.approx(cost.LOSSES[loss](0.1 * ROWS + 12, y).item(), abs=0.006)
    assert lowest < said
    if loss == "squared":
        design = torch.stack([ROWS, torch.ones(20, dtype=torch.double)], dim=1)
        best = design @ torch.linalg.lstsq(design, y[:, None]).solution
        assert lowest == pytest.approx(F.mse_loss(best[:, 0], y).item(), abs=0.006)


def test_the_landscape_draws_the_ink_where_the_points_are() -> None:
    left, _ = cost.line_landscape(INK, ROWS, noisy_line(), 0.1, 12.0, "squared").panels
    (squares,) = left.axes[0].collections[:1]
    corners = torch.stack([torch.as_tensor(path.vertices) for path in squares.get_paths()])
    assert len(corners) == 80
    assert corners[..., 0].min() == ROWS[0] - 0.5
    assert corners[..., 0].max() == ROWS[-1] + 0.5
    assert (corners[..., 1].min(), corners[..., 1].max()) == (9.5, 13.5)


def test_slopes_of_the_losses_are_their_formulas() -> None:
    _, slopes = cost.losses_of_an_error(alt="losses").panels
    curves = {line.get_label(): line.get_ydata() for line in slopes.axes[0].lines}
    e = torch.linspace(-3, 3, 601, dtype=torch.double)
    wanted = {"squared": 2 * e, "absolute": e.sign(), "Huber": e.clamp(-1, 1)}
    for name, formula in wanted.items():
        torch.testing.assert_close(torch.as_tensor(curves[name]), formula)


def test_each_loss_asks_for_what_the_chapter_says() -> None:
    y = torch.tensor([1.0, 2.0, 6.0], dtype=torch.double)
    numbers, chances = cost.wanted(y, 0.7, alt="wanted").panels

    def lowest(panel: Figure) -> list[float]:
        return [line.get_xdata()[0] for line in panel.axes[0].lines if line.get_marker() == "o"]

    assert lowest(numbers) == pytest.approx([3, 2], abs=0.01)
    assert lowest(chances) == pytest.approx([0.7, 1, 0.7], abs=0.005)


def test_confident_mistakes_have_the_slopes_of_the_chain_rule() -> None:
    _, slopes = cost.confidently_wrong(alt="slopes").panels
    z = torch.linspace(-10, 6, 641, dtype=torch.double)
    p = torch.sigmoid(z)
    squared, logarithm = (torch.as_tensor(line.get_ydata()) for line in slopes.axes[0].lines)
    torch.testing.assert_close(squared, -2 * p * (1 - p) ** 2)
    torch.testing.assert_close(logarithm, p - 1)
