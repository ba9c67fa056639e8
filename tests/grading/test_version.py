"""A grade's version changes with whatever decides on the grade, or is loaded by the kernel."""

import ast
from functools import cache
from pathlib import Path

import pytest

import drinkdeep
from drinkdeep.grading import version
from drinkdeep.grading.version import grade_sources, grader_version

PACKAGE = Path(drinkdeep.__file__).parent
DECIDING = sorted(grade_sources(version.roots(())))


@cache
def version_before() -> str:
    """The version, kept: the grader's own cache is emptied after each change."""
    return grader_version()


def changed(module: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the version is another one when a line is added to the module."""
    before = version_before()
    read = Path.read_bytes
    path = grade_sources([module])[module]
    monkeypatch.setattr(
        Path, "read_bytes", lambda self: read(self) + (b"\n# more" if self == path else b"")
    )
    grader_version.cache_clear()
    try:
        return grader_version() != before
    finally:
        monkeypatch.undo()
        grader_version.cache_clear()


@pytest.mark.parametrize("module", DECIDING)
def test_a_change_of_a_module_that_decides_makes_it_another_version(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert changed(module, monkeypatch)


def test_it_has_what_runs_a_submission_and_what_the_kernel_loads() -> None:
    assert {
        "drinkdeep.cells",
        "drinkdeep.checks",
        "drinkdeep.transport",
        "drinkdeep.mnist",
        "drinkdeep.mnist_files",
        "drinkdeep.models",
        "drinkdeep.training",
        "drinkdeep.grading.course",
        "drinkdeep.grading.judging.judge",
        "drinkdeep.grading.judging.rewriting",
        "drinkdeep.grading.sandbox.inside",
        "drinkdeep.grading.plugins.preprocessors",
    } <= set(DECIDING)


@pytest.mark.parametrize(
    "module",
    ["drinkdeep.grading.results.report", "drinkdeep.grading.batch.pipeline", "drinkdeep.figures"],
)
def test_what_only_shows_grades_or_brings_work_to_workers_does_not_count(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not changed(module, monkeypatch)


def test_no_module_imports_by_a_relative_name_which_would_not_be_followed() -> None:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            assert not (isinstance(node, ast.ImportFrom) and node.level), path


def test_what_an_assignment_imports_counts_for_it() -> None:
    assert "drinkdeep.recipes" not in DECIDING
    assert grader_version(("drinkdeep.recipes",)) != grader_version()
    assert grader_version(("torch",)) == grader_version(), "its version counts, and not its files"


def test_it_follows_what_is_imported_in_a_function_too() -> None:
    assert "    from drinkdeep.transport import" in (PACKAGE / "checks.py").read_text()
    assert "drinkdeep.transport" in grade_sources(["drinkdeep.checks"])
