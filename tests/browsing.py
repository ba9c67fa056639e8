"""What a test asks of a page in a browser, whichever page it is."""

from playwright.sync_api import Page

# That every interactive figure of a page has come alive.
ALIVE = "() => !document.querySelector('figure[data-explore]:not([data-alive])')"


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
