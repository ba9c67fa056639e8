"""Each finding has the form that findings/README.md asks for; ``make findings`` runs them."""

import os
import re
import subprocess
from pathlib import Path

import pytest

FINDINGS = Path(__file__).resolve().parents[2] / "findings"
SCRIPTS = sorted(FINDINGS.glob("*.sh"))


def comment(text: str, label: str) -> str:
    """What the head says under this label, on one line."""
    found = re.search(rf"^# {label}: (.+(?:\n#   .+)*)", text, re.MULTILINE)
    assert found, f"it has no # {label}:"
    return found[1].replace("\n#   ", " ")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_finding_has_the_form(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    assert text.startswith("#!/usr/bin/env bash\n# Guess: ")
    assert "\nset -euo pipefail\nhere=$(mktemp -d)\ntrap 'rm -rf \"$here\"' EXIT\n" in text
    assert comment(text, "Guess")
    assert comment(text, "Matters")
    row = f"| [{script.stem}]({script.name}) | {comment(text, 'Seen')} |"
    assert row in (FINDINGS / "README.md").read_text(encoding="utf-8").splitlines()
    packages = re.findall(r"pip install --quiet (.+)", text)
    assert packages
    assert all("==" in package for line in packages for package in line.split())
    assert "drinkdeep" not in text


def test_there_are_findings() -> None:
    assert len(SCRIPTS) >= 12
