"""Sphinx extension: the digits on which a page trains a network, as files of the site.

They are made of the data set that the package ships, and fetched when a reader presses start. Each
piece has an equal share of all the writers: it takes every sixth training image, or every fifth
test image, so that the first piece is a fair sample. A piece is the images, a byte a pixel, then
the labels, a byte each, gzipped; its name says nothing of that, or a server might unpack it.
"""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from sphinx.application import Sphinx

from drinkdeep import mnist_files

TRAINING_PIECES = 6  # of 10,000 images; data.js counts them too
TEST_SHARE = 5  # a fifth of the test images


def piece(part: str, first: int, step: int) -> bytes:
    """Return each ``step``-th image of a part of the data set from ``first`` on, then labels."""
    # An IDX file is a header (magic number and one size a dimension, 4 bytes each), then the data.
    images = np.fromfile(mnist_files.file(f"{part}-images-idx3-ubyte"), np.uint8, offset=16)
    labels = np.fromfile(mnist_files.file(f"{part}-labels-idx1-ubyte"), np.uint8, offset=8)
    chosen = images.reshape(len(labels), -1)[first::step]
    return gzip.compress(chosen.tobytes() + labels[first::step].tobytes(), 6, mtime=0)


def write(app: Sphinx, error: Exception | None) -> None:
    """Write all pieces into the folder of the scripts that fetch them."""
    if error or app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static" / "training" / "digits"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(TRAINING_PIECES):
        (folder / f"train-{number}.bin").write_bytes(piece("train", number, TRAINING_PIECES))
    (folder / "test.bin").write_bytes(piece("t10k", 0, TEST_SHARE))


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to the end of a build."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
