"""An import that takes long and is of no use here."""

import sys


def block_slow_import() -> None:
    """Keep jsonschema from making a grammar of addresses, which takes it more than a second.

    It makes it whenever the package is there, for a format of which no notebook's schema speaks.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # so it isn't there
