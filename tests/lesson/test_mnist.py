"""The data: what it is, that it is the article's, and that nothing on the disk can spoil it."""

import contextlib
import functools
import gzip
import hashlib
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

from drinkdeep import mnist, mnist_files

IMAGES = "train-images-idx3-ubyte"


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder of the tests' own, filled; the user's is left alone."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRINKDEEP_CACHE", str(folder))
        mnist_files.root()
        yield folder


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder that doesn't exist yet, in use."""
    folder = tmp_path / "fresh"
    monkeypatch.setenv("DRINKDEEP_CACHE", str(folder))
    return folder


@pytest.fixture
def filled(cache: Path, fresh: Path) -> Path:
    """A copy of the filled cache folder, in use, to be spoilt."""
    shutil.copytree(cache, fresh)
    return fresh


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped files, in use, to be spoilt."""
    folder = tmp_path / "data"
    shutil.copytree(mnist_files.SHIPPED, folder)
    monkeypatch.setattr(mnist_files, "SHIPPED", folder)
    return folder


def raw(folder: Path) -> Path:
    return folder / "MNIST" / "raw"


def digests(folder: Path) -> dict[str, str]:
    """Every file in the folder, hidden ones too, with its SHA-256."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let every write past ``size`` bytes fail, as on a full disk, and for root as well."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def python(code: str) -> "subprocess.Popen[str]":
    """Start another process, which uses the cache folder that is set now."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", code], stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )


# What is shipped


def test_shipped_files_are_the_data_set_and_packed_reproducibly() -> None:
    for name, digest in mnist_files.SHA256.items():
        packed = (mnist_files.SHIPPED / f"{name}.gz").read_bytes()
        assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == digest
        assert packed[3:8] == bytes(5), "no file name and no time in the gzip header"


def test_nothing_else_is_shipped() -> None:
    assert {file.name for file in mnist_files.SHIPPED.iterdir()} == {
        "README.md",
        *(f"{name}.gz" for name in mnist_files.SHA256),
    }


def test_readme_lists_the_same_digests_and_the_real_sizes(cache: Path) -> None:
    rows = re.findall(
        r"^\| `([^`]+)\.gz` \| ([\d,]+) \| `(\w{64})` \|$",
        (mnist_files.SHIPPED / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert {name: digest for name, _, digest in rows} == mnist_files.SHA256
    assert {name: int(size.replace(",", "")) for name, size, _ in rows} == {
        file.name: file.stat().st_size for file in raw(cache).iterdir()
    }


# What is read


@pytest.mark.slow
@pytest.mark.parametrize("train", [True, False])
def test_tensors_are_those_of_torchvision_bit_for_bit(train: bool) -> None:
    images, labels = mnist.tensors(train)
    dataset = mnist.dataset(train, mnist.article_transform())
    assert len(images) == len(labels) == len(dataset) == (60_000 if train else 10_000)
    assert images.dtype == torch.float32
    assert images.shape[1:] == (1, 28, 28)
    assert labels.dtype == torch.int64
    assert torch.equal(labels, dataset.targets)
    for start in range(0, len(dataset), 1000):
        rows = range(start, start + 1000)
        theirs = torch.stack([dataset[i][0] for i in rows])
        # As integers: == on floats would call −0 and 0 equal.
        same = theirs.view(torch.int32) == images[start : start + 1000].view(torch.int32)
        assert same.all(), f"images {rows} differ"


def test_values_span_minus_one_to_one_and_labels_the_ten_classes() -> None:
    images, labels = mnist.tensors(train=False)
    assert (images.min(), images.max()) == (-1, 1)
    assert labels.unique().tolist() == list(range(mnist.CLASSES))


def test_dataset_without_transform_gives_pictures() -> None:
    picture, label = mnist.dataset(train=False)[0]
    assert picture.size == (28, 28)
    assert label == 7


def test_tensors_are_read_once() -> None:
    assert mnist.tensors(train=True)[0] is mnist.tensors(True)[0] is mnist.tensors()[0]


def test_tensors_first_read_in_inference_mode_can_be_trained_on() -> None:
    mnist._tensors.cache_clear()
    with torch.inference_mode():
        mnist.tensors(train=False)
    images, _ = mnist.tensors(train=False)
    weight = torch.zeros(1, requires_grad=True)
    (images[:2] * weight).sum().backward()
    assert weight.grad is not None
    assert weight.grad.item() == pytest.approx(images[:2].sum().item())


# Loaders


def equal_batches(
    left: Iterator[tuple[torch.Tensor, torch.Tensor]],
    right: Iterator[tuple[torch.Tensor, torch.Tensor]],
) -> bool:
    pairs = zip(left, right, strict=True)
    return all(torch.equal(a, c) and torch.equal(b, d) for (a, b), (c, d) in pairs)


@functools.cache
def numbered(count: int = 1000) -> TensorDataset:
    """Images whose pixels all hold the number of the example, which is its label too."""
    numbers = torch.arange(count)
    return TensorDataset(numbers.float().view(-1, 1, 1, 1).expand(-1, 1, 28, 28), numbers)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(("count", "batch_size"), [(1000, 64), (128, 64), (5, 64), (7, 1)])
def test_batches_stand_in_for_a_dataloader(count: int, batch_size: int, shuffle: bool) -> None:
    dataset = numbered(count)
    generator = torch.Generator().manual_seed(3)
    sampler = RandomSampler(dataset, generator=generator) if shuffle else None
    theirs = DataLoader(dataset, batch_size, sampler=sampler)
    ours = mnist.Batches(dataset, batch_size, shuffle=shuffle, seed=3)
    assert len(ours) == len(theirs)
    assert ours.batch_size == theirs.batch_size
    assert ours.dataset is theirs.dataset
    assert equal_batches(iter(ours), iter(theirs))


def test_an_epoch_is_937_full_batches_and_one_of_32_and_visits_each_image_once() -> None:
    train = mnist.loaders(validation=0, flatten=True).train
    images, labels = mnist.tensors(train=True)
    sizes, pixels, classes = [], torch.zeros(784, dtype=torch.float64), torch.zeros(10)
    for batch, targets in train:
        assert batch.shape == (len(targets), 784)
        sizes.append(len(targets))
        pixels += batch.sum(0, dtype=torch.float64)
        classes += targets.bincount(minlength=10)
    assert len(train) == 938
    assert sizes == [64] * 937 + [32]
    assert torch.allclose(pixels, images.flatten(1).sum(0, dtype=torch.float64))
    assert torch.equal(classes, labels.bincount(minlength=10).float())


def test_every_epoch_has_an_order_of_its_own_and_images_keep_their_labels() -> None:
    batches = mnist.Batches(numbered(), 64, shuffle=True)
    epochs = []
    for _ in range(3):
        images, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
        assert torch.equal(images[:, 0, 0, 0].long(), labels)
        assert torch.equal(labels.sort().values, torch.arange(1000))
        epochs.append(tuple(labels.tolist()))
    assert len(set(epochs)) == 3


def test_the_seed_alone_decides_the_order() -> None:
    def orders(seed: int) -> list[list[int]]:
        batches = mnist.Batches(numbered(), 64, shuffle=True, seed=seed)
        return [[n for _, labels in batches for n in labels.tolist()] for _ in range(2)]

    first = orders(seed=1)
    torch.rand(1)  # other random numbers drawn in between change nothing
    assert orders(seed=1) == first
    assert orders(seed=2) != first


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    for _ in mnist.loaders().train:
        pass
    assert torch.equal(torch.get_rng_state(), before)


def test_a_batch_may_be_changed_and_kept() -> None:
    for shuffle in (False, True):
        loader = mnist.loaders(shuffle=shuffle, flatten=True).train
        images, labels = mnist.tensors(train=True)
        sums = images.sum(), labels.sum()
        kept = list(islice(loader, 3))
        second = kept[1][0].clone()
        weight = torch.ones(784, requires_grad=True)
        loss = (kept[1][0] @ weight).sum()
        kept[0][0].fill_(9)
        kept[0][1].fill_(9)
        loss.backward()  # autograd sees that the second batch is unchanged
        assert torch.equal(kept[1][0], second)
        assert (images.sum(), labels.sum()) == sums


def test_loaders_part_the_data() -> None:
    images, labels = mnist.tensors(train=True)
    train, validation, test = mnist.loaders(batch_size=100)
    assert [len(part.dataset) for part in (train, validation, test)] == [50_000, 10_000, 10_000]
    assert [len(part) for part in (train, validation, test)] == [500, 100, 100]
    assert torch.equal(validation.dataset.tensors[0], images[50_000:])
    assert torch.equal(test.dataset.tensors[0], mnist.tensors(train=False)[0])
    # Views, not copies.
    start = train.dataset.tensors[0].data_ptr()
    assert start == images.data_ptr()
    assert validation.dataset.tensors[0].data_ptr() == start + 50_000 * 784 * 4
    for part in (validation, test):
        ordered = torch.cat([targets for _, targets in part])
        assert torch.equal(ordered, part.dataset.tensors[1])
    assert not torch.equal(torch.cat([targets for _, targets in train]), labels[:50_000])


def test_without_validation_everything_is_for_training() -> None:
    parts = mnist.loaders(validation=0)
    assert len(parts.train.dataset) == 60_000
    assert len(parts.validation) == 0
    assert list(parts.validation) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mnist.loaders(0), "batch_size must be a whole number of at least 1, not 0."),
        (lambda: mnist.loaders(64.0), "batch_size must be a whole number of at least 1, not 64.0."),
        (
            lambda: mnist.loaders(validation=60_000),
            "validation must be a whole number of 0 to 59,999, not 60000.",
        ),
        (
            lambda: mnist.loaders(validation=-1),
            "validation must be a whole number of 0 to 59,999, not -1.",
        ),
        (
            lambda: mnist.loaders(validation=0.2),
            "validation must be a whole number of 0 to 59,999, not 0.2.",
        ),
        (
            lambda: mnist.Batches(numbered(), -3),
            "batch_size must be a whole number of at least 1, not -3.",
        ),
    ],
)
def test_bad_arguments_are_told_in_a_sentence(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        call()
    assert str(caught.value) == message


def test_whole_numbers_of_numpy_will_do() -> None:
    assert len(mnist.loaders(np.int64(100), validation=np.int64(0)).train) == 600


# The cache


def test_the_cache_is_unpacked_where_torchvision_looks(fresh: Path) -> None:
    assert mnist_files.root() == fresh
    assert digests(raw(fresh)) == mnist_files.SHA256


def test_without_a_named_folder_the_users_own_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DRINKDEEP_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    folder = mnist_files.root()
    assert folder.is_relative_to(tmp_path)
    assert digests(raw(folder)) == mnist_files.SHA256


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1000])


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def replace_by_garbage(file: Path) -> None:
    file.write_bytes(b"<html>Not the file you wanted</html>")


def pack_something_else(file: Path) -> None:
    file.write_bytes(gzip.compress(b"something else"))


@pytest.mark.parametrize("spoil", [truncate, flip_a_bit, empty, Path.unlink])
def test_a_spoilt_cached_file_is_healed(filled: Path, spoil: Callable[[Path], None]) -> None:
    mnist_files.root()  # the good file has been seen in this process
    spoil(raw(filled) / IMAGES)
    mnist_files.root()
    assert digests(raw(filled)) == mnist_files.SHA256


def test_a_file_is_replaced_in_one_step_and_never_overwritten(filled: Path) -> None:
    # Another process may have it open: what it reads must not change under its hands.
    file, held = raw(filled) / "t10k-labels-idx1-ubyte", filled / "held"
    truncate(file)
    held.hardlink_to(file)
    spoilt = held.read_bytes()
    mnist_files.root()
    assert digests(raw(filled)) == mnist_files.SHA256
    assert held.read_bytes() == spoilt


def test_an_intact_cached_file_is_hashed_once_per_process(filled: Path) -> None:
    mnist_files._digest.cache_clear()
    mnist_files.root()
    mnist_files.root()
    assert mnist_files._digest.cache_info().misses == len(mnist_files.SHA256)


@pytest.mark.parametrize(
    "spoil", [truncate, flip_a_bit, empty, replace_by_garbage, pack_something_else]
)
def test_a_damaged_shipped_file_is_one_clear_error(
    fresh: Path, shipped: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(shipped / f"{IMAGES}.gz")
    with pytest.raises(mnist.MnistError) as caught:
        mnist.dataset()
    assert str(caught.value) == (
        f"The data file {shipped / IMAGES}.gz is damaged: "
        f"restore it with `git checkout -- drinkdeep/data/{IMAGES}.gz`."
    )
    assert not (raw(fresh) / IMAGES).exists()


def test_a_missing_shipped_file_is_one_clear_error_and_can_be_restored(
    fresh: Path, shipped: Path
) -> None:
    packed = shipped / f"{IMAGES}.gz"
    content = packed.read_bytes()
    packed.unlink()
    with pytest.raises(mnist.MnistError) as caught:
        mnist.dataset()
    assert str(caught.value) == (
        f"The data file {packed} is missing: "
        f"restore it with `git checkout -- drinkdeep/data/{IMAGES}.gz`."
    )
    packed.write_bytes(content)
    mnist.dataset()


def test_an_intact_cache_needs_no_shipped_file(filled: Path, shipped: Path) -> None:
    shutil.rmtree(shipped)
    assert len(mnist.dataset(train=False)) == 10_000


def test_a_cache_folder_that_cannot_be_made_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Below a regular file nobody can make a folder, not even root.
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "cache"
    monkeypatch.setenv("DRINKDEEP_CACHE", str(folder))
    with pytest.raises(mnist.MnistError) as caught:
        mnist_files.root()
    assert str(caught.value) == (
        f"The data could not be unpacked into {raw(folder)} (Not a directory): "
        "set DRINKDEEP_CACHE to a folder that you can write to, with 60 MB free."
    )


def test_a_full_disk_is_one_clear_error_and_leaves_nothing_behind(fresh: Path) -> None:
    with largest_file(4_000_000), pytest.raises(mnist.MnistError) as caught:
        mnist_files.root()
    assert str(caught.value) == (
        f"The data could not be unpacked into {raw(fresh)} (File too large): "
        "set DRINKDEEP_CACHE to a folder that you can write to, with 60 MB free."
    )
    assert list(raw(fresh).iterdir()) == []
    mnist_files.root()
    assert digests(raw(fresh)) == mnist_files.SHA256


def test_an_intact_cache_is_used_where_nothing_can_be_written(filled: Path) -> None:
    mnist_files._digest.cache_clear()
    mnist._tensors.cache_clear()
    folders = [raw(filled), raw(filled).parent, filled]
    for folder in folders:
        folder.chmod(0o555)  # for root it is the limit that forbids to write
    try:
        with largest_file(0):
            assert len(mnist.dataset(train=False)) == len(mnist.tensors(train=False)[0]) == 10_000
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_an_altered_cache_where_nothing_can_be_written_is_an_error(filled: Path) -> None:
    flip_a_bit(raw(filled) / IMAGES)
    with largest_file(0), pytest.raises(mnist.MnistError, match="could not be unpacked"):
        mnist_files.root()


def test_a_user_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRINKDEEP_CACHE", "~no-such-user-here/cache")
    with pytest.raises(mnist.MnistError, match="no home folder: set DRINKDEEP_CACHE to a folder"):
        mnist_files.root()


# Other processes


def test_two_processes_that_unpack_at_once_do_no_harm(fresh: Path) -> None:
    code = (
        "from drinkdeep import mnist_files; print('ready', flush=True); input(); mnist_files.root()"
    )
    others = [python(code) for _ in range(2)]
    for other in others:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
    for other in others:
        assert other.stdin is not None
        other.stdin.write("\n")
        other.stdin.flush()
    for other in others:
        _, errors = other.communicate(timeout=60)
        assert (other.returncode, errors) == (0, "")
    assert digests(raw(fresh)) == mnist_files.SHA256


def test_a_process_whose_temporary_file_was_swept_finds_the_others(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unpacked_by_another_meanwhile(_: int) -> None:
        monkeypatch.undo()
        monkeypatch.setenv("DRINKDEEP_CACHE", str(fresh))
        mnist_files.root()

    monkeypatch.setattr(os, "fsync", unpacked_by_another_meanwhile)
    mnist_files.root()
    assert digests(raw(fresh)) == mnist_files.SHA256


def test_a_process_killed_half_way_leaves_nothing_wrong(fresh: Path) -> None:
    # It kills itself, with the signal that can't be caught, where two files are in place and the
    # third is written but not in place yet.
    other = python(
        "import os, signal; from drinkdeep import mnist_files\n"
        "calls = iter([False, False, True])\n"
        "os.fsync = lambda _: next(calls) and os.kill(os.getpid(), signal.SIGKILL)\n"
        "mnist_files.root()"
    )
    other.communicate(timeout=60)
    assert other.returncode == -signal.SIGKILL
    left = digests(raw(fresh))
    finished = {name: digest for name, digest in left.items() if not name.startswith(".")}
    assert len(finished) == 2
    assert finished.items() <= mnist_files.SHA256.items()
    assert len(left) == 3
    mnist_files.root()
    assert digests(raw(fresh)) == mnist_files.SHA256, "the half-written file is swept away too"


@pytest.mark.slow
def test_importing_is_light() -> None:
    other = python(
        "import sys, drinkdeep.mnist, drinkdeep.models\n"
        "print({'torchvision', 'matplotlib', 'PIL', 'pandas'} & set(sys.modules))"
    )
    output, errors = other.communicate(timeout=60)
    assert (output, errors) == ("set()\n", "")
