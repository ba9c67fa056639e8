"""Is everything there that the course needs? Item by item: OK, or what to do.

``drinkdeep check`` prints it in a terminal, and the welcome notebook in its first cell.
"""

import argparse
import importlib.metadata
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

# The folder that the helper package lies in: book/ and exercises/ are beside it.
COURSE = Path(__file__).resolve().parents[2]
LEAST_PYTHON = (3, 11)
# For notebooks that are saved, the unpacked data set (55 MB) and a model or two.
LEAST_FREE_MB = 300
INSTALL_AGAIN = "run `make lab` in the course's folder, which installs it, and restart the kernel"
# What JupyterLab loads to show the chapters, and to validate and hand in the exercises.
LAB_EXTENSIONS = (
    "jupyterlab-myst",
    "@jupyter/nbgrader",
    "@jupyter-widgets/jupyterlab-manager",
)
SERVER_EXTENSIONS = (
    "jupyterlab_myst",
    "nbgrader.server_extensions.validate_assignment",
    "nbgrader.server_extensions.assignment_list",
)
LOADED_BY = {name: "drinkdeep.desk.server" for name in SERVER_EXTENSIONS if "nbgrader" in name}
"""Extensions that another one loads in its own way, where that is enabled."""


class Trouble(Exception):
    """Something that the course needs is not there; the text says what, and the cure."""


@dataclass(frozen=True)
class Item:
    """One thing that the course needs. ``trouble`` says what is wrong with it, if anything."""

    name: str
    trouble: str | None

    def __str__(self) -> str:
        """Return one line; the same on every machine as long as nothing is wrong."""
        return f"OK      {self.name}" if self.trouble is None else f"TO DO   {self.trouble}"


def items() -> Iterator[Item]:
    """Look at one thing after another; none of them stops the others."""
    for name, look in LOOKS.items():
        try:
            look()
        except Trouble as trouble:
            yield Item(name, str(trouble))
        except Exception as error:
            yield Item(name, f"{name} could not be looked at: {type(error).__name__}: {error}")
        else:
            yield Item(name, None)


def show() -> None:
    """Print every item, in a notebook."""
    _print_items()


def _print_items() -> bool:
    """Print every item; whether all is well."""
    well = True
    for item in items():
        print(item, flush=True)
        well = well and item.trouble is None
    if well:
        print("Everything is there.")
    else:
        print("Do what is said above, restart the kernel, and run this again.")
    return well


# The looks


def python() -> None:
    """Look at the Python that runs this."""
    if sys.version_info < LEAST_PYTHON:
        least = ".".join(map(str, LEAST_PYTHON))
        raise Trouble(
            f"This is Python {sys.version_info[0]}.{sys.version_info[1]}, and the course needs "
            f"{least} or newer: remove the folder .venv and run `make lab PYTHON=python{least}`."
        )


def packages() -> None:
    """Look for the packages that requirements.txt pins, at the versions that it pins."""
    wrong = []
    for wanted in pinned(COURSE / "requirements.txt"):
        try:
            version = importlib.metadata.version(wanted.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{wanted.name} is missing")
            continue
        if not wanted.specifier.contains(version, prereleases=True):
            wrong.append(f"{wanted.name} is {version} instead of {wanted.specifier}")
    if wrong:
        raise Trouble(f"Packages are not as they should be ({', '.join(wrong)}): {INSTALL_AGAIN}.")


def pinned(path: Path) -> list[Requirement]:
    """Read the lines of a requirements file that hold for this machine; none without a file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:  # the package alone was installed, as in Colab
        return []
    wanted: list[Requirement] = []
    for line in lines:
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            wanted += pinned(path.parent / text.removeprefix("-r "))
        elif text:
            wanted.append(Requirement(text))
    return [one for one in wanted if one.marker is None or one.marker.evaluate()]


def torch_computes() -> None:
    """PyTorch loads, and finds a slope."""
    try:
        import torch

        x = torch.tensor(3.0, requires_grad=True)
        (x * x).backward()
        slope = x.grad
    except (ImportError, OSError) as error:
        raise Trouble(f"PyTorch does not load ({error}): {INSTALL_AGAIN}.") from None
    if slope is None or slope.item() != 6:
        raise Trouble(f"PyTorch finds {slope} for the slope of x² at 3: {INSTALL_AGAIN}.")


def data() -> None:
    """Look for MNIST's four files, by their checksums, in a cache that can be written to."""
    from drinkdeep import mnist_files

    try:
        mnist_files.root()
    except mnist_files.MnistError as error:
        raise Trouble(str(error)) from None


def writable() -> None:
    """Notebooks can be saved: the folder takes new files."""
    folder = Path.cwd()
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Trouble(
            f"Nothing can be saved in {folder} ({error.strerror}): "
            "copy the course to a folder of your own, and open it there."
        ) from None


def space() -> None:
    """Notebooks can be saved: the disk has room."""
    free = shutil.disk_usage(Path.cwd()).free // 10**6
    if free < LEAST_FREE_MB:
        raise Trouble(
            f"The disk has {free} MB left, and the course needs {LEAST_FREE_MB} MB: "
            "remove what you don't need, and empty the wastebasket."
        )


def extensions() -> None:
    """Look whether what JupyterLab loads for chapters and exercises is there and enabled."""
    from jupyter_core.paths import jupyter_config_path, jupyter_path
    from jupyter_server.extension.config import ExtensionConfigManager
    from jupyterlab_server.config import get_federated_extensions, get_page_config

    folders = jupyter_path("labextensions")
    installed = get_federated_extensions(folders)
    disabled = set(get_page_config(folders)["disabledExtensions"])
    enabled = ExtensionConfigManager(
        read_config_path=jupyter_config_path()
    ).get_jpserver_extensions()
    missing = [name for name in LAB_EXTENSIONS if name not in installed or name in disabled]
    missing += [
        name
        for name in SERVER_EXTENSIONS
        if not (enabled.get(name) or enabled.get(LOADED_BY.get(name, "")))
    ]
    if missing:
        raise Trouble(
            f"JupyterLab lacks {', '.join(missing)}: run `make lab` in the course's folder, "
            "which installs and enables it."
        )


LOOKS: dict[str, Callable[[], None]] = {
    "Python is new enough": python,
    "packages are at their pinned versions": packages,
    "PyTorch computes": torch_computes,
    "the MNIST files are whole, and unpacked": data,
    "this folder can be written to": writable,
    "there is room on the disk": space,
    "JupyterLab shows the chapters and validates the exercises": extensions,
}


# The command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``drinkdeep check`` takes nothing."""


def run(arguments: argparse.Namespace) -> int:
    """Print every item; the exit code."""
    return 0 if _print_items() else 1
