#!/usr/bin/env bash
# Guess: torch.load() of one's own checkpoint of weights and a history of losses works.
# Seen: a checkpoint that holds one NumPy number, such as a mean of losses, is refused: Weights only load
#   failed. With float() it loads.
# Matters: the fault shows up when the checkpoint is needed, not when it is saved.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet torch==2.14.1 numpy==2.4.6

venv/bin/python - <<'PYTHON'
import io
import pickle

import numpy as np
import torch


def loads(loss):
    file = io.BytesIO()
    torch.save({"weights": torch.nn.Linear(2, 1).state_dict(), "loss": loss}, file)
    file.seek(0)
    try:
        torch.load(file)
    except pickle.UnpicklingError as error:
        print(type(loss).__name__, str(error)[:25])
        return False
    return True


assert not loads(np.mean([0.5, 0.25]))
assert loads(float(np.mean([0.5, 0.25])))
PYTHON
