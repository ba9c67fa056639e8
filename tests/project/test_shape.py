"""Which folder may need which: found by following the imports, wherever they stand in a file."""

import ast
from collections.abc import Iterator
from pathlib import Path

import build_book
import nbformat
import pytest

import drinkdeep
from drinkdeep.grading.version import grade_sources

PACKAGE = Path(drinkdeep.__file__).parent
ROOT = PACKAGE.parent
EXERCISES = {"drinkdeep.checks", "drinkdeep.transport", "drinkdeep.cells"}
"""With these a test cell looks at an answer; released notebooks import them by these names."""


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = sorted(
    name_of(path) for path in PACKAGE.rglob("*.py") if path.parent.joinpath("__init__.py").is_file()
)


def room(module: str) -> str:
    """For whom a module is: ``lesson``, ``exercises``, ``desk``, ``grading`` or the command."""
    if module in EXERCISES:
        return "exercises"
    part = [*module.split("."), ""][1]
    return part if part in ("desk", "grading", "command") else "lesson"


ALLOWED = {
    "lesson": {"lesson"},
    "exercises": {"lesson", "exercises"},
    "desk": {"lesson", "exercises", "desk"},
    "command": {"lesson", "command"},  # it imports a verb's module by its name, once it is asked
    "grading": {"lesson", "exercises", "desk", "grading"},
}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_needs_only_what_its_readers_have(module: str) -> None:
    needed = {name: room(name) for name in grade_sources([module])}
    assert module in needed
    strangers = {n: r for n, r in needed.items() if r not in ALLOWED[room(module)]}
    assert strangers == {}


def test_the_walk_goes_through_functions_and_through_other_modules() -> None:
    """Otherwise the tests here could not fail."""
    found = grade_sources(["drinkdeep.desk.lab"])
    assert "drinkdeep.desk.check" in found
    assert "drinkdeep.mnist_files" in found, "imported in a function of desk/check.py"


def test_the_palette_imports_nothing() -> None:
    tree = ast.parse((PACKAGE / "palette.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [getattr(node, "module", None) for node in imports] == ["typing"]


def imported_by(path: Path) -> Iterator[str]:
    """What the cells of a notebook import of this package."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        lines = [line for line in cell.source.splitlines() if not line.lstrip().startswith("%")]
        try:
            tree = ast.parse("\n".join(lines))
        except SyntaxError:  # a mistake that is shown
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "book").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_a_chapter_needs_lessons_alone(path: Path) -> None:
    needed = grade_sources(imported_by(path))
    rooms = {room(name) for name in needed}
    if path.stem == "welcome":  # it is the desk's
        assert rooms <= ALLOWED["desk"]
        return
    assert rooms <= {"lesson"}
    # So what `make book` takes for no reason to run a chapter again is none.
    files = [path.relative_to(ROOT).as_posix() for path in needed.values()]
    assert [f for f in files if f.startswith(build_book.NOT_BEHIND_NOTEBOOKS)] == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "exercises").glob("*/*.ipynb")), ids=lambda path: path.stem
)
def test_an_exercise_needs_what_students_have(path: Path) -> None:
    needed = {room(name) for name in grade_sources(imported_by(path))}
    assert needed <= {"lesson", "exercises"}
