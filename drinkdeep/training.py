"""Training and evaluation, for use once chapter 6 has written them out by hand."""

from collections.abc import Callable, Iterable, Sized
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

from drinkdeep.progress import progress

Batch = tuple[Tensor, Tensor]
Criterion = Callable[[Tensor, Tensor], Tensor]


class Loader(Sized, Iterable[Batch], Protocol):
    """Whatever yields batches (images, labels) and knows how many, such as a ``DataLoader``."""


@dataclass
class History:
    """What a training run leaves behind, one entry an epoch.

    Losses are means over examples, not over batches, so that a short last batch doesn't count
    for more than its size.
    """

    name: str = ""
    losses: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    validation_accuracies: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Evaluation:
    """How well a model does on a set: mean loss over examples, and the share that is right."""

    loss: float
    accuracy: float


def train(
    model: nn.Module,
    loader: Loader,
    criterion: Criterion,
    optimizer: torch.optim.Optimizer,
    epochs: int = 5,
    *,
    validation: Loader | None = None,
    name: str = "",
) -> History:
    """Train in the four steps: forward, loss, backward, step — after zeroing the gradients.

    Chapter 6 writes it out; chapter 1 uses it before.

    >>> from torch.utils.data import TensorDataset
    >>> from drinkdeep import mnist, models
    >>> some = mnist.Batches(TensorDataset(torch.rand(64, 784), torch.arange(64) % 10), 32)
    >>> model = models.logits_model()
    >>> sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> history = train(model, some, nn.CrossEntropyLoss(), sgd, epochs=2)
    >>> len(history.losses), history.losses[1] < history.losses[0]
    (2, True)

    Parameters
    ----------
    model
        Takes (B, 784); images of any other shape (B, …) are flattened first.
    loader
        Yields ``(images, labels)``; one pass over it is an epoch.
    criterion
        Maps (output, labels) to the batch's mean loss, a scalar.
    validation
        If given, the model is evaluated on it after every epoch.
    name
        What the run is called in figures and in its progress bar.

    Raises
    ------
    FloatingPointError
        As soon as the loss is not a finite number: nothing after that can be learned.
    """
    history = History(name)
    steps = epochs * len(loader)
    with progress(total=steps, description=name or "Training") as bar:
        for epoch in range(1, epochs + 1):
            model.train()
            total, examples = torch.zeros(()), 0
            for images, labels in loader:
                optimizer.zero_grad()
                output = model(images.flatten(1))
                loss = criterion(output, labels)
                loss.backward()
                optimizer.step()
                # Summed as a tensor: .item() at every step would wait for the step to end.
                total += loss.detach() * len(images)
                examples += len(images)
                bar.update()
            if not total.isfinite():
                raise FloatingPointError(
                    f"The loss became {total.item()} in epoch {epoch}: "
                    "the learning rate is probably too large."
                )
            history.losses.append(total.item() / examples)
            if validation is not None:
                result = evaluate(model, validation, criterion)
                history.validation_losses.append(result.loss)
                history.validation_accuracies.append(result.accuracy)
    return history


@torch.inference_mode()
def predict(model: nn.Module, loader: Loader) -> tuple[Tensor, Tensor]:
    """Compute a model's outputs (N, classes) on all of a loader; the labels (N,) beside them.

    The model is in evaluation mode meanwhile and then in the mode that it was in. Raises
    ``ValueError`` if the loader is empty. For the figures from chapter 4 on.

    >>> output, labels = predict(nn.Flatten(), [(torch.zeros(2, 3), torch.tensor([0, 1]))])
    >>> output.shape, labels.tolist()
    (torch.Size([2, 3]), [0, 1])
    """
    if len(loader) == 0:
        raise ValueError("There is nothing to evaluate on: the loader has no examples.")
    was_training = model.training
    model.eval()
    try:
        pairs = [(model(images.flatten(1)), labels) for images, labels in loader]
    finally:
        model.train(was_training)
    outputs, labels = zip(*pairs, strict=True)
    return torch.cat(outputs), torch.cat(labels)


def evaluate(model: nn.Module, loader: Loader, criterion: Criterion) -> Evaluation:
    """Compute mean loss and accuracy over all examples of a loader, without touching the model.

    Chapter 6 writes it out.

    >>> scores = torch.tensor([[4.0, 0.0], [0.0, 4.0]])
    >>> result = evaluate(nn.Identity(), [(scores, torch.tensor([0, 0]))], nn.CrossEntropyLoss())
    >>> result.accuracy, round(result.loss, 3)
    (0.5, 2.018)
    """
    output, labels = predict(model, loader)
    return Evaluation(
        loss=criterion(output, labels).item(),
        accuracy=(output.argmax(dim=1) == labels).double().mean().item(),
    )
