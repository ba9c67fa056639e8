"""The course as a student's nbgrader sees it, where there is an exchange to hand in by."""

c = get_config()  # noqa: F821  (traitlets defines it)

c.CourseDirectory.course_id = "drinkdeep"
# *Nbgrader → Assignment List* fetches into this folder and submits from it.
c.Exchange.assignment_dir = "exercises"
