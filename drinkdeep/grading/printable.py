"""Names that students choose, as they can be shown."""

from collections.abc import Iterable


def printable(name: str) -> str:
    """Make a file's name fit to be shown: on one line, at most 80 characters."""
    shown = name.encode(errors="replace").decode()
    shown = "".join(c if c.isprintable() else "�" for c in shown)
    return f"“{shown if len(shown) <= 80 else shown[:77] + '…'}”"


def listed(names: Iterable[object]) -> str:
    """Several of them in a sentence."""
    return ", ".join(map(str, names))
