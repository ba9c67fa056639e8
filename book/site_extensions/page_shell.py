"""Sphinx extension: what Jupyter Book's pages lack to be whole and accessible.

The faults that axe-core finds in a page of the theme are cured in one of two places: what the
theme writes in ``templates/``, what docutils writes here.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.writers.html5 import HTML5Translator

from drinkdeep.palette import PAGE, TONES


def visit_citation(translator: HTML5Translator, node: nodes.citation) -> None:
    """Begin an entry of the bibliography.

    docutils gives it the role doc-biblioentry, which WAI-ARIA has deprecated, and puts it into a
    role=list that then has no list item.
    """
    if not isinstance(node.previous_sibling(), nodes.citation):
        translator.body.append('<div role="list" class="citation-list">\n')
    translator.body.append(translator.starttag(node, "div", CLASS="citation", role="listitem"))


def depart_citation(translator: HTML5Translator, node: nodes.citation) -> None:
    """End an entry of the bibliography, and the list with the last one."""
    translator.body.append("</div>\n")
    if not isinstance(node.next_node(descend=False, siblings=True), nodes.citation):
        translator.body.append("</div>\n")


def in_order(app: Sphinx) -> list[str]:
    """Return the pages of the table of contents below the first, in its order."""
    return app.env.toctree_includes[app.config.root_doc]


def more_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the page at the root, whose own has no title, and the one for lost readers."""
    yield "index", {}, "first_page.html"
    mark = (Path(__file__).parent.parent / "assets" / "mark.svg").read_text(encoding="utf-8")
    colours = {"paper": PAGE, "ink": TONES["ink"], "link": TONES["blue"]}
    site = app.config.html_baseurl
    pages = [(f"{name}.html", app.env.titles[name].astext()) for name in in_order(app)]
    yield "404", {"mark": mark, "site": site, "pages": pages, **colours}, "not_found.html"


# The theme looks at each block of code whether it scrolls, and lays out the whole page for each;
# drinkdeep.js has the browser tell it, when the block is there to be seen.
MARKS_WHAT_SCROLLS = '"complete"===document.readyState?I():window.addEventListener("load",I)'


def quiet_theme(app: Sphinx, error: Exception | None) -> None:
    """Take out of the theme's script what drinkdeep.js does in its place."""
    if error or app.builder.format != "html":
        return
    script = Path(app.outdir) / "_static" / "scripts" / "pydata-sphinx-theme.js"
    text = script.read_text(encoding="utf-8")
    if text.count(MARKS_WHAT_SCROLLS) != 1:
        raise ExtensionError("The theme marks what scrolls in another way: look at page_shell.py.")
    script.write_text(text.replace(MARKS_WHAT_SCROLLS, "0"), encoding="utf-8")


GET_THE_COURSE = "../../book/index.html#get-the-course"  # as seen from a page of exercises


class OfferNotebook(SphinxTransform):
    """Under the title of a page of exercises: where to do them, and the notebook to download."""

    default_priority = 300  # before Sphinx collects what is to be downloaded

    def apply(self) -> None:
        """Put the line in."""
        page = PurePosixPath(self.env.docname)
        title = next(self.document.findall(nodes.title), None)
        if page.parts[0] != "exercises" or title is None:
            return
        notebook = f"{page.name}.ipynb"
        link = addnodes.download_reference(
            "", nodes.Text("download the notebook"), reftarget=notebook, refdoc=self.env.docname
        )
        text = nodes.Text
        where = nodes.literal(text=f"{page.parent}/{notebook}")
        line = nodes.paragraph(
            "",
            "",
            text("This is the page to read. To do the exercises, run "),
            nodes.literal(text="make lab"),
            text(" in "),
            nodes.reference("", "the course’s folder", refuri=GET_THE_COURSE),
            text(" and open "),
            where,
            text(", or "),
            link,
            text("."),
        )
        title.parent.insert(title.parent.index(title) + 1, line)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to the writing of pages."""
    app.add_node(nodes.citation, override=True, html=(visit_citation, depart_citation))
    app.connect("html-collect-pages", more_pages)
    app.connect("build-finished", quiet_theme, priority=900)
    app.add_transform(OfferNotebook)
    # Jupyter Book always sets this value, of an extension that this book doesn't load.
    app.add_config_value("comments_config", {}, "")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
