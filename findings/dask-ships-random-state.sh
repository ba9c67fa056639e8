#!/usr/bin/env bash
# Guess: a task that calls random.random() draws a number of its own, as two calls do here.
# Seen: random.random is a method of a hidden generator, which is pickled with its state: two tasks, of two
#   keys, give the same number. A function that calls it draws two.
# Matters: repeated experiments on a cluster can all be one experiment, with no sign of it.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet distributed==2026.8.0

cat >draws.py <<'PYTHON'
import random

from distributed import Client


def draw(_):
    import random

    return random.random()


if __name__ == "__main__":
    with Client(processes=False, n_workers=1, dashboard_address=None) as client:
        same = {f.result() for f in [client.submit(random.random, pure=False) for _ in range(2)]}
        own = {f.result() for f in [client.submit(draw, place) for place in range(2)]}
        print("random.random itself:", len(same), "number; a function that calls it:", len(own))
        assert (len(same), len(own)) == (1, 2)
PYTHON
venv/bin/python draws.py
