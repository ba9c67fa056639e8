"""Text that JSON can carry and UTF-8 can't: half a pair of surrogates, such as half an emoji.

An editor that deletes one of two halves leaves it in a notebook, and a program may print it. No
file and no database takes it.
"""

from typing import Any


def mended(value: Any) -> Any:
    """Return the value with a sign in place of each half, in whatever lists and dicts it stands."""
    if isinstance(value, str):
        return value if value.isascii() else _mended(value)
    if isinstance(value, list):
        return [mended(item) for item in value]
    if isinstance(value, dict):
        return type(value)({mended(key): mended(item) for key, item in value.items()})
    return value


def _mended(text: str) -> str:
    # Two halves that stand side by side become the character that they are.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
