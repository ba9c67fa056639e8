"""Sphinx extension: one style sheet for all pages, with only the rules that this book can use.

The theme and its extensions bring nine style sheets, and with them all of Bootstrap. A browser
shows nothing of a page before it has them all, so each sheet more, and each rule that no page
uses, makes every reader wait. A rule goes only if it asks for a class or an id that occurs in no
page and that no script could set, a custom property only if nobody asks for its value. What only
some pages link to stays a sheet of its own.

Lightning CSS takes out what it is told is unused, so that would have to be found here all the same:
by the pages, by how the scripts make names, and again for each property that only another one asks
for. It tells no class from an id of the same name, and what it leaves is larger.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import tinycss2
from sphinx.application import Sphinx

TOGETHER = "book.css"
LINK = re.compile(
    r'<link\b(?=[^>]*\brel="stylesheet")[^>]*\bhref="([^"]*)_static/([^"?]+)[^"]*"[^>]*>\s*'
)
IMPORT = re.compile(r"""@import ["']([^"']+)["'];""")
# An address that is neither whole nor the data themselves.
RELATIVE = re.compile(r"""(url\(\s*["']?)(?!data:|https?:|/|#)([^"')\s]+)""")


def pages(site: Path) -> list[Path]:
    """Return all pages; the theme leaves templates in _static, which are none."""
    return [page for page in site.rglob("*.html") if site / "_static" not in page.parents]


def names_of_pages(site: Path) -> set[str]:
    """Return all classes and ids in the pages."""
    names: set[str] = set()
    for page in pages(site):
        for value in re.findall(r'\b(?:class|id)="([^"]*)"', page.read_text(encoding="utf-8")):
            names.update(value.split())
    return names


def words_of_scripts(site: Path) -> set[str]:
    """Return all words of the scripts: what one sets stands there, or how it begins, as ``tip-``.

    Left out are the words of the text, and of the icons, which no page loads.
    """
    words: set[str] = set()
    for script in site.rglob("*.js"):
        if script.name not in ("searchindex.js", "fontawesome.js"):
            words.update(re.findall(r"[\w-]+", script.read_text(encoding="utf-8")))
    return words


def asked_for(selector: list[Any]) -> Iterator[str]:
    """Yield the classes and ids that an element must have, those in ``:not(…)`` left out."""
    for token, following in zip(selector, [*selector[1:], None], strict=True):
        if token.type == "hash":
            yield token.value
        elif token == "." and following is not None and following.type == "ident":
            yield following.value


def split(prelude: list[Any]) -> list[list[Any]]:
    """Return the selectors of a rule."""
    selectors: list[list[Any]] = [[]]
    for token in prelude:
        if token == ",":
            selectors.append([])
        else:
            selectors[-1].append(token)
    return selectors


def keep(rules: Iterable[Any], names: set[str], words: set[str]) -> str:
    """Return the rules, as text, that can apply to something."""

    def usable(selector: list[Any]) -> bool:
        return all(
            name in names or name in words or "".join(name.rpartition("-")[:2]) in words
            for name in asked_for(selector)
        )

    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [tinycss2.serialize(s) for s in split(rule.prelude) if usable(s)]
            if selectors:
                kept.append(f"{','.join(selectors)}{{{tinycss2.serialize(rule.content)}}}")
        elif rule.type == "at-rule" and rule.at_keyword in ("media", "supports"):
            inner = tinycss2.parse_rule_list(rule.content, True, True)
            if text := keep(inner, names, words):
                kept.append(f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{text}}}")
        else:
            kept.append(rule.serialize())
    return "".join(kept)


def without_idle_properties(sheet: str, words: set[str]) -> str:
    """Return the sheet without the custom properties that neither it asks for nor a script can."""
    asked = set(re.findall(r"var\(\s*(--[\w-]+)", sheet)) | words

    def lean(tokens: Iterable[Any]) -> str:
        text = ""
        declaration: list[Any] = []
        for token in [*tokens, None]:
            if token is not None and token.type == "whitespace":
                token = tinycss2.ast.WhitespaceToken(token.source_line, token.source_column, " ")
            if token is not None and token.type == "{} block":
                text += f"{tinycss2.serialize(declaration)}{{{lean(token.content)}}}"
                declaration = []
            elif token is not None and token != ";":
                declaration.append(token)
            else:
                names = [part for part in declaration if part.type != "whitespace"][:1]
                name = names[0].value if names and names[0].type == "ident" else ""
                if not name.startswith("--") or name in asked:
                    text += tinycss2.serialize(declaration).strip() + (";" if token else "")
                declaration = []
        return text

    return lean(tinycss2.parse_component_value_list(sheet, skip_comments=True))


def flat(sheet: Path, static: Path) -> str:
    """Return a sheet with what it imports, as it reads in the folder ``static``."""

    def rebase(found: re.Match[str]) -> str:
        return found[1] + os.path.relpath(sheet.parent / found[2], static)

    text = RELATIVE.sub(rebase, sheet.read_text(encoding="utf-8"))
    return IMPORT.sub(lambda found: flat((sheet.parent / found[1]).resolve(), static), text)


def join(app: Sphinx, error: Exception | None) -> None:
    """Write the sheets that all pages share as one, and link the pages to it."""
    if error or app.builder.format != "html":
        return
    site = Path(app.outdir).resolve()
    static = site / "_static"
    linked = {
        page: [name for _, name in LINK.findall(page.read_text(encoding="utf-8"))]
        for page in pages(site)
    }
    with_styles = [names for names in linked.values() if names]
    shared = [name for name in with_styles[0] if all(name in names for names in with_styles)]
    text = "\n".join(flat(static / name, static) for name in shared)
    rules = tinycss2.parse_stylesheet(text, True, True)
    words = words_of_scripts(site)
    lean = without_idle_properties(keep(rules, names_of_pages(site), words), words)
    (static / TOGETHER).write_text(lean, encoding="utf-8")
    version = hashlib.sha256(lean.encode()).hexdigest()[:8]

    def relink(found: re.Match[str]) -> str:
        if found[2] == shared[0]:
            return f'<link rel="stylesheet" href="{found[1]}_static/{TOGETHER}?v={version}">\n'
        return "" if found[2] in shared else found[0]

    for page, names in linked.items():
        if names:
            page.write_text(LINK.sub(relink, page.read_text(encoding="utf-8")), encoding="utf-8")
    for name in shared:
        (static / name).unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to the end of the build."""
    app.connect("build-finished", join, priority=900)  # the theme writes pygments.css then
    return {"parallel_read_safe": True, "parallel_write_safe": True}
