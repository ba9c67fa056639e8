"""What nbgrader says in any folder, in a terminal of ``drinkdeep lab``: words."""

from drinkdeep.validation import configure

configure(get_config())  # type: ignore[name-defined]  # noqa: F821  (traitlets defines it)
