"""What the learning platforms call a file in the archives that they give out.

Whose a file is follows from the outermost part of its name, which the platform writes; all that
stands behind it a student has chosen. But students choose what they are called too, and a name such
as “Kim_14” makes that part readable in two ways. So each way is a :class:`Reading`, and the list
of people that the platform gives says which of them is true (:mod:`.roster`).

The forms are those of Moodle 4.1 to 4.5 (``mod/assign/classes/downloader.php``) and of Canvas as of
2026 (``lib/content_zipper.rb``).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MOODLE, CANVAS, PLAIN = "Moodle", "Canvas", "plain"

# Each is looked for at every place in the name, so that they may overlap.
# Moodle up to 4.0 puts another _ behind a folder's name.
_MOODLE = re.compile(r"(?=_(\d+)_assignsubmission_([a-z]+)(?:_(.*))?$)", re.DOTALL)
_CANVAS = re.compile(r"(?=_(\d+)_(?:(\d+)_(.+)|(text|link)\.html)$)", re.DOTALL)
_CANVAS_ANONYMOUS = re.compile(
    r"(?:(?:LATE_)?anon_(?:LATE_)?[A-Za-z0-9]+_(?:LATE_)?|\d+_)(?:\d+_|text\.html|link\.html)"
)
"""Where a name would stand, there used to be none: the second number is that of the upload then."""
_JUNK = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Reading:
    """A way to read what the platform calls a file, or a student's folder."""

    number: str
    """Moodle's of the participant, Canvas's of the user; the student's id in the plain form."""
    person: str
    """What the platform's name says of the person's."""
    file: str
    """What the student calls the file; "" if it is a folder's name."""
    kind: str = "file"
    """Other than ``file``: a text, or an address, that was typed into the platform."""
    late: bool = False
    """Whether the platform says that it came late."""
    upload: int = 0
    """Canvas's number of the upload; later ones are higher."""


def is_junk(name: str) -> bool:
    """Return whether an operating system or Jupyter left it there."""
    return name in _JUNK or name.startswith(".")


def form_of(outermost: Iterable[str]) -> str:
    """Return the platform that named these: the one in whose form most are; else PLAIN."""
    names = list(outermost)
    counts = Counter({form: sum(1 for n in names if is_of(form, n)) for form in (MOODLE, CANVAS)})
    (form, count), *_ = counts.most_common(1)
    return form if 2 * count > len(names) else PLAIN


def is_of(form: str, outermost: str) -> bool:
    """Return whether it is in a platform's form, even if it doesn't say whose it is."""
    if form == MOODLE:  # of a group there may be no number
        return "_assignsubmission_" in outermost
    return is_anonymous(form, outermost) or any(True for _ in readings(form, outermost))


def is_anonymous(form: str, outermost: str) -> bool:
    """Return whether Canvas hides whose it is."""
    return form == CANVAS and bool(_CANVAS_ANONYMOUS.match(outermost))


def readings(form: str, outermost: str) -> Iterator[Reading]:
    """Yield the ways in which the outermost part of a name can be read, from left to right."""
    if form == MOODLE:
        for match in _MOODLE.finditer(outermost):
            number, kind, file = match.groups()
            yield Reading(number, outermost[: match.start()], file or "", kind)
    elif form == CANVAS:
        for match in _CANVAS.finditer(outermost):
            number, upload, file, typed = match.groups()
            person = outermost[: match.start()]
            late = person.endswith("_LATE")
            yield Reading(
                number,
                person.removesuffix("_LATE"),
                file or "",
                typed or "file",
                late,
                int(upload or 0),
            )


def plain_readings(outermost: str, notebooks: Iterable[str], *, folder: bool) -> Iterator[Reading]:
    """Yield the ways to read what no platform named: ``ada_01_cost.ipynb``, or a folder ``ada``."""
    if folder:
        yield Reading(outermost, "", "")
        return
    for notebook in notebooks:
        pattern = rf"(?s)(.+?)_({re.escape(notebook)}{_AGAIN.pattern}\.(?:ipynb|zip))"
        if match := re.fullmatch(pattern, outermost, re.IGNORECASE):
            yield Reading(match[1], "", match[2])


# What browsers, JupyterLab and Canvas put behind the name of a file that is there already.
_AGAIN = re.compile(r"(?:[ _]?\(\d+\)|-Copy\d*|-\d+)*")


def which_notebook(file: str, notebooks: Iterable[str]) -> tuple[str, int] | None:
    """Return which of the assignment's notebooks a file's name means, and how often it was renamed.

    >>> which_notebook("01_cost (2).ipynb", ["01_cost"])
    ('01_cost', 2)
    """
    for notebook in notebooks:
        pattern = rf"{re.escape(notebook)}({_AGAIN.pattern})\.ipynb(?:\.txt|\.json)?"
        if match := re.fullmatch(pattern, file, re.IGNORECASE):
            numbers = re.findall(r"\d+", match[1])
            return notebook, int(numbers[-1]) if numbers else 0
    return None


def reply(form: str, reading: Reading, page: str) -> str:
    """Return what a page is called in an archive that the platform is to give back to whose it is.

    Both look for numbers between underscores, from the left, so the person's name neither has an
    underscore nor is a number; and it isn't what Canvas takes for somebody whose name is hidden.
    Moodle up to 4.0 wants an underscore at the folder's end, and later ones don't mind it.
    """
    person = reading.person.replace("_", " ").strip()
    if not person.strip("0123456789 ") or person.replace(" ", "") == "anon":
        person = f"student {person}".strip()
    if form == MOODLE:
        return f"{person}_{reading.number}_assignsubmission_file_/{page}"
    return f"{person.replace(' ', '')}_{reading.number}_{reading.upload}_{page}"
