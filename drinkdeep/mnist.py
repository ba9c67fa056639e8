"""MNIST, without a download: 70,000 handwritten digits, 60,000 to train on and 10,000 to test.

The four files are shipped with the package, compressed (``drinkdeep/data``, where origin and
licence are told), and unpacked once into a cache folder: the one that the environment variable
``DRINKDEEP_CACHE`` names, else the user's own. There are two ways to read them:

- :func:`dataset` gives torchvision's ``MNIST``, to be used with a ``DataLoader`` as everywhere;
- :func:`loaders` gives the same minibatches from memory, many times faster.
"""

import functools
import gzip
import hashlib
import math
import operator
import os
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import platformdirs
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

if TYPE_CHECKING:  # torchvision is slow to import, and most chapters don't need it
    from torchvision.datasets import MNIST
    from torchvision.transforms import Compose

CLASSES = 10
# Pixels from 0 … 1 to −1 … 1: (pixel − MEAN) / STD. Not the statistics of the data set.
MEAN = 0.5
STD = 0.5

SHIPPED = Path(__file__).parent / "data"
# SHA-256 of the uncompressed files: the one place in the code that says what the data is.
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


TEST_LABELS = "t10k-labels-idx1-ubyte"


class MnistError(RuntimeError):
    """The data can't be had; the message names the file or folder and the cure."""


# Reading


def dataset(train: bool = True, transform: Callable[[Any], Any] | None = None) -> "MNIST":
    """torchvision's data set, 60,000 examples (``train``) or the 10,000 of the test set.

    An example is (image, label): a PIL image of 28 × 28 grey levels, or what ``transform`` makes
    of it, and an ``int`` from 0 to 9. Raises :class:`MnistError`.
    """
    from torchvision.datasets import MNIST

    return MNIST(root(), train=train, transform=transform, download=False)


def article_transform() -> "Compose":
    """From a PIL image to a float32 tensor (1, 28, 28) with values from −1 to 1."""
    from torchvision.transforms import Compose, Normalize, ToTensor

    return Compose([ToTensor(), Normalize((MEAN,), (STD,))])


def tensors(train: bool = True) -> tuple[Tensor, Tensor]:
    """All images, float32 (N, 1, 28, 28), and their labels, int64 (N,), in the files' order.

    N is 60,000 for ``train``, else 10,000. The values are those that :func:`article_transform`
    gives, bit for bit. Read once per process and shared by all callers (188 MB for ``train``), so
    don't write to them: ``clone()`` first. Where an exercise is graded the test set's labels are
    withheld, and there is :func:`test_images` for its images. Raises :class:`MnistError`.
    """
    return _tensors(bool(train))


def test_images() -> Tensor:
    """The 10,000 images of the test set, float32 (10000, 1, 28, 28); else as :func:`tensors`."""
    return _images("t10k")


@functools.cache
def _tensors(train: bool) -> tuple[Tensor, Tensor]:
    part = "train" if train else "t10k"
    # An IDX file is a header (magic number and one size a dimension, 4 bytes each), then the data.
    labels = np.fromfile(_file(f"{part}-labels-idx1-ubyte"), dtype=np.uint8, offset=4 + 1 * 4)
    with torch.inference_mode(False):
        return _images(part), torch.from_numpy(labels).to(torch.int64)


@functools.cache
def _images(part: str) -> Tensor:
    images = np.fromfile(_file(f"{part}-images-idx3-ubyte"), dtype=np.uint8, offset=4 + 3 * 4)
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
    doesn't divide the number of examples. A batch is a copy, which the caller may change.

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
        """The number of batches in one pass."""
        return math.ceil(len(self.dataset) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """One pass over all examples."""
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
    """Minibatches of the training, validation and test sets, as :class:`Batches`.

    ``validation`` is how many examples, the last of the 60,000, are held back from training; with
    0 the validation loader is empty. Where an exercise is graded the test loader is empty, since
    its labels are withheld. Only the training set is shuffled. The other arguments are those of
    :class:`Batches`. Raises :class:`MnistError`, and ``ValueError`` for an argument out of range.
    """
    batch_size = _whole_number("batch_size", batch_size, 1)
    validation = _whole_number("validation", validation, 0, 59_999)
    images, labels = tensors(train=True)
    split = len(labels) - validation
    test = (test_images()[:0], labels[:0]) if _labels_are_withheld() else tensors(train=False)
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


# Unpacking


def root() -> Path:
    """The cache folder, with all four files intact below it in ``MNIST/raw``.

    That is where ``torchvision.datasets.MNIST(root, download=False)`` looks for them. A file that
    is missing or altered is unpacked again. Raises :class:`MnistError` if that fails.
    """
    for name in SHA256:
        _file(name)
    return _cache_folder()


def _file(name: str) -> Path:
    """One of the four files, intact."""
    file = _cache_folder() / "MNIST" / "raw" / name
    if not _is_intact(file):
        _write(file, _unpack(name))
    return file


def _labels_are_withheld() -> bool:
    """Whether this is where exercises are graded: there the test set's labels are an empty file."""
    try:
        return (SHIPPED / f"{TEST_LABELS}.gz").stat().st_size == 0
    except OSError:
        return False


def _cache_folder() -> Path:
    named = os.environ.get("DRINKDEEP_CACHE")
    folder = Path(named) if named else platformdirs.user_cache_path("drinkdeep")
    try:
        return folder.expanduser().absolute()
    except RuntimeError:  # a user without a home, as in some containers
        raise MnistError(
            f"The cache folder {folder} can't be found because the user has no home folder: "
            "set DRINKDEEP_CACHE to a folder that you can write to."
        ) from None


def _is_intact(file: Path) -> bool:
    try:
        status = file.stat()
        stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
        return _digest(file, stamp) == SHA256[file.name]
    except OSError:
        return False


@functools.cache
def _digest(file: Path, stamp: tuple[int, ...]) -> str:
    """SHA-256 of a file; it is read once per process, and again if its ``stamp`` changes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _unpack(name: str) -> bytes:
    if name == TEST_LABELS and _labels_are_withheld():
        raise MnistError(
            "The labels of the test set are withheld while an exercise is graded: "
            "use the training set, and mnist.test_images() for the images alone."
        )
    packed = SHIPPED / f"{name}.gz"
    state = "damaged"
    try:
        content = gzip.decompress(packed.read_bytes())
        if hashlib.sha256(content).hexdigest() == SHA256[name]:
            return content
    except FileNotFoundError:
        state = "missing"
    except (OSError, EOFError, zlib.error):
        pass
    raise MnistError(
        f"The data file {packed} is {state}: "
        f"restore it with `git checkout -- drinkdeep/data/{packed.name}`."
    )


def _write(file: Path, content: bytes) -> None:
    """Put a whole file in place or none, whatever else writes there and whenever it is killed."""
    temporary = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)
        # What a killed process has left. One that is still writing finds our file instead, below.
        for leftover in file.parent.glob(f".{file.name}.*"):
            with suppress(OSError):
                leftover.unlink()
    except OSError as error:
        if not _is_intact(file):
            raise MnistError(
                f"The data could not be unpacked into {file.parent} ({error.strerror or error}): "
                "set DRINKDEEP_CACHE to a folder that you can write to, with 60 MB free."
            ) from None
