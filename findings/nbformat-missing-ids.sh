#!/usr/bin/env bash
# Guess: cells without an id are refused, or get ids that follow from what is in them.
# Seen: each reading of cells without ids makes up new random ids, with a warning.
# Matters: two programs that read one file can't speak of its cells by id.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet nbformat==5.11.1

venv/bin/python - <<'PYTHON'
import json
import warnings

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

warnings.simplefilter("ignore", nbformat.warnings.MissingIDFieldWarning)
notebook = json.loads(nbformat.writes(new_notebook(cells=[new_code_cell("1 + 1")])))
del notebook["cells"][0]["id"]
text = json.dumps(notebook)
first, second = (nbformat.reads(text, as_version=4).cells[0].id for _ in range(2))
print("read twice:", first, second)
assert first != second
PYTHON
