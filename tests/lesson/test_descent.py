"""The pictures of gradient descent tell what PyTorch's own optimizer does."""

import re
import warnings

import pytest
import torch

from drinkdeep.figures import descent

BOWL = descent.Bowl(
    torch.tensor([[2.0, 1.5], [1.5, 2.0]], dtype=torch.float64),
    torch.tensor([0.5, -0.25], dtype=torch.float64),
)
START = torch.tensor([-0.5, 1.0], dtype=torch.float64)


@pytest.mark.parametrize(("rate", "momentum"), [(0.3, 0.0), (0.56, 0.5), (0.7, 0.0)])
def test_path_is_that_of_torch(rate: float, momentum: float) -> None:
    w = START.clone().requires_grad_()
    optimizer = torch.optim.SGD([w], lr=rate, momentum=momentum)
    visited = [w.detach().clone()]
    for _ in range(25):
        optimizer.zero_grad()
        error = w - BOWL.minimum
        (0.5 * error @ BOWL.hessian @ error).backward()
        optimizer.step()
        visited.append(w.detach().clone())
    torch.testing.assert_close(BOWL.path(START, rate, momentum, 25), torch.stack(visited))


def test_curvatures_are_the_eigenvalues() -> None:
    assert BOWL.curvatures() == pytest.approx((0.5, 3.5))


@pytest.mark.parametrize(
    ("rate", "fate"),
    [(0.1, "shrinks"), (0.25, "gone"), (0.45, "shrinks"), (0.5, "stays"), (0.6, "grows")],
)
def test_parabola_says_where_twelve_steps_lead(rate: float, fate: str) -> None:
    w = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    for _ in range(12):
        (slope,) = torch.autograd.grad(1 + 2 * (w - 1) ** 2, w)
        w = (w - rate * slope).detach().requires_grad_()
    picture = descent.parabola(rate, 3.0, curvature=4.0, minimum=1.0, lowest=1.0)
    told = re.search(r"w = (\S+)\.$", picture.caption)
    assert told
    assert float(told[1].replace("−", "-")) == pytest.approx(w.item(), rel=1e-3)
    assert fate in picture.caption


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.95])
def test_valley_shrinks_below_its_edge_and_grows_above(momentum: float) -> None:
    edge = 2 * (1 + momentum) / 3.5
    for rate, fate in ((0.8 * edge, "shrinks"), (1.1 * edge, "grows")):
        assert fate in descent.valley(rate, momentum, *START.tolist(), bowl=BOWL).caption


@pytest.mark.parametrize("momentum", [0.0, 0.95])
@pytest.mark.parametrize("rate", [0.02, 0.8])
def test_sliders_ends_are_drawn_without_complaint(rate: float, momentum: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "<svg" in descent.valley(rate, momentum, *START.tolist(), bowl=BOWL).html()
