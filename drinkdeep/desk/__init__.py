"""The student's side of the course: what stands around a notebook and is no part of a lesson.

Of the verbs of the command ``drinkdeep``, each has a file of its name here; ``grade`` alone is the
instructor's, in :mod:`drinkdeep.grading`. No lesson imports anything of this folder.
"""
