"""The course as nbgrader sees it: solutions/ is the source, exercises/ what students get.

`nbgrader autograde` and Formgrader's button grade with the course's own judge, which runs students'
code in a sandbox; drinkdeep/grading says how.
"""

from nbgrader import preprocessors as stock

# nbgrader goes on without a configuration that it can't load: then students' code would run outside
# of the sandbox, and feedback show hidden tests.
try:
    from drinkdeep.desk.validate import configure
    from drinkdeep.grading.plugins.archives import SafeCollector, SafeExtractor
    from drinkdeep.grading.plugins.plain_files import PlainNotebook, refuse_links
    from drinkdeep.grading.plugins.preprocessors import (
        Authorship,
        Grades,
        HideTests,
        JudgedExecute,
        OnlyPages,
        Restore,
    )
    from drinkdeep.grading.plugins.rehearsal import Rehearsed
    from drinkdeep.grading.results.export import CsvExport
    from drinkdeep.grading.results.feedback import FeedbackExporter

    refuse_links()
except Exception as error:
    raise SystemExit(
        f"The course's grader can't be loaded, so nothing was done: {error!r}"
    ) from error

c = get_config()  # noqa: F821  (traitlets defines it)

c.CourseDirectory.course_id = "drinkdeep"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

c.Autograde.sanitize_preprocessors = [
    PlainNotebook,
    Restore,
    stock.ClearOutput,
    stock.OverwriteKernelspec,
    stock.OverwriteCells,
    # No CheckCellMetadata: Restore gives all cells the metadata of the source, which were checked.
]
c.Autograde.autograde_preprocessors = [
    JudgedExecute,  # in place of stock.Execute
    stock.LimitOutput,
    stock.SaveAutoGrades,
    stock.AssignLatePenalties,
]
# An autograded notebook holds the hidden tests, and whatever a student's code has put out: the
# page that is made of it shows none of the first, and is safe to open;
# drinkdeep/grading/results/feedback.py says how.
# Formgrader has templates of its own; what a student wrote or put out loses its scripts before.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.preprocessors = [Rehearsed, "nbconvert.preprocessors.sanitize.SanitizeHTML"]
c.GenerateFeedback.exporter_class = FeedbackExporter
c.GenerateFeedback.preprocessors = [OnlyPages, Authorship, HideTests, Grades]

# *Validate*, for whoever tries an exercise here, answers in words.
configure(c)

# `nbgrader export` writes no text that a spreadsheet would run.
c.ExportApp.plugin_class = CsvExport

# `drinkdeep collect` takes in what Moodle and Canvas have collected. For other platforms there is
# `nbgrader zip_collect`: how yours names a file is said by c.FileNameCollectorPlugin.named_regexp,
# with the groups student_id, file_id and timestamp.
c.ZipCollectApp.extractor_plugin = SafeExtractor
c.ZipCollectApp.collector_plugin = SafeCollector
