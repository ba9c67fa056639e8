"""Sphinx extension: what a page shows where it is shared, and where it can be opened to be run.

The publisher says in ``_config.yml`` where the site and its repository live. What depends on
that is left out until it is said, so that no page has a dead button or a false address.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms import SphinxTransform

from drinkdeep.palette import INK, PAGE, SKY

WITHOUT_ADDRESS = (
    "Whoever gave you the address of this site can give you the folder too: as a repository, or as "
    "a zip without the solutions."
)
DESCRIPTION = 200  # characters, about what a search engine or a messenger shows


def offer_launch(_: Sphinx, config: Config) -> None:
    """Offer to launch a chapter only when it is known where it can be fetched from."""
    if not config.html_theme_options.get("repository_url"):
        config.html_theme_options["launch_buttons"] = {}


def help_colab(
    _: Sphinx, page: str, template: str, context: dict[str, Any], document: nodes.document | None
) -> None:
    """Beside the button for Colab, which has no package of ours: the line that installs it."""
    for group in context.get("header_buttons", []):
        if group.get("label") == "launch-buttons" and any(
            button["text"] == "Colab" for button in group["buttons"]
        ):
            install = f"%pip install git+{context['theme_repository_url']}"
            group["buttons"].append(
                {
                    "type": "javascript",
                    "javascript": f"navigator.clipboard.writeText('{install}').then(() => "
                    "this.querySelector('.btn__text-container').textContent = 'Copied')",
                    "text": "Copy the first line for Colab",
                    "tooltip": install,
                    "icon": "fas fa-file",
                }
            )


class WhereTheCourseIs(SphinxTransform):
    """Say on the first page where its folder is to be had: where the publisher says, if they do."""

    default_priority = 300

    def apply(self) -> None:
        """Add the sentence to the section that is called so."""
        for section in self.document.findall(nodes.section):
            if self.env.docname != "book/index" or "get-the-course" not in section["ids"]:
                continue
            address = self.config.html_theme_options.get("repository_url")
            if address:
                link = nodes.reference("", address, refuri=address)
                line = nodes.paragraph("", "", nodes.Text("The folder is a repository: "), link)
            else:
                line = nodes.paragraph("", WITHOUT_ADDRESS)
            section.append(line)


def describe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], document: nodes.document | None
) -> None:
    """Tell the template what stands in a page's head.

    The description is its first paragraph, which in a chapter is the question.
    """
    paragraphs = document.findall(nodes.paragraph) if document else []
    text = next((p.astext() for p in paragraphs if not isinstance(p.parent, nodes.block_quote)), "")
    text = " ".join(text.split())
    if len(text) > DESCRIPTION:
        text = text[:DESCRIPTION].rsplit(" ", 1)[0] + " …"
    context["description"] = text
    context["paper"] = PAGE
    context["site"] = app.config.html_baseurl.rstrip("/")


def picture(app: Sphinx, _: Exception | None) -> None:
    """Draw what stands for the book elsewhere: on a telephone's screen, and where it is shared."""
    static = Path(app.outdir) / "_static"
    if not static.is_dir():  # not a build of pages
        return
    icon = Figure(figsize=(1.8, 1.8), facecolor=PAGE.light, layout="none")  # type: ignore[arg-type]
    drop(icon.add_axes((0.1, 0.1, 0.8, 0.8)))
    icon.savefig(static / "touch-icon.png", dpi=100)

    card = Figure(figsize=(12, 6.3), facecolor=PAGE.light, layout="none")  # type: ignore[arg-type]
    drop(card.add_axes((0.04, 0.14, 0.32, 0.72)))
    card.text(0.38, 0.53, app.config.html_title, fontsize=68, fontweight="bold", color=INK)
    card.text(0.385, 0.41, "Training a neural network with PyTorch", fontsize=25, color=INK)
    card.savefig(static / "card.png", dpi=100)


def drop(axes: Axes) -> None:
    """Draw the mark, pixel by pixel as it stands in mark.svg."""
    svg = (Path(__file__).parent.parent / "assets" / "mark.svg").read_text(encoding="utf-8")
    for column, row in re.findall(r"M(\d+) (\d+)h", svg):
        axes.add_patch(Rectangle((int(column), -int(row)), 0.9, -0.9, color=SKY, linewidth=0))
    axes.axis("off")
    axes.axis("scaled")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to the writing of pages."""
    app.add_transform(WhereTheCourseIs)
    app.connect("config-inited", offer_launch)
    app.connect("html-page-context", describe)
    app.connect("html-page-context", help_colab, priority=600)  # when the theme has its buttons
    app.connect("build-finished", picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
