"""MNIST, without a download: 70,000 handwritten digits, 60,000 to train on and 10,000 to test.

The four files are shipped with the package, compressed (``drinkdeep/data``, where origin and
licence are told), and unpacked once into a cache folder: the one that the environment variable
``DRINKDEEP_CACHE`` names, else the user's own. There are two ways to read them:

- :func:`dataset` gives torchvision's ``MNIST``, to be used with a ``DataLoader`` as everywhere;
- :func:`loaders` gives the same minibatches from memory, many times faster.
"""

import functools
import math
import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from drinkdeep.mnist_files import MnistError as MnistError
from drinkdeep.mnist_files import file, labels_are_withheld, root

if TYPE_CHECKING:  # torchvision is slow to import, and most chapters don't need it
    from torchvision.datasets import MNIST
    from torchvision.transforms import Compose

CLASSES = 10
# Pixels from 0 … 1 to −1 … 1: (pixel − MEAN) / STD. Not the statistics of the data set.
MEAN = 0.5
STD = 0.5


def dataset(train: bool = True, transform: Callable[[Any], Any] | None = None) -> "MNIST":
    """Give torchvision's data set, 60,000 examples (``train``) or the 10,000 of the test set.

    An example is (image, label): a PIL image of 28 × 28 grey levels, or what ``transform`` makes
    of it, and an ``int`` from 0 to 9. Raises :class:`MnistError`. From chapter 6 on.

    >>> digits = dataset(train=False)
    >>> len(digits)
    10000
    >>> image, label = digits[0]
    >>> image.size, label
    ((28, 28), 7)
    """
    from torchvision.datasets import MNIST

    return MNIST(root(), train=train, transform=transform, download=False)


def article_transform() -> "Compose":
    """Make the step from a PIL image to a float32 tensor (1, 28, 28) with values from −1 to 1.

    From chapter 6 on.

    >>> image, label = dataset(train=False, transform=article_transform())[0]
    >>> image.shape, image.min().item(), label
    (torch.Size([1, 28, 28]), -1.0, 7)
    """
    from torchvision.transforms import Compose, Normalize, ToTensor

    return Compose([ToTensor(), Normalize((MEAN,), (STD,))])


def tensors(train: bool = True) -> tuple[Tensor, Tensor]:
    """Give all images, float32 (N, 1, 28, 28), and their labels, int64 (N,), in the files' order.

    N is 60,000 for ``train``, else 10,000. The values are those that :func:`article_transform`
    gives, bit for bit. Read once per process and shared by all callers (188 MB for ``train``), so
    don't write to them: ``clone()`` first. Where an exercise is graded the test set's labels are
    withheld, and there is :func:`test_images` for its images. Raises :class:`MnistError`. From
    chapter 0 on.

    >>> images, labels = tensors()
    >>> images.shape, labels[:5].tolist()
    (torch.Size([60000, 1, 28, 28]), [5, 0, 4, 1, 9])
    """
    return _tensors(bool(train))


def test_images() -> Tensor:
    """Give the 10,000 images of the test set, float32 (10000, 1, 28, 28); else as :func:`tensors`.

    For the exercises of chapters 6 and 7.

    >>> test_images().shape
    torch.Size([10000, 1, 28, 28])
    """
    return _images("t10k")


@functools.cache
def _tensors(train: bool) -> tuple[Tensor, Tensor]:
    part = "train" if train else "t10k"
    # An IDX file is a header (magic number and one size a dimension, 4 bytes each), then the data.
    labels = np.fromfile(file(f"{part}-labels-idx1-ubyte"), dtype=np.uint8, offset=4 + 1 * 4)
    with torch.inference_mode(False):
        return _images(part), torch.from_numpy(labels).to(torch.int64)


@functools.cache
def _images(part: str) -> Tensor:
    images = np.fromfile(file(f"{part}-images-idx3-ubyte"), dtype=np.uint8, offset=4 + 3 * 4)
    # Made in inference mode, they would be useless for training in the rest of the process.
    with torch.inference_mode(False):
        # NumPy's memory, because NumPy asks the system for large pages: 188 MB in small ones make
        # picking rows at random slower.
        pixels = torch.from_numpy(images.astype(np.float32)).view(-1, 1, 28, 28)
        # The operations of ToTensor and Normalize, in their order: another rounds differently.
        return pixels.div_(255).sub_(MEAN).div_(STD)


class Batches:
    """Minibatches cut from tensors in memory; stands in for a ``DataLoader`` in a ``for`` loop.

    Each pass yields ``len(self)`` pairs (images, labels), the last one shorter if the batch size
    doesn't divide the number of examples. A batch is a copy, which the caller may change. From
    chapter 6 on.

    >>> five = TensorDataset(torch.zeros(5, 1, 28, 28), torch.arange(5))
    >>> [labels.tolist() for images, labels in Batches(five, 2)]
    [[0, 1], [2, 3], [4]]

    Parameters
    ----------
    dataset
        Holds the images (N, …) and the labels (N,).
    batch_size
        Examples in a batch, B.
    shuffle
        Whether each pass visits the examples in a new random order.
    seed
        Starts this object's own random numbers: the same seed gives the same sequence of orders,
        whatever else is drawn in the process, and torch's global generator is left alone.
    flatten
        Whether images come as (B, 784) instead of (B, 1, 28, 28).

    Raises
    ------
    ValueError
        If ``batch_size`` is not a whole number of at least 1.
    """

    def __init__(
        self,
        dataset: TensorDataset,
        batch_size: int = 64,
        *,
        shuffle: bool = False,
        seed: int = 0,
        flatten: bool = False,
    ) -> None:
        """Take the examples from ``dataset``; the class says what each parameter means."""
        self.dataset = dataset
        self.batch_size = _whole_number("batch_size", batch_size, 1)
        self._shuffle = shuffle
        self._generator = torch.Generator().manual_seed(seed)
        self._flatten = flatten

    def __len__(self) -> int:
        """Return the number of batches in one pass."""
        return math.ceil(len(self.dataset) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Pass once over all examples."""
        images, labels = self.dataset.tensors
        if self._flatten:
            images = images.flatten(1)
        count = len(labels)
        if self._shuffle:
            order = torch.randperm(count, generator=self._generator)
        else:
            order = torch.arange(count)
        # One gather a batch: batches cut from a larger one would be views of a single tensor, and
        # autograd would take a change of one for a change of all. It would be no faster either.
        for rows in order.split(self.batch_size) if count else ():
            yield images.index_select(0, rows), labels.index_select(0, rows)


class Loaders(NamedTuple):
    """What :func:`loaders` gives: one part to learn from, one to choose by, one to report."""

    train: Batches
    validation: Batches
    test: Batches


def loaders(
    batch_size: int = 64,
    *,
    validation: int = 10_000,
    shuffle: bool = True,
    seed: int = 0,
    flatten: bool = False,
) -> Loaders:
    """Cut minibatches from the training, validation and test sets, as :class:`Batches`.

    ``validation`` is how many examples, the last of the 60,000, are held back from training; with
    0 the validation loader is empty. Where an exercise is graded the test loader is empty, since
    its labels are withheld. Only the training set is shuffled. The other arguments are those of
    :class:`Batches`. Raises :class:`MnistError`, and ``ValueError`` for an argument out of range.
    From chapter 1 on.

    >>> data = loaders(batch_size=64, flatten=True)
    >>> images, labels = next(iter(data.train))
    >>> images.shape, labels.shape
    (torch.Size([64, 784]), torch.Size([64]))
    >>> [len(part.dataset) for part in data]
    [50000, 10000, 10000]
    """
    batch_size = _whole_number("batch_size", batch_size, 1)
    validation = _whole_number("validation", validation, 0, 59_999)
    images, labels = tensors(train=True)
    split = len(labels) - validation
    test = (test_images()[:0], labels[:0]) if labels_are_withheld() else tensors(train=False)
    return Loaders(
        train=Batches(
            TensorDataset(images[:split], labels[:split]),
            batch_size,
            shuffle=shuffle,
            seed=seed,
            flatten=flatten,
        ),
        validation=Batches(
            TensorDataset(images[split:], labels[split:]), batch_size, flatten=flatten
        ),
        test=Batches(TensorDataset(*test), batch_size, flatten=flatten),
    )


def _whole_number(name: str, value: Any, least: int, most: int | None = None) -> int:
    wanted = f"at least {least:,}" if most is None else f"{least:,} to {most:,}"
    try:
        number = operator.index(value)  # takes NumPy's integers, and no float
    except TypeError:
        number = least - 1
    if number < least or (most is not None and number > most):
        raise ValueError(f"{name} must be a whole number of {wanted}, not {value!r}.")
    return number
