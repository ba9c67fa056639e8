"""A progress bar for long work: in a terminal, in JupyterLab, and in a page built from it.

The counting, timing and terminal output are tqdm's. In a notebook tqdm would use a widget, which
is dead in a published page, or write to stderr, which leaves a heap of lines there. So in a kernel
the bar is an HTML ``<progress>`` that is redrawn in place and ends as one plain line.
"""

import html
import io
import sys
from typing import Any

from tqdm import tqdm


class _KernelBar(tqdm):  # type: ignore[misc]  # tqdm ships no type information
    """A tqdm whose display is one cell output, updated in place."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # display() below shows the bar; what tqdm writes for a terminal goes nowhere.
        self._handle: Any = None
        super().__init__(*args, file=io.StringIO(), **kwargs)

    def display(self, *_: Any, **__: Any) -> None:
        """Show the state of the work; tqdm calls this at most ten times a second."""
        from IPython.display import display

        # The plain text never changes, so that a recorded output is the same on every run.
        bundle = {"text/plain": f"{self.desc}: {self.total:,} steps", "text/html": self._html()}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)

    def _html(self) -> str:
        state = self.format_dict
        seconds = state["elapsed"]
        name = html.escape(self.desc)
        if self.n >= self.total:
            return f'<p class="dd-progress">{name}: {self.n:,} steps in {seconds:.1f} s.</p>'
        if self.disable:  # closed before the end
            return f'<p class="dd-progress">{name}: stopped after {self.n:,} of {self.total:,}.</p>'
        left = f", {seconds * (self.total / self.n - 1):.0f} s left" if self.n else ""
        return (
            f'<p class="dd-progress"><progress value="{self.n}" max="{self.total}" '
            f'aria-label="{name}"></progress> '
            f"{name}: {self.n:,} of {self.total:,} steps{left}</p>"
        )


def progress(*, total: int, description: str) -> Any:
    """Show a bar over ``total`` steps: a context manager; call ``update()`` after each step."""
    kind = _KernelBar if _in_kernel() else tqdm
    return kind(total=total, desc=description, unit="step")


def _in_kernel() -> bool:
    """Return whether the caller runs in a Jupyter kernel (and not in a terminal, or IPython's)."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None
