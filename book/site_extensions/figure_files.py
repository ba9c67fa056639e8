"""Sphinx extension: large data of a figure become a file beside the page.

A notebook carries them in its outputs, as ``data:`` addresses and as JSON. In a page they would
have to be read before what follows them; as a file they are fetched once, when the figure asks for
them.
"""

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

DATA = re.compile(r"data:application/octet-stream;base64,([A-Za-z0-9+/=]+)")
# What a live figure draws from, in more characters than a request of its own is worth.
STATE = re.compile(r'<script type="application/json">([^<]{4000,})</script>')


def move(app: Sphinx, document: nodes.document, page: str) -> None:
    """Write the large data of a page's outputs beside it, and name the files in their place."""
    folder = (Path(app.outdir) / page).parent

    def write(content: bytes, kind: str) -> str:
        # Named by their content, so that no browser keeps an old file for a new page.
        file = folder / f"{Path(page).name}-{hashlib.sha256(content).hexdigest()[:12]}.{kind}"
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file.name

    def move_data(found: re.Match[str]) -> str:
        return write(base64.b64decode(found[1]), "bin")

    def move_state(found: re.Match[str]) -> str:
        file = write(found[1].encode(), "json")
        return f'<script type="application/json" data-file="{file}"></script>'

    for node in document.findall(nodes.raw):
        before = node.astext()
        if node["format"] != "html":
            continue
        after = STATE.sub(move_state, DATA.sub(move_data, before))
        if after != before:
            node.rawsource = after
            node.children = [nodes.Text(after)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to the writing of pages."""
    app.connect("doctree-resolved", move)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
