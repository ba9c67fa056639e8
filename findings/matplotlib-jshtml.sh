#!/usr/bin/env bash
# Guess: an animation that to_jshtml() has written is a page that needs nothing else.
# Seen: the animation's buttons are letters of Font Awesome, fetched from maxcdn.bootstrapcdn.com.
# Matters: without a network, or where other hosts are forbidden, the buttons have no signs, and readers'
#   addresses go to a third party.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet matplotlib==3.11.2

venv/bin/python - <<'PYTHON'
import re

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
from matplotlib.animation import FuncAnimation

figure, axes = plt.subplots(figsize=(1, 1))
(line,) = axes.plot([0, 1])
page = FuncAnimation(figure, lambda frame: line.set_ydata([0, frame]), frames=2).to_jshtml()
hosts = set(re.findall(r"https://([^/\"]+)", page))
print("fetched from:", hosts)
assert hosts == {"maxcdn.bootstrapcdn.com"}
PYTHON
