"""Bring notebooks into the one form that is committed, or run them and keep what they print.

    python tools/notebooks.py normalize [NOTEBOOK …]   rewrite in the committed form
    python tools/notebooks.py check [NOTEBOOK …]       name those that are not in it; exit 1
    python tools/notebooks.py record [NOTEBOOK …]      run from top to bottom, then normalize

Without names, all notebooks of book/, solutions/ and exercises/. The committed form keeps the
text that a cell printed, which nbval compares with every new run, and drops all that only makes
diffs: images (drawn at every build), HTML, widget state, run counters, editors' metadata.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from drinkdeep.desk import run_notebook

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("book", "solutions", "exercises")
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# A cell may carry tags (hide-input, raises-exception), what nbgrader makes of it, and that it is
# folded in JupyterLab; nothing else.
CELL_METADATA = ("tags", "nbgrader", "deletable", "editable", "jupyter")


def all_notebooks() -> list[Path]:
    """Every notebook of the project, in the order of the folders."""
    return sorted(
        path
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    )


def normalize(notebook: NotebookNode) -> None:
    """Change ``notebook`` into the committed form, in place."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"})
    was_run = any(cell.get("execution_count") for cell in notebook.cells)
    seen: dict[str, int] = {}
    count = 0
    for cell in notebook.cells:
        cell.source = "\n".join(line.rstrip() for line in cell.source.splitlines()).strip("\n")
        cell.metadata = NotebookNode(
            {
                key: cell.metadata[key]
                for key in CELL_METADATA
                if cell.metadata.get(key) not in (None, [], {})
            }
        )
        if not cell.metadata.get("jupyter", {}).get("source_hidden"):
            cell.metadata.pop("jupyter", None)
        cell.pop("attachments", None)
        # The id follows from the text, so an unchanged cell keeps it, whatever tool saved it.
        seen[cell.source] = seen.get(cell.source, 0) + 1
        text = f"{seen[cell.source]}\n{cell.cell_type}\n{cell.source}"
        cell.id = hashlib.sha256(text.encode()).hexdigest()[:8]
        if cell.cell_type == "code":
            # nbval compares only cells that have a count; the place in the notebook will do.
            count += 1
            cell.execution_count = count if was_run else None
            cell.outputs = [kept for output in cell.outputs for kept in text_of(output, count)]


def text_of(output: NotebookNode, count: int) -> list[NotebookNode]:
    """Return the output with its text alone; nothing if it has none."""
    if output.output_type == "stream":
        return [output]
    if output.output_type == "error":
        output.traceback = [f"{output.ename}: {output.evalue}"]
        return [output]
    text = output.data.get("text/plain")
    if text is None:
        return []
    output.data, output.metadata = NotebookNode({"text/plain": text}), NotebookNode()
    if output.output_type == "execute_result":
        output.execution_count = count
    return [output]


def run(notebook: NotebookNode, path: Path) -> None:
    """Execute every cell in the notebook's own folder, with the python that runs this script."""
    notebook.metadata.kernelspec = NotebookNode(KERNEL)
    stopped = run_notebook.run(
        notebook,
        path.parent,
        allow_errors=False,
        coalesce_streams=True,
        store_widget_state=False,
    )
    if stopped is not None:
        raise RuntimeError(run_notebook.ended("a cell"))


def main() -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("normalize", "check", "record"))
    parser.add_argument("notebooks", nargs="*", type=Path)
    arguments = parser.parse_args()
    failed = False
    for path in arguments.notebooks or all_notebooks():
        try:
            before = path.read_text(encoding="utf-8")
            notebook = nbformat.reads(before, as_version=4)
        except (OSError, ValueError) as error:
            print(f"{path}: cannot be read as a notebook: {error}", file=sys.stderr)
            failed = True
            continue
        if arguments.action == "record":
            print(f"running {path}", flush=True)
            try:
                run(notebook, path.resolve())
            except (CellExecutionError, RuntimeError) as error:
                print(f"{path}: left as it was, because a cell failed:\n{error}", file=sys.stderr)
                failed = True
                continue
        normalize(notebook)
        after = nbformat.writes(notebook) + "\n"
        if after == before:
            continue
        if arguments.action == "check":
            print(f"{path}: not in the committed form; `make notebooks` mends it", file=sys.stderr)
            failed = True
        else:
            path.write_text(after, encoding="utf-8")
            print(f"{path}: written")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
