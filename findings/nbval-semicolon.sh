#!/usr/bin/env bash
# Guess: a cell that ends in a semicolon shows no value, in JupyterLab as in nbval.
# Seen: nbval runs cells without history, where IPython can't see the semicolon: the value is there, and the
#   cell fails.
# Matters: plt.plot(…); passes in the notebook and fails in the tests: give the value a name, or end in
#   plt.show().
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

cell = new_code_cell("1 + 1;", execution_count=1)
nbformat.write(new_notebook(cells=[cell], metadata=kernel), "semicolon.ipynb")
PYTHON
if PATH="$here/venv/bin:$PATH" venv/bin/pytest -q -p no:cacheprovider --nbval semicolon.ipynb >said; then exit 1; fi
grep "Unexpected output fields from running code: {'text/plain'}" said
