#!/usr/bin/env bash
# Guess: a merge with conflicts marks the notebook or the cell in its metadata, as nbdime-conflicts.
# Seen: of two changes of one line the cell holds marks, <<<<<<< local; no metadata say so. Only the exit code
#   does, once.
# Matters: an unfinished merge is valid JSON and a valid notebook: only its sources tell.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet nbformat==5.11.1 nbdime==4.0.4

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
sed 's/2 \* x/x + x/' given.ipynb >local.ipynb
sed 's/2 \* x/x * 2/' given.ipynb >remote.ipynb
if venv/bin/nbmerge given.ipynb local.ipynb remote.ipynb --out merged.ipynb 2>said; then exit 1; fi
venv/bin/python - <<'PYTHON'
import nbformat

merged = nbformat.read("merged.ipynb", as_version=4)
print(merged.cells[0].source)
assert "<<<<<<< local" in merged.cells[0].source
assert not any("conflict" in key for part in (merged, *merged.cells) for key in part.metadata)
PYTHON
