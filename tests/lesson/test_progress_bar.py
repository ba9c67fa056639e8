"""The progress bar: in a terminal, and in a kernel whose outputs become a page."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat

from drinkdeep.desk import run_notebook

WORK = """
from drinkdeep.progress import progress
with progress(total=4000, description="Counting") as bar:
    for _ in range({steps}):
        bar.update()
"""


def outputs_of(code: str) -> list[nbformat.NotebookNode]:
    """What a real kernel leaves in the notebook after running ``code``."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    run_notebook.run(notebook, Path.cwd())
    return notebook.cells[0].outputs


def test_a_page_keeps_one_clean_line() -> None:
    (output,) = outputs_of(WORK.format(steps=4000))
    assert output.output_type == "display_data"
    assert output.data["text/plain"] == "Counting: 4,000 steps"
    assert re.fullmatch(
        r'<p class="dd-progress">Counting: 4,000 steps in \d+\.\d s\.</p>',
        output.data["text/html"],
    )


def test_work_that_stops_half_way_says_so() -> None:
    bar, error = outputs_of(WORK.format(steps=1000) + "    raise KeyError('enough')\n")
    assert bar.data["text/html"] == (
        '<p class="dd-progress">Counting: stopped after 1,000 of 4,000.</p>'
    )
    assert error.ename == "KeyError"


def test_a_bar_on_its_way_can_be_read_by_machine_and_eye() -> None:
    (output,) = outputs_of(
        WORK.format(steps=1000).replace("with progress(", "bar = progress(").split(" as bar:")[0]
        + "\nbar.update(1000); _ = bar.refresh()"
    )
    page = output.data["text/html"]
    assert '<progress value="1000" max="4000" aria-label="Counting"></progress>' in page
    assert re.search(r"Counting: 1,000 of 4,000 steps, \d+ s left", page)


def test_a_terminal_gets_tqdms_own_bar() -> None:
    run = subprocess.run(
        [sys.executable, "-c", WORK.format(steps=4000)], capture_output=True, text=True, check=True
    )
    assert run.stdout == ""
    assert "4000/4000" in run.stderr
