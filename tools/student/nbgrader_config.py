"""The course as a student's nbgrader sees it: validating, and handing in by an exchange."""

from drinkdeep.desk.validate import configure

c = get_config()  # noqa: F821  (traitlets defines it)

c.CourseDirectory.course_id = "drinkdeep"
# *Nbgrader → Assignment List* fetches into this folder and submits from it.
c.Exchange.assignment_dir = "exercises"

# *Validate* and *Submit* answer in words.
configure(c)
