"""The reference model: its shape, its count of parameters, and that the seed decides it."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from drinkdeep import models


@pytest.mark.parametrize("make", [models.article_model, models.logits_model])
def test_the_seed_alone_decides_the_weights(make: Callable[..., nn.Sequential]) -> None:
    first = make(seed=1).state_dict()
    torch.rand(1)
    again = make(seed=1).state_dict()
    other = make(seed=2).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("make", [models.article_model, models.logits_model])
def test_the_global_generator_is_left_alone(make: Callable[..., nn.Sequential]) -> None:
    before = torch.get_rng_state()
    make()
    assert torch.equal(torch.get_rng_state(), before)


def test_layers_and_parameters_are_the_articles() -> None:
    layers = [str(layer) for layer in models.article_model()]
    assert layers == [
        "Linear(in_features=784, out_features=128, bias=True)",
        "ReLU()",
        "Linear(in_features=128, out_features=64, bias=True)",
        "ReLU()",
        "Linear(in_features=64, out_features=10, bias=True)",
        "LogSoftmax(dim=1)",
    ]
    assert [str(layer) for layer in models.logits_model()] == layers[:-1]
    assert sum(p.numel() for p in models.article_model().parameters()) == 109_386


def test_the_two_models_differ_by_the_log_softmax_only() -> None:
    inputs = torch.randn(5, models.SIZES[0], generator=torch.Generator().manual_seed(0))
    log_probabilities = models.article_model(seed=4)(inputs)
    scores = models.logits_model(seed=4)(inputs)
    assert scores.shape == (5, models.SIZES[-1])
    assert torch.equal(log_probabilities, scores.log_softmax(dim=1))
    assert torch.allclose(log_probabilities.exp().sum(dim=1), torch.ones(5))


def test_the_weights_are_those_of_the_plain_recipe_after_manual_seed() -> None:
    # So a chapter that writes the network out gets the same numbers.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        plain = nn.Sequential(
            nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
        )
    ours = models.logits_model(seed=7).state_dict()
    assert all(torch.equal(ours[name], value) for name, value in plain.state_dict().items())
