#!/usr/bin/env bash
# Guess: ClearMetadataPreprocessor clears the metadata of all cells.
# Seen: it clears the metadata of code cells and of the notebook; text cells keep theirs.
# Matters: a notebook that was cleaned of nbgrader's metadata still has some, so having some says nothing.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet nbformat==5.11.1 nbconvert==7.17.2

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
venv/bin/jupyter-nbconvert --log-level=ERROR --to notebook --ClearMetadataPreprocessor.enabled=True \
    given.ipynb --output cleared.ipynb
venv/bin/python - <<'PYTHON'
import nbformat

cells = nbformat.read("cleared.ipynb", as_version=4).cells
for cell in cells:
    print(cell.cell_type, cell.id, "nbgrader" in cell.metadata)
assert ["nbgrader" in c.metadata for c in cells] == [False, True]
PYTHON
