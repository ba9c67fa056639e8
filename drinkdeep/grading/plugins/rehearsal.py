"""Whether a submission can be shown in Formgrader, tried where a failure harms nobody.

Formgrader draws its page in Jupyter's own process: a text that ends a parser would end that. So the
page is drawn once before, in a process of its own; what doesn't stand that is shown as plain text.
"""

from typing import Any

from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import Preprocessor
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode
from nbformat.v4 import new_output
from traitlets import Integer

from drinkdeep.grading.results.own_process import OwnProcessError, call

LONGEST = 20_000
"""The characters of a cell or of an output that are shown where the page had to be a plain one."""
NOTE = "This submission could not be drawn as usual; it is shown as plain text.\n\n"


class Rehearsed(Preprocessor):
    """Give Formgrader a notebook that can be drawn: as it is, or else as plain text."""

    cpu_seconds = Integer(15, help="The CPU time that drawing a submission may take.").tag(
        config=True
    )

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the notebook."""
        try:
            call(rehearse, nb, cpu_seconds=self.cpu_seconds)
        except OwnProcessError as error:
            self.log.warning("A submission is shown as plain text: %s.", error)
            nb = plain(nb)
        return nb, resources


def rehearse(notebook: NotebookNode) -> str:
    """Draw the notebook, as Formgrader's exporter would; return nothing of it."""
    exporter = HTMLExporter(template_name="basic", preprocessors=[SanitizeHTML], sanitize_html=True)
    exporter.from_notebook_node(notebook)
    return ""


def plain(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook with every text shown as code is, and outputs as text alone."""
    cells = []
    for cell in notebook.cells:
        cell = NotebookNode(cell, source=cell.source[:LONGEST])
        if cell.cell_type == "code":
            cell.outputs = [_plain_output(output) for output in cell.outputs]
        else:
            # Indented by four, a text is code, whatever stands in it.
            cell.source = "".join(f"    {line}\n" for line in cell.source.splitlines())
            cell.cell_type = "markdown"
            cell.pop("attachments", None)
        cells.append(cell)
    if cells and cells[0].cell_type == "markdown":
        cells[0].source = NOTE + cells[0].source
    return NotebookNode(notebook, cells=cells)


def _plain_output(output: NotebookNode) -> NotebookNode:
    if output.output_type == "stream":
        text = output.text
    elif output.output_type == "error":
        text = f"{output.ename}: {output.evalue}"
    else:
        text = str(output.data.get("text/plain", ""))
    shown: NotebookNode = new_output("stream", name="stdout", text=text[:LONGEST])
    return shown
