"""The page that a student gets back: points and words, cell by cell, and safe to open.

Whatever a student wrote may have been written to deceive or to attack the person who opens the
page, or to end the process that makes it. So each page is drawn in a process of its own, and what
can't be drawn there within bounds is shown as plain text, which the page says. Nothing of a
student's becomes HTML: code, printed text and errors are shown as text, the HTML in a text cell
too, and of the richer outputs only pictures made of pixels. The page's policy would stop a script
all the same. Points come from the gradebook and stand outside of the frames that hold what the
student wrote; a cell that isn't the course's can't look as if it were.

The Markdown is that of the course: mathematics as MathML, the hints as folds.
"""

import base64
import binascii
import contextlib
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup
from math_core import LatexError, LatexToMathML
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbconvert.exporters import Exporter
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from drinkdeep.grading.graded import missed_or_text
from drinkdeep.grading.results.own_process import OwnProcessError, call
from drinkdeep.grading.results.pages import TEMPLATES, points, policy, stylesheet

LONGEST_TEXT, LONGEST_CODE, LONGEST_FORMULA = 20_000, 100_000, 2_000
"""The characters beyond which a cell or a formula is shown plainly: to read it might take long."""
MOST_DEFINITIONS = 100
"""How many addresses of links may be defined in a cell: to read them takes their square of time."""
DEEPEST_FORMULA = 50
"""How deep braces and environments of a formula may stand in one another."""
DEEPEST = 3
"""How deep folds may stand in folds."""
OPENING, CLOSING = ("{", r"\left", r"\begin"), ("}", r"\right", r"\end")
PIXELS = ("image/png", "image/jpeg")
LINKED = ("https://", "http://", "mailto:")


class FeedbackExporter(Exporter):
    """A graded notebook as a page; ``nbgrader_config.py`` gives it to nbgrader."""

    export_from_notebook = "Feedback"
    output_mimetype = "text/html"

    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(  # type: ignore[override]  # as nbconvert's own HTML exporter
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the page, and what nbconvert hands on.

        Raises
        ------
        FeedbackError
            If not even the plain page could be made.
        """
        notebook, resources = super().from_notebook_node(nb, resources, **kw)
        graded = dict(resources.get("nbgrader", {}))
        try:
            return call(page, notebook, graded), resources
        except OwnProcessError as error:
            self.log.warning(
                "The page of %s is shown plainly: %s.", graded.get("student", "a student"), error
            )
        try:
            return call(page, notebook, graded, True), resources
        except OwnProcessError as error:
            raise FeedbackError(
                f"There is no page for {graded.get('student', 'a student')}: {error}."
            ) from None


class FeedbackError(Exception):
    """A student's page could not be made."""


def page(notebook: NotebookNode, graded: dict[str, Any], plain: bool = False) -> str:
    """Return the page of a notebook that has been through the preprocessors.

    Parameters
    ----------
    notebook
        With the course's cells told apart from the student's (``Authorship``).
    graded
        What nbgrader knows: student, notebook, score, max_score, late_penalty, waiting.
    plain
        Whether what the student wrote is shown as it stands, and not read at all.
    """
    style = stylesheet(_code_colours())
    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    templates.filters |= {"code": code, "text": text, "missed": missed_or_text, "shown": shown}
    templates.filters |= {"points": points, "plain": _plain}
    return (
        templates.get_template("feedback/index.html.j2")
        .render(nb=notebook, graded=graded, plain=plain, style=Markup(style), policy=policy(style))
        .lstrip()
    )


def code(source: str) -> Markup:
    """Return code as HTML, with its words coloured."""
    if len(source) > LONGEST_CODE:
        return _plain(source)
    # Python as IPython reads it. The lexer is one that IPython brings to Pygments.
    lexer = get_lexer_by_name("ipython3")
    return Markup(highlight(source, lexer, HtmlFormatter(cssclass="highlight hl-ipython3")))


@cache
def _code_colours() -> str:
    """Return those of the book's pages, where letters have enough contrast."""
    light, dark = (
        HtmlFormatter(style=name).get_style_defs(".highlight")
        for name in ("a11y-high-contrast-light", "github-dark-high-contrast")
    )
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"


# What the student's code put out


@dataclass(frozen=True)
class Shown:
    """An output as the page shows it: a picture's address, or else a text."""

    text: str = ""
    picture: str = ""
    kind: str = "text"


def shown(outputs: Sequence[NotebookNode]) -> Iterator[Shown]:
    """Yield the outputs of a student's cell. Of several forms of one, prefer pixels to text."""
    for output in outputs:
        if output.output_type == "stream":
            yield Shown(strip_ansi(output.text))
        elif output.output_type == "error":
            trace = "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
            yield Shown(strip_ansi(trace), kind="error")
        elif picture := _picture(output.data):
            yield Shown(picture=picture)
        elif "text/plain" in output.data:
            yield Shown(strip_ansi(str(output.data["text/plain"])))
        else:
            yield Shown(f"(An output of the kind {', '.join(output.data)} is not shown here.)")


def _picture(data: NotebookNode) -> str:
    """Return the address of a picture made of pixels, with its bytes in it; "" if there is none."""
    for kind in PIXELS:
        if isinstance(encoded := data.get(kind), str):
            try:
                content = base64.b64decode("".join(encoded.split()), validate=True)
            except (binascii.Error, ValueError):
                continue
            return f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return ""


# Text cells


def text(source: str, attachments: NotebookNode | None = None, *, course: bool = False) -> Markup:
    """Return a text cell as HTML that holds none of its author's.

    Only the ``course`` has headings; a student's are emphasized words, so that the page's outline
    is ours.
    """
    env: EnvType = {"course": course, "attachments": attachments or {}, "depth": 0}
    if len(source) > LONGEST_TEXT or source.count("]:") > MOST_DEFINITIONS:
        return _plain(source)
    try:
        return Markup(_markdown().render(source, env))
    except (RecursionError, ValueError):
        return _plain(source)  # it was written to break a reader


def _plain(source: str) -> Markup:
    return Markup("<pre>{}</pre>").format(source)


@cache
def _markdown() -> MarkdownIt:
    # `html` off: a tag is text like any other. No labels: an id of a student's could catch a link.
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    markdown.use(dollarmath_plugin, allow_labels=False)
    markdown.use(amsmath_plugin)
    markdown.use(colon_fence_plugin)
    rules = {
        "heading_open": _heading_open,
        "heading_close": _heading_close,
        "link_open": _link_open,
        "link_close": _link_close,
        "image": _image,
        "fence": _fence,
        "colon_fence": _fence,
        "math_inline": _formula,
        "math_block": _formula,
        "amsmath": _formula,
    }
    for name, rule in rules.items():
        markdown.add_render_rule(name, rule)
    return markdown


def _formula(
    self: Any, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    display = tokens[index].type != "math_inline"
    latex = tokens[index].content
    formula = f"<code>{html.escape(latex)}</code>"
    # The converter is native, and recurses as deep as a formula is nested.
    if len(latex) <= LONGEST_FORMULA and _depth(latex) <= DEEPEST_FORMULA:
        with contextlib.suppress(LatexError):
            formula = _converter().convert_with_local_state(latex.strip(), displaystyle=display)
    if not display:
        return formula
    # Focusable, because on a phone it may have to be scrolled.
    return f'<div class="math" tabindex="0" role="group" aria-label="Formula">{formula}</div>'


def _depth(latex: str) -> int:
    """Return how deep a formula's braces, delimiters and environments are nested, at most."""
    depth = deepest = 0
    for mark in re.findall(r"\\\\|\\[{}]|[{}]|\\left\b|\\right\b|\\begin\b|\\end\b", latex):
        depth += (mark in OPENING) - (mark in CLOSING)
        deepest = max(deepest, depth)
    return deepest


@cache
def _converter() -> LatexToMathML:
    return LatexToMathML(fancy_error=False)


def _heading_open(
    self: Any, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    # Two levels below the page's own, however a student has cut the text: no level is left out.
    return f"<h{min(_level(tokens[index]), 3)}>" if env["course"] else "<p><strong>"


def _heading_close(
    self: Any, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return f"</h{min(_level(tokens[index]), 3)}>" if env["course"] else "</strong></p>"


def _level(token: Token) -> int:
    return int(token.tag[1:]) + 1


def _link_open(
    self: Any, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    address = str(tokens[index].attrGet("href") or "")
    # Others lead to files beside the notebook, which aren't beside the page.
    if not address.lower().startswith(LINKED):
        return "<span>"
    return f'<a href="{html.escape(address)}" rel="noopener noreferrer nofollow">'


def _link_close(
    self: Any, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    depth = 0
    for token in reversed(tokens[:index]):
        depth += (token.type == "link_close") - (token.type == "link_open")
        if depth < 0:
            address = str(token.attrGet("href") or "")
            return "</a>" if address.lower().startswith(LINKED) else "</span>"
    return ""


def _image(
    self: Any, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    alternative = self.renderInlineAsText(token.children, options, env) or "no description"
    name = str(token.attrGet("src") or "").removeprefix("attachment:")
    if picture := _picture(env["attachments"].get(name, {})):
        return f'<img src="{picture}" alt="{html.escape(alternative)}">'
    return f"<em>(A picture that is not in the notebook: {html.escape(alternative)})</em>"


def _fence(
    self: Any, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    content = tokens[index].content
    directive = re.fullmatch(r"\{(\w+)\}\s*(.*)", tokens[index].info.strip())
    if directive is None or env["depth"] >= DEEPEST:
        return str(_plain(content))
    name, title = directive.groups()
    inner = {**env, "depth": env["depth"] + 1}
    # An option of the directive, such as its class, is no text.
    body = _markdown().render(re.sub(r"\A(:[\w-]+:.*\n)+", "", content), inner)
    if name == "dropdown":
        summary = html.escape(title or "More")
        return f"<details><summary>{summary}</summary>{body}</details>"
    return f"<blockquote><p><strong>{html.escape(title or name)}</strong></p>{body}</blockquote>"
