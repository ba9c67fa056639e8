"""What nbgrader says, in words, wherever ``drinkdeep lab`` starts it.

The course's own configuration is read in the course's folder only: not in a terminal elsewhere, nor
by the assignment list, which hands in from ``exercises``.
"""

from drinkdeep.desk.validate import configure

configure(get_config())  # type: ignore[name-defined]  # noqa: F821  (traitlets defines it)
