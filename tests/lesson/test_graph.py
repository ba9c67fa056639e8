"""The numbers that the two-layer graph draws are those of autograd, at every step."""

import re

import pytest
import torch

from drinkdeep.figures import graph


@pytest.mark.parametrize("weights", [(0.6, -1.5), (3.0, 0.0), (-2.9, 2.2)])
def test_the_numbers_on_the_edges_equal_those_of_autograd(weights: tuple[float, float]) -> None:
    network = graph.TwoLayer(x=2.0, W1=weights[0], b1=-0.3, W2=weights[1], b2=0.4, y=0.5)
    W1, b1, W2, b2 = (
        torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for value in (network.W1, network.b1, network.W2, network.b2)
    )
    layer1 = W1 * network.x + b1
    s = torch.sigmoid(layer1)
    layer2 = W2 * s + b2
    loss = (layer2 - network.y) ** 2
    values = {"L1": layer1, "S": s, "L2": layer2, "loss": loss}
    needs = {"L1": layer1, "S": s, "L2": layer2, "W1": W1, "b1": b1, "W2": W2, "b2": b2}
    gradients = torch.autograd.grad(loss, list(needs.values()))
    wanted = {name: value.item() for name, value in values.items()}
    wanted |= {f"d{name}": g.item() for name, g in zip(needs, gradients, strict=True)}
    assert network.numbers() == pytest.approx(wanted, rel=1e-12, abs=1e-15)


def test_the_numbers_of_the_example_cannot_hide_a_mistake() -> None:
    numbers = graph.EXAMPLE.numbers()
    # A bias has the gradient of its layer's output, by rule; else no two agree, and none is 0 or 1.
    distinct = [value for name, value in numbers.items() if name not in ("db1", "db2")]
    e = graph.EXAMPLE
    distinct += [e.x, e.y, e.W1, e.b1, e.W2, e.b2, 0.0, 1.0]
    assert len({round(abs(value), 3) for value in distinct}) == len(distinct)


def drawn(step: int) -> str:
    picture = graph.two_layer_steps(step, 0.6, -1.5)
    return "\n".join(text.get_text() for text in picture.panels[0].axes[0].texts)


def test_each_step_adds_numbers_to_the_graph_and_takes_none_away() -> None:
    found = [re.findall(r"−?\d+\.\d{3}", drawn(step)) for step in range(graph.LAST_STEP + 1)]
    assert sorted(map(len, found)) == list(map(len, found))
    assert len(set(map(len, found[1:4]))) == 3
    assert "ℓ = 1.361" in drawn(3)
    assert "∂ℓ" not in drawn(3)
    assert "∂ℓ/∂L₁ = 0.719" in drawn(6)
    assert "1.438" not in drawn(6)  # the gradient for W₁ comes last
    assert "1.438" in drawn(7)


def test_a_negative_zero_is_drawn_as_zero() -> None:
    picture = graph.two_layer_steps(7, 0.6, 0.0)
    assert "−0.000" not in "".join(text.get_text() for text in picture.panels[0].axes[0].texts)
