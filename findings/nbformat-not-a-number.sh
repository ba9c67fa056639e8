#!/usr/bin/env bash
# Guess: what nbformat writes and calls valid is JSON.
# Seen: a NaN in a notebook's metadata is written as NaN, which JSON doesn't have; nbformat validates and
#   reads it, and JSON.parse, or Python's json told to be strict, refuses the file.
# Matters: a training loss that became NaN, kept in the metadata, makes a notebook that no browser opens.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet nbformat==5.11.1

venv/bin/python - <<'PYTHON'
import json

import nbformat
from nbformat.v4 import new_notebook


def refuse(constant):
    raise ValueError(f"{constant} is no JSON")


notebook = new_notebook(metadata={"last_loss": float("nan")})
nbformat.validate(notebook)
text = nbformat.writes(notebook)
assert str(nbformat.reads(text, as_version=4).metadata.last_loss) == "nan"
try:
    json.loads(text, parse_constant=refuse)
except ValueError as error:
    print("valid for nbformat; in the file:", error)
else:
    raise SystemExit("it writes JSON")
PYTHON
