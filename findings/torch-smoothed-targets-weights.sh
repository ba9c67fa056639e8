#!/usr/bin/env bash
# Guess: label_smoothing=0.1 is the same loss as smoothed targets handed over as probabilities.
# Seen: without class weights the two agree. With them the sum is divided by the weights of the labels in one
#   case, and by the number of examples in the other: here by a factor of two.
# Matters: learning rates that were tuned with one form don't fit the other.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet torch==2.14.1 numpy==2.4.6

venv/bin/python - <<'PYTHON'
import torch
from torch.nn import functional as F

torch.manual_seed(0)
scores, labels, weight = torch.randn(4, 3), torch.tensor([0, 1, 2, 1]), torch.tensor([1.0, 2, 3])
smoothed = F.one_hot(labels, 3) * 0.9 + 0.1 / 3
for name, options in {"plain": {}, "weighted": {"weight": weight}}.items():
    one = F.cross_entropy(scores, labels, label_smoothing=0.1, **options)
    other = F.cross_entropy(scores, smoothed, **options)
    print(f"{name}: {one:.4f} {other:.4f}")
    assert torch.isclose(one, other) == (name == "plain")
    if name == "weighted":
        assert torch.isclose(one * weight[labels].mean(), other)
PYTHON
