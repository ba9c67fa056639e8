#!/usr/bin/env bash
# Guess: with --nbval-lax outputs don't matter, unless a cell asks for it.
# Seen: a cell that has outputs and no execution count fails before it is run: "Unrun reference cell has
#   outputs".
# Matters: a tool that clears the counts and keeps the outputs breaks the laxest check there is.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet nbformat==5.11.1 nbval==0.11.0 ipykernel==7.4.0 pytest==9.2.0

venv/bin/python - <<'PYTHON'
import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output

kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}

cell = new_code_cell("print(1)", outputs=[new_output("stream", name="stdout", text="1\n")])
nbformat.write(new_notebook(cells=[cell], metadata=kernel), "unrun.ipynb")
PYTHON
if PATH="$here/venv/bin:$PATH" venv/bin/pytest -q -p no:cacheprovider --nbval-lax unrun.ipynb >said; then exit 1; fi
grep "Unrun reference cell has outputs" said
