"""Names that students choose, as they can be shown."""


def printable(name: str) -> str:
    """A file's name as it can be shown: on one line, and not for ever."""
    shown = name.encode(errors="replace").decode()
    shown = "".join(c if c.isprintable() else "�" for c in shown)
    return f"“{shown if len(shown) <= 80 else shown[:77] + '…'}”"
