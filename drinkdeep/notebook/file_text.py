"""The text of a notebook's file, in whatever encoding a program has saved it."""

import json


def decoded(content: bytes) -> tuple[str, str]:
    """Return the text, and the encoding's name where it isn't UTF-8, as it should be.

    Windows' programs write UTF-16, or a mark at the front; old editors, a byte for each character;
    and a file that was being written when the power failed may end in zeros.
    """
    encoding: str = json.detect_encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        encoding = "cp1252"
        text = content.decode(encoding, errors="replace")
    plain = encoding in ("utf-8", "utf-8-sig")
    return text.strip("\ufeff\0"), "" if plain else encoding
