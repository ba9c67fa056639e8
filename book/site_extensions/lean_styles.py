"""Sphinx extension: one style sheet for all pages, with only the rules that this book can use.

The theme and its extensions bring nine style sheets, and with them all of Bootstrap. A browser
shows nothing of a page before it has them all, so each sheet more, and each rule that no page
uses, makes every reader wait. A rule goes only if it asks for a class or an id that occurs in no
page and that no script could set. What only some pages link to stays a sheet of its own.
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
    """All pages; the theme leaves templates in _static, which are none."""
    return [page for page in site.rglob("*.html") if site / "_static" not in page.parents]


def names_of_pages(site: Path) -> set[str]:
    """All classes and ids in the pages."""
    names: set[str] = set()
    for page in pages(site):
        for value in re.findall(r'\b(?:class|id)="([^"]*)"', page.read_text(encoding="utf-8")):
            names.update(value.split())
    return names


def words_of_scripts(site: Path) -> set[str]:
    """All words in the scripts: what one of them sets stands there, or its first part does."""
    words: set[str] = set()
    for script in site.rglob("*.js"):
        if script.name != "searchindex.js":  # it has the words of the text
            words.update(re.findall(r"[\w-]+", script.read_text(encoding="utf-8")))
    return words


def asked_for(selector: list[Any]) -> Iterator[str]:
    """The classes and ids that an element must have, those in ``:not(…)`` and the like left out."""
    for token, following in zip(selector, [*selector[1:], None], strict=True):
        if token.type == "hash":
            yield token.value
        elif token == "." and following is not None and following.type == "ident":
            yield following.value


def split(prelude: list[Any]) -> list[list[Any]]:
    """The selectors of a rule."""
    selectors: list[list[Any]] = [[]]
    for token in prelude:
        if token == ",":
            selectors.append([])
        else:
            selectors[-1].append(token)
    return selectors


def keep(rules: Iterable[Any], names: set[str], words: set[str]) -> str:
    """The rules, as text, that can apply to something."""

    def usable(selector: list[Any]) -> bool:
        return all(
            name in names or name in words or name.rpartition("-")[0] in words
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


def flat(sheet: Path, static: Path) -> str:
    """A sheet with what it imports, as it reads in the folder ``static``."""

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
    lean = keep(rules, names_of_pages(site), words_of_scripts(site))
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
    """Hook into the end of the build."""
    app.connect("build-finished", join, priority=900)  # the theme writes pygments.css then
    return {"parallel_read_safe": True, "parallel_write_safe": True}
