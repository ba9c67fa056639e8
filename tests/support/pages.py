"""What a page of the book tells its reader to run or to write into a file."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


PROGRAMS = (
    *("make", "drinkdeep", "nbgrader", "python3?", "jupytext", "dask", "docker", "kubectl"),
    *("sudo", "pip", "ngshare-course-management", "openssl", "bwrap", "git"),
)
COMMAND = re.compile(rf"(?:{'|'.join(PROGRAMS)}) \S.*")


def inline_commands(page: str) -> list[str]:
    """The commands that stand in the page's sentences."""
    return [code for code in _inline(page) if COMMAND.fullmatch(code)]


def inline(page: str, beginning: str) -> str:
    """The first code in the page's sentences that begins so, and goes on."""
    return next(code for code in _inline(page) if code.startswith(f"{beginning} "))


def _inline(page: str) -> list[str]:
    text = re.sub(r"(?ms)^( *)(`{3,}).*?^\1\2$", "", _text(page))
    return re.findall(r"`([^`]+)`", text)


def _text(page: str) -> str:
    return (ROOT / "book" / page).read_text(encoding="utf-8")


def blocks(page: str, *languages: str) -> list[str]:
    """The page's code in these languages, block by block."""
    found = re.findall(r"(?ms)^( *)```(\w+)\n(.*?)^\1```$", _text(page))
    return [
        re.sub(rf"(?m)^{indent}", "", code)
        for indent, language, code in found
        if language in languages
    ]


def block(page: str, language: str, holds: str) -> str:
    """The first of these blocks that holds a text."""
    return next(code for code in blocks(page, language) if holds in code)
