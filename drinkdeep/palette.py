"""The colours of the figures: each has a name, a value on light paper and one on dark.

The six series colours keep the hues of Okabe and Ito's palette, which readers with any common
form of colour blindness can tell apart, darkened or lightened until each has a contrast of at
least 3 to 1 with the page behind it (WCAG 2.2, success criterion 1.4.11); a test holds that.
"""

from typing import NamedTuple


class Tone(NamedTuple):
    """One colour of the palette: six-digit lower-case hex, on light and on dark pages."""

    light: str
    dark: str


PAGE = Tone("#ffffff", "#14181e")
"""What lies behind a figure: the page of the book in its light and its dark theme."""

INK, MUTED, GRID, WASH = "#1d2733", "#5a6673", "#d5dbe1", "#eef3f7"
BLUE, ORANGE, GREEN, PURPLE, GOLD, SKY = (
    "#0067a8",
    "#c8500a",
    "#007a5a",
    "#a8487f",
    "#94690a",
    "#2b86ba",
)
SERIES = (BLUE, ORANGE, GREEN, PURPLE, GOLD, SKY)
"""The order in which the curves of one figure take their colours."""

TONES: dict[str, Tone] = {
    "ink": Tone(INK, "#e6ebf0"),
    "muted": Tone(MUTED, "#a3afbb"),
    "grid": Tone(GRID, "#39434d"),
    "wash": Tone(WASH, "#222a33"),
    "blue": Tone(BLUE, "#5cb3f5"),
    "orange": Tone(ORANGE, "#ff9457"),
    "green": Tone(GREEN, "#46cfa3"),
    "purple": Tone(PURPLE, "#ea9acb"),
    "gold": Tone(GOLD, "#e8b93c"),
    "sky": Tone(SKY, "#9ad6ff"),
}
"""Name in the style sheet (``--dd-ink``, …) → the colour; figures draw with the light value."""
