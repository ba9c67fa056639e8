"""The four files of MNIST: shipped compressed, and unpacked once into a cache folder.

Here is what is known of them without torch, for whoever needs no more than the files.
"""

import functools
import gzip
import hashlib
import os
import zlib
from contextlib import suppress
from pathlib import Path

import platformdirs

from drinkdeep.whole_file import write_whole

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


def root() -> Path:
    """Return the cache folder, with all four files intact below it in ``MNIST/raw``.

    That is where ``torchvision.datasets.MNIST(root, download=False)`` looks for them. A file that
    is missing or altered is unpacked again. Raises :class:`MnistError` if that fails.
    """
    for name in SHA256:
        file(name)
    return _cache_folder()


def file(name: str) -> Path:
    """Return one of the four files, intact."""
    path = _cache_folder() / "MNIST" / "raw" / name
    if not _is_intact(path):
        _write(path, _unpack(name))
    return path


def labels_are_withheld() -> bool:
    """Return whether exercises are graded here: then the file of the test labels is empty."""
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
    if name == TEST_LABELS and labels_are_withheld():
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
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, content)
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
