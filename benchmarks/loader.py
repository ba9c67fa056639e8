"""What loading costs: an epoch of the article's recipe with its own loader, with ours, with none.

The same model, optimizer, seeds and order of examples for both loaders, one epoch of each a round,
so that a change in the machine's mood meets all of them. README.md says how to read the result.
"""

import os
import platform
import statistics
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn
from torch.utils.data import DataLoader, RandomSampler

from drinkdeep import mnist, models

ROUNDS = 5
BATCH_SIZE = 64
LEARNING_RATE = 0.003
PRINTED, ARTICLE = "article, as printed", "article, one thread"
OURS, LIMIT = "drinkdeep.mnist", "compute only"


def article_loader(seed: int) -> "DataLoader[tuple[Tensor, int]]":
    """The article's loader; ``shuffle=True`` makes this sampler, here with a generator of its own.

    Both loaders then draw the same order, so that their losses must agree to the last digit.
    """
    dataset = mnist.dataset(train=True, transform=mnist.article_transform())
    sampler = RandomSampler(dataset, generator=torch.Generator().manual_seed(seed))
    return DataLoader(dataset, batch_size=BATCH_SIZE, sampler=sampler)


def our_loader(seed: int) -> mnist.Batches:
    return mnist.loaders(BATCH_SIZE, validation=0, seed=seed, flatten=True).train


def no_loader() -> Iterator[tuple[Tensor, Tensor]]:
    """One batch, as often as an epoch has steps: what the steps alone cost."""
    train = our_loader(seed=0)
    images, labels = next(iter(train))
    return ((images, labels) for _ in range(len(train)))


class Training:
    """A model in training, and what each of its epochs took and left."""

    def __init__(self) -> None:
        self.model = models.article_model(seed=0)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=LEARNING_RATE)
        self.criterion = nn.NLLLoss()
        self.seconds: list[float] = []
        self.losses: list[float] = []

    def epoch(self, loader: Iterable[tuple[Tensor, Tensor]]) -> None:
        start = time.perf_counter()
        total, examples = 0.0, 0
        for images, labels in loader:
            images = images.view(images.shape[0], -1)
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(images), labels)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(labels)
            examples += len(labels)
        self.seconds.append(time.perf_counter() - start)
        self.losses.append(total / examples)


def processor() -> str:
    """The processor's name; Linux tells it here, and platform.processor() often tells nothing."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def main() -> None:
    default = torch.get_num_threads()
    print(
        f"torch {torch.__version__}, torchvision {torchvision.__version__}, "
        f"Python {platform.python_version()}\n"
        f"{processor()}, {os.cpu_count()} cores, by default {default} threads\n"
        f"784-128-64-10, SGD {LEARNING_RATE}, batch {BATCH_SIZE}, {ROUNDS} epochs each\n"
    )
    mnist.tensors(train=True)  # read before the clock starts, as torchvision reads its files

    runs = {name: Training() for name in (PRINTED, ARTICLE, OURS, LIMIT)}
    for seed in range(ROUNDS):
        torch.set_num_threads(default)  # the article says nothing of threads
        runs[PRINTED].epoch(article_loader(seed))
        torch.set_num_threads(1)  # as the chapters have it
        runs[ARTICLE].epoch(article_loader(seed))
        runs[OURS].epoch(our_loader(seed))
        runs[LIMIT].epoch(no_loader())

    print(f"{'seconds an epoch':22}{'best':>8}{'median':>8}   losses, epoch by epoch")
    best = {name: min(run.seconds) for name, run in runs.items()}
    for name, run in runs.items():
        # The limit sees one batch only: its loss says nothing.
        losses = "–" if name == LIMIT else " ".join(f"{loss:.6f}" for loss in run.losses)
        print(f"{name:22}{best[name]:8.3f}{statistics.median(run.seconds):8.3f}   {losses}")
    print(
        f"\nOurs takes {best[OURS] / best[LIMIT]:.2f} × the time of the steps alone, "
        f"and is {best[PRINTED] / best[OURS]:.1f} × as fast as the article's as printed, "
        f"{best[ARTICLE] / best[OURS]:.1f} × as fast as that on one thread (best epochs).\n"
        f"Losses of the two loaders on one thread: "
        f"{'equal' if runs[ARTICLE].losses == runs[OURS].losses else 'DIFFERENT'}."
    )


if __name__ == "__main__":
    main()
