"""Who of those that were graded the gradebook did not know."""

import unicodedata
from collections.abc import Collection, Iterator

from drinkdeep.grading.printable import printable

SHOWN = 10
"""Names in one sentence."""


def strangers(graded: Collection[str], known: Collection[str]) -> Iterator[str]:
    """Yield a sentence on those who were graded and not known, and one on each who may be known.

    nbgrader enters whoever is graded. An id in another form then makes two students of one.
    """
    new = sorted(set(graded) - set(known))
    if not new:
        return
    names = ", ".join(map(printable, new[:SHOWN]))
    more = f" and {len(new) - SHOWN} more" if len(new) > SHOWN else ""
    yield f"{len(new)} were not in the gradebook, and are now: {names}{more}."
    by_form = {_form(name): name for name in known}
    for name in new:
        if (other := by_form.get(_form(name))) is not None:
            yield (
                f"{printable(name)} differs only in form from {printable(other)}, who was in the "
                "gradebook: if they are one person, rename the folder in submitted/, take the "
                f"other out with `nbgrader db student remove`, and grade again."
            )


def _form(name: str) -> str:
    """Return the letters and figures of a name, without accents and capitals."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    return "".join(character for character in letters if character.isalnum())
