"""Sphinx extension: of an exception that a cell raises on purpose, show what the reader needs.

That is the line of the cell and the message. Between them stand the frames inside PyTorch, which
are long and name folders of the machine that built the book; JupyterLab shows them all.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# The frames after the cell's own: each begins with its file, up to the message.
INNER_FRAMES = re.compile(r"^File .*?(?=^\w+(Error|Exception|Warning|Interrupt)\b)", re.M | re.S)


def shorten(_: Sphinx, document: nodes.document) -> None:
    """Cut the inner frames out of every traceback of a page."""
    for block in document.findall(nodes.literal_block):
        if "traceback" in block["classes"]:
            text = INNER_FRAMES.sub("", block.astext())
            block.rawsource = text
            block.children = [nodes.Text(text)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to the reading of pages."""
    app.connect("doctree-read", shorten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
