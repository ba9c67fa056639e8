#!/usr/bin/env bash
# Guess: cross_entropy of the scores (x, 0) and binary_cross_entropy_with_logits of x are one number, and so are
#   their gradients, until exp(-x) is 0 at about x = 104.
# Seen: from x = 17 on cross_entropy is exactly 0 and the other isn't. Of the gradients it is the other way
#   round: the binary one is exactly 0, and cross_entropy's still lowers the wrong score.
# Matters: a loss of 0.0 doesn't say that training has stopped, and a loss above 0 not that it goes on.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet torch==2.14.1 numpy==2.4.6

venv/bin/python - <<'PYTHON'
import torch
import torch.nn.functional as F

for lead in (16.0, 17.0, 50.0):
    scores = torch.tensor([[lead, 0.0]], requires_grad=True)
    one_of_two = F.cross_entropy(scores, torch.tensor([0]))
    one_of_two.backward()
    score = torch.tensor([lead], requires_grad=True)
    binary = F.binary_cross_entropy_with_logits(score, torch.ones(1))
    binary.backward()
    print(lead, "losses:", one_of_two.item(), binary.item(),
          "gradients:", scores.grad.tolist(), score.grad.item())
    far = lead >= 17
    assert (one_of_two == 0) == far and binary > 0
    assert (score.grad == 0) == (scores.grad[0, 0] == 0) == far and scores.grad[0, 1] > 0
PYTHON
