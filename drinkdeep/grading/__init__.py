"""The instructor's side: how a submission is graded. Nothing else of the course imports it.

- :mod:`~drinkdeep.grading.assignment` reads an assignment's source notebook.
- :mod:`~drinkdeep.grading.judge` runs its tests, in a process of ours.
- :mod:`~drinkdeep.grading.sandbox` starts the student's kernel where it can do no harm.
- :mod:`~drinkdeep.grading.questions` asks that kernel for the values that the tests look at.
- :mod:`~drinkdeep.grading.execute` puts the four together, as one pure function.
- :mod:`~drinkdeep.grading.preprocessors` plugs that into nbgrader (see ``nbgrader_config.py``).
- :mod:`~drinkdeep.grading.pipeline` grades a class: :mod:`~drinkdeep.grading.intake` reads what was
  handed in, :mod:`~drinkdeep.grading.converter` is nbgrader's part of it,
  :mod:`~drinkdeep.grading.workers` execute, :mod:`~drinkdeep.grading.command` is how it is called.
- :mod:`~drinkdeep.grading.archives` takes in what comes from an LMS.
- :mod:`~drinkdeep.grading.feedback` is the page that a student gets back.
- :mod:`~drinkdeep.grading.report` is the page on the class, :mod:`~drinkdeep.grading.export` its
  grades as files for others; both read the :mod:`~drinkdeep.grading.gradebook`.
"""
