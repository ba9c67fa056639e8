"""What the pages that the grader writes share: one file each, that asks nobody for anything.

A page holds its style sheet, in the colours of the course for light and dark, and a policy that
lets the browser run no script and fetch nothing. Its templates escape whatever is put in.
"""

import base64
import hashlib
from pathlib import Path

from drinkdeep.palette import PAGE, TONES, Tone

TEMPLATES = Path(__file__).parent / "templates"


def stylesheet(*more: str) -> str:
    """Return the style sheet of every page, followed by what one page needs besides."""
    tones = {"page": PAGE, **TONES}
    rules = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    # Pictures carry the light colours with them; a page of ours says for all what dark ones are.
    return "\n".join(
        [
            f":root, .dd-figure {{ {_properties(tones, 'light')} }}",
            "@media (prefers-color-scheme: dark) {",
            f":root, html .dd-figure {{ {_properties(tones, 'dark')} }}",
            "}",
            rules,
            *more,
        ]
    )


def policy(*styles: str) -> str:
    """Return the Content-Security-Policy of a page that has these style sheets and no others.

    No script, no request, no other style sheet and no form. Styles of single elements are let
    through: formulas need them. Pictures stand in the page itself.
    """
    digests = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
        for style in dict.fromkeys(styles)
    )
    return (
        f"default-src 'none'; img-src data:; style-src-elem {digests}; "
        "style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )


def points(number: float) -> str:
    """Write a score with at most two decimals, without trailing zeros."""
    return f"{round(number, 2):g}"


def _properties(tones: dict[str, Tone], theme: str) -> str:
    return " ".join(f"--dd-{name}: {getattr(tone, theme)};" for name, tone in tones.items())
