"""The reference model: a fully connected network 784-128-64-10 that reads digits."""

from itertools import pairwise

import torch
from torch import Tensor, nn

# Width of the input, of the two hidden layers and of the output: 109,386 parameters in all.
SIZES = (784, 128, 64, 10)


def article_model(seed: int = 0) -> nn.Sequential:
    """Build the reference model with log-probabilities at its end, to be used with ``nn.NLLLoss``.

    It takes (B, 784) and gives (B, 10). The same seed gives the same initial weights on every call
    (and the same as :func:`logits_model`); torch's global generator is left as it was. From
    chapter 0 on.

    >>> model = article_model()
    >>> sum(parameter.numel() for parameter in model.parameters())
    109386
    >>> model(torch.zeros(1, 784)).exp().sum().allclose(torch.ones(()))
    True
    """
    return nn.Sequential(*_layers(seed), nn.LogSoftmax(dim=1))


def logits_model(seed: int = 0) -> nn.Sequential:
    """Build the reference model with scores at its end, to be used with ``nn.CrossEntropyLoss``.

    It takes (B, 784) and gives (B, 10). Everything but the end is as in :func:`article_model`. From
    chapter 0 on.

    >>> logits_model()(torch.zeros(64, 784)).shape
    torch.Size([64, 10])
    """
    return nn.Sequential(*_layers(seed))


class Subtract(nn.Module):
    """Subtract one fixed vector (n,) from every row of the inputs (B, n). For chapter 7.

    >>> Subtract(torch.tensor([1.0, 2.0]))(torch.tensor([[3.0, 3.0], [1.0, 2.0]]))
    tensor([[2., 1.],
            [0., 0.]])
    """

    def __init__(self, vector: Tensor) -> None:
        """Keep ``vector``, which is no parameter: no training changes it."""
        super().__init__()
        self.register_buffer("vector", vector)

    def forward(self, x: Tensor) -> Tensor:
        """Return the inputs without the vector."""
        return x - self.get_buffer("vector")


def _layers(seed: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed(), which would seed the generators of GPUs too.
        torch.default_generator.manual_seed(seed)
        for inputs, outputs in pairwise(SIZES):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return layers[:-1]  # no ReLU on the scores
