"""An import that takes long and is of no use here."""

import sys


def block_slow_import() -> None:
    """Block ``rfc3987_syntax``, which takes more than a second to import.

    jsonschema would build a grammar of addresses with it, for a format that no notebook's schema
    uses.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # so it isn't there
