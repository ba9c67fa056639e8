#!/usr/bin/env bash
# Guess: torch.equal() is False for tensors of two dtypes, and topk(1) names the place that argmax names.
# Seen: torch.equal() of floats and integers is True. Of ten equal scores argmax is 0, and topk(1) is another
#   place.
# Matters: torch.equal is no test of a dtype; and top-1 accuracy and argmax accuracy of a dead network differ.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet torch==2.14.1 numpy==2.4.6

venv/bin/python - <<'PYTHON'
import torch

print("equal:", torch.equal(torch.ones(2), torch.ones(2, dtype=torch.int64)))
assert torch.equal(torch.ones(2), torch.ones(2, dtype=torch.int64))
scores = torch.zeros(10)
print("argmax:", scores.argmax().item(), "topk:", scores.topk(1).indices.item())
assert scores.argmax() == 0 != scores.topk(1).indices
PYTHON
