"""The instructor's side: how a submission is graded. Nothing else of the course imports it.

- :mod:`~drinkdeep.grading.plugins` is what ``nbgrader_config.py`` names: the stock commands and
  Formgrader use the grader by it.
- :mod:`~drinkdeep.grading.batch` grades a class: ``drinkdeep grade``.
- :mod:`~drinkdeep.grading.judging` says what one submission earns.
- :mod:`~drinkdeep.grading.sandbox` is where students' code runs, and how to talk to it.
- :mod:`~drinkdeep.grading.results` is what comes of it: feedback, the report, tables for others.
"""
