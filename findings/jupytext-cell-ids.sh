#!/usr/bin/env bash
# Guess: there and back through a script keeps both the cells' metadata and their ids, or neither.
# Seen: through py:percent and back nbgrader's metadata are kept, and all ids are new.
# Matters: whoever knows cells by their ids loses them where jupytext was in between; by nbgrader's id they
#   are found.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet nbformat==5.11.1 jupytext==1.19.6

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
venv/bin/jupytext --quiet --to py:percent given.ipynb --output script.py
venv/bin/jupytext --quiet --to ipynb script.py --output back.ipynb
venv/bin/python - <<'PYTHON'
import nbformat

cells = nbformat.read("back.ipynb", as_version=4).cells
for cell in cells:
    print(cell.cell_type, cell.id, "nbgrader" in cell.metadata)
assert all("nbgrader" in c.metadata and c.id not in ("answer", "words") for c in cells)
PYTHON
