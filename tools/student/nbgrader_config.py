"""The course as a student's nbgrader sees it: validating, and handing in by an exchange."""

from pathlib import Path

from drinkdeep.desk.validate import configure

c = get_config()  # noqa: F821  (traitlets defines it)

c.CourseDirectory.course_id = "drinkdeep"
# *Nbgrader → Assignment List* fetches into this folder and submits from it, wherever the server was
# started: a hub starts it in the home folder, also if it shows the tree.
c.Exchange.assignment_dir = str(Path(__file__).resolve().parent / "exercises")

# *Validate* and *Submit* answer in words.
configure(c)
