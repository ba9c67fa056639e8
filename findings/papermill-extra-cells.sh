#!/usr/bin/env bash
# Guess: papermill's output is the notebook's cells with outputs, and its own metadata on each.
# Seen: where a cell raises, two text cells are put in, one at the top; and every cell gets a list of tags,
#   empty ones too.
# Matters: cells can't be known by their place, and having tags says nothing.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet nbformat==5.11.1 papermill==2.7.0 ipykernel==7.4.0

venv/bin/python - <<'PYTHON'
import nbformat
from nbformat.v4 import new_code_cell, new_notebook

cells = [new_code_cell("x = 1"), new_code_cell("1 / 0")]
kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
nbformat.write(new_notebook(cells=cells, metadata=kernel), "given.ipynb")
PYTHON
if PATH="$here/venv/bin:$PATH" venv/bin/papermill given.ipynb ran.ipynb >/dev/null 2>&1; then exit 1; fi
venv/bin/python - <<'PYTHON'
import nbformat

cells = nbformat.read("ran.ipynb", as_version=4).cells
for cell in cells:
    print(cell.cell_type, cell.metadata.tags)
assert [cell.cell_type for cell in cells] == ["markdown", "code", "markdown", "code"]
assert [cell.metadata.tags for cell in cells if cell.cell_type == "code"] == [[], []]
PYTHON
