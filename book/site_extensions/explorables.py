"""Sphinx extension: pages with interactive figures load what brings them alive, others don't."""

from typing import Any

from sphinx.application import Sphinx


def load(app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Add the script and the style sheet to a page that holds an interactive figure."""
    if "<figure data-explore=" in context.get("body", ""):
        app.add_js_file("explore.js", type="module")
        app.add_css_file("explore.css")


def setup(app: Sphinx) -> dict[str, Any]:
    """Hook into the writing of pages."""
    app.connect("html-page-context", load)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
