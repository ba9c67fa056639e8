"""Committed notebooks are in the one form that keeps diffs readable."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "notebooks.py"
WELCOME = ROOT / "book" / "welcome.ipynb"
BOOK = sorted(set((ROOT / "book").glob("*.ipynb")) - {WELCOME})


def tool(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, TOOL, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    """A notebook as an editor might leave it."""
    v4 = nbformat.v4
    data = {"text/plain": "3", "text/html": "<b>3</b>", "image/png": "aGk="}
    cell = v4.new_code_cell(
        "import sys\nprint('hello')  \nprint('oops', file=sys.stderr)\n1 + 2\n",
        execution_count=17,
        metadata={"tags": ["hide-input"], "collapsed": False, "ExecuteTime": {"start": "now"}},
        outputs=[
            v4.new_output("display_data", data, metadata={"image/png": {"width": 3}}),
            v4.new_output("display_data", {"image/png": "aGk="}),
            v4.new_output("execute_result", data, execution_count=17),
        ],
    )
    notebook = v4.new_notebook(
        cells=[v4.new_markdown_cell("# Title  \n"), cell], metadata={"widgets": {"a": 1}}
    )
    path = tmp_path / "messy.ipynb"
    nbformat.write(notebook, path)
    return path


def test_all_committed_notebooks_are_in_the_committed_form() -> None:
    result = tool("check")
    assert result.returncode == 0, result.stderr


def test_normalizing_keeps_text_and_drops_the_rest(messy: Path) -> None:
    assert tool("check", messy).returncode == 1
    assert tool("normalize", messy).returncode == 0
    assert tool("check", messy).returncode == 0
    notebook = nbformat.read(messy, as_version=4)
    nbformat.validate(notebook)
    title, code = notebook.cells
    assert title.source == "# Title"
    assert code.metadata == {"tags": ["hide-input"]}
    assert code.execution_count == 1
    assert [dict(output.data) for output in code.outputs] == [{"text/plain": "3"}] * 2
    assert "widgets" not in notebook.metadata


def test_an_unchanged_cell_keeps_its_id(messy: Path) -> None:
    tool("normalize", messy)
    before = nbformat.read(messy, as_version=4)
    before.cells.insert(1, nbformat.v4.new_markdown_cell("New."))
    nbformat.write(before, messy)
    tool("normalize", messy)
    after = nbformat.read(messy, as_version=4)
    assert [after.cells[0].id, after.cells[2].id] == [before.cells[0].id, before.cells[2].id]


def test_recording_runs_the_cells(messy: Path) -> None:
    assert tool("record", messy).returncode == 0
    (_, code) = nbformat.read(messy, as_version=4).cells
    assert [output.get("text") for output in code.outputs] == ["hello\n", "oops\n", None]


def test_a_notebook_that_fails_is_left_as_it_was(messy: Path) -> None:
    notebook = nbformat.read(messy, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("1 / 0"))
    nbformat.write(notebook, messy)
    before = messy.read_bytes()
    result = tool("record", messy)
    assert result.returncode == 1
    assert "left as it was" in result.stderr
    assert messy.read_bytes() == before


def test_what_is_no_notebook_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_text("{")
    result = tool("check", path)
    assert result.returncode == 1
    assert str(path) in result.stderr


@pytest.mark.parametrize("path", BOOK, ids=lambda path: path.stem)
def test_every_cell_of_a_chapter_was_run_and_is_compared(path: Path) -> None:
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    assert cells
    assert all(cell.execution_count for cell in cells), "nbval compares only cells with a count"


def test_the_welcome_notebook_leads_to_every_chapter_and_its_exercises() -> None:
    text = "\n".join(c.source for c in nbformat.read(WELCOME, as_version=4).cells)
    chapters, _ = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    for entry in chapters["chapters"]:
        assert f"({os.path.relpath(entry['file'], 'book')}.ipynb)" in text


def test_the_welcome_notebook_says_nothing_of_our_machine() -> None:
    """What it says of the reader's, it says when they run it."""
    cells = [c for c in nbformat.read(WELCOME, as_version=4).cells if c.cell_type == "code"]
    assert cells
    assert not any(cell.outputs for cell in cells)
