#!/usr/bin/env bash
# Guess: nbformat reads a notebook with a byte-order mark, as Python's json reads its bytes; or no way of
#   reading it works.
# Seen: nbformat.read(path) says that it isn't JSON, and nbformat.read(file opened in binary) returns the
#   notebook.
# Matters: a notebook saved by PowerShell or an old Notepad opens for one tool and is broken for the next.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet nbformat==5.11.1

venv/bin/python - <<'PYTHON'
import nbformat
from nbformat.reader import NotJSONError
from nbformat.v4 import new_code_cell, new_notebook

with open("marked.ipynb", "w", encoding="utf-8-sig") as file:
    file.write(nbformat.writes(new_notebook(cells=[new_code_cell("1 + 1")])))
try:
    nbformat.read("marked.ipynb", as_version=4)
except NotJSONError as error:
    print("by its path:", str(error)[:40], "…")
else:
    raise SystemExit("by its path it can be read")
with open("marked.ipynb", "rb") as file:
    print("as bytes:", nbformat.read(file, as_version=4).cells[0].source)
PYTHON
