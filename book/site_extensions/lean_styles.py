"""Sphinx extension: of the theme's style sheets, keep the rules that this book can use.

The theme brings all of Bootstrap. A browser shows nothing of a page before it has the style
sheets, so what no page uses makes every reader wait. A rule goes only if it asks for a class or an
id that occurs in no page and that no script could set.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import tinycss2
from sphinx.application import Sphinx

SHEETS = (
    "styles/pydata-sphinx-theme.css",
    "styles/sphinx-book-theme.css",
    "sphinx-design.min.css",
    "basic.css",
)


def names_of_pages(site: Path) -> set[str]:
    """All classes and ids in the pages."""
    names: set[str] = set()
    for page in site.rglob("*.html"):
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


def thin_out(app: Sphinx, error: Exception | None) -> None:
    """Write the theme's style sheets anew, without what is of no use."""
    if error or app.builder.format != "html":
        return
    site = Path(app.outdir)
    names, words = names_of_pages(site), words_of_scripts(site)
    for name in SHEETS:
        sheet = site / "_static" / name
        rules = tinycss2.parse_stylesheet(sheet.read_text(encoding="utf-8"), True, True)
        sheet.write_text(keep(rules, names, words), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Hook into the end of the build."""
    app.connect("build-finished", thin_out)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
