"""What both sides have to know of a notebook that a student has worked in: desk and grader."""
