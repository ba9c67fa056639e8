#!/usr/bin/env bash
# Guess: a DataLoader that doesn't shuffle leaves the random numbers alone.
# Seen: each pass of a DataLoader draws one number from the global generator, shuffled or not; with generator=
#   of its own it draws none there.
# Matters: evaluating once more between two epochs changes the training that follows, seed or no seed.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet torch==2.14.1 numpy==2.4.6

venv/bin/python - <<'PYTHON'
import torch
from torch.utils.data import DataLoader, TensorDataset


def next_number(passes, **options):
    torch.manual_seed(0)
    loader = DataLoader(TensorDataset(torch.arange(8)), batch_size=4, **options)
    for _ in range(passes):
        list(loader)
    return torch.rand(()).item()


own = {"generator": torch.Generator()}
print("global:", next_number(0), next_number(1), "own:", next_number(0, **own), next_number(1, **own))
assert next_number(0) != next_number(1)
assert next_number(0, **own) == next_number(1, **own)
PYTHON
