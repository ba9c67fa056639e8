"""Names that students choose, as they can be shown."""

from collections.abc import Iterable


def printable(name: str) -> str:
    """Make a file's name fit to be shown: on one line, at most 80 characters."""
    shown = on_one_line(name)
    return f"“{shown if len(shown) <= 80 else shown[:77] + '…'}”"


def on_one_line(text: str) -> str:
    """Leave out what a terminal would obey, or could not show."""
    text = text.encode(errors="replace").decode()
    return "".join(c if c.isprintable() else "�" for c in text)


def listed(names: Iterable[object]) -> str:
    """Several of them in a sentence."""
    return ", ".join(map(str, names))
