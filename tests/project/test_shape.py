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


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = sorted(
    name_of(path) for path in PACKAGE.rglob("*.py") if path.parent.joinpath("__init__.py").is_file()
)


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


WELCOME = ROOT / "book" / "welcome.ipynb"
CHAPTERS = sorted(set((ROOT / "book").glob("*.ipynb")) - {WELCOME})
LESSONS = grade_sources(name for path in CHAPTERS for name in imported_by(path))
"""What the chapters import, and all that it imports."""


def room(module: str) -> str:
    """For whom a module is. What is in no folder and in no chapter is there for the exercises."""
    part = [*module.split("."), ""][1]
    if part in ("desk", "grading", "command", "figures"):
        return "lesson" if part == "figures" else part
    return "lesson" if module in LESSONS else "exercises"


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


def test_chapters_need_lessons_alone_and_the_welcome_page_the_desk() -> None:
    assert {room(name) for name in LESSONS} == {"lesson"}
    assert {room(name) for name in grade_sources(imported_by(WELCOME))} <= ALLOWED["desk"]


def test_make_book_runs_the_chapters_again_for_what_they_need_and_nothing_else() -> None:
    for module in MODULES:
        (path,) = (path for name, path in grade_sources([module]).items() if name == module)
        file = path.relative_to(ROOT).as_posix()
        if module != "drinkdeep":
            idle = file.startswith(build_book.NOT_BEHIND_NOTEBOOKS)
            assert idle == (room(module) != "lesson"), file


@pytest.mark.parametrize(
    "path", sorted((ROOT / "exercises").glob("*/*.ipynb")), ids=lambda path: path.stem
)
def test_an_exercise_needs_what_students_have(path: Path) -> None:
    needed = {room(name) for name in grade_sources(imported_by(path))}
    assert needed <= {"lesson", "exercises"}
