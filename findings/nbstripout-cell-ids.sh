#!/usr/bin/env bash
# Guess: a tool that strips outputs leaves the cells' ids alone.
# Seen: nbstripout numbers the cells anew, 0, 1, 2 …, unless it is told --keep-id.
# Matters: in a repository with it as a filter, ids say where a cell stands, and not which it is: one that is
#   put in changes all below.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet nbformat==5.11.1 nbstripout==0.9.1

venv/bin/python - <<'PYTHON'
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

answer = {"nbgrader": {"grade_id": "double", "grade": False, "solution": True, "locked": False,
                       "task": False, "schema_version": 3}}
words = {"nbgrader": {**answer["nbgrader"], "grade_id": "words", "grade": True, "points": 1}}
nbformat.write(new_notebook(cells=[
    new_code_cell("def double(x):\n    return 2 * x", id="answer", metadata=answer),
    new_markdown_cell("Because it is so.", id="words", metadata=words),
], metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}), "given.ipynb")
PYTHON
venv/bin/nbstripout given.ipynb
venv/bin/python - <<'PYTHON'
import nbformat

cells = nbformat.read("given.ipynb", as_version=4).cells
for cell in cells:
    print(cell.cell_type, cell.id, "nbgrader" in cell.metadata)
assert [c.id for c in cells] == ["0", "1"] and "nbgrader" in cells[0].metadata
PYTHON
