"""An import that takes long and is of no use here."""

import sys


def block_slow_import() -> None:
    """Block ``rfc3987_syntax``: jsonschema would build its grammar on import, which takes seconds.

    It imports the package where it is installed, for a format that no notebook's schema uses, and
    has no setting for that; without the package it leaves the format out.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # so it isn't there
