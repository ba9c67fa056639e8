"""How much data a submission's code carries: ready answers or weights would have to stand there.

A training exercise can't tell a network that has learned from a table that was brought along: both
give right answers. But a table takes room. The labels of the 10,000 test images can't be written in
less than 4,152 bytes (each is one of ten, log2 10 bits), nor a table of which nine in ten are right
in less than 3,169 (the rate-distortion bound: log2 10 − H(0.1) − 0.1 · log2 9 bits a label). So
what stands above the bound is told to whoever grades, who looks at it; it costs no points.
"""

import io
import tokenize
import zlib
from collections.abc import Iterator

from nbformat import NotebookNode

MOST_BYTES = 2_000
"""Above this somebody should look; the reference solutions of one assignment have a hundred."""
DATA = {tokenize.STRING, tokenize.NUMBER, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
"""Tokens that are data; an f-string is in pieces from Python 3.12 on."""
LONG = 100
"""Characters from which on a comment or a name counts as well: it could be read by the code."""


def carried_bytes(submission: NotebookNode, source: NotebookNode) -> int:
    """Return the size in bytes, compressed, of the data in a submission's code.

    Data are numbers and texts, and very long names and comments. What stands in the source too,
    such as the course's docstrings, doesn't count.
    """
    given, written = _code(source), _code(submission)
    known = {text for code in given - written for text in _data(code)}
    own = [text for code in sorted(written - given) for text in _data(code) if text not in known]
    return len(zlib.compress(" ".join(own).encode(errors="replace"), 9)) if own else 0


def _code(notebook: NotebookNode) -> set[str]:
    return {cell.source for cell in notebook.cells if cell.cell_type == "code"}


def _data(code: str) -> Iterator[str]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            long = token.type in (tokenize.NAME, tokenize.COMMENT) and len(token.string) > LONG
            if token.type in DATA or long:
                yield token.string
    except (tokenize.TokenError, SyntaxError):
        # It doesn't run as Python; a magic of IPython's may still read it.
        yield code
