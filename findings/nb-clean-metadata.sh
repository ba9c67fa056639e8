#!/usr/bin/env bash
# Guess: a cleaner of notebooks takes outputs and counts away, and keeps the metadata that other tools have
#   put there.
# Seen: nb-clean clean, at its defaults, removes all metadata of all cells, nbgrader's with them; it keeps the
#   ids.
# Matters: an exercise that went through it has no tests any more for nbgrader, which then finds nothing wrong
#   with it.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet nbformat==5.11.1 nb-clean==5.0.0

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
venv/bin/nb-clean clean given.ipynb
venv/bin/python - <<'PYTHON'
import nbformat

cells = nbformat.read("given.ipynb", as_version=4).cells
for cell in cells:
    print(cell.cell_type, cell.id, "nbgrader" in cell.metadata)
assert not any(c.metadata for c in cells) and [c.id for c in cells] == ["answer", "words"]
PYTHON
