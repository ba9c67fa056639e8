"""Many training runs at once: each recipe with each seed, one process a core.

A run on this network keeps one core busy and no more, so the way to use a second core is a
second run. The processes are started afresh (``spawn``), which works on every system and leaves a
notebook's kernel alone; what they are told must therefore be importable. That is why a recipe
names its optimizer and its schedule by torch's own classes, with ``functools.partial``. Only the
model is built on the caller's side, so a function of the notebook may build it.
"""

import io
import math
import multiprocessing
import os
import pickle
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, SequentialLR
from torch.utils.data import TensorDataset

from drinkdeep import mnist, models
from drinkdeep.progress import progress
from drinkdeep.training import Batch, History, Loader, evaluate, train

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Recipe:
    """All that decides a training run but its seed. From chapter 7 on.

    >>> Recipe(partial(torch.optim.SGD, lr=0.1), batch_size=64, epochs=2, examples=640).steps
    20

    Parameters
    ----------
    optimizer
        Makes the optimizer from the parameters: ``partial(torch.optim.SGD, lr=0.1)``.
    model
        Makes the untrained network, logits (B, 10) from images (B, 784), from a seed.
    batch_size, epochs, examples
        Examples in a minibatch; passes over the training set; its size, at most 50,000 (the
        first ones, the last 10,000 of the 60,000 being for validation).
    schedule
        Makes a scheduler from the optimizer and the number of steps, such as torch's
        ``CosineAnnealingLR``; it is stepped after every batch.
    shift
        Each image of each batch is moved by up to so many pixels, anew each time; 0 for none.
    clip_norm
        A gradient that is longer than this is shortened to it before the step; ``None`` for no
        limit.
    watch
        After so many of the last steps the run is validated too (:attr:`Run.last_errors`).
    curves
        Whether the run is validated after each epoch; otherwise after the last one alone, which
        saves time where nobody draws its curve.
    """

    optimizer: Callable[..., Optimizer]
    model: Callable[[int], nn.Module] = models.logits_model
    batch_size: int = 64
    epochs: int = 1
    examples: int = 50_000
    schedule: Callable[..., LRScheduler] | None = None
    shift: int = 0
    clip_norm: float | None = None
    watch: int = 0
    curves: bool = True

    @property
    def steps(self) -> int:
        """How many updates a run makes."""
        return self.epochs * math.ceil(self.examples / self.batch_size)


@dataclass(frozen=True)
class Run:
    """What one seed of a recipe led to; the test set was not touched.

    A run whose loss stopped being a number has a history of ``nan`` and an accuracy of chance.
    """

    seed: int
    history: History
    model: nn.Module
    last_errors: tuple[float, ...] = ()
    """Validation error in per cent after each of the recipe's ``watch`` last steps."""

    @property
    def error(self) -> float:
        """The share of the validation set, in per cent, that is read wrongly at the end."""
        return 100 * (1 - self.history.validation_accuracies[-1])


def workers(processes: int | None = None) -> ProcessPoolExecutor:
    """Start processes to train in, by default one a core up to four; ``shutdown()`` ends them."""
    # Each holds its own copy of the data set, a quarter of a gigabyte.
    return ProcessPoolExecutor(
        processes or min(4, os.cpu_count() or 1),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=partial(torch.set_num_threads, 1),
    )


def train_all(
    recipes: Mapping[Name, Recipe],
    seeds: Sequence[int],
    pool: ProcessPoolExecutor,
    *,
    description: str,
) -> dict[Name, list[Run]]:
    """Train each recipe once a seed; under its name the runs, in the order of ``seeds``.

    A seed decides the initial weights, the order of the examples, the shifts and the dropout. It
    doesn't matter to the numbers how many processes there are or which of them does what.
    ``description`` stands beside the progress bar. From chapter 7 on.
    """
    futures: dict[Future[bytes], tuple[Name, int]] = {}
    for name, recipe in recipes.items():
        # The model goes built, because the function that builds it may be the notebook's own.
        rest = replace(recipe, model=models.logits_model)
        for seed in seeds:
            # As plain bytes: left to itself, torch passes tensors on through shared memory, which
            # small containers lack.
            job = pickle.dumps((rest, recipe.model(seed), seed))
            futures[pool.submit(_train, job)] = (name, seed)
    runs: dict[tuple[Name, int], Run] = {}
    steps = sum(recipe.steps for recipe in recipes.values()) * len(seeds)
    try:
        with progress(total=steps, description=description) as bar:
            for future in as_completed(futures):
                name, seed = futures[future]
                history, model, last_errors = pickle.loads(future.result())
                runs[name, seed] = Run(seed, history, model, last_errors)
                bar.update(recipes[name].steps)
    finally:
        for future in futures:  # after an error or an interruption, don't go on with the rest
            future.cancel()
    return {name: [runs[name, seed] for seed in seeds] for name in recipes}


def _train(job: bytes) -> bytes:
    """Do one run, in a process of the pool."""
    recipe, model, seed = pickle.loads(job)
    torch.manual_seed(seed)  # for dropout
    data = mnist.loaders(1000, flatten=True)
    part = TensorDataset(*(tensor[: recipe.examples] for tensor in data.train.dataset.tensors))
    batches = mnist.Batches(part, recipe.batch_size, shuffle=True, seed=seed, flatten=True)
    loader: Loader = Shifted(batches, recipe.shift, seed=seed) if recipe.shift else batches
    optimizer = recipe.optimizer(model.parameters())
    if recipe.schedule:
        scheduler = recipe.schedule(optimizer, recipe.steps)
        optimizer.register_step_post_hook(lambda *_: scheduler.step())
    criterion = nn.CrossEntropyLoss()
    if recipe.clip_norm is not None:
        limit = recipe.clip_norm

        def clip(*_: object) -> None:
            nn.utils.clip_grad_norm_(model.parameters(), limit)

        optimizer.register_step_pre_hook(clip)
    steps_left, last_errors = recipe.steps, list[float]()

    def validate_near_the_end(*_: object) -> None:
        nonlocal steps_left
        steps_left -= 1
        if steps_left < recipe.watch:
            accuracy = evaluate(model, data.validation, criterion).accuracy
            last_errors.append(100 * (1 - accuracy))

    if recipe.watch:
        optimizer.register_step_post_hook(validate_near_the_end)
    with redirect_stderr(io.StringIO()):  # nobody sees a worker's progress bar
        try:
            each_epoch = data.validation if recipe.curves else None
            history = train(
                model, loader, criterion, optimizer, recipe.epochs, validation=each_epoch
            )
            if not recipe.curves:
                result = evaluate(model, data.validation, criterion)
                history.validation_losses.append(result.loss)
                history.validation_accuracies.append(result.accuracy)
        except FloatingPointError:
            none = [math.nan] * recipe.epochs
            history = History("", none, none, [1 / mnist.CLASSES] * recipe.epochs)
    return pickle.dumps((history, model, tuple(last_errors)))


def warm_up_then_cosine(optimizer: Optimizer, steps: int, share: float = 0.1) -> LRScheduler:
    """Make a schedule: the rate rises evenly for a share of the steps, and a cosine leads to 0."""
    rising = max(1, round(share * steps))
    return SequentialLR(
        optimizer,
        [
            LinearLR(optimizer, 1 / rising, 1.0, rising),
            CosineAnnealingLR(optimizer, steps - rising),
        ],
        [rising],
    )


class Shifted:
    """A loader's batches (B, 784), each image moved by a random whole number of pixels.

    From chapter 7 on.

    >>> three = TensorDataset(torch.zeros(3, 784), torch.arange(3))
    >>> images, labels = next(iter(Shifted(mnist.Batches(three, 3), pixels=2)))
    >>> images.shape, labels.tolist()
    (torch.Size([3, 784]), [0, 1, 2])

    Parameters
    ----------
    loader
        Yields flattened images of 28 × 28 and their labels.
    pixels
        The largest move, left or right and up or down; all moves are equally likely. What comes
        in at the edge is background.
    seed
        Starts this object's own random numbers.
    """

    def __init__(self, loader: mnist.Batches, pixels: int, *, seed: int = 0) -> None:
        """Wrap ``loader``."""
        self._loader, self._pixels = loader, pixels
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        """Return the number of batches in one pass."""
        return len(self._loader)

    def __iter__(self) -> Iterator[Batch]:
        """Pass once over all, with new moves."""
        for images, labels in self._loader:
            yield self._moved(images), labels

    def _moved(self, images: Tensor) -> Tensor:
        margin = self._pixels
        background = -mnist.MEAN / mnist.STD  # what a black pixel becomes
        canvas = functional.pad(images.view(-1, 28, 28), (margin,) * 4, value=background)
        row, column = torch.randint(
            2 * margin + 1, (len(images), 2), generator=self._generator
        ).unbind(1)
        # All windows of 28 × 28 are views of the canvas; only the drawn ones are copied.
        windows = canvas.unfold(1, 28, 1).unfold(2, 28, 1)  # (B, rows, columns, 28, 28)
        return windows[torch.arange(len(images)), row, column].flatten(1)
