#!/usr/bin/env bash
# Guess: adding an e-mail to a student who is there leaves the name as it is.
# Seen: nbgrader db student add ada --email=… keeps the e-mail and empties both names; it logs the None.
# Matters: an advice that names only what lacks costs a class its names. Say all that is known again.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet nbgrader==0.9.6
export PATH="$here/venv/bin:$PATH" HOME="$here"

nbgrader db student add ada --first-name=Ada --last-name=Lovelace 2>/dev/null
nbgrader db student list | tee before
nbgrader db student add ada --email=ada@example.org 2>/dev/null
nbgrader db student list | tee after
grep -q "ada (Lovelace, Ada)" before
grep -q "ada (None, None) -- ada@example.org" after
