"""The package stays light to import, and its arrows run one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import drinkdeep

PACKAGE = Path(drinkdeep.__file__).parent
HEAVY = ("torchvision", "matplotlib", "ipywidgets", "IPython")


def imported_by(module: str) -> set[str]:
    """The names in ``sys.modules`` of a fresh interpreter after importing ``module``."""
    code = f"import sys, {module}; print('\\n'.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.slow
@pytest.mark.parametrize("module", ["drinkdeep.mnist", "drinkdeep.models", "drinkdeep.training"])
def test_heavy_libraries_are_imported_where_they_are_used(module: str) -> None:
    assert not imported_by(module) & set(HEAVY)


def test_importing_the_package_alone_imports_no_torch() -> None:
    assert "torch" not in imported_by("drinkdeep")


def test_reading_a_notebook_waits_for_no_grammar() -> None:
    """requirements/student.txt pins jsonschema for that."""
    assert "lark" not in imported_by("nbformat")


def test_only_the_grader_imports_the_grader() -> None:
    """A student's tree has none."""
    for path in PACKAGE.rglob("*.py"):
        if "grading" not in path.parts:
            text = path.read_text(encoding="utf-8")
            assert "from drinkdeep.grading" not in text, path
            assert "import drinkdeep.grading" not in text, path


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_nothing_imports_the_notebooks_or_the_tests(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
        + [alias.name for alias in node.names]
    }
    assert not {name.split(".")[0] for name in names} & {"book", "solutions", "tests", "tools"}
