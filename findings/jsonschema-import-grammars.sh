#!/usr/bin/env bash
# Guess: import nbformat takes a fifth of a second: it reads JSON.
# Seen: beside rfc3987-syntax, which jsonschema 4.25 and later install for jupyter-events, it takes several
#   times as long: jsonschema imports it at once, and it makes 38 parsers, one for each rule of a grammar.
# Matters: each nbgrader command, and JupyterLab as it starts, waits another second, and uses none of them.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet nbformat==5.11.1 jupyter-events==0.12.1 jsonschema==4.26.0

cat >seconds.py <<'PYTHON'
import time

begin = time.process_time()
import nbformat

print(time.process_time() - begin)
PYTHON
best() { for _ in 1 2 3; do venv/bin/python seconds.py; done | sort -g | head -1; }
best >/dev/null # compiles
later=$(best)
venv/bin/python - <<'PYTHON'
import nbformat
from lark import Lark
from rfc3987_syntax import syntax_helpers

made = [name for name, value in vars(syntax_helpers).items() if "is_valid_syntax_" in name]
print(len(made), "parsers are there after import nbformat")
assert len(made) == 38
PYTHON
venv/bin/pip install --quiet jsonschema==4.24.1
venv/bin/pip uninstall --quiet --yes rfc3987-syntax
earlier=$(best)
echo "import nbformat, seconds of CPU: $earlier with jsonschema 4.24.1, $later with 4.26.0"
venv/bin/python -c "assert $later > 2 * $earlier"
