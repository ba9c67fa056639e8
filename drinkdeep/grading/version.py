"""By which grader a submission was graded: what decides on a grade follows from the imports."""

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import drinkdeep
from drinkdeep.grading import course
from drinkdeep.grading.sandbox.inside import LOADED

PACKAGE = Path(drinkdeep.__file__).parent

DECIDING = (
    # What a submission is taken for, before it runs …
    "drinkdeep.grading.batch.converter",
    "drinkdeep.grading.batch.notebook",
    "drinkdeep.grading.batch.submission",
    # … and what runs it, and gives points. It imports all else.
    "drinkdeep.grading.judging.execute",
)
"""What decides, besides what a kernel loads."""


@functools.cache
def grader_version(modules: tuple[str, ...] = ()) -> str:
    """Return a hash of the code of ours that decides on grades, and of torch's version.

    ``modules`` are what an assignment imports: those of ours count too, since the student's kernel
    runs them.
    """
    total = hashlib.sha256(metadata.version("torch").encode())
    for name, path in sorted(grade_sources(roots(modules)).items()):
        total.update(f"\0{name}\0".encode() + path.read_bytes())
    return total.hexdigest()


def roots(modules: Iterable[str]) -> tuple[str, ...]:
    """Return where to begin, for an assignment that imports these."""
    return (*DECIDING, *LOADED, *course.MODULES, *modules)


def grade_sources(modules: Iterable[str]) -> dict[str, Path]:
    """Return our modules among these, and all that they import of ours, with their files."""
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found or (path := _source(name)) is None:
            continue
        found[name] = path
        waiting += _imported(path)
        waiting.append(name.rpartition(".")[0])  # a package is imported before what is in it
    return found


def _source(name: str) -> Path | None:
    """Return a module's file; None for what is no module, or none of ours."""
    package, *parts = name.split(".")
    if package != PACKAGE.name:
        return None
    path = PACKAGE.joinpath(*parts)
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def _imported(path: Path) -> Iterator[str]:
    """Whatever a file imports, wherever in it, and what may be modules among the names."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
