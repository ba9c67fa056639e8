#!/usr/bin/env bash
# Guess: integers where log_softmax wants floats raise a RuntimeError or a TypeError.
# Seen: it is a NotImplementedError: "not implemented for 'Long'". So does a module without a forward. Targets
#   of floats raise "expected target dtype to be Long or Byte", not the "expected scalar type Long" that
#   people quote.
# Matters: NotImplementedError isn't a sign that a stub was left as it was; and an error's text is to be
#   looked up in the version in use.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet torch==2.14.1 numpy==2.4.6

venv/bin/python - <<'PYTHON'
import torch
from torch import nn
from torch.nn import functional as F


def said(action):
    try:
        action()
    except Exception as error:
        print(f"{type(error).__name__}: {str(error).splitlines()[0]}")
        return type(error), str(error)
    raise SystemExit("nothing was raised")


scores, labels = torch.zeros(2, 3), torch.tensor([0, 1])
kind, text = said(lambda: F.cross_entropy(scores.long(), labels))
assert kind is NotImplementedError and "not implemented for 'Long'" in text
kind, text = said(lambda: nn.Module()(scores))
assert kind is NotImplementedError
kind, text = said(lambda: F.cross_entropy(scores, labels.float()))
assert kind is RuntimeError and text.startswith("expected target dtype to be Long or Byte")
PYTHON
