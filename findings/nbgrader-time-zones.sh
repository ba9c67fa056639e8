#!/usr/bin/env bash
# Guess: a time with a zone that nbgrader can't read is refused; one with an offset is converted.
# Seen: PST and +01:00 are dropped without a word, and the time counts as UTC; Europe/Berlin is read.
# Matters: a submission is in time, or late, by hours: only UTC should be handed to it.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet nbgrader==0.9.6

venv/bin/python - <<'PYTHON'
from nbgrader.utils import parse_utc

for zone, hour in {"UTC": 20, "PST": 20, "+01:00": 20, "Europe/Berlin": 19}.items():
    time = parse_utc(f"2026-11-20 20:00:00 {zone}")
    print(f"20:00 {zone} -> {time:%H:%M} UTC")
    assert time.hour == hour
PYTHON
