"""Sphinx extension: large data of a figure become a file beside the page.

A notebook carries them in its outputs, as ``data:`` addresses. In a page they would have to be
read before what follows them; as a file they are fetched once, when the figure asks for them.
"""

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

DATA = re.compile(r"data:application/octet-stream;base64,([A-Za-z0-9+/=]+)")


def move(app: Sphinx, document: nodes.document, page: str) -> None:
    """Write the binary data of a page's outputs beside it, and name the files in their place."""
    folder = (Path(app.outdir) / page).parent

    def write(found: re.Match[str]) -> str:
        content = base64.b64decode(found[1])
        # Named by their content, so that no browser keeps an old file for a new page.
        file = folder / f"{Path(page).name}-{hashlib.sha256(content).hexdigest()[:12]}.bin"
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file.name

    for node in document.findall(nodes.raw):
        if node["format"] == "html" and DATA.search(node.astext()):
            node.rawsource = DATA.sub(write, node.astext())
            node.children = [nodes.Text(node.rawsource)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Hook into the writing of pages."""
    app.connect("doctree-resolved", move)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
