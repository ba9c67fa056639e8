"""What the guides name is there: a newcomer who follows them finds the file."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDES = ("README.md", "CONTRIBUTING.md")
TOPS = {path.name for path in ROOT.iterdir()}


def in_code(guide: str) -> set[str]:
    """What stands in a guide's text as code, and is no program."""
    text = re.sub(r"(?ms)^(`{3,}).*?^\1", "", (ROOT / guide).read_text(encoding="utf-8"))
    return set(re.findall(r"`([^`\n]+)`", text))


@pytest.mark.parametrize("guide", GUIDES)
def test_each_path_leads_to_a_file(guide: str) -> None:
    made = {"_build", ".venv", "exercises", "reports"}
    paths = {
        word
        for word in in_code(guide)
        if "/" in word
        and word.split("/")[0] in TOPS - made
        and not re.search(r"[ *]|NN_|some_", word)
    }
    assert len(paths) > 5
    assert sorted(path for path in paths if not (ROOT / path).exists()) == []


@pytest.mark.parametrize("guide", GUIDES)
def test_each_make_target_is_one(guide: str) -> None:
    said = (ROOT / guide).read_text(encoding="utf-8")
    targets = set(re.findall(r"\bmake (?:-C \w+ )?([a-z][a-z-]+)\b(?= |`|$)", said, re.MULTILINE))
    known = subprocess.run(
        ["make", "-pRrq", "-C", ROOT], capture_output=True, text=True, check=False
    ).stdout
    rules = set(re.findall(r"^([a-z][a-z-]*):", known, re.MULTILINE))
    assert {"lab", "test"} <= targets
    assert targets <= rules
