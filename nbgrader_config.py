"""The course as nbgrader sees it: solutions/ is the source, exercises/ what students get.

`nbgrader autograde` and Formgrader's button grade with the course's own judge, which runs students'
code in a sandbox; drinkdeep/grading says how.
"""

from nbgrader import preprocessors as stock

from drinkdeep.grading.preprocessors import HideTests, JudgedExecute, Restore
from drinkdeep.validation import in_words

c = get_config()  # noqa: F821  (traitlets defines it)

c.CourseDirectory.course_id = "drinkdeep"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

c.Autograde.sanitize_preprocessors = [
    Restore,
    stock.ClearOutput,
    stock.OverwriteKernelspec,
    stock.OverwriteCells,
    stock.CheckCellMetadata,
]
c.Autograde.autograde_preprocessors = [
    JudgedExecute,  # in place of stock.Execute
    stock.LimitOutput,
    stock.SaveAutoGrades,
    stock.AssignLatePenalties,
    stock.CheckCellMetadata,
]
# An autograded notebook holds the hidden tests; the student's feedback may not.
c.GenerateFeedback.preprocessors = [
    HideTests,
    stock.GetGrades,
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]

# *Validate*, for whoever tries an exercise here: in words, and with time to train a network.
c.Execute.on_cell_error = in_words
c.Execute.timeout = 600
