"""Sphinx extension: pages with interactive figures load what brings them alive, others don't.

That is a script. Their style is in the one sheet of all pages, because a second sheet would keep a
reader waiting for longer than its few rules do.
"""

from typing import Any

from sphinx.application import Sphinx


def load(app: Sphinx, page: str, _template: str, context: dict[str, Any], _tree: object) -> None:
    """Add the script to a page that holds an interactive figure."""
    # For JupyterLab the figures are widgets too. Their state, which holds each still once more, is
    # of no use in a page.
    of_notebooks: dict[str, dict[str, Any]] = app.env.nb_metadata  # type: ignore[attr-defined]
    of_notebooks.get(page, {}).get("js_files", {}).pop("ipywidgets_state", None)

    if "<figure data-explore=" in context.get("body", ""):
        # Browsers fetch a module before the font and the like, but there is a still already.
        app.add_js_file("explore.js", type="module", fetchpriority="low")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to the writing of pages."""
    app.connect("html-page-context", load, priority=400)  # before MyST-NB adds its own
    return {"parallel_read_safe": True, "parallel_write_safe": True}
