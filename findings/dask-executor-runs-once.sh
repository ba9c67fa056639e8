#!/usr/bin/env bash
# Guess: an executor runs a function as often as it is submitted, as concurrent.futures says.
# Seen: two submissions of one function with equal arguments are one task: os.urandom(8) gives the same bytes
#   twice, while the first result is held. pure=False undoes it.
# Matters: work that reads files or draws numbers is silently not done again: give each task an argument of
#   its own, or pure=False.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet distributed==2026.8.0

cat >once.py <<'PYTHON'
import os

from distributed import Client

if __name__ == "__main__":
    with Client(processes=False, n_workers=1, dashboard_address=None) as client:
        for options in ({}, {"pure": False}):
            with client.get_executor(**options) as executor:
                futures = [executor.submit(os.urandom, 8) for _ in range(2)]
                answers = {future.result() for future in futures}
                print(options, "answers:", len(answers))
                assert len(answers) == (2 if options else 1)
PYTHON
venv/bin/python once.py
