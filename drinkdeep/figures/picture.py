"""A picture is drawn once and reads everywhere: on light paper, on dark, on a phone, aloud.

Matplotlib draws it as SVG. Here each colour of the palette in that SVG is replaced by a custom
property of CSS, so that one drawing follows the theme of the page or of JupyterLab; panels stand
side by side where there is room and below each other where there is none.
"""

import hashlib
import html
import io
import re
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from drinkdeep.palette import GRID, INK, MUTED, SERIES, TONES

STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.labelsize": 10,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "text.color": INK,
    "axes.titlecolor": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=SERIES),
    "lines.linewidth": 1.8,
    "figure.constrained_layout.use": True,
    # Letters as shapes: the layout is then the same on every machine, whatever its fonts.
    "svg.fonttype": "path",
    "svg.hashsalt": "drinkdeep",
    "image.interpolation": "none",
    "image.cmap": "gray",
}
# For the reader's own plots too: those in a notebook then look like the chapter's.
mpl.rcParams.update(STYLE)

# Only pictures have no paper of their own, because only they can follow a dark page with their ink.
_NO_PAPER: dict[Any, Any] = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}

_LIGHT = "".join(f"--dd-{name}:{tone.light};" for name, tone in TONES.items())
_DARK = "".join(f"--dd-{name}:{tone.dark};" for name, tone in TONES.items())
# Carried by every picture, because a notebook may be read where no style sheet of ours is.
CSS = (
    f".dd-figure{{{_LIGHT}margin:1.5rem 0}}"
    f'html[data-theme="dark"] .dd-figure,[data-jp-theme-light="false"] .dd-figure{{{_DARK}}}'
    ".dd-panels{display:flex;flex-wrap:wrap;gap:1rem;justify-content:center;align-items:flex-start}"
    ".dd-panels>svg{flex:0 1 auto;max-width:100%;height:auto}"
    ".dd-figure>figcaption{text-align:center;font-size:.92em;margin-top:.5rem}"
)
_VARIABLE = {tone.light: f"var(--dd-{name},{tone.light})" for name, tone in TONES.items()}


@dataclass(frozen=True)
class Picture:
    """One or more panels with the words that carry the same message.

    Parameters
    ----------
    panels
        Figures made by :func:`panel`, in reading order.
    alt
        The written alternative: what a reader who can't see the panels must know.
    caption
        One or two sentences shown below.

    Raises
    ------
    ValueError
        If there is no panel, or no alternative.
    """

    panels: tuple[Figure, ...]
    alt: str
    caption: str = ""

    def __post_init__(self) -> None:
        """Refuse a picture that some readers could not read."""
        if not self.panels:
            raise ValueError("A picture needs at least one panel.")
        if not self.alt.strip():
            raise ValueError("A picture needs alt=…: the words for a reader who can't see it.")

    def html(self) -> str:
        """Return the picture as one HTML ``<figure>`` that needs nothing else."""
        # Ids must differ between the pictures of a page; alternatives do.
        prefix = "dd" + hashlib.sha256(self.alt.encode()).hexdigest()[:8]
        drawings = "".join(
            _inline_svg(figure, f"{prefix}-{number}") for number, figure in enumerate(self.panels)
        )
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        return (
            f'<figure class="dd-figure"><style>{CSS}</style>'
            f'<div class="dd-panels" role="img" aria-label="{html.escape(self.alt)}">'
            f"{drawings}</div>{caption}</figure>"
        )

    def __repr__(self) -> str:
        """Return the words alone; they are also the text that is committed with a notebook."""
        return f"Figure: {self.alt}"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self.html()}


def panel(width: float = 4.6, height: float = 3.2) -> tuple[Figure, Axes]:
    """Return one empty panel in the style of the course: its figure and its axes.

    ``width`` and ``height`` are inches. A panel wider than 4.8 inches has letters that are too
    small on a phone: make two panels instead, the page puts them side by side.
    """
    figure, grid = panel_grid(1, 1, width, height)
    return figure, grid[0][0]


def panel_grid(
    rows: int, columns: int, width: float = 4.6, height: float = 3.2
) -> tuple[Figure, list[list[Axes]]]:
    """Return one panel that holds ``rows`` × ``columns`` axes, as rows of axes."""
    with mpl.rc_context(_NO_PAPER):
        figure = Figure(figsize=(width, height))
        axes = figure.subplots(rows, columns, squeeze=False)
    return figure, [list(row) for row in axes]


def alive(still: str, module: str, model: str) -> str:
    """Return a picture's HTML with the module that puts a live figure in its place, and its model.

    ``model`` is JSON. book/assets/explore.js looks for both.
    """
    model = model.replace("<", "\\u003c")  # or a "</script>" in a text would end the element
    return (
        still.replace("<figure ", f'<figure data-explore="{module}" ', 1).removesuffix("</figure>")
        + f'<script type="application/json">{model}</script></figure>'
    )


_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def written(value: float, digits: int) -> str:
    """Write a number of so many digits as it stands in a text, such as the captions of chapter 2.

    It has a true minus, and a power of ten in place of an exponent. ``written`` of parts.js does
    the same.

    >>> written(-0.25, 2), written(2.5e-6, 2), written(8130, 2)
    ('−0.25', '2.5 × 10⁻⁶', '8.1 × 10³')
    """
    mantissa, *exponent = f"{value:.{digits}g}".split("e")
    power = "".join(f" × 10{str(int(part)).translate(_SUPERSCRIPT)}" for part in exponent)
    return mantissa.replace("-", "−") + power


_LONG = re.compile(r"-?\d+\.\d{3,}")


def _hundredths(number: re.Match[str]) -> str:
    return f"{float(number.group()):.2f}".rstrip("0").rstrip(".")


def _inline_svg(figure: Figure, prefix: str) -> str:
    buffer = io.StringIO()
    with mpl.rc_context(_NO_PAPER):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{prefix}-", svg)
    svg = re.sub(r"#[0-9a-f]{6}\b", lambda match: _VARIABLE.get(match.group(), match.group()), svg)
    # A hundredth of a point can't be seen; more digits would make a page a tenth heavier.
    svg = re.sub(r'\b[dxy]="[^"]*"', lambda places: _LONG.sub(_hundredths, places.group()), svg)
    # The panels' container speaks for all of them.
    return re.sub(r"<svg ", '<svg aria-hidden="true" ', svg, count=1).replace("\n", "")
