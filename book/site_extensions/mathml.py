"""Sphinx extension: LaTeX becomes MathML Core while the book is built, so a page needs no script.

The conversion is math-core's. A formula that it can't read is an error of the build. The LaTeX
stays in the page as an annotation, for copying and for tools that read it.
"""

import re
from functools import cache
from typing import Any

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

# Sphinx numbers equations, by page and with links to them, so rows must not be numbered again.
NUMBERED = re.compile(r"\\(begin|end)\{(equation|align|gather)\}")

MARKS = re.compile(r"[,.;:?!)\]’”…]+")


@cache
def converter() -> LatexToMathML:
    """Return one converter for all pages; it keeps no state between formulas."""
    return LatexToMathML(annotation=True, fancy_error=False)


def to_mathml(latex: str, *, display: bool) -> str:
    """Return the formula as a ``<math>`` element.

    Raises
    ------
    LatexError
        If math-core can't convert it.
    ValueError
        If a browser would show something else than was meant.
    """
    if r"\\" in latex and r"\begin{" not in latex:
        raise ValueError("a line break is lost outside of an environment such as aligned")
    unnumbered = NUMBERED.sub(r"\\\1{\2*}", latex.strip())
    mathml = converter().convert_with_local_state(unnumbered, displaystyle=display)
    if "<menclose" in mathml:
        raise ValueError("MathML Core has no boxes and no strokes")
    return mathml


def convert(translator: HTML5Translator, node: nodes.Element, *, display: bool) -> str:
    """Return the formula of ``node``; a formula that fails is reported and shown as its LaTeX."""
    latex = node.astext()
    try:
        return to_mathml(latex, display=display)
    except (LatexError, ValueError) as error:
        page = translator.builder.current_docname
        logger.error("%s: formula %r: %s", page, latex, error, location=node, type="mathml")
        return f"<code>{translator.encode(latex)}</code>"


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula that stands in a line of text."""
    translator.body.append(convert(translator, node, display=False))
    raise nodes.SkipNode


def visit_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on its own, with its number if it has one, in a box that may scroll."""
    write = translator.body.append
    write(translator.starttag(node, "div", CLASS="math"))
    write(f'<div class="formula">{convert(translator, node, display=True)}</div>')
    if node["number"]:
        write(f'<span class="eqno">({get_node_equation_number(translator, node)})')
        translator.add_permalink_ref(node, "Link to this equation")
        write("</span>")
    write("</div>\n")
    raise nodes.SkipNode


class KeepMarks(SphinxTransform):
    """Bind a formula to the mark of punctuation after it, which browsers let begin a line."""

    default_priority = 300

    def apply(self) -> None:
        """Put the two into an element whose style is in drinkdeep.css."""
        for formula in list(self.document.findall(nodes.math)):
            text = formula.next_node(descend=False, siblings=True)
            if isinstance(text, nodes.Text) and (marks := MARKS.match(text)):
                bound = nodes.inline(classes=["bound"])
                formula.parent.replace(text, nodes.Text(text[marks.end() :]))
                formula.replace_self(bound)
                bound += [formula, nodes.Text(marks[0])]


def setup(app: Sphinx) -> dict[str, Any]:
    """Offer the renderer; ``html_math_renderer: mathml`` chooses it."""
    app.add_transform(KeepMarks)
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
