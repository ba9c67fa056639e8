"""The training loop of the package does what chapter 6 writes out by hand."""

import math

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from drinkdeep.training import evaluate, predict, train


def a_task(examples: int = 70) -> TensorDataset:
    """Random points of four features, labelled by the larger of the first two."""
    x = torch.randn(examples, 4, generator=torch.Generator().manual_seed(1))
    return TensorDataset(x, (x[:, 0] > x[:, 1]).long())


def a_model() -> nn.Linear:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return nn.Linear(4, 2)


def test_it_takes_the_four_steps_as_written_by_hand() -> None:
    loader = DataLoader(a_task(), batch_size=16)
    criterion = nn.CrossEntropyLoss()

    by_hand = a_model()
    optimizer = torch.optim.SGD(by_hand.parameters(), lr=0.1)
    losses = []
    for _ in range(3):
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(by_hand(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        losses.append(total / 70)

    model = a_model()
    history = train(model, loader, criterion, torch.optim.SGD(model.parameters(), lr=0.1), 3)
    assert torch.equal(model.weight, by_hand.weight)
    assert history.losses == pytest.approx(losses, rel=1e-6)
    assert history.losses[2] < history.losses[0]
    assert not history.validation_losses


def test_validation_is_taken_after_every_epoch() -> None:
    loader = DataLoader(a_task(), batch_size=16)
    criterion = nn.CrossEntropyLoss()
    model = a_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history = train(model, loader, criterion, optimizer, 2, validation=loader, name="run")
    assert history.name == "run"
    assert len(history.validation_losses) == len(history.validation_accuracies) == 2
    last = evaluate(model, loader, criterion)
    assert (last.loss, last.accuracy) == (
        history.validation_losses[1],
        history.validation_accuracies[1],
    )


def test_an_epochs_loss_is_a_mean_over_examples_not_over_batches() -> None:
    # 70 = 4 × 16 + 6: with a learning rate of 0 the mean over examples is the loss on the whole.
    loader = DataLoader(a_task(), batch_size=16)
    model = a_model()
    history = train(
        model, loader, nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=0.0), 1
    )
    x, y = loader.dataset.tensors
    assert history.losses[0] == pytest.approx(nn.CrossEntropyLoss()(model(x), y).item(), rel=1e-6)


def test_a_loss_that_blows_up_is_an_error_that_names_the_epoch() -> None:
    model = a_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e38)
    with pytest.raises(FloatingPointError, match=r"epoch [12].*learning rate"):
        train(model, DataLoader(a_task(), batch_size=16), nn.CrossEntropyLoss(), optimizer, 2)


def test_predicting_leaves_the_model_as_it_was() -> None:
    model = nn.Sequential(nn.Dropout(0.5), a_model())
    loader = DataLoader(a_task(), batch_size=16)
    model.train()
    first, labels = predict(model, loader)
    second, _ = predict(model, loader)
    assert torch.equal(first, second), "dropout was on"
    assert model.training
    assert first.shape == (70, 2)
    assert torch.equal(labels, loader.dataset.tensors[1])
    assert not first.requires_grad


def test_accuracy_and_loss_are_those_of_the_whole_set() -> None:
    model = a_model()
    loader = DataLoader(a_task(), batch_size=16)
    x, y = loader.dataset.tensors
    result = evaluate(model, loader, nn.CrossEntropyLoss())
    assert result.accuracy == pytest.approx((model(x).argmax(1) == y).double().mean().item())
    assert result.loss == pytest.approx(nn.functional.cross_entropy(model(x), y).item(), rel=1e-6)
    assert math.isfinite(result.loss)


def test_an_empty_set_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="no examples"):
        evaluate(a_model(), [], nn.CrossEntropyLoss())
