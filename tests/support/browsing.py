"""What a test asks of a page in a browser, whichever page it is."""

from collections.abc import Mapping, Sequence

from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from bs4 import Tag
from playwright.sync_api import Page

# That every interactive figure of a page has come alive, also those far below: a key wakes them.
ALIVE = """() => {
  dispatchEvent(new Event("keydown"));
  return !document.querySelector("figure[data-explore]:not([data-alive])");
}"""


# A page of the site's assets that holds one figure and no more.
PAGE = """<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{name}</title>
<link rel="icon" href="_static/mark.svg">
<link rel="stylesheet" href="_static/drinkdeep.css">
<link rel="stylesheet" href="_static/explore.css">
<script type="module" src="_static/explore.js"></script>
<style>
* {{ box-sizing: border-box }} body {{ font: 16px sans-serif; background: var(--dd-page) }}
</style></head><body><main class="bd-article"><h1>{name}</h1>{figure}</main></body></html>"""


def watch(page: Page, home: str) -> list[str]:
    """A list that fills with whatever goes wrong in a page served from ``home``."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    page.on(
        "console",
        lambda message: (
            faults.append(f"console: {message.text}") if message.type == "error" else None
        ),
    )
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((home, "data:", "blob:"))
            else faults.append(f"request to another host: {request.url}")
        ),
    )
    page.on(
        "response",
        lambda answer: (
            faults.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
        ),
    )
    return faults


# What a page's colours can break. Light and dark differ in nothing else.
COLOURS = ("color-contrast", "link-in-text-block")


def violations(
    page: Page,
    *,
    only: Sequence[str] = (),
    without: Sequence[str] = (),
    within: Mapping[str, object] | None = None,
) -> str:
    """What axe-core finds at fault in a page, in words; nothing if all is well.

    ``only`` and ``without`` name rules; ``within`` is axe's context, what of the page to look at.
    """
    # preload fetches the style sheets again, with addresses that don't exist.
    options: dict[str, object] = {"preload": False, "resultTypes": ["violations"]}
    options["rules"] = {rule: {"enabled": False} for rule in without}
    if only:
        options["runOnly"] = {"type": "rule", "values": [*only]}
    if not page.evaluate("'axe' in window"):  # half a megabyte
        page.evaluate(Axe().axe_script)
    run = "([within, options]) => axe.run(within ?? document, options)"
    report = AxeResults(page.evaluate(run, [within, options]))
    return report.generate_report() if report.violations_count else ""


def words(element: Tag | None, between: str = "") -> str:
    """The text of a part of a page, on one line; ``between`` comes between its elements."""
    return " ".join(element.get_text(between).split()) if element else ""
