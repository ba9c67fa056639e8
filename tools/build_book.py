"""Build the book into _build/html, and say where to open it.

    python tools/build_book.py [FOLDER]    where _config.yml and _toc.yml lie; by default, here

Jupyter Book runs each notebook once and keeps the outputs in a cache, by the notebook's own code.
It can't see that the helper package or a pinned package changed, so that is watched here: then
every notebook runs again. Pages are always written anew, which takes seconds, because a warning
is an error and an incremental build gives each warning only once. When no input changed since
the last complete build there is nothing to do at all.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Thread
from typing import IO, TextIO

from sphinx_external_toc.parsing import parse_toc_yaml

from drinkdeep.whole_file import write_whole

# What a chapter's outputs depend on, apart from the chapter: the lessons' modules and the packages.
# Not on the student's desk and the grader, nor on what only exercises and the command import.
BEHIND_NOTEBOOKS = ("drinkdeep", "requirements/student.lock")
NOT_BEHIND_NOTEBOOKS = (
    "drinkdeep/desk",
    "drinkdeep/grading",
    "drinkdeep/notebook",
    *(
        "drinkdeep/cells.py",
        "drinkdeep/checks.py",
        "drinkdeep/command.py",
        "drinkdeep/nbgrader_version.py",
        "drinkdeep/transport.py",
    ),
)
# What a page depends on besides.
BEHIND_PAGES = (
    *("_config.yml", "_toc.yml", "book", "exercises"),
    *("requirements.lock", "tools/build_book.py"),
)
# What Python, editors and checkers leave beside the sources.
BY_PRODUCTS = ("__pycache__", ".")

# Of what Jupyter Book says, all warnings are shown, and of the rest only what takes time.
PROGRESS = re.compile("Execut(ing|ed) notebook")
NO_KERNEL_NOTICE = re.compile(r"^(?!\[IPKernelApp\] WARNING \| Kernel is running over TCP)")
COLOUR = re.compile("\x1b\\[[0-9;]*m")


def files(root: Path, names: Iterable[str]) -> Iterator[Path]:
    """Yield the files of these names and of the folders of these names, in a fixed order."""
    for name in names:
        for path in sorted([root / name, *(root / name).rglob("*")]):
            parts = path.relative_to(root).parts
            if path.is_file() and not any(part.startswith(BY_PRODUCTS) for part in parts):
                yield path


def digest(root: Path, names: Iterable[str], without: tuple[str, ...] = ()) -> str:
    """Return a SHA-256 of names and contents, and of the Python that runs the notebooks."""
    total = hashlib.sha256(sys.version.encode())
    for path in files(root, names):
        name = path.relative_to(root).as_posix()
        if not name.startswith(without):
            total.update(f"\0{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return total.hexdigest()


def pages(root: Path) -> list[Path]:
    """Return the page of each entry of _toc.yml, under the folder of the built site."""
    site_map = parse_toc_yaml(root / "_toc.yml")
    return [Path(re.sub(r"\.(md|ipynb)$", "", name) + ".html") for name in site_map]


def missing_pages(root: Path) -> list[Path]:
    """Return the pages of the table of contents that the built site lacks."""
    site = root / "_build" / "html"
    return [page for page in pages(root) if not (site / page).is_file()]


def prepare_cache(root: Path) -> None:
    """Keep of the execution cache what the package as it is now gave, and what is whole."""
    folder = root / "_build" / ".jupyter_cache"
    record = folder / "drinkdeep.sha256"
    now = digest(root, BEHIND_NOTEBOOKS, NOT_BEHIND_NOTEBOOKS)
    if not record.is_file() or record.read_text() != now:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        record.write_text(now)
        return
    from jupyter_cache import get_cache  # a second to import, only needed when there is a cache

    cache = get_cache(folder)
    for entry in cache.list_cache_records():
        try:
            cache.get_cache_bundle(entry.pk)
        except Exception:
            # The notebook is registered before its outputs are written; a build was killed between.
            cache.remove_cache(entry.pk)


def run_jupyter_book(root: Path) -> bool:
    """Run Jupyter Book, showing its warnings and which notebook it runs; whether all went well."""
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    with (
        (root / "_build" / "book.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(
            [jupyter_book, "build", root, "--warningiserror", "--nitpick", "--keep-going"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        ) as build,
    ):

        def relay(lines: IO[str] | None, shown: re.Pattern[str], to: TextIO) -> None:
            for line in lines or ():
                log.write(line)
                if shown.search(line):
                    to.write(COLOUR.sub("", line))
                    to.flush()

        warnings = Thread(target=relay, args=(build.stderr, NO_KERNEL_NOTICE, sys.stderr))
        warnings.start()
        relay(build.stdout, PROGRESS, sys.stdout)
        warnings.join()
    return build.returncode == 0


def main() -> int:
    """Build if anything changed; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    project = Path(__file__).resolve().parent.parent
    parser.add_argument("folder", nargs="?", type=Path, default=project)
    root: Path = parser.parse_args().folder.resolve()
    index = root / "_build" / "html" / "index.html"

    # Written last, so a build that was killed half-way has none and doesn't count.
    stamp = root / "_build" / "book.sha256"
    inputs = digest(root, (*BEHIND_NOTEBOOKS, *BEHIND_PAGES))
    if stamp.is_file() and stamp.read_text() == inputs and not missing_pages(root):
        print(f"Nothing changed since the last build. The book: {index}")
        return 0
    stamp.unlink(missing_ok=True)

    prepare_cache(root)
    for stale in ("html", ".doctrees"):
        shutil.rmtree(root / "_build" / stale, ignore_errors=True)
    print("Running the notebooks that changed, and writing the pages.", flush=True)
    if not run_jupyter_book(root):
        print("The book was not built: see the warnings and errors above.", file=sys.stderr)
        return 1
    if missing := missing_pages(root):
        names = ", ".join(map(str, missing))
        print(f"The book lacks pages of its table of contents: {names}", file=sys.stderr)
        return 1
    write_whole(stamp, inputs.encode())
    print(f"The book is built. Open {index}")
    # Browsers load no modules from a disk.
    print(f"For figures that move, serve it: python3 -m http.server --directory {index.parent}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
