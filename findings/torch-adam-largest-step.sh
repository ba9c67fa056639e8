#!/usr/bin/env bash
# Guess: no step of Adam is longer than 3.2 times the learning rate, (1 - b1)/sqrt(1 - b2), the bound in the
#   article that introduced it (Kingma and Ba, 2015, section 2.1); and as a rule none is longer than once.
# Seen: that is the first step after a long rest. If the gradient stays, the steps grow on, to 6.6 times at the
#   twelfth.
# Matters: a part of a network that wakes up late, such as a unit that was dead, is moved far at once.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet torch==2.14.1 numpy==2.4.6

venv/bin/python - <<'PYTHON'
import torch

REST, RATE = 5000, 0.01
weight = torch.nn.Parameter(torch.zeros(()))
optimizer = torch.optim.Adam([weight], lr=RATE)
steps = []
for step in range(REST + 50):
    weight.grad = torch.tensor(0.0 if step < REST else 1.0)
    before = weight.item()
    optimizer.step()
    steps.append((before - weight.item()) / RATE)
longest = max(steps)
print("first:", round(steps[REST], 2), "longest:", round(longest, 2),
      "at step", steps.index(longest) - REST + 1)
assert 3.1 < steps[REST] < 3.2 and 6.5 < longest < 6.7 and steps.index(longest) - REST + 1 == 12
PYTHON
