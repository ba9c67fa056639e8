"""For which nbgrader the parts of the course were written that replace or override its inner ones.

They do so where it has no extension point: each names the place, and with another version than this
one refuses, or stands back, in a sentence.
"""

from importlib import metadata

WRITTEN_FOR = "0.9.6"
"""The version whose inner parts have been read."""


def unread(what: str) -> str:
    """Say that the nbgrader which is installed is another one; nothing if it is the one.

    ``what`` was written for it.
    """
    if (found := metadata.version("nbgrader")) == WRITTEN_FOR:
        return ""
    return (
        f"{what} was written for nbgrader {WRITTEN_FOR}, and this is {found}: install the "
        "requirements of the course."
    )
