"""Sphinx extension: pages with interactive figures load what brings them alive, others don't."""

from typing import Any

from sphinx.application import Sphinx


def load(app: Sphinx, page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Add the script and the style sheets to a page that holds an interactive figure."""
    # For JupyterLab the figures are widgets too. Their state, which holds each still once more, is
    # of no use in a page.
    app.env.nb_metadata.get(page, {}).get("js_files", {}).pop("ipywidgets_state", None)

    body = context.get("body", "")
    if "<figure data-explore=" in body:
        app.add_js_file("explore.js", type="module")
        app.add_css_file("explore.css")
    if '<figure data-explore="draw"' in body:
        app.add_css_file("figures/draw.css")


def setup(app: Sphinx) -> dict[str, Any]:
    """Hook into the writing of pages."""
    app.connect("html-page-context", load, priority=400)  # before MyST-NB adds its own
    return {"parallel_read_safe": True, "parallel_write_safe": True}
